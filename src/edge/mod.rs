//! All input and output, and no decisions: network, git, model, checks, journal.

pub mod forge;
pub mod git;
pub mod http;
pub mod journal;
pub mod model;
mod process;
pub mod rank_index;
pub mod repo;
pub mod sandbox;
pub mod scheduler;
pub mod scratch;
pub mod tape;
pub mod trust;
pub mod verify;
pub mod workers;
