//! Any bytes as the hunks of a unified diff.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| git_burn_fuzz::parses(git_burn_fuzz::Format::Unified, data));
