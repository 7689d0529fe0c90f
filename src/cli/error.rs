//! What a failure means to the person or program that called: message, way out and exit status, decided in one place.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::render::json;
use crate::core::outcome::Outcome;
use crate::edge::forge::{ForgeError, Trouble};
use crate::edge::http::{HttpError, HttpErrorKind};
use crate::edge::model::{ModelError, ModelErrorKind};
use crate::edge::repo::{RemoteError, RemoteTrouble};
use crate::flow::{Denied, Stopped};

/// How the program ends (design.md section 3). Programs branch on these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; also when there was nothing to do.
    Done,
    /// "No": refused patch, red checks, no usable patch, findings of the guard or the doctor.
    No,
    /// Nothing to do, told only on request (`--exit-code`).
    Nothing,
    /// Credentials missing or refused.
    Credentials,
    /// A person is needed: clarification, approval, an escalated limit.
    Held,
    /// Budget or time is used up; can be continued.
    Spent,
    /// Claimed or locked by another run.
    Busy,
    /// Forge or model unreachable or rate-limited: try later.
    Unreachable,
    /// It broke.
    Fatal,
    /// Stopped by SIGINT, in order.
    Interrupted,
    /// Stopped by SIGTERM, in order.
    Terminated,
    /// Stopped by SIGHUP, in order: its number is that of wrong use, as for every program that SIGHUP ends.
    HungUp,
    /// Wrong use.
    Usage,
}

impl Exit {
    /// The meaning of a number that core gave.
    pub fn of_status(status: u8) -> Self {
        let all = [
            Self::Done,
            Self::No,
            Self::Nothing,
            Self::Credentials,
            Self::Held,
            Self::Spent,
            Self::Busy,
            Self::Unreachable,
            Self::Usage,
            Self::Interrupted,
            Self::Terminated,
        ];
        all.into_iter().find(|exit| exit.status() == status).unwrap_or(Self::Fatal)
    }

