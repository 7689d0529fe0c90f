//! OpenAI chat completions, as OpenAI and nearly everybody else serve them: the request, the chunks of the answer.
//!
//! Servers differ in what they accept. The newer field for the answer's length and the option that asks for usage
//! numbers are each left out once a server has refused them, and that is remembered.

use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::{Value, json};

use super::answer::{Answer, Stop};
use super::background::Report;
use super::error::ModelErrorKind as Kind;
use super::remote::{Failed, Format, Framing, Growing, Step, by_code, classify, converse, number, quoted, text};
use super::turns::messages;
use super::wire::Question;
use crate::core::budget::Usage;
use crate::core::conversation::Conversation;
use crate::edge::http::{Http, HttpError, Refused, Request};

/// What a server is known not to accept; shared by all who ask the same model.
#[derive(Debug)]
pub(super) struct Habits(AtomicU8);

/// The answer's length goes into `max_tokens` instead of `max_completion_tokens`.
const OLD_LENGTH: u8 = 1;
/// `stream_options` is left out.
const NO_OPTIONS: u8 = 2;

impl Habits {
    /// OpenAI itself deprecates `max_tokens`; most others know nothing else.
    pub(super) fn of(provider: &str) -> Self {
        Self(AtomicU8::new(if provider == "openai" { 0 } else { OLD_LENGTH }))
    }

    /// Learns from a refusal that names a field; says whether there is something new to try.
    fn learn(&self, error: &HttpError, tried: u8) -> bool {
        let Some(refused) = error.refused().filter(|refused| matches!(refused.status, 400 | 422)) else { return false };
        let names = |field: &str| refused.body.contains(field) || refused.message.contains(field);
        let new = match () {
            () if names("stream_options") => tried | NO_OPTIONS,
            () if names("max_completion_tokens") && tried & OLD_LENGTH == 0 => tried | OLD_LENGTH,
            () if names("max_tokens") && tried & OLD_LENGTH != 0 => tried & !OLD_LENGTH,
            () => tried,
        };
        self.0.store(new, Ordering::Relaxed);
        new != tried
    }
}

/// The request's body in its newest form.
pub(super) fn body(model: &str, conversation: &Conversation, output: u64) -> Value {
    let messages = messages(conversation);
    json!({
        "model": model,
        "messages": messages,
        "max_completion_tokens": output,
        "stream": true,
        "stream_options": {"include_usage": true},
    })
}

/// The body as a server with these habits wants it.
fn adapted(body: &Value, habits: u8) -> Value {
    let mut body = body.clone();
    let Some(fields) = body.as_object_mut() else { return body };
    if habits & OLD_LENGTH != 0
        && let Some(length) = fields.remove("max_completion_tokens")
    {
        fields.insert("max_tokens".to_owned(), length);
    }
    if habits & NO_OPTIONS != 0 {
        fields.remove("stream_options");
    }
    body
}

/// Asks and reads the answer; asks again, at most twice, in an older form of the request that the server may accept.
pub(super) fn ask(http: &Http, question: &Question, habits: &Habits, report: &Report) -> Result<Answer, Kind> {
    for _ in 0..3 {
        let tried = habits.0.load(Ordering::Relaxed);
        let mut request = Request::question("/chat/completions", &adapted(&question.body, tried));
        request.total = Some(question.time);
        request.is_final = is_spent;
        let mut state = State::default();
        match converse(http, &request, &FORMAT, report, &mut state) {
            Ok(()) => return state.answer(),
            Err(Failed::Http(error)) if habits.learn(&error, tried) => report.check()?,
            Err(Failed::Http(error)) => return Err(classify(&error, is_spent)),
            Err(Failed::Answer(kind)) => return Err(kind),
        }
    }
    Err(Kind::Rejected { problem: "the server refuses the request in its newer and in its older form".to_owned() })
}

/// No money left: repeating is pointless.
fn is_spent(refused: &Refused) -> bool {
    let named = ["insufficient_quota", "billing_hard_limit", "insufficient_credits", "Insufficient Balance"];
    refused.status == 402 || refused.status == 429 && named.iter().any(|name| refused.body.contains(name))
}

/// An answer that arrives.
#[derive(Debug, Default)]
struct State {
    growing: Growing,
    model: String,
    usage: Option<Usage>,
    finish: Option<String>,
    refusal: String,
    called_tool: bool,
}

const FORMAT: Format<State> = Format { framing: Framing::Events, take: State::take, whole: State::whole };

