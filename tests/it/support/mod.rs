//! What the tests share: hermetic git repositories in temporary folders.

pub mod burn;
pub mod checkout;
pub mod git;
pub mod model_server;
pub mod schema;
pub mod server;
pub mod source;
