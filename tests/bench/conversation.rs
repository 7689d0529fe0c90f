//! What a conversation costs, beside mini-swe-agent and aider with the same scripted model; `conversation_cost.py` says how.
//!
//!     pip install mini-swe-agent; pip install aider-chat           each in an environment of its own
//!     cargo bench --profile quick -- conversation [--count N] [--only PROJECTS] [--mini BIN] [--aider BIN]

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
