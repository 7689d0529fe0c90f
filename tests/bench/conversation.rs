//! What a conversation costs, beside mini-swe-agent and aider with the same scripted model; how: `conversation_cost.py`.
//!
//!     pip install mini-swe-agent; pip install aider-chat           each in an environment of its own
//!     cargo bench --profile quick -- conversation [--count N] [--only PROJECTS] [--mini BIN] [--aider BIN]
//!
//! `--count 8 --only pallets/flask,psf/requests,mwaskom/seaborn,pydata/xarray,pytest-dev/pytest,pylint-dev/pylint` with
//! mini-swe-agent 2.4.6 and aider 0.86.2, means for one task; all three solved all eight:
//!
//! | tool | requests | bytes sent | tokens sent | of these sent before | path shown at once |
//! |---|---|---|---|---|---|
//! | git-burn | 1.88 | 150,976 | 40,574 | 47 % | 5 of 8 |
//! | mini-swe-agent | 3.75 | 28,268 | 6,724 | 67 % | 2 of 8 |
//! | aider | 1.88 | 93,137 | 23,421 | 5 % | 7 of 8 |
//!
//! So git-burn asks half as often as mini-swe-agent and sends six times as much. The scripted model never looks in
//! vain, which favours the tool that shows nothing unasked: each of its look-ups hits. The opening costs 20,000 to
//! 24,000 tokens with the default of 16,000 for the files; three of the eight tasks needed lines that it did not
//! show, and two more requests. aider was told the path by the model and could not have searched for it; mini-swe-
//! agent ran no tests, no reproduction.

use std::path::Path;
use std::process::Command;

/// Runs it; says so where Python, the tools or the tasks are missing.
pub(crate) fn run(args: &[String]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/conversation_cost.py");
    match Command::new("python3").arg(script).arg(env!("CARGO_BIN_EXE_git-burn")).args(args).status() {
        Ok(status) => println!("{status}"),
        Err(error) => println!("skipped: python3: {error}"),
    }
}
