//! What the tests share: hermetic git repositories in temporary folders.

pub mod git;
pub mod source;
