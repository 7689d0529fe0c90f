//! Scripts: written or recorded replies, played instead of asking a model. For demos, tests, and looking at a run again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use super::AskLimits;
use super::answer::{Answer, Phase, Progress, Stop};
use super::error::ModelErrorKind;
use crate::core::budget::{Price, Usage};
use crate::core::conversation::{Conversation, tokens};
use crate::core::names::IssueNumber;
use crate::edge::trust::Digest;

/// Replies in order, each for one issue or for any.
///
/// Two forms are read. *JSON lines*, one reply each: `{"answer": "...", "issue": 3, "expect": ["text"], "stop":
/// "length", "usage": {..}, "error": "unavailable"}`, all but `answer` (or `error`) optional; a run's `exchanges.jsonl`
/// is of this form. *Text*: what follows a line `<!-- replay issue=3 expect="text" -->` up to the next such line is a
/// reply, word for word without blank lines at its ends; what stands before the first is a comment. The line may carry
/// `issue=N`, any number of `expect=".."`, `stop=..`, `error=..`, `input=N`, `output=N`, `cached=N` and `pause=MS`.
///
/// An issue plays the replies that name it, or those without an issue if none does. `expect` are texts that the prompt
/// must contain at this point: a script that no longer fits fails where it stops fitting.
#[derive(Debug)]
pub struct Script {
    name: String,
    entries: Vec<Entry>,
    fidelity: Fidelity,
    /// How many replies each issue has had.
    played: Mutex<BTreeMap<Option<IssueNumber>, usize>>,
}

/// How much a script wants to be asked what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fidelity {
    /// A script that somebody wrote, or a recording that stands in for a model.
    Loose,
    /// A recording that is played again: another prompt is a failure, and the answer is the recorded model's.
    Exact,
}

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Line of the file, from 1.
    line: usize,
    issue: Option<IssueNumber>,
    expect: Vec<String>,
    outcome: Result<(String, Stop), Failure>,
    usage: Option<Usage>,
    pause: Duration,
    /// Of a recorded exchange.
    recorded: Option<Recorded>,
}

/// What a recorded exchange says beside the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Recorded {
    model: String,
    asked: String,
    prompt: String,
    facts: Facts,
}

/// Troubles that a script can play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Failure {
    Unavailable,
    RateLimited,
    SpendLimit,
    Credentials,
    TooLong,
    Interrupted,
}

/// A recorded exchange with a model: one line of `exchanges.jsonl`, and the JSON form of a script's reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// `model`; lines of other kinds are passed over when a recording is played.
    #[serde(default = "Exchange::kind")]
    pub kind: String,
    pub issue: Option<u64>,
    /// Who was asked.
    #[serde(default)]
    pub model: String,
    /// The newest message of the prompt.
    #[serde(default)]
    pub asked: String,
    #[serde(default)]
    pub answer: String,
    #[serde(default = "Exchange::end")]
    pub stop: Stop,
    pub usage: Option<Usage>,
    /// Digest of the whole prompt; a written script has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What was known of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

/// What is known of a model: decides how long conversations and answers may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub context: Option<u64>,
    pub longest_answer: Option<u64>,
    pub price: Option<Price>,
}

impl Exchange {
    fn kind() -> String {
        "model".to_owned()
    }

    fn end() -> Stop {
        Stop::End
    }

    /// What to write into the journal, after redaction.
    pub fn of(conversation: &Conversation, answer: &Answer, issue: Option<IssueNumber>, facts: Facts) -> Self {
        Self {
            kind: Self::kind(),
            issue: issue.map(IssueNumber::get),
            model: answer.model.clone(),
            asked: conversation.messages.last().map(|message| message.text.clone()).unwrap_or_default(),
            answer: answer.text_so_far().to_owned(),
            stop: answer.stop.clone(),
            usage: answer.usage,
            prompt: Some(digest(conversation)),
            facts: Some(facts),
        }
    }
}

/// Names a prompt: equal for two that are the same to the last byte.
fn digest(conversation: &Conversation) -> String {
    Digest::of(&serde_json::to_vec(conversation).unwrap_or_default()).as_str().to_owned()
}

