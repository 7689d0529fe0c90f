//! Language models: Anthropic Messages, OpenAI chat completions, Ollama, any command, and recorded scripts.
//!
//! One question, one answer, as text. What is asked is a [`Conversation`]; what comes back is an [`Answer`] whose text
//! can only be used through [`Answer::reply`], which refuses every answer that is not known to have ended well: a
//! stream that ends cleanly but without its end marker is a failure here, although the providers' own libraries take
//! it for success.

mod answer;
mod anthropic;
mod background;
mod command;
mod error;
mod events;
mod lineup;
mod listing;
mod ollama;
mod open;
mod openai;
mod probe;
mod provider;
mod remote;
mod replay;
mod turns;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use self::background::Report;
use self::command::Program;
use self::wire::Question;
use crate::core::budget::Price;
use crate::core::conversation::Conversation;
use crate::core::names::{IssueNumber, Secret};
use crate::edge::http::Http;

pub use answer::{Answer, Phase, Progress, Stop};
pub use error::{ModelError, ModelErrorKind};
pub use lineup::{Lineup, Next};
pub use open::OpenModel;
pub use provider::{KeyNeed, ModelName, Provider, ProviderSettings, WireFormat};
pub use replay::{Exchange, Facts, Script};

/// One model of one provider, ready to be asked. Cheap to clone; clones share their state.
#[derive(Clone)]
pub struct Model {
    /// `PROVIDER/NAME`, as the user wrote it.
    name: String,
    /// As the provider spells it.
    bare_name: String,
    price: Option<Price>,
    /// Set by the user or known.
    context: Option<u64>,
    longest_answer: Option<u64>,
    /// What must not come back in an answer.
    key: Option<Secret>,
    recorder: Option<Recorder>,
    wire: Arc<Wire>,
}

/// Hears of every exchange that had an answer; writes it into the journal, redacted.
pub type Recorder = Arc<dyn Fn(&Exchange) + Send + Sync>;

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Model({})", self.name)
    }
}

/// How a model is reached. A closed set; providers are data.
enum Wire {
    Anthropic(Http),
    OpenAi {
        http: Http,
        habits: openai::Habits,
        listing: listing::Listing,
    },
    Ollama {
        http: Http,
        context: ollama::Context,
    },
    Command(Program),
    Replay(Script),
    /// A key is missing; this says which.
    Keyless {
        problem: String,
    },
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

/// How long a command that is given up is waited for until it is gone.
const COMMAND_GRACE: Duration = Duration::from_secs(1);

impl Model {
    /// Plays a recorded or written script instead of asking anybody; see [`Script`].
    pub fn replay(script: Script) -> Self {
        let facts = script.facts().unwrap_or(Facts { price: Some(Price::FREE), ..Facts::default() });
        Self {
            name: format!("replay/{}", script.name()),
            bare_name: script.name().to_owned(),
            price: facts.price,
            context: facts.context,
            longest_answer: facts.longest_answer,
            key: None,
            recorder: None,
            wire: Arc::new(Wire::Replay(script)),
        }
    }

    /// The same model, whose exchanges are recorded.
    pub fn recorded_by(self, recorder: Recorder) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// `PROVIDER/NAME`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `None`: not known, so that a cost limit forbids its use. As for the context, a server with a list is asked once.
    pub fn price(&self) -> Option<&Price> {
        self.price.as_ref().or_else(|| self.listed()?.price.as_ref())
    }

    /// Tokens that fit into the context, prompt and answer together; `None`: not known. Where neither settings nor the
    /// built-in table say it, the server is asked once; when it does not answer, the question itself will tell why.
    pub fn context(&self) -> Option<u64> {
        match &*self.wire {
            Wire::Ollama { http, context } => context.ask(http, &self.bare_name, self.context).ok(),
            Wire::Anthropic(_) | Wire::OpenAi { .. } | Wire::Command(_) | Wire::Replay(_) | Wire::Keyless { .. } => {
                self.context.or_else(|| self.listed()?.context)
            }
        }
    }

    /// Tokens of the longest answer that the provider allows; `None`: not known.
    pub fn longest_answer(&self) -> Option<u64> {
        self.longest_answer.or_else(|| self.listed()?.longest_answer)
    }

