//! Benchmark of patch.

/// Runs it.
pub(crate) fn run(_args: &[String]) {}
