//! From the pile of configured values to small typed settings, one module for each consumer.

pub mod checks;
pub mod credentials;
pub mod limits;
pub mod models;
pub mod policy;
pub mod triage;
pub mod work;
