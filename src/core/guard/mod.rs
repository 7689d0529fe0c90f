//! The guard: which changes may be committed at all.