/// What a written line of JSON may say besides an [`Exchange`].
#[derive(Deserialize)]
struct Written {
    #[serde(flatten)]
    exchange: Exchange,
    #[serde(default)]
    expect: Texts,
    error: Option<Failure>,
    /// Milliseconds.
    #[serde(default)]
    pause: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Default for Texts {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Script {
    /// Reads a script from a file.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read the script {}", path.display()))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Self::parse(&name, &text).with_context(|| format!("cannot play {}", path.display()))
    }

    /// Reads a script; `name` is for messages.
    pub fn parse(name: &str, text: &str) -> anyhow::Result<Self> {
        let entries = if text.trim_start().starts_with('{') { json_entries(text)? } else { text_entries(text)? };
        ensure!(!entries.is_empty(), "it holds no reply: no line starts with `{MARK}`, and it is not JSON lines");
        Ok(Self { name: name.to_owned(), entries, fidelity: Fidelity::Loose, played: Mutex::default() })
    }

    /// Reads a run's record, to be played exactly.
    ///
    /// # Errors
    /// It holds an exchange with a model that was recorded before prompts were.
    pub fn recorded(name: &str, text: &str) -> anyhow::Result<Self> {
        let entries = json_entries(text)?;
        let exact = entries.iter().all(|entry| entry.recorded.is_some());
        ensure!(exact, "it was recorded by an older version, which did not write down what was asked");
        Ok(Self { name: name.to_owned(), entries, fidelity: Fidelity::Exact, played: Mutex::default() })
    }

    /// What was known of the recorded model, of a recording that is played exactly.
    pub(super) fn facts(&self) -> Option<Facts> {
        let first = self.entries.first().filter(|_| self.fidelity == Fidelity::Exact)?;
        first.recorded.as_ref().map(|recorded| recorded.facts)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Replies in all.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn ask(
        &self,
        conversation: &Conversation,
        limits: &AskLimits<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Answer, ModelErrorKind> {
        progress(Progress::START);
        let entry = self.next(limits.issue)?;
        self.check(entry, conversation)?;
        std::thread::sleep(entry.pause.min(limits.time));
        let (text, stop) = entry.outcome.clone().map_err(|failure| failure.play(&self.name, entry.line))?;
        let count = tokens(&text);
        progress(Progress { phase: Phase::Writing, bytes: text.len() as u64, tokens: count });
        if let (Fidelity::Exact, Some(recorded)) = (self.fidelity, &entry.recorded) {
            return Ok(Answer::new(text, stop, entry.usage, &recorded.model));
        }
        let usage =
            entry.usage.unwrap_or_else(|| Usage { input: conversation.tokens(), output: count, ..Usage::default() });
        Ok(Answer::new(text, stop, Some(usage), &self.name))
    }

    /// The next reply for an issue.
    fn next(&self, issue: Option<IssueNumber>) -> Result<&Entry, ModelErrorKind> {
        let named = self.entries.iter().any(|entry| issue.is_some() && entry.issue == issue);
        let own = || self.entries.iter().filter(|entry| entry.issue == if named { issue } else { None });
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = played.entry(issue).or_default();
        *turn += 1;
        own().nth(*turn - 1).ok_or_else(|| {
            let whom = issue.map(|issue| format!(" for issue {issue}")).unwrap_or_default();
            let count = own().count();
            ModelErrorKind::Script {
                problem: format!("script {} has {count} replies{whom}, but a reply {turn} is wanted", self.name),
            }
        })
    }

    fn check(&self, entry: &Entry, conversation: &Conversation) -> Result<(), ModelErrorKind> {
        if let (Fidelity::Exact, Some(recorded)) = (self.fidelity, &entry.recorded) {
            return recorded.check(&self.name, entry.line, conversation);
        }
        let texts = || conversation.messages.iter().map(|message| &message.text).chain([&conversation.system]);
        let missing: Vec<String> = entry
            .expect
            .iter()
            .filter(|expected| !texts().any(|text| text.contains(expected.as_str())))
            .map(|expected| format!("`{expected}`"))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(ModelErrorKind::Script {
            problem: format!(
                "script {} line {}: the prompt does not contain {}",
                self.name,
                entry.line,
                missing.join(" and not ")
            ),
        })
    }
}

impl Recorded {
    /// Fails where the prompt is not the recorded one to the last byte, and says where the newest message differs.
    fn check(&self, name: &str, line: usize, conversation: &Conversation) -> Result<(), ModelErrorKind> {
        if digest(conversation) == self.prompt {
            return Ok(());
        }
        let now = conversation.messages.last().map_or("", |message| &message.text);
        let differs = self.asked.lines().zip(now.lines()).zip(1..).find(|((then, now), _)| then != now);
        let place = match differs {
            Some(((then, now), number)) => {
                format!("line {number} of its newest message was `{}` and is `{}`", shown(then), shown(now))
            }
            None => "an earlier message, or the length of the newest, differs".to_owned(),
        };
        Err(ModelErrorKind::Script { problem: format!("{name} line {line}: the prompt is another one: {place}") })
    }
}

/// The beginning of a line.
fn shown(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).take(120).collect()
}

impl Failure {
    fn play(self, name: &str, line: usize) -> ModelErrorKind {
        let problem = format!("as the script says ({name} line {line})");
        match self {
            Self::Unavailable => ModelErrorKind::Unavailable { problem },
            Self::RateLimited => ModelErrorKind::RateLimited { retry_after: None, problem },
            Self::SpendLimit => ModelErrorKind::SpendLimit { problem },
            Self::Credentials => ModelErrorKind::Credentials { problem },
            Self::TooLong => ModelErrorKind::TooLong { problem },
            Self::Interrupted => ModelErrorKind::Interrupted { problem, usage: None },
        }
    }
}

fn json_entries(text: &str) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let value: serde_json::Value = serde_json::from_str(line).with_context(|| format!("line {}", index + 1))?;
        let kind = value.get("kind").and_then(|kind| kind.as_str()).unwrap_or("model");
        if kind != "model" {
            continue;
        }
        let is_reply = value.get("answer").is_some() || value.get("error").is_some();
        ensure!(is_reply, "line {} has neither `answer` nor `error`", index + 1);
        let written: Written = serde_json::from_value(value).with_context(|| format!("line {}", index + 1))?;
        entries.push(written.entry(index + 1)?);
    }
    Ok(entries)
}

