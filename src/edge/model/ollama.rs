//! Ollama's own chat interface: the OpenAI-compatible one cannot set the context size, and what does not fit is cut
//! off silently there.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, Stop};
use super::background::Report;
use super::error::ModelErrorKind as Kind;
use super::remote::{
    Failed, Format, Framing, Growing, Step, by_code, classify, converse, is_about_length, number, quoted, text,
};
use super::turns::messages;
use super::wire::Question;
use crate::core::budget::Usage;
use crate::core::conversation::Conversation;
use crate::edge::http::{Http, HttpError, Request};

/// Tokens of context that are asked for where the user says nothing: room for real work, and for the memory of a
/// usual machine. Ollama's own default is a few thousand.
const USUAL_CONTEXT: u64 = 32_768;

/// The context size that a model gets: the user's, else the usual one, never more than the model can take. Asked of
/// the server once, since another size in the next request would load the model anew.
#[derive(Debug, Default)]
pub(super) struct Context(OnceLock<u64>);

impl Context {
    pub(super) fn ask(&self, http: &Http, model: &str, wanted: Option<u64>) -> Result<u64, Kind> {
        if let Some(size) = self.0.get() {
            return Ok(*size);
        }
        let mut request = Request::question("/api/show", &json!({"model": model}));
        request.total = Some(Duration::from_secs(30));
        let shown = match http.json::<Value>(&request) {
            Ok((shown, _)) => shown,
            Err(error) if is_no_route(&error) => Value::Null,
            Err(error) => return Err(classify(&error, |_| false)),
        };
        let most = shown["model_info"].as_object().into_iter().flatten();
        let most = most.filter(|(key, _)| key.ends_with(".context_length")).find_map(|(_, size)| size.as_u64());
        let set = wanted.or_else(|| parameter(text(&shown, "/parameters")));
        let size = set.unwrap_or(USUAL_CONTEXT).min(most.unwrap_or(u64::MAX));
        Ok(*self.0.get_or_init(|| size))
    }
}

/// A server that only speaks like Ollama may lack this part; Ollama's own 404 names the model.
fn is_no_route(error: &HttpError) -> bool {
    let refused = error.refused().filter(|refused| matches!(refused.status, 404 | 405));
    refused.is_some_and(|refused| !refused.message.contains("model"))
}

/// `num_ctx` in the model's own parameters, which come as lines of text.
fn parameter(parameters: &str) -> Option<u64> {
    parameters.lines().find_map(|line| line.trim().strip_prefix("num_ctx")?.trim().parse().ok())
}

/// The request's body, but for the context size.
pub(super) fn body(model: &str, conversation: &Conversation, output: u64) -> Value {
    let messages = messages(conversation);
    json!({"model": model, "messages": messages, "stream": true, "options": {"num_predict": output}})
}

/// Asks and reads the answer.
pub(super) fn ask(http: &Http, question: &Question, context: &Context, report: &Report) -> Result<Answer, Kind> {
    let size = context.ask(http, &question.model, question.context)?;
    report.check()?;
    let mut body = question.body.clone();
    body["options"]["num_ctx"] = json!(size);
    let mut request = Request::question("/api/chat", &body);
    request.total = Some(question.time);
    let mut state = State::default();
    converse(http, &request, &FORMAT, report, &mut state).map_err(|failed| match failed {
        Failed::Http(error) => classify(&error, |_| false),
        Failed::Answer(kind) => kind,
    })?;
    state.not_cut(size, question)?;
    state.answer()
}

/// An answer that arrives.
#[derive(Debug, Default)]
struct State {
    growing: Growing,
    model: String,
    usage: Option<Usage>,
    done: Option<String>,
    called_tool: bool,
}

const FORMAT: Format<State> = Format { framing: Framing::Lines, take: State::take, whole: State::whole };

impl State {
    fn take(&mut self, value: &Value, report: &Report) -> Result<Step, Kind> {
        if let Some(error) = value["error"].as_str() {
            return Err(trouble(error));
        }
        let message = &value["message"];
        let thought = text(message, "/thinking");
        if !thought.is_empty() {
            report.progress(self.growing.think(thought));
        }
        let piece = text(message, "/content");
        if !piece.is_empty() {
            report.progress(self.growing.write(piece));
        }
        self.called_tool |= message["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty());
        if value["done"] != json!(true) {
            return Ok(Step::More);
        }
        text(value, "/model").clone_into(&mut self.model);
        self.done = Some(text(value, "/done_reason").to_owned());
        if let Some(output) = number(value, "/eval_count") {
            let input = number(value, "/prompt_eval_count").unwrap_or(0);
            self.usage = Some(Usage { input, output, ..Usage::default() });
        }
        Ok(Step::End)
    }

    /// Never used: lines are read as lines whatever their type.
    fn whole(&mut self, _: &Value) -> Result<(), Kind> {
        Ok(())
    }

    /// Fails when the server has read far fewer tokens than the prompt must have, in a context that may be too small:
    /// then it has cut the beginning off without a word. Even dense text has a token for eight bytes.
    fn not_cut(&self, size: u64, question: &Question) -> Result<(), Kind> {
        let read = self.usage.map_or(0, |usage| usage.input);
        let may_overflow = question.prompt_tokens > size;
        if read > 0 && may_overflow && read < question.prompt_bytes / 8 {
            let problem = format!(
                "the server read only {read} tokens of a prompt of about {}; its context is {size} \
                 (burn.provider.ollama.context)",
                question.prompt_tokens
            );
            return Err(Kind::TooLong { problem });
        }
        Ok(())
    }

    fn answer(self) -> Result<Answer, Kind> {
        let Self { growing, model, usage, done, called_tool } = self;
        let stop = match done.as_deref() {
            Some("stop" | "") if called_tool => Stop::ToolCall,
            Some("stop") => Stop::End,
            Some("length") => Stop::Length,
            // Older servers give no reason; `load` and `unload` answer empty prompts.
            Some(_) | None => Stop::Unstated,
        };
        Answer::checked(growing.text, stop, usage, model)
    }
}

/// An error line, which ends the stream.
fn trouble(error: &str) -> Kind {
    let problem = format!("error in the response: {}", quoted(error));
    match error {
        _ if is_about_length(error) => Kind::TooLong { problem },
        _ if error.contains("not found") => by_code(404, error, problem),
        _ => Kind::Interrupted { problem, usage: None },
    }
}
