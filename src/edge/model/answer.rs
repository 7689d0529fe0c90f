//! What comes back from a model: text, how it ended, what it used.

use serde::{Deserialize, Serialize};

use super::error::ModelErrorKind;
use crate::core::budget::Usage;
use crate::core::conversation::{Confusion, Reply, read, without_reasoning};
use crate::core::patch::Completeness;

/// A complete exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    text: String,
    /// How the model's turn ended.
    pub stop: Stop,
    /// `None`: the provider did not say.
    pub usage: Option<Usage>,
    /// The model that answered, as the provider names it.
    pub model: String,
}

/// How a model's turn ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// By the model's own decision.
    End,
    /// Nobody said, as with commands.
    Unstated,
    /// It called a tool, although none was offered.
    ToolCall,
    /// At the limit of its answer.
    Length,
    /// At the limit of its context.
    ContextFull,
    /// The provider paused a long turn.
    Paused,
    /// The model or a filter of the provider declined; its reason, if it gave one.
    Refused(String),
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::End => write!(f, "the answer is complete"),
            Self::Unstated => write!(f, "whether the answer is complete is not known"),
            Self::ToolCall => write!(f, "the model called a tool, and there are none"),
            Self::Length => {
                write!(f, "the answer was cut off at its length limit (max_tokens), nothing of it was used")
            }
            Self::ContextFull => write!(f, "the answer was cut off because the model's context limit was reached"),
            Self::Paused => write!(f, "the provider paused the answer before its end, nothing of it was used"),
            Self::Refused(why) if why.is_empty() => {
                write!(f, "the model refused to answer (refusal or content filter)")
            }
            Self::Refused(why) => write!(f, "the model refused to answer: {why}"),
        }
    }
}

impl Answer {
    pub(super) fn new(text: String, stop: Stop, usage: Option<Usage>, model: impl Into<String>) -> Self {
        Self { text, stop, usage, model: model.into() }
    }

    /// An answer that came over a wire: a NUL in it is no text that anybody wrote.
    pub(super) fn checked(
        text: String,
        stop: Stop,
        usage: Option<Usage>,
        model: String,
    ) -> Result<Self, ModelErrorKind> {
        match text.contains('\0') {
            true => Err(ModelErrorKind::Protocol { problem: "the response contains NUL characters".to_owned() }),
            // A count of nothing is no count.
            false => Ok(Self { text, stop, usage: usage.filter(|usage| usage.total() > 0), model }),
        }
    }

    /// Under this name, where the provider did not say which model it was.
    pub(super) fn or_by(mut self, name: &str) -> Self {
        if self.model.is_empty() {
            name.clone_into(&mut self.model);
        }
        self
    }

    /// Whether the text is known to be whole; `None`: it is known not to be, or was refused.
    pub fn completeness(&self) -> Option<Completeness> {
        match &self.stop {
            Stop::End | Stop::ToolCall => Some(Completeness::Complete),
            Stop::Unstated => Some(Completeness::Unknown),
            Stop::Length | Stop::ContextFull | Stop::Paused | Stop::Refused(_) => None,
        }
    }

    /// What it means, or why nothing of it may be used: an answer that was cut off is no answer.
    pub fn reply(&self) -> Result<Reply, &Stop> {
        match &self.stop {
            Stop::End => Ok(read(&self.text, Completeness::Complete)),
            Stop::Unstated => Ok(read(&self.text, Completeness::Unknown)),
            Stop::ToolCall => Ok(Reply::Unusable(Confusion::ToolCall)),
            Stop::Length | Stop::ContextFull | Stop::Paused | Stop::Refused(_) => Err(&self.stop),
        }
    }

    /// What the model said, without hidden reasoning at its start: for the conversation's history and for people.
    pub fn said(&self) -> &str {
        without_reasoning(&self.text).unwrap_or_default().trim()
    }

    /// The text as it came, whole or not: for recordings, not for acting on.
    pub fn text_so_far(&self) -> &str {
        &self.text
    }
}

/// How far an exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub phase: Phase,
    /// Bytes of the answer's text so far.
    pub bytes: u64,
    /// Estimated tokens of text and reasoning so far.
    pub tokens: u64,
}

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The question is on its way, or the model reads it.
    Asking,
    /// The server is busy; the question is asked again after this time.
    Waiting { seconds: u64 },
    /// Hidden reasoning arrives.
    Thinking,
    /// The answer arrives.
    Writing,
}

impl Progress {
    pub(super) const START: Self = Self { phase: Phase::Asking, bytes: 0, tokens: 0 };
}
