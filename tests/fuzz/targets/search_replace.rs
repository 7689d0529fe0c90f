//! Any bytes as SEARCH/REPLACE blocks.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| git_burn_fuzz::parses(git_burn_fuzz::Format::SearchReplace, data));
