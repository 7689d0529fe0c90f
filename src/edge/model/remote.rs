//! What all models behind HTTP share: asking, reading on, and what a failure means.

use std::io::BufRead;
use std::time::Duration;

use serde_json::Value;

use super::answer::{Phase, Progress};
use super::background::Report;
use super::error::ModelErrorKind as Kind;
use super::events::{ReadError, event, line};
use crate::core::conversation::tokens;
use crate::core::retry::RetryPolicy;
use crate::edge::http::{Http, HttpError, HttpErrorKind, Refused, Request, Stream, Timeouts};

/// Six tries within five minutes, delays up to 1, 2, 4, 8 and 16 seconds: an overloaded model often is so for a while.
pub(super) const RETRY: RetryPolicy = RetryPolicy {
    tries: 6,
    base: Duration::from_secs(1),
    cap: Duration::from_secs(30),
    budget: Duration::from_secs(300),
};

/// A model may think for minutes before the first byte. The total is set for each question.
pub(super) const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(15), silence: Duration::from_secs(300), total: Duration::from_secs(3600) };

/// Bytes of one answer with all its events.
pub(super) const BODY_LIMIT: u64 = 32 << 20;

/// How an answer arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// `data:` events.
    Events,
    /// One JSON value a line.
    Lines,
}

/// What a wire makes of one piece of the answer.
pub(super) enum Step {
    More,
    /// The end marker: only this makes an answer complete.
    End,
}

/// How the answers of an API are read into a state of its own.
pub(super) struct Format<S> {
    pub(super) framing: Framing,
    /// Takes a piece of a stream; null stands for `[DONE]`.
    pub(super) take: fn(&mut S, &Value, &Report) -> Result<Step, Kind>,
    /// Takes the same answer in one JSON value.
    pub(super) whole: fn(&mut S, &Value) -> Result<(), Kind>,
}

/// Text that arrives in pieces.
#[derive(Debug, Default)]
pub(super) struct Growing {
    pub(super) text: String,
    /// Estimated tokens of text and reasoning.
    tokens: u64,
}

impl Growing {
    /// A piece of the answer.
    pub(super) fn write(&mut self, piece: &str) -> Progress {
        self.text.push_str(piece);
        self.grow(Phase::Writing, piece)
    }

    /// A piece of hidden reasoning, which is only counted.
    pub(super) fn think(&mut self, piece: &str) -> Progress {
        self.grow(Phase::Thinking, piece)
    }

    fn grow(&mut self, phase: Phase, piece: &str) -> Progress {
        self.tokens += tokens(piece);
        Progress { phase, bytes: self.text.len() as u64, tokens: self.tokens }
    }
}

/// Sends a question and takes each piece of the answer until the end marker. Servers that answer with one JSON value
/// although a stream was asked for are understood.
pub(super) fn converse<S>(
    http: &Http,
    request: &Request,
    format: &Format<S>,
    report: &Report,
    state: &mut S,
) -> Result<(), Failed> {
    let mut stream = http.stream(request).map_err(Failed::Http)?;
    match body_kind(&stream, format.framing) {
        BodyKind::Page(kind) => Err(protocol(format!("got {kind} instead of an answer from an API; is the URL right"))),
        BodyKind::Whole => Ok((format.whole)(state, &read_whole(&mut stream)?)?),
        BodyKind::Stream => Ok(read_stream(&mut stream, format, report, state)?),
    }
}

/// Why a question failed: before the answer began, or in it.
pub(super) enum Failed {
    Http(HttpError),
    Answer(Kind),
}

impl From<Kind> for Failed {
    fn from(kind: Kind) -> Self {
        Self::Answer(kind)
    }
}

fn protocol(problem: String) -> Failed {
    Failed::Answer(Kind::Protocol { problem })
}

enum BodyKind {
    Page(String),
    Whole,
    Stream,
}

fn body_kind(stream: &Stream, framing: Framing) -> BodyKind {
    let kind = stream.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    if kind.contains("html") || kind.contains("xml") {
        return BodyKind::Page(kind.split(';').next().unwrap_or_default().to_owned());
    }
    match framing {
        Framing::Events if kind.starts_with("application/json") => BodyKind::Whole,
        Framing::Events | Framing::Lines => BodyKind::Stream,
    }
}

fn read_whole(stream: &mut Stream) -> Result<Value, Kind> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(stream, &mut bytes).map_err(|error| broken(stream, ReadError::Io(error)))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| broken(stream, ReadError::NotText))?;
    serde_json::from_str(text).map_err(|error| match error.is_eof() {
        true => Kind::Interrupted { problem: format!("the JSON ends too early: {error}"), usage: None },
        false => Kind::Protocol { problem: format!("not JSON: {error}") },
    })
}