impl Written {
    fn entry(self, line: usize) -> anyhow::Result<Entry> {
        let Self { exchange, expect, error, pause } = self;
        let issue = exchange.issue.map(|number| IssueNumber::new(number).context("issue 0 does not exist"));
        Ok(Entry {
            line,
            issue: issue.transpose().with_context(|| format!("line {line}"))?,
            expect: match expect {
                Texts::One(text) => vec![text],
                Texts::Many(texts) => texts,
            },
            recorded: exchange.prompt.map(|prompt| Recorded {
                model: exchange.model,
                asked: exchange.asked,
                prompt,
                facts: exchange.facts.unwrap_or_default(),
            }),
            outcome: error.map_or(Ok((exchange.answer, exchange.stop)), Err),
            usage: exchange.usage,
            pause: Duration::from_millis(pause),
        })
    }
}

/// Begins the line before each reply of a text script.
const MARK: &str = "<!-- replay";

fn text_entries(text: &str) -> anyhow::Result<Vec<Entry>> {
    let mut entries: Vec<(Entry, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(attributes) = marked(line) {
            let entry = marked_entry(index + 1, attributes).with_context(|| format!("line {}", index + 1))?;
            entries.push((entry, String::new()));
        } else if let Some((_, reply)) = entries.last_mut() {
            reply.push_str(line);
            reply.push('\n');
        }
    }
    let finish = |(mut entry, reply): (Entry, String)| {
        if let Ok((text, _)) = &mut entry.outcome {
            *text = format!("{}\n", reply.trim_matches('\n'));
        }
        entry
    };
    Ok(entries.into_iter().map(finish).collect())
}

/// The attributes of a marked line.
fn marked(line: &str) -> Option<&str> {
    let rest = line.strip_prefix(MARK)?.trim_end().strip_suffix("-->")?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
}

fn marked_entry(line: usize, attributes: &str) -> anyhow::Result<Entry> {
    let mut stop = Stop::End;
    let mut failure = None;
    let mut entry = Entry {
        line,
        issue: None,
        expect: Vec::new(),
        outcome: Ok((String::new(), Stop::End)),
        usage: None,
        pause: Duration::ZERO,
        recorded: None,
    };
    for (key, value) in pairs(attributes)? {
        let number = || value.parse::<u64>().with_context(|| format!("{key}={value} is not a number"));
        let mut usage = entry.usage.unwrap_or_default();
        match key {
            "issue" => entry.issue = Some(value.parse().map_err(anyhow::Error::msg)?),
            "expect" => entry.expect.push(value.to_owned()),
            "stop" => stop = stop_named(value)?,
            "error" => failure = Some(word(value).with_context(|| format!("error={value}"))?),
            "pause" => entry.pause = Duration::from_millis(number()?),
            "input" => usage.input = number()?,
            "output" => usage.output = number()?,
            "cached" => usage.cached = number()?,
            _ => bail!("unknown attribute `{key}` (issue, expect, stop, error, pause, input, output, cached)"),
        }
        entry.usage = Some(usage).filter(|usage| *usage != Usage::default());
    }
    entry.outcome = failure.map_or(Ok((String::new(), stop)), Err);
    Ok(entry)
}

fn stop_named(name: &str) -> anyhow::Result<Stop> {
    if name == "refused" {
        Ok(Stop::Refused(String::new()))
    } else {
        word(name).with_context(|| format!("stop={name}"))
    }
}

