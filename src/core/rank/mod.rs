//! Ranks the files of a repository for an issue, without a model.
