//! The patch engine: text in any accepted format in, a [`Change`](super::change::Change) or precise reasons out.
