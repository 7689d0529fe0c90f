//! What a failure means to the person or program that called: message, way out and exit status, decided in one place.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

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
    /// Wrong use.
    Usage,
}

impl Exit {
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
            Self::Usage => 129,
        }
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
    let known = error.chain().find_map(|cause| cause.downcast_ref::<Explained>());
    let (hints, exit) = known.map_or((Vec::new(), Exit::Fatal), |known| (known.hints.clone(), known.exit));
    Explanation { message: format!("{error:#}"), hints, exit }
}

/// Whether the reader of our output went away (`git burn list | head -1`): no failure.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}

/// Writes the error as git does (`fatal: ...`, `hint: ...`) and returns how to end.
pub fn report(error: &anyhow::Error, stderr: &mut dyn Write) -> Exit {
    if is_broken_pipe(error) {
        return Exit::Done;
    }
    let Explanation { message, hints, exit } = explain(error);
    let word = if exit == Exit::Fatal { "fatal" } else { "error" };
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(stderr, "{word}: {message}");
    for hint in hints {
        let _ = writeln!(stderr, "hint: {hint}");
    }
    exit
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
        assert_eq!(report(&error, &mut told), Exit::Credentials);
        assert_eq!(String::from_utf8(told).unwrap(), "error: asking the forge: no token\nhint: set GITEA_TOKEN\n");
    }

    #[test]
    fn a_broken_pipe_is_no_failure() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("printing");
        let mut told = Vec::new();
        assert_eq!(report(&error, &mut told), Exit::Done);
        assert!(told.is_empty());
    }
}