    /// What the server's list says about it.
    fn listed(&self) -> Option<&listing::Listed> {
        match &*self.wire {
            Wire::OpenAi { http, listing, .. } => Some(listing.ask(http, &self.bare_name)),
            Wire::Anthropic(_) | Wire::Ollama { .. } | Wire::Command(_) | Wire::Replay(_) | Wire::Keyless { .. } => {
                None
            }
        }
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
            Wire::Keyless { problem } => Err(ModelErrorKind::Credentials { problem: problem.clone() }),
            Wire::Command(program) => {
                let (program, prompt, time) = (program.clone(), command::prompt(conversation), limits.time);
                let work = move |report: &Report| program.ask(&prompt, time, report);
                background::run(limits.cancelled, time, COMMAND_GRACE, progress, work)
            }
            Wire::Anthropic(_) | Wire::OpenAi { .. } | Wire::Ollama { .. } => {
                let (wire, question) = (Arc::clone(&self.wire), self.question(conversation, limits));
                let work = move |report: &Report| wire.ask(&question, report);
                background::run(limits.cancelled, limits.time, Duration::ZERO, progress, work)
            }
        };
        let answer = answer.and_then(|answer| self.without_key(answer)).map(|answer| answer.or_by(&self.bare_name));
        if let (Ok(answer), Some(recorder)) = (&answer, &self.recorder) {
            let (context, longest_answer, price) = (self.context(), self.longest_answer(), self.price().copied());
            recorder(&Exchange::of(conversation, answer, limits.issue, Facts { context, longest_answer, price }));
        }
        answer.map_err(|kind| ModelError { model: self.name.clone(), kind: kind.map(|text| self.redact(text)) })
    }

    /// A model has no way to know the key; an answer that holds it comes from somebody who plays with it.
    fn without_key(&self, answer: Answer) -> Result<Answer, ModelErrorKind> {
        match self.real_key() {
            Some(key) if answer.text_so_far().contains(key) => {
                Err(ModelErrorKind::Protocol { problem: "it repeats the API key".to_owned() })
            }
            Some(_) | None => Ok(answer),
        }
    }

    fn redact(&self, text: String) -> String {
        match self.real_key() {
            Some(key) => text.replace(key, "[credential]"),
            None => text,
        }
    }

    /// The key, unless it is one of the words that people give to servers which want any (`none`, `EMPTY`, `ollama`).
    fn real_key(&self) -> Option<&str> {
        self.key.as_ref().map(Secret::reveal).filter(|key| key.len() >= 12)
    }

    fn question(&self, conversation: &Conversation, limits: &AskLimits<'_>) -> Question {
        let output = limits.output.min(self.longest_answer.unwrap_or(u64::MAX));
        let texts = conversation.messages.iter().map(|message| message.text.len());
        Question {
            model: self.bare_name.clone(),
            body: self.wire.body(&self.bare_name, conversation, output),
            time: limits.time,
            context: self.context,
            prompt_tokens: conversation.tokens_at_most(),
            prompt_bytes: (conversation.system.len() + texts.sum::<usize>()) as u64,
        }
    }
}

impl Wire {
    fn body(&self, model: &str, conversation: &Conversation, output: u64) -> serde_json::Value {
        match self {
            Self::Anthropic(_) => anthropic::body(model, conversation, output),
            Self::OpenAi { .. } => openai::body(model, conversation, output),
            Self::Ollama { .. } => ollama::body(model, conversation, output),
            Self::Command(_) | Self::Replay(_) | Self::Keyless { .. } => serde_json::Value::Null,
        }
    }

    fn ask(&self, question: &Question, report: &Report) -> Result<Answer, ModelErrorKind> {
        match self {
            Self::Anthropic(http) => anthropic::ask(http, question, report),
            Self::OpenAi { http, habits, .. } => openai::ask(http, question, habits, report),
            Self::Ollama { http, context } => ollama::ask(http, question, context, report),
            Self::Command(_) | Self::Replay(_) | Self::Keyless { .. } => {
                Err(ModelErrorKind::Protocol { problem: "not a model behind HTTP".to_owned() })
            }
        }
    }
}
