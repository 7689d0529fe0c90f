//! Any bytes as the inside of a `*** Begin Patch` envelope.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| git_burn_fuzz::parses(git_burn_fuzz::Format::Envelope, data));
