//! A reply and a file that repeat themselves for half a megabyte each.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| git_burn_fuzz::ends_soon(data));