    /// The same in a word, as `outcome` of JSON records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::No => "no",
            Self::Nothing => "nothing",
            Self::Credentials => "credentials",
            Self::Held => "held",
            Self::Spent => "spent",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
            Self::Fatal => "fatal",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
            Self::HungUp => "hung_up",
            Self::Usage => "usage",
        }
    }

    /// The number that the shell sees.
    pub fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Nothing => 3,
            Self::Credentials => 4,
            Self::Held => 5,
            Self::Spent => 6,
            Self::Busy => 7,
            Self::Unreachable => 8,
            Self::Fatal => 128,
            Self::Usage | Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<&Outcome> for Exit {
    fn from(outcome: &Outcome) -> Self {
        Self::of_status(outcome.exit_code())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

/// An error that knows its way out. Other errors get theirs from their type, in [`explain`].
#[derive(Debug)]
pub struct Explained {
    message: String,
    hints: Vec<String>,
    exit: Exit,
}

impl Explained {
    /// A failure that ends with this status.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), exit }
    }

    /// Adds a line that says what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Explained {}

/// Wrong use that clap cannot see.
pub fn usage(message: impl Into<String>) -> anyhow::Error {
    Explained::new(Exit::Usage, message).into()
}

/// What the person is told about an error.
#[derive(Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The whole chain, outermost first.
    pub message: String,
    /// What to do about it, one line each.
    pub hints: Vec<String>,
    pub exit: Exit,
}

/// Finds the meaning of an error: the first cause in the chain that is known decides.
pub fn explain(error: &anyhow::Error) -> Explanation {
    let (hints, exit) = error.chain().find_map(meaning).unwrap_or((Vec::new(), Exit::Fatal));
    let (told, message): (Vec<String>, Vec<String>) =
        format!("{error:#}").lines().map(str::to_owned).partition(|line| line.starts_with("hint: "));
    let told = told.iter().map(|line| line.trim_start_matches("hint: ").to_owned());
    Explanation { message: message.join("\n"), hints: told.chain(hints).collect(), exit }
}

/// Whether the forge wants to be asked less often.
pub fn is_rate_limit(error: &anyhow::Error) -> bool {
    let limited = |forge: &ForgeError| matches!(forge.trouble, Trouble::RateLimited { .. });
    error.chain().filter_map(|cause| cause.downcast_ref()).any(limited)
}

/// What is known about one cause: hints and the exit status.
fn meaning(cause: &(dyn std::error::Error + 'static)) -> Option<(Vec<String>, Exit)> {
    if let Some(known) = cause.downcast_ref::<Explained>() {
        return Some((known.hints.clone(), known.exit));
    }
    if let Some(forge) = cause.downcast_ref::<ForgeError>() {
        return Some((Vec::new(), of_forge(&forge.trouble)));
    }
    if let Some(remote) = cause.downcast_ref::<RemoteError>() {
        return Some((Vec::new(), of_remote(remote.trouble)));
    }
    if let Some(Stopped(outcome)) = cause.downcast_ref::<Stopped>() {
        return Some((Vec::new(), outcome.into()));
    }
    if cause.is::<Denied>() {
        return Some((Vec::new(), Exit::Credentials));
    }
    let (hint, exit) = match (cause.downcast_ref::<HttpError>(), cause.downcast_ref::<ModelError>()) {
        (Some(error), _) => of_http(error),
        (None, Some(error)) => of_model(&error.kind),
        (None, None) => return None,
    };
    Some((hint.into_iter().map(str::to_owned).collect(), exit))
}

/// Its message has the way out already.
fn of_forge(trouble: &Trouble) -> Exit {
    match trouble {
        Trouble::Credentials | Trouble::Forbidden { .. } => Exit::Credentials,
        Trouble::RateLimited { .. } | Trouble::Unreachable => Exit::Unreachable,
        Trouble::Busy => Exit::Busy,
        Trouble::Missing
        | Trouble::NotAnApi
        | Trouble::Conflict
        | Trouble::Refused { .. }
        | Trouble::UnknownLabel { .. }
        | Trouble::NotAssignable { .. }
        | Trouble::Malformed { .. } => Exit::Fatal,
    }
}

/// Its message has the way out already.
fn of_remote(trouble: RemoteTrouble) -> Exit {
    match trouble {
        RemoteTrouble::Denied => Exit::Credentials,
        RemoteTrouble::Missing => Exit::Fatal,
        RemoteTrouble::Unreachable | RemoteTrouble::Forbidden => Exit::Unreachable,
    }
}

fn of_http(error: &HttpError) -> (Option<&'static str>, Exit) {
    match &error.kind {
        HttpErrorKind::Status(refused) => match refused.status {
            _ if refused.rate_limited => {
                (Some("try again later; burn.rate sets how often the forge is asked"), Exit::Unreachable)
            }
            401 => (
                Some("the token is missing, wrong or expired; `git burn doctor` says where it comes from"),
                Exit::Credentials,
            ),
            403 => (Some("the token may not do that; `git burn doctor` says where it comes from"), Exit::Credentials),
            404 => (
                Some("is the repository's name right, and may the token see it? `git burn doctor` knows more"),
                Exit::Fatal,
            ),
            500.. => (Some("the server has trouble; try again later"), Exit::Unreachable),
            _ => (None, Exit::Fatal),
        },
        HttpErrorKind::Unreachable { .. } | HttpErrorKind::Interrupted { .. } => {
            (Some("is the network up, and burn.url right?"), Exit::Unreachable)
        }
        HttpErrorKind::Untrusted { .. } => (None, Exit::Unreachable),
        HttpErrorKind::Redirected { .. } => (Some("set burn.url to where the server really is"), Exit::Fatal),
        HttpErrorKind::NotJson { .. } => (Some("is burn.url the forge's own address?"), Exit::Fatal),
        HttpErrorKind::TooLarge { .. } => (None, Exit::Fatal),
    }
}

fn of_model(kind: &ModelErrorKind) -> (Option<&'static str>, Exit) {
    use ModelErrorKind as Kind;
    match kind {
        Kind::Unavailable { .. } | Kind::RateLimited { .. } | Kind::Interrupted { .. } => {
            (Some("try again later, or name a second burn.model to fall back to"), Exit::Unreachable)
        }
        Kind::SpendLimit { .. } => (Some("raise the limit at the provider, or use another burn.model"), Exit::Spent),
        Kind::Credentials { .. } => (Some("`git burn doctor` says which key is used"), Exit::Credentials),
        Kind::UnknownModel { .. } => (Some("burn.model is PROVIDER/NAME with the provider's own name"), Exit::Fatal),
        Kind::TooLong { .. } => (Some("set burn.provider.NAME.context to the model's real context"), Exit::Fatal),
        Kind::Rejected { .. } | Kind::Protocol { .. } | Kind::Script { .. } => (None, Exit::Fatal),
        Kind::Cancelled => (None, Exit::Interrupted),
    }
}

/// Whether the reader of our output went away (`git burn list | head -1`): no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}

/// What a command is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It merely prints: when nobody reads any more, it is done.
    Print,
    /// It works or judges: what it could not tell or finish must not look like a success.
    Work,
}

/// Writes the error as git does (`fatal: ...`, `hint: ...`) and returns how to end. Programs find the same in the last
/// of the `records`.
pub fn report(
    error: &anyhow::Error,
    purpose: Purpose,
    records: Option<&mut dyn Write>,
    stderr: &mut dyn Write,
) -> Exit {
    if purpose == Purpose::Print && is_broken_pipe(error) {
        return Exit::Done;
    }
    let Explanation { message, hints, exit } = explain(error);
    record(exit, &message, &hints, records);
    let word = if exit == Exit::Fatal { "fatal" } else { "error" };
    let _ = writeln!(stderr, "{word}: {message}");
    for hint in hints {
        let _ = writeln!(stderr, "hint: {hint}");
    }
    exit
}

/// Writes the last record of a command that failed. Nobody is left to tell when standard output is gone.
pub fn record(exit: Exit, reason: &str, hints: &[String], records: Option<&mut dyn Write>) {
    let Some(records) = records else { return };
    let failed = Failed { outcome: exit.word(), reason, hints, exit: exit.status() };
    let _ = records.write_all(json::line("failed", &failed).as_bytes()).and_then(|()| records.flush());
}

/// The last record of a command that failed.
#[derive(Serialize)]
struct Failed<'a> {
    outcome: &'a str,
    reason: &'a str,
    hints: &'a [String],
    exit: u8,
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_first_known_cause_decides_and_the_chain_is_told() {
        let cause = Explained::new(Exit::Credentials, "no token").hint("set GITEA_TOKEN");
        let error = Err::<(), _>(cause).context("asking the forge").unwrap_err();
        let mut told = Vec::new();
        assert_eq!(report(&error, Purpose::Work, None, &mut told), Exit::Credentials);
        assert_eq!(String::from_utf8(told).unwrap(), "error: asking the forge: no token\nhint: set GITEA_TOKEN\n");
    }

    #[test]
    fn hints_inside_messages_come_last() {
        let error = anyhow::anyhow!("not in a git repository\nhint: cd into a clone").context("looking around");
        let Explanation { message, hints, exit } = explain(&error);
        assert_eq!((message.as_str(), exit), ("looking around: not in a git repository", Exit::Fatal));
        assert_eq!(hints, ["cd into a clone"]);
    }

    #[test]
    fn a_rate_limit_is_never_a_success() {
        let kind = ModelErrorKind::RateLimited { retry_after: None, problem: "slow down".into() };
        let error = anyhow::Error::from(ModelError { model: "a/b".into(), kind });
        assert_eq!(explain(&error).exit.status(), 8);
    }

    #[test]
    fn exit_statuses_agree_with_the_outcomes() {
        for outcome in Outcome::examples() {
            assert_eq!(Exit::from(&outcome).status(), outcome.exit_code(), "{outcome:?}");
        }
    }

    #[test]
    fn a_broken_pipe_is_no_failure_where_printing_is_all() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("printing");
        let mut told = Vec::new();
        assert_eq!(report(&error, Purpose::Print, None, &mut told), Exit::Done);
        assert!(told.is_empty());
        assert_eq!(report(&error, Purpose::Work, None, &mut told), Exit::Fatal);
        assert!(told.starts_with(b"fatal: printing: "));
    }
}
