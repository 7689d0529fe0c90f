//! Anthropic Messages: the request, the events of the answer, and this provider's ways to say no.
//!
//! No sampling parameters are sent: from API version 2026-10-21 on they are refused even at their defaults, and
//! without them the same request is right under every version.

use serde_json::{Value, json};

use super::answer::{Answer, Stop};
use super::background::Report;
use super::error::ModelErrorKind as Kind;
use super::remote::{Failed, Format, Framing, Growing, Step, by_code, classify, converse, number, quoted, text};
use super::turns::{Turn, turns};
use super::wire::Question;
use crate::core::budget::Usage;
use crate::core::conversation::{Cache, Conversation};
use crate::edge::http::{Http, Refused, Request};

/// Value of the `anthropic-version` header; still served beside the newer ones, and all that is used here is the same.
pub(super) const VERSION: &str = "2023-06-01";

/// Places that can be marked for caching in one request; the system text has the first.
const CACHE_MARKS: usize = 4;

/// The request's body.
pub(super) fn body(model: &str, conversation: &Conversation, output: u64) -> Value {
    let turns = turns(conversation);
    let keeps = || turns.iter().flat_map(|turn| &turn.texts).filter(|text| text.cache == Cache::Keep);
    let unmarked = keeps().count().saturating_sub(CACHE_MARKS - 1);
    let mut seen = 0;
    let mut message = |turn: &Turn<'_>| {
        let blocks: Vec<Value> = turn
            .texts
            .iter()
            .map(|text| {
                seen += usize::from(text.cache == Cache::Keep);
                block(&text.text, text.cache == Cache::Keep && seen > unmarked)
            })
            .collect();
        json!({"role": turn.speaker(), "content": blocks})
    };
    let messages: Vec<Value> = turns.iter().map(&mut message).collect();
    json!({
        "model": model,
        "max_tokens": output,
        "system": [block(&conversation.system, true)],
        "messages": messages,
        "stream": true,
    })
}

fn block(text: &str, marked: bool) -> Value {
    match marked {
        true => json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}),
        false => json!({"type": "text", "text": text}),
    }
}

/// Asks and reads the answer.
pub(super) fn ask(http: &Http, question: &Question, report: &Report) -> Result<Answer, Kind> {
    let mut request = Request::question("/v1/messages", &question.body);
    request.total = Some(question.time);
    request.is_final = is_spent;
    let mut state = State::default();
    converse(http, &request, &FORMAT, report, &mut state).map_err(|failed| match failed {
        Failed::Http(error) => classify(&error, is_spent),
        Failed::Answer(kind) => kind,
    })?;
    state.answer()
}

/// A 429 without a time to wait is a spending limit, and some limits come as 400: repeating is pointless.
fn is_spent(refused: &Refused) -> bool {
    let message = refused.message.to_ascii_lowercase();
    let words = ["credit balance", "spend limit", "spending limit", "usage limits", "billing"];
    let named = refused.body.contains("spend_limit") || words.iter().any(|word| message.contains(word));
    match refused.status {
        429 => refused.wait.is_none() || named,
        400 | 403 => named,
        _ => false,
    }
}

/// An answer that arrives.
#[derive(Debug, Default)]
struct State {
    growing: Growing,
    model: String,
    usage: Option<Usage>,
    stop: Option<String>,
    /// The reason of a refusal, where the API gives one.
    refusal: String,
    called_tool: bool,
}

const FORMAT: Format<State> = Format { framing: Framing::Events, take: State::take, whole: State::whole };

impl State {
    fn take(&mut self, event: &Value, report: &Report) -> Result<Step, Kind> {
        match text(event, "/type") {
            "message_start" => self.head(&event["message"]),
            "content_block_start" => self.called_tool |= text(event, "/content_block/type").ends_with("tool_use"),
            "content_block_delta" => {
                let delta = &event["delta"];
                match text(delta, "/type") {
                    "text_delta" => report.progress(self.growing.write(text(delta, "/text"))),
                    "thinking_delta" => report.progress(self.growing.think(text(delta, "/thinking"))),
                    _ => {}
                }
            }
            "message_delta" => {
                self.end_of(&event["delta"]);
                self.count(&event["usage"]);
            }
            "message_stop" => return Ok(Step::End),
            "error" => return Err(trouble(&event["error"])),
            _ => {}
        }
        Ok(Step::More)
    }

    /// The same message in one piece.
    fn whole(&mut self, message: &Value) -> Result<(), Kind> {
        if text(message, "/type") == "error" {
            return Err(trouble(&message["error"]));
        }
        let Some(blocks) = message["content"].as_array() else {
            return Err(Kind::Protocol { problem: "the response has no content".to_owned() });
        };
        self.head(message);
        self.end_of(message);
        for block in blocks {
            match text(block, "/type") {
                "text" => drop(self.growing.write(text(block, "/text"))),
                kind => self.called_tool |= kind.ends_with("tool_use"),
            }
        }
        Ok(())
    }

    fn head(&mut self, message: &Value) {
        self.model = text(message, "/model").to_owned();
        self.count(&message["usage"]);
    }

    fn end_of(&mut self, delta: &Value) {
        if let Some(reason) = delta["stop_reason"].as_str() {
            self.stop = Some(reason.to_owned());
        }
        let detail = [text(delta, "/stop_details/explanation"), text(delta, "/stop_details/category")];
        self.refusal = detail.into_iter().find(|text| !text.is_empty()).map(quoted).unwrap_or_default();
    }

    /// Counts come in pieces, each of them the sum so far.
    fn count(&mut self, usage: &Value) {
        if !usage.is_object() {
            return;
        }
        let counted = self.usage.get_or_insert_default();
        let mut set = |pointer: &str, field: fn(&mut Usage) -> &mut u64| {
            if let Some(count) = number(usage, pointer) {
                *field(counted) = count;
            }
        };
        set("/input_tokens", |usage| &mut usage.input);
        set("/cache_read_input_tokens", |usage| &mut usage.cached);
        set("/cache_creation_input_tokens", |usage| &mut usage.cache_written);
        set("/output_tokens", |usage| &mut usage.output);
    }

    fn answer(self) -> Result<Answer, Kind> {
        let Self { growing, model, usage, stop, refusal, called_tool } = self;
        let stop = match stop.as_deref() {
            Some("end_turn" | "stop_sequence") if called_tool && growing.text.trim().is_empty() => Stop::ToolCall,
            Some("end_turn" | "stop_sequence") => Stop::End,
            Some("tool_use") => Stop::ToolCall,
            Some("max_tokens") => Stop::Length,
            Some("model_context_window_exceeded") => Stop::ContextFull,
            Some("pause_turn") => Stop::Paused,
            Some("refusal") => Stop::Refused(refusal),
            Some(_) => Stop::Unstated,
            None => {
                let problem = "the response ended without a stop_reason".to_owned();
                return Err(Kind::Interrupted { problem, usage });
            }
        };
        Answer::checked(growing.text, stop, usage, model)
    }
}

/// An error inside an answer whose status was 200.
fn trouble(error: &Value) -> Kind {
    let (kind, message) = (text(error, "/type"), text(error, "/message"));
    let problem = format!("error in the response: {}: {}", quoted(kind), quoted(message));
    match kind {
        "authentication_error" | "permission_error" => by_code(401, message, problem),
        "billing_error" => by_code(402, message, problem),
        "not_found_error" => by_code(404, message, problem),
        "request_too_large" => by_code(413, message, problem),
        "invalid_request_error" => by_code(400, message, problem),
        _ => Kind::Interrupted { problem, usage: None },
    }
}
