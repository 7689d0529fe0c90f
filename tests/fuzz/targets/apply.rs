//! A file, and what a reply says about it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| git_burn_fuzz::applies(data));
