//! The conversation with the model: what it is told, and what its answers mean.
//!
//! One text protocol for every model, without tool calls and without JSON around code. A reply holds one action in a
//! fenced block: `look` (look-ups served from the draft's tree), a patch in any accepted format, `ask` (questions for
//! the reporter) or `done` (fixed already, with evidence). The model only proposes text: [`read`] turns an answer into
//! a [`Reply`], and what follows from it is decided elsewhere.

mod blocks;
mod compact;
mod estimate;
pub mod feedback;
mod look;
mod looked;
mod opening;
mod passage;
mod reply;
mod revision;

use serde::Serialize;

pub use compact::Compacted;
pub use estimate::{tokens, tokens_at_most};
pub use look::{LineRange, Look, LookProblem};
pub use looked::{BlameLine, CommitLine, Found, Looked, Match, looked};
pub use opening::{Briefing, Instructions, Opening, opening};
pub use passage::Passage;
pub use reply::{Confusion, Evidence, Label, Looks, MOST_LOOKS, Reply, read, without_reasoning};
pub use revision::{Revision, Wanted, revision, statements};

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// git-burn.
    User,
    /// The model.
    Assistant,
}

/// Whether a provider should remember the conversation up to and including a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cache {
    /// Everything so far comes again in the next request: worth a cache entry where the wire has them.
    Keep,
    Plain,
}

/// What a message is about: decides what may be dropped when the context fills up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The issue and the rules. Never dropped.
    Opening,
    /// The files shown at the start, by which look-ups they can be had again. Dropped late.
    Pack(Vec<Look>),
    /// The model's own words.
    Answer,
    /// Results of these look-ups; they can be asked for again.
    Looked(Vec<Look>),
    /// A patch that was not applied, and why.
    Refused,
    /// What the guard found in a patch that applied.
    Findings,
    /// Checks that failed on a patch that applied.
    Checks,
    /// Anything else that keeps the conversation going.
    Nudge,
    /// What stands in the draft now. Never dropped.
    Draft,
}

/// One message of a [`Conversation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    pub role: Role,
    pub text: String,
    pub cache: Cache,
    pub topic: Topic,
}

impl Message {
    /// git-burn's own message, not worth a cache entry of its own.
    pub fn user(topic: Topic, text: impl Into<String>) -> Self {
        Self { role: Role::User, text: text.into(), cache: Cache::Plain, topic }
    }

    /// What the model answered, to be sent along with the next request.
    pub fn answer(text: impl Into<String>) -> Self {
        Self { role: Role::Assistant, text: text.into(), cache: Cache::Plain, topic: Topic::Answer }
    }
}

/// Everything that is sent to the model, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// The protocol and the rules: the same text for every issue, so that providers can cache it.
    pub system: String,
    pub messages: Vec<Message>,
}

impl Conversation {
    /// Adds a message at the end.
    pub fn push(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// Estimated size as a prompt; see [`tokens`].
    pub fn tokens(&self) -> u64 {
        // What wires and providers put around each message.
        let overhead = 8 * (self.messages.len() as u64 + 1);
        overhead + tokens(&self.system) + self.messages.iter().map(|message| tokens(&message.text)).sum::<u64>()
    }

    /// The size as a prompt that contexts and budgets are measured by; see [`tokens_at_most`].
    pub fn tokens_at_most(&self) -> u64 {
        estimate::with_reserve(self.tokens())
    }
}