fn read_stream<S>(stream: &mut Stream, format: &Format<S>, report: &Report, state: &mut S) -> Result<(), Kind> {
    while let Some(piece) = next(stream, format.framing).map_err(|error| broken(stream, error))? {
        report.check()?;
        if piece.trim() == "[DONE]" {
            return (format.take)(state, &Value::Null, report).map(drop);
        }
        let value: Value = serde_json::from_str(&piece).map_err(|error| match error.is_eof() {
            true => Kind::Interrupted { problem: format!("an event ends too early: {error}"), usage: None },
            false => Kind::Protocol { problem: format!("an event is not JSON: {error}") },
        })?;
        match (format.take)(state, &value, report)? {
            Step::More => {}
            Step::End => return Ok(()),
        }
    }
    Err(Kind::Interrupted { problem: "the response ended without its end marker".to_owned(), usage: None })
}

fn next(stream: &mut impl BufRead, framing: Framing) -> Result<Option<String>, ReadError> {
    match framing {
        Framing::Events => event(stream),
        Framing::Lines => loop {
            match line(stream)? {
                Some(text) if text.trim().is_empty() => {}
                other => return Ok(other),
            }
        },
    }
}

fn broken(stream: &Stream, error: ReadError) -> Kind {
    match error {
        ReadError::NotText => Kind::Protocol { problem: "the response is not UTF-8".to_owned() },
        ReadError::LongLine => Kind::Protocol { problem: "the response has a line beyond 8 MiB".to_owned() },
        ReadError::Io(error) => {
            let error = stream.broken(&error);
            match &error.kind {
                HttpErrorKind::TooLarge { .. } => Kind::Protocol { problem: error.to_string() },
                HttpErrorKind::Status(_)
                | HttpErrorKind::Redirected { .. }
                | HttpErrorKind::Unreachable { .. }
                | HttpErrorKind::Untrusted { .. }
                | HttpErrorKind::Interrupted { .. }
                | HttpErrorKind::NotJson { .. } => Kind::Interrupted { problem: error.to_string(), usage: None },
            }
        }
    }
}

/// What a failed request means. `is_spent` knows the provider's ways to say that there is no money left.
pub(super) fn classify(error: &HttpError, is_spent: fn(&Refused) -> bool) -> Kind {
    let problem = error.to_string();
    let refused = match &error.kind {
        HttpErrorKind::Status(refused) => refused,
        HttpErrorKind::Unreachable { .. } | HttpErrorKind::Untrusted { .. } => return Kind::Unavailable { problem },
        HttpErrorKind::Interrupted { .. } => return Kind::Interrupted { problem, usage: None },
        HttpErrorKind::Redirected { .. } | HttpErrorKind::TooLarge { .. } | HttpErrorKind::NotJson { .. } => {
            return Kind::Protocol { problem };
        }
    };
    if is_spent(refused) {
        return Kind::SpendLimit { problem };
    }
    match refused.status {
        _ if refused.rate_limited => Kind::RateLimited { retry_after: refused.wait, problem },
        code => by_code(code, &refused.message, problem),
    }
}

/// The same for a status, or for the number that some providers put into an error object under a status of 200.
pub(super) fn by_code(code: u16, message: &str, problem: String) -> Kind {
    match code {
        401 | 403 => Kind::Credentials { problem },
        402 => Kind::SpendLimit { problem },
        404 => Kind::UnknownModel { problem },
        413 => Kind::TooLong { problem },
        429 => Kind::RateLimited { retry_after: None, problem },
        400 | 422 if is_about_length(message) => Kind::TooLong { problem },
        400 | 422 if is_about_model(message) => Kind::UnknownModel { problem },
        408 | 409 | 425 | 500.. => Kind::Unavailable { problem },
        _ => Kind::Rejected { problem },
    }
}

/// How servers say that the prompt does not fit: Anthropic, OpenAI, vLLM, llama.cpp, Gemini, Ollama.
pub(super) fn is_about_length(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["too long", "context length", "context_length", "context window", "context size", "token count", "maximum context"]
        .iter()
        .any(|words| message.contains(words))
}

fn is_about_model(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let missing = ["not found", "does not exist", "not exist", "invalid model", "unknown model", "not a valid model"];
    message.contains("model") && missing.iter().any(|words| message.contains(words))
}

/// A number that may be absent, negative or of another type: then it is not there.
pub(super) fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

/// A text that may be absent or null.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A provider's words, short and on one line.
pub(super) fn quoted(message: &str) -> String {
    let line: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    line.trim().to_owned()
}
