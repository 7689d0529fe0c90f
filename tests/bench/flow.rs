//! Benchmark of flow.

/// Runs it.
pub(crate) fn run(_args: &[String]) {}
