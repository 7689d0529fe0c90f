//! The repository: reading and writing objects with gix, refs and pushes with git.
