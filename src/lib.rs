//! git-burn: issue in, proven pull request out.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod cli;
pub mod core;
pub mod edge;
pub mod flow;
