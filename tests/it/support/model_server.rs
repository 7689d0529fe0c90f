//! Models behind a loopback server, with a clock that does not make tests wait.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use git_burn::core::conversation::{Cache, Conversation, Message, Reply, Topic};
use git_burn::core::names::IssueNumber;
use git_burn::edge::http::{Ambient, HttpOptions};
use git_burn::edge::model::{
    Answer, AskLimits, Model, ModelError, ModelName, OpenModel, Phase, Progress, ProviderSettings,
};

use super::server;

/// The key that must never be seen anywhere but in its header.
pub const KEY: &str = "sk-canary-4711";

/// A model whose provider is this server; all other settings are the provider's own.
pub fn model(name: &str, url: &str) -> Model {
    with_settings(name, ProviderSettings { url: Some(url.to_owned()), ..ProviderSettings::default() })
}

pub fn with_settings(name: &str, settings: ProviderSettings) -> Model {
    let names = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY"];
    let mut variables: Vec<(String, String)> = names.map(|name| (name.to_owned(), KEY.to_owned())).to_vec();
    variables.push(("DUMMY".to_owned(), "me".to_owned()));
    let inherited = ["PATH", "HOME"].map(|name| (name.to_owned(), std::env::var(name).unwrap_or_default()));
    variables.extend(inherited);
    let ambient = Ambient { sleep: |_| {}, random: || 0, ..Ambient::system() };
    let http = HttpOptions { ambient, ..HttpOptions::new("https://unused.example") };
    let name = ModelName::parse(name, &["mine"]).expect("a model's name");
    let folder = std::env::temp_dir();
    OpenModel { name: &name, settings: &settings, variables: &variables, http: &http, folder: &folder }
        .open()
        .expect("a model")
}

/// System text, an opening of two cached messages, an answer, and a last message.
pub fn conversation() -> Conversation {
    let mut conversation = Conversation { system: "The rules.".into(), messages: Vec::new() };
    let keep = |text: &str| Message { cache: Cache::Keep, ..Message::user(Topic::Opening, text) };
    conversation.push(keep("The project."));
    conversation.push(keep("The issue."));
    conversation.push(Message::answer("```look\nread a\n```"));
    conversation.push(Message::user(Topic::Nudge, "What now?"));
    conversation
}

/// Asks with ten seconds of time.
pub fn ask(model: &Model) -> Result<Answer, ModelError> {
    ask_within(model, Duration::from_secs(10), &mut |_| {})
}

pub fn ask_within(model: &Model, time: Duration, progress: &mut dyn FnMut(Progress)) -> Result<Answer, ModelError> {
    let cancelled = AtomicBool::new(false);
    let limits = AskLimits { output: 4_000, time, issue: IssueNumber::new(1), cancelled: &cancelled };
    model.ask(&conversation(), &limits, progress)
}

/// How asking ended, in one line: the reply, or why there is none.
pub fn ending(model: &Model) -> String {
    match ask(model) {
        Ok(answer) => match answer.reply() {
            Ok(Reply::Look(looks)) => format!("look {}", looks.wanted[0]),
            Ok(Reply::Patch(_)) => "patch".to_owned(),
            Ok(reply) => format!("{reply:?}"),
            Err(stop) => format!("stop: {stop}"),
        },
        Err(error) => format!("error: {error}"),
    }
}

/// The phases that were told, without repetitions.
pub fn phases(steps: &[Progress]) -> Vec<Phase> {
    let mut phases: Vec<Phase> = steps.iter().map(|step| step.phase).collect();
    phases.dedup();
    phases
}

/// A file of `fixtures/model`.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/model").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A stream that arrives in small chunks, which end in the middle of lines and characters.
pub fn stream(body: impl Into<Vec<u8>>) -> server::Answer {
    let answer = server::Answer::new(200, body).with("content-type", "text/event-stream; charset=utf-8");
    answer.delivered(server::Manner::Drip(57, Duration::ZERO))
}

/// The same for JSON lines.
pub fn lines(body: impl Into<Vec<u8>>) -> server::Answer {
    let answer = server::Answer::new(200, body).with("content-type", "application/x-ndjson");
    answer.delivered(server::Manner::Drip(57, Duration::ZERO))
}
