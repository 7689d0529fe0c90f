//! Ranks a repository's files for an issue without a model, and packs the best of them into a token budget.

pub mod bm25;
mod candidates;
pub mod corpus;
pub mod definitions;
pub mod evidence;
pub mod features;
pub mod imports;
pub mod language;
pub mod leads;
pub mod lexicon;
pub mod outline;
pub mod pack;
pub mod passages;
pub mod query;
pub mod ranking;
pub mod reading;
pub mod signals;
mod spread;
pub mod vocabulary;
pub mod words;
