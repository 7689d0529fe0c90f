//! Why a model did not answer, told apart by what can be done about it.

use std::fmt;
use std::time::Duration;

use crate::core::budget::Usage;

/// A question that got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError {
    /// `PROVIDER/NAME`.
    pub model: String,
    pub kind: ModelErrorKind,
}

/// See [`ModelError`]. The texts are free of control characters and credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelErrorKind {
    /// Not reachable, overloaded or broken, also after repeating; nothing was billed.
    Unavailable { problem: String },
    /// Still rate-limited after waiting as long as allowed.
    RateLimited { retry_after: Option<Duration>, problem: String },
    /// No money left at the provider, or a spending limit set there.
    SpendLimit { problem: String },
    /// The key is missing, wrong or not allowed to use this model.
    Credentials { problem: String },
    /// The provider does not have this model.
    UnknownModel { problem: String },
    /// The prompt does not fit into the model's context.
    TooLong { problem: String },
    /// The provider found the request wrong for another reason.
    Rejected { problem: String },
    /// The answer broke off. It may have been billed: its reservation stands, unless the usage is known.
    Interrupted { problem: String, usage: Option<Usage> },
    /// What came is not what the provider's interface promises.
    Protocol { problem: String },
    /// A script has no fitting reply.
    Script { problem: String },
    /// The user interrupted.
    Cancelled,
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ModelErrorKind as Kind;
        write!(f, "model `{}`: ", self.model)?;
        match &self.kind {
            Kind::Unavailable { problem } => write!(f, "unavailable: {problem}"),
            Kind::RateLimited { retry_after: None, problem } => write!(f, "rate limit: {problem}"),
            Kind::RateLimited { retry_after: Some(wait), problem } => {
                write!(f, "rate limit for another {} s: {problem}", wait.as_secs_f64().ceil())
            }
            Kind::SpendLimit { problem } => write!(f, "spending limit or no credit at the provider: {problem}"),
            Kind::Credentials { problem } => write!(f, "credentials: {problem}"),
            Kind::UnknownModel { problem } => write!(f, "not known to the provider: {problem}"),
            Kind::TooLong { problem } => write!(f, "the prompt exceeds the context limit: {problem}"),
            Kind::Rejected { problem } => write!(f, "the provider rejected the request: {problem}"),
            Kind::Interrupted { problem, .. } => {
                write!(f, "the answer is truncated, nothing of it was used: {problem}")
            }
            Kind::Protocol { problem } => write!(f, "invalid response: {problem}"),
            Kind::Script { problem } => write!(f, "{problem}"),
            Kind::Cancelled => write!(f, "cancelled"),
        }
    }
}

impl std::error::Error for ModelError {}

impl ModelErrorKind {
    /// Whether the question may have been billed although no answer came: its reservation then counts as spent.
    pub fn may_be_billed(&self) -> bool {
        match self {
            Self::Interrupted { .. } | Self::Protocol { .. } | Self::Cancelled => true,
            Self::Unavailable { .. }
            | Self::RateLimited { .. }
            | Self::SpendLimit { .. }
            | Self::Credentials { .. }
            | Self::UnknownModel { .. }
            | Self::TooLong { .. }
            | Self::Rejected { .. }
            | Self::Script { .. } => false,
        }
    }

    /// The same trouble in other words.
    pub(super) fn map(self, words: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Unavailable { problem } => Self::Unavailable { problem: words(problem) },
            Self::RateLimited { retry_after, problem } => Self::RateLimited { retry_after, problem: words(problem) },
            Self::SpendLimit { problem } => Self::SpendLimit { problem: words(problem) },
            Self::Credentials { problem } => Self::Credentials { problem: words(problem) },
            Self::UnknownModel { problem } => Self::UnknownModel { problem: words(problem) },
            Self::TooLong { problem } => Self::TooLong { problem: words(problem) },
            Self::Rejected { problem } => Self::Rejected { problem: words(problem) },
            Self::Interrupted { problem, usage } => Self::Interrupted { problem: words(problem), usage },
            Self::Protocol { problem } => Self::Protocol { problem: words(problem) },
            Self::Script { problem } => Self::Script { problem: words(problem) },
            Self::Cancelled => Self::Cancelled,
        }
    }

    /// Whether another model may do better: the trouble is this provider's, not the question's. A refusal or a prompt
    /// that is too long is no reason to hand the question to somebody else silently.
    pub fn is_the_providers(&self) -> bool {
        match self {
            Self::Unavailable { .. }
            | Self::RateLimited { .. }
            | Self::SpendLimit { .. }
            | Self::Credentials { .. }
            | Self::UnknownModel { .. }
            | Self::Interrupted { .. }
            | Self::Protocol { .. } => true,
            Self::TooLong { .. } | Self::Rejected { .. } | Self::Script { .. } | Self::Cancelled => false,
        }
    }
}
