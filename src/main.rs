//! The `git-burn` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_burn::cli::run(std::env::args_os())
}
