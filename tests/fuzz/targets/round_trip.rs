//! The diff between any two texts.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| git_burn_fuzz::round_trip(data));