/// A variant by its name.
fn word<T: serde::de::DeserializeOwned>(name: &str) -> serde_json::Result<T> {
    serde_json::from_value(serde_json::Value::from(name))
}

/// `key=value` and `key="value with blanks"`, as many as there are.
fn pairs(text: &str) -> anyhow::Result<Vec<(&str, &str)>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').with_context(|| format!("`{rest}` is not key=value"))?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').with_context(|| format!("the quote after {key}= does not end"))?,
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        pairs.push((key, value));
        rest = after.trim_start();
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::core::conversation::{Message, Reply, Topic};
    use crate::edge::model::Model;

    fn told(model: &Model, issue: u64, prompt: &str) -> String {
        let mut conversation = Conversation::default();
        conversation.push(Message::user(Topic::Opening, prompt));
        let cancelled = AtomicBool::new(false);
        let issue = IssueNumber::new(issue);
        let limits = AskLimits { output: 100, time: Duration::from_secs(1), issue, cancelled: &cancelled };
        match model.ask(&conversation, &limits, &mut |_| {}) {
            Ok(answer) => match answer.reply() {
                Ok(Reply::Look(looks)) => looks.wanted[0].to_string(),
                Ok(reply) => format!("{reply:?}"),
                Err(stop) => stop.to_string(),
            },
            Err(error) => error.to_string(),
        }
    }

    const TEXT: &str = r#"Two issues.

<!-- replay issue=1 expect="first" input=900 output=20 -->

```look
read a
```

<!-- replay issue=2 -->
```look
read b
```
<!-- replay issue=1 stop=length -->
cut
<!-- replay issue=1 error=rate-limited -->
"#;

    #[test]
    fn each_issue_plays_its_own_replies_in_order() {
        let model = Model::replay(Script::parse("demo.md", TEXT).unwrap());
        assert_eq!(told(&model, 1, "the first issue"), "read a");
        assert_eq!(told(&model, 2, "x"), "read b");
        assert!(told(&model, 1, "x").contains("cut off at its length limit"));
        assert_eq!(told(&model, 1, "x"), "model `replay/demo.md`: rate limit: as the script says (demo.md line 15)");
        let over = "model `replay/demo.md`: script demo.md has 3 replies for issue 1, but a reply 4 is wanted";
        assert_eq!(told(&model, 1, "x"), over);
    }

    #[test]
    fn a_reply_that_expects_another_prompt_fails_there() {
        let model = Model::replay(Script::parse("demo.md", TEXT).unwrap());
        let expected = "model `replay/demo.md`: script demo.md line 3: the prompt does not contain `first`";
        assert_eq!(told(&model, 1, "the second issue"), expected);
    }

    #[test]
    fn recordings_and_written_json_are_played() {
        let json = r#"
{"kind":"forge","url":"x"}
{"answer":"```look\nread a\n```","expect":"x","usage":{"input":5,"cached":1,"cache_written":0,"output":2}}
{"answer":"","stop":{"refused":"no"}}
{"error":"spend-limit"}
"#;
        let model = Model::replay(Script::parse("e.jsonl", json.trim_start()).unwrap());
        assert_eq!(told(&model, 7, "x"), "read a");
        assert_eq!(told(&model, 7, "x"), "the model refused to answer: no");
        assert!(told(&model, 7, "x").contains("spending limit"));
        assert_eq!(told(&model, 8, "x"), "read a", "without an issue, every issue plays all of it");
    }

    #[test]
    fn what_is_recorded_can_be_played() {
        let mut conversation = Conversation::default();
        conversation.push(Message::user(Topic::Opening, "hello"));
        let answer = Answer::new("```look\nread z\n```".into(), Stop::End, Some(Usage::default()), "m");
        let exchange = Exchange::of(&conversation, &answer, IssueNumber::new(4), Facts::default());
        let line = serde_json::to_string(&exchange).unwrap();
        let model = Model::replay(Script::parse("r", &line).unwrap());
        assert_eq!(told(&model, 4, "x"), "read z");
    }

    #[test]
    fn faulty_scripts_say_where() {
        for (text, expected) in [
            ("just text", "holds no reply"),
            ("<!-- replay color=red -->\n", "unknown attribute `color`"),
            ("<!-- replay issue=0 -->\n", "not an issue number"),
            ("<!-- replay expect=\"x -->\n", "does not end"),
            ("<!-- replay error=boredom -->\n", "error=boredom"),
            ("{\"issue\":1}", "line 1 has neither"),
            ("{\"answer\":1}", "line 1"),
        ] {
            let error = format!("{:#}", Script::parse("s", text).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }
}
