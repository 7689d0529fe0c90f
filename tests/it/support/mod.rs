//! What the tests share: hermetic git repositories in temporary folders, loopback servers, forges in memory.

pub mod burn;
pub mod checkout;
pub mod fake_forge;
pub mod git;
pub mod model_server;
pub mod schema;
pub mod server;
pub mod source;
pub mod trees;