impl State {
    /// A chunk, or null for `[DONE]`.
    fn take(&mut self, chunk: &Value, report: &Report) -> Result<Step, Kind> {
        if chunk.is_null() {
            return Ok(Step::End);
        }
        self.head(chunk)?;
        let choice = &chunk["choices"][0];
        let delta = &choice["delta"];
        self.refusal.push_str(text(delta, "/refusal"));
        self.called_tool |= has_calls(delta);
        let thought = [text(delta, "/reasoning_content"), text(delta, "/reasoning")];
        if let Some(thought) = thought.into_iter().find(|thought| !thought.is_empty()) {
            report.progress(self.growing.think(thought));
        }
        let piece = content(&delta["content"]);
        if !piece.is_empty() {
            report.progress(self.growing.write(&piece));
        }
        self.finish(choice)?;
        Ok(Step::More)
    }

    /// The same answer in one piece.
    fn whole(&mut self, response: &Value) -> Result<(), Kind> {
        self.head(response)?;
        let Some(choice) = response["choices"].as_array().and_then(|choices| choices.first()) else {
            return Err(Kind::Protocol { problem: "the response has no choices".to_owned() });
        };
        let message = &choice["message"];
        self.refusal.push_str(text(message, "/refusal"));
        self.called_tool |= has_calls(message);
        self.growing.write(&content(&message["content"]));
        self.finish(choice)
    }

    /// Errors, names and numbers, which stand at the top.
    fn head(&mut self, value: &Value) -> Result<(), Kind> {
        if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
            return Err(trouble(error));
        }
        if let Some(model) = value["model"].as_str() {
            model.clone_into(&mut self.model);
        }
        // Groq puts the numbers into a place of its own.
        for usage in [&value["usage"], &value["x_groq"]["usage"]] {
            self.count(usage);
        }
        Ok(())
    }

    fn count(&mut self, usage: &Value) {
        let Some(prompt) = number(usage, "/prompt_tokens") else { return };
        let places = ["/prompt_tokens_details/cached_tokens", "/prompt_cache_hit_tokens"];
        let cached = places.iter().find_map(|place| number(usage, place)).unwrap_or(0).min(prompt);
        let output = number(usage, "/completion_tokens").unwrap_or(0);
        self.usage = Some(Usage { input: prompt - cached, cached, cache_written: 0, output });
    }

    fn finish(&mut self, choice: &Value) -> Result<(), Kind> {
        match choice["finish_reason"].as_str() {
            None | Some("") => Ok(()),
            Some("error") => {
                let reason = quoted(text(choice, "/error/message"));
                let problem = format!("the response ended with finish_reason `error`: {reason}");
                Err(Kind::Interrupted { problem, usage: None })
            }
            Some(reason) => {
                self.finish = Some(reason.to_owned());
                Ok(())
            }
        }
    }

    fn answer(self) -> Result<Answer, Kind> {
        let Self { growing, model, usage, finish, refusal, called_tool } = self;
        let stop = match finish.as_deref() {
            Some("stop" | "eos" | "end_turn" | "stop_sequence") if !refusal.is_empty() => {
                Stop::Refused(quoted(&refusal))
            }
            Some("stop" | "eos" | "end_turn" | "stop_sequence") if called_tool => Stop::ToolCall,
            Some("stop" | "eos" | "end_turn" | "stop_sequence") => Stop::End,
            Some("length" | "max_tokens") => Stop::Length,
            Some("model_length") => Stop::ContextFull,
            Some("tool_calls" | "function_call") => Stop::ToolCall,
            Some("content_filter") => Stop::Refused("content_filter".to_owned()),
            Some(_) => Stop::Unstated,
            None => {
                let problem = "the response ended without a finish_reason".to_owned();
                return Err(Kind::Interrupted { problem, usage });
            }
        };
        Answer::checked(growing.text, stop, usage, model)
    }
}

fn has_calls(message: &Value) -> bool {
    message["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty()) || message["function_call"].is_object()
}

/// The text of a message: a string, or a list of parts (Mistral's reasoning models).
fn content(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(|part| text(part, "/text")).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

/// An error object under a status of 200: before or in the middle of an answer. Its code is a number, a name or null.
fn trouble(error: &Value) -> Kind {
    let message = error["message"].as_str().or(error.as_str()).unwrap_or_default();
    let code = &error["code"];
    let number = code.as_u64().or_else(|| code.as_str().and_then(|code| code.parse().ok()));
    let problem = format!("error in the response: {}", quoted(message));
    match number.and_then(|number| u16::try_from(number).ok()) {
        Some(number @ 400..) => by_code(number, message, problem),
        Some(_) | None if code.as_str() == Some("insufficient_quota") => Kind::SpendLimit { problem },
        Some(_) | None => Kind::Interrupted { problem, usage: None },
    }
}
