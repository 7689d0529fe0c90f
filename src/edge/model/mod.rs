//! Language models: Anthropic Messages, OpenAI chat completions, Ollama, any command, and recorded scripts.
//!
//! One question, one answer, as text. What is asked is a [`Conversation`]; what comes back is an [`Answer`] whose text
//! can only be used through [`Answer::reply`], which refuses every answer that is not known to have ended well: a
//! stream that ends cleanly but without its end marker is a failure here, although the providers' own libraries take
//! it for success.

mod answer;
mod error;
mod replay;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::core::budget::Price;
use crate::core::conversation::Conversation;
use crate::core::names::IssueNumber;

pub use answer::{Answer, Phase, Progress, Stop};
pub use error::{ModelError, ModelErrorKind};
pub use replay::{Exchange, Script};

/// One model of one provider, ready to be asked. Cheap to clone; clones share their state.
#[derive(Debug, Clone)]
pub struct Model {
    /// `PROVIDER/NAME`, as the user wrote it.
    name: String,
    price: Option<Price>,
    context: Option<u64>,
    longest_answer: Option<u64>,
    wire: Arc<Wire>,
}

/// How a model is reached. A closed set; providers are data.
#[derive(Debug)]
enum Wire {
    Replay(Script),
}

/// What one question may use.
#[derive(Debug, Clone, Copy)]
pub struct AskLimits<'a> {
    /// Tokens of the answer, hidden reasoning included; from [`crate::core::budget::Reservation`].
    pub output: u64,
    /// Wall-clock time for the whole exchange, retries included.
    pub time: Duration,
    /// Whose conversation it is: scripts hold those of several issues.
    pub issue: Option<IssueNumber>,
    /// Set by a signal handler: the question is given up within a fraction of a second.
    pub cancelled: &'a AtomicBool,
}

impl Model {
    /// Plays a recorded or written script instead of asking anybody; see [`Script`].
    pub fn replay(script: Script) -> Self {
        Self {
            name: format!("replay/{}", script.name()),
            price: Some(Price::FREE),
            context: None,
            longest_answer: None,
            wire: Arc::new(Wire::Replay(script)),
        }
    }

    /// `PROVIDER/NAME`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `None`: not known, so that a cost limit forbids its use.
    pub fn price(&self) -> Option<&Price> {
        self.price.as_ref()
    }

    /// Tokens that fit into the context, prompt and answer together; `None`: not known.
    pub fn context(&self) -> Option<u64> {
        self.context
    }

    /// Tokens of the longest answer that the provider allows; `None`: not known.
    pub fn longest_answer(&self) -> Option<u64> {
        self.longest_answer
    }

    /// Asks, and tells `progress` while the answer arrives. Never switches to another model and never sends a question
    /// twice that may have been billed: after [`ModelErrorKind::Interrupted`] the caller reserves again and asks again.
    pub fn ask(
        &self,
        conversation: &Conversation,
        limits: &AskLimits<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Answer, ModelError> {
        let answer = match &*self.wire {
            Wire::Replay(script) => script.ask(conversation, limits, progress),
        };
        answer.map_err(|kind| ModelError { model: self.name.clone(), kind })
    }
}
