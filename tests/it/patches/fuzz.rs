//! The properties that the fuzz targets check, on what they found once (`tests/fuzz/seeds`) and on all cases: so that they
//! compile and hold without a fuzzer.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is the library of the fuzz targets, where it is public")]
mod targets;

use targets::Format;

/// Every file below a folder of the repository.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

#[test]
fn what_a_fuzzer_found_stays_found() {
    let seeds = files("tests/fuzz/seeds");
    assert!(!seeds.is_empty());
    for seed in seeds {
        println!("{}", seed.display());
        let data = fs::read(&seed).expect("a readable file");
        match seed.parent().and_then(Path::file_name).and_then(|name| name.to_str()) {
            Some("unified") => targets::parses(Format::Unified, &data),
            Some("search_replace") => targets::parses(Format::SearchReplace, &data),
            Some("envelope") => targets::parses(Format::Envelope, &data),
            Some("whole_file") => targets::parses(Format::WholeFile, &data),
            Some("reply") => targets::parses(Format::Reply, &data),
            Some("apply") => targets::applies(&data),
            Some("round_trip") => targets::round_trip(&data),
            Some("blow_up") => targets::ends_soon(&data),
            other => panic!("no target {other:?}"),
        }
    }
}

#[test]
fn every_case_has_the_properties() {
    for file in files("fixtures/patches") {
        let data = fs::read(&file).expect("a readable file");
        Format::ALL.into_iter().for_each(|format| targets::parses(format, &data));
        targets::applies(&[b"one\ntwo\n====\n", data.as_slice()].concat());
        targets::round_trip(&[b"one\ntwo\n====\n", data.as_slice()].concat());
    }
}
