//! Decisions over edges: what happens to an issue, from picking it to the report. No input or output of its own.

pub mod claims;
