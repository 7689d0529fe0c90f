//! What a run reads of the world, written down as it goes, to be played again: each question with its answer, in order.
//!
//! Only what decides about a run is recorded: answers of the forge as values of this program, heads of remote branches,
//! drafts, results of checks. Questions that are asked while the world is being changed are left out, since a replay
//! changes nothing. An answer that is not in the record is a failure, never a question to the world.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// See the module.
pub struct Tape {
    how: How,
    /// Changes of the world that are under way.
    changing: AtomicUsize,
}

enum How {
    Off,
    Recording {
        write: Writer,
        /// Bytes that may still be written.
        left: Mutex<usize>,
    },
    Playing(Mutex<BTreeMap<String, VecDeque<Answer>>>),
}

/// Takes one line.
pub type Writer = Box<dyn Fn(&str) + Send + Sync>;

/// Bytes of one answer and of all answers of a run that are recorded; a backlog is small, a record should be.
const ANSWER: usize = 4 << 20;
const ALL: usize = 16 << 20;

/// How a question was answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    #[serde(rename = "answer")]
    Given(Value),
    /// It could not be answered.
    Failed(String),
    /// It has so many bytes.
    TooLarge(usize),
}

/// One line of the record.
#[derive(Serialize, Deserialize)]
struct Line {
    kind: String,
    asked: String,
    #[serde(flatten)]
    answer: Answer,
}

/// The kind of line that holds an answer; [`Tape::note`] writes others.
const READ: &str = "read";

impl Tape {
    /// Nothing is recorded.
    pub fn off() -> Self {
        Self::new(How::Off)
    }

    /// Everything goes to `write`, a line of JSON each, not redacted yet.
    pub fn recording(write: Writer) -> Self {
        Self::new(How::Recording { write, left: Mutex::new(ALL) })
    }

    /// Answers as these lines say; lines of other kinds are passed over.
    pub fn playing<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut answers: BTreeMap<String, VecDeque<Answer>> = BTreeMap::new();
        for line in lines.into_iter().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            if line.kind == READ {
                answers.entry(line.asked).or_default().push_back(line.answer);
            }
        }
        Self::new(How::Playing(Mutex::new(answers)))
    }

    fn new(how: How) -> Self {
        Self { how, changing: AtomicUsize::new(0) }
    }

    /// Asks the world and writes the answer down, or plays what was answered then.
    ///
    /// # Errors
    /// The world's own; [`NotRecorded`] where the record has no such answer.
    pub fn read<T, E>(&self, asked: &str, world: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<NotRecorded> + fmt::Display,
    {
        match &self.how {
            How::Off => world(),
            How::Recording { .. } if self.changing.load(Ordering::Relaxed) > 0 => world(),
            How::Recording { write, left } => {
                let result = world();
                let answer = match &result {
                    Ok(value) => serde_json::to_value(value).map_or_else(failed, Answer::Given),
                    Err(error) => failed(error),
                };
                let line = Line { kind: READ.to_owned(), asked: asked.to_owned(), answer };
                record(write, left, line);
                result
            }
            How::Playing(answers) => {
                let problem = |what: String| E::from(NotRecorded { asked: asked.to_owned(), what });
                let next = locked(answers).get_mut(asked).and_then(VecDeque::pop_front);
                match next {
                    Some(Answer::Given(value)) => {
                        serde_json::from_value(value).map_err(|error| problem(error.to_string()))
                    }
                    Some(Answer::Failed(what)) => {
                        Err(problem(format!("it failed in the recorded run as well: {what}")))
                    }
                    Some(Answer::TooLarge(bytes)) => Err(problem(format!("its {bytes} bytes were too many to record"))),
                    None => Err(problem("it is not in the record".to_owned())),
                }
            }
        }
    }

    /// Writes something down that is no answer.
    pub fn note(&self, kind: &str, value: &impl Serialize) {
        if let How::Recording { write, .. } = &self.how {
            write(&json!({ "kind": kind, "note": value }).to_string());
        }
    }

    /// Until the returned value goes, questions are not recorded: the world is being changed.
    pub fn pause(&self) -> Paused<'_> {
        self.changing.fetch_add(1, Ordering::Relaxed);
        Paused(self)
    }
}

/// See [`Tape::pause`].
#[must_use]
pub struct Paused<'a>(&'a Tape);

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.changing.fetch_sub(1, Ordering::Relaxed);
    }
}

fn failed(error: impl fmt::Display) -> Answer {
    Answer::Failed(error.to_string())
}

/// Writes a line, or in its place that it was too long.
fn record(write: &Writer, left: &Mutex<usize>, mut line: Line) {
    let mut left = locked(left);
    let text = |line: &Line| serde_json::to_string(line).unwrap_or_default();
    let mut written = text(&line);
    if written.len() > ANSWER.min(*left) {
        line.answer = Answer::TooLarge(written.len());
        written = text(&line);
    }
    *left = left.saturating_sub(written.len());
    write(&written);
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A question that the record does not answer.
#[derive(Debug)]
pub struct NotRecorded {
    pub asked: String,
    pub what: String,
}

impl fmt::Display for NotRecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.asked, self.what)
    }
}

impl std::error::Error for NotRecorded {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn recorded(ask: impl FnOnce(&Tape)) -> Vec<String> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&lines);
        ask(&Tape::recording(Box::new(move |line| locked(&written).push(line.to_owned()))));
        locked(&lines).clone()
    }

    fn ask(tape: &Tape, asked: &str, world: Result<u32, &str>) -> String {
        match tape.read(asked, || world.map_err(|problem| anyhow::anyhow!("{problem}"))) {
            Ok(answer) => answer.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn answers_come_back_in_their_order_and_nothing_else_does() {
        let lines = recorded(|tape| {
            ask(tape, "a", Ok(1));
            ask(tape, "a", Ok(2));
            ask(tape, "b", Err("down"));
            let paused = tape.pause();
            ask(tape, "a", Ok(3));
            drop(paused);
            tape.note("run", &"x");
        });
        assert_eq!(lines.len(), 4, "{lines:#?}");
        let tape = Tape::playing(lines.iter().map(String::as_str));
        assert_eq!([ask(&tape, "a", Ok(9)), ask(&tape, "a", Ok(9))], ["1", "2"]);
        assert_eq!(ask(&tape, "a", Ok(9)), "`a`: it is not in the record");
        assert_eq!(ask(&tape, "b", Ok(9)), "`b`: it failed in the recorded run as well: down");
    }

    #[test]
    fn what_is_too_long_is_said_to_be() {
        let lines = recorded(|tape| {
            let long = "x".repeat(ANSWER);
            let told: anyhow::Result<String> = tape.read("long", || Ok(long));
            assert_eq!(told.expect("an answer").len(), ANSWER);
        });
        assert!(lines[0].len() < 100, "{}", lines[0].len());
        assert!(ask(&Tape::playing([lines[0].as_str()]), "long", Ok(9)).contains("too many to record"));
    }
}
