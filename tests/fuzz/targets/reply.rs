//! Any bytes as a reply, in each format: parsing ends without a panic, and twice with the same outcome.
#![no_main]

use git_burn::core::patch::{Completeness, Patch};
use libfuzzer_sys::fuzz_target;

const FRAMES: [(&str, &str); 5] = [
    ("", ""),
    ("```diff\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n", "\n```\n"),
    ("f\n<<<<<<< SEARCH\n", "\n>>>>>>> REPLACE\n"),
    ("*** Begin Patch\n*** Update File: f\n", "\n*** End Patch\n"),
    ("*** Full File: f\n```\n", "\n```\n"),
];

fuzz_target!(|data: &[u8]| {
    for (before, after) in FRAMES {
        let reply = [before.as_bytes(), data, after.as_bytes()].concat();
        for completeness in [Completeness::Complete, Completeness::Unknown] {
            let outcome = |_| Patch::parse(&reply, completeness).map(|patch| patch.candidates()).map_err(|refusal| refusal.to_string());
            let [first, second] = [(), ()].map(outcome);
            assert_eq!(first, second);
        }
    }
});
