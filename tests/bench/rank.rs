//! Benchmark of rank.

/// Runs it.
pub(crate) fn run(_args: &[String]) {}
