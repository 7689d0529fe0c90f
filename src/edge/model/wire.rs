//! What the wires have in common: the question, ready to be sent.

use std::time::Duration;

use serde_json::Value;

/// A question in a wire's own form; owned, because it travels to another thread.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) model: String,
    pub(super) body: Value,
    /// For the whole exchange.
    pub(super) time: Duration,
    /// The context size that the user has set.
    pub(super) context: Option<u64>,
    /// Estimated, high rather than low.
    pub(super) prompt_tokens: u64,
    pub(super) prompt_bytes: u64,
}
