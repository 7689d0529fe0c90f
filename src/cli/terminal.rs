//! Where the program writes: results to standard output, everything else to standard error, and what those two are.

use std::io::{self, IsTerminal, Write};

use super::args::When;
use crate::edge::git::Environment;

/// The two streams and how they are read: by a person at a terminal or by a program.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Standard input is a terminal: somebody can answer.
    pub in_is_tty: bool,
    /// Standard output is a terminal.
    pub out_is_tty: bool,
    /// Standard error is a terminal.
    pub err_is_tty: bool,
    /// Columns: what `COLUMNS` says, or the terminal has; `None` without both.
    pub width: Option<usize>,
}

impl Terminal {
    /// Looks at the two streams once.
    pub fn detect(environment: &Environment) -> Self {
        let size = rustix::termios::tcgetwinsize(io::stderr()).or_else(|_| rustix::termios::tcgetwinsize(io::stdout()));
        let of_terminal = size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
        let width = columns(environment).or(of_terminal);
        let in_is_tty = io::stdin().is_terminal();
        Self { in_is_tty, out_is_tty: io::stdout().is_terminal(), err_is_tty: io::stderr().is_terminal(), width }
    }

    /// Writes a result to standard output, whole or not at all.
    pub fn write_out(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// Writes to standard error. That nobody reads it is no reason to fail.
    pub fn write_err(&self, bytes: &[u8]) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(bytes);
    }
}

/// The width that the user set. As for git and ls it counts more than the terminal's; what is no width is passed over.
pub fn columns(environment: &Environment) -> Option<usize> {
    environment.text("COLUMNS")?.parse().ok().filter(|columns| *columns > 0)
}

/// How wide help is: what the user set, or the terminal's width up to what is easy to read.
pub fn help_width(environment: &Environment) -> usize {
    const EASY: usize = 100;
    columns(environment).unwrap_or_else(|| Terminal::detect(environment).width.map_or(EASY, |width| width.min(EASY)))
}

/// Whether to colour what goes to one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Colours,
    Plain,
}

/// What can be told apart by colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Strong,
    Faint,
    Good,
    Bad,
    Careful,
    Name,
}

impl Paint {
    /// Decides by the flag, then `NO_COLOR`, `CLICOLOR_FORCE`, `color.burn`, `color.ui` (as `configured`), `CLICOLOR`
    /// and the terminal. A pager started by git counts as a terminal.
    pub fn decide(flag: Option<When>, environment: &Environment, configured: Option<&str>, is_tty: bool) -> Self {
        let painted = |yes: bool| if yes { Self::Colours } else { Self::Plain };
        let dumb = environment.text("TERM").is_none_or(|term| term == "dumb");
        let auto = || {
            let looked_at = (is_tty && !dumb) || environment.text("GIT_PAGER_IN_USE").is_some();
            painted(looked_at && environment.text("CLICOLOR") != Some("0"))
        };
        match flag {
            Some(When::Always) => return Self::Colours,
            Some(When::Never) => return Self::Plain,
            Some(When::Auto) => return auto(),
            None => {}
        }
        if environment.get("NO_COLOR").is_some() {
            return Self::Plain;
        }
        if environment.text("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
            return Self::Colours;
        }
        match configured.map(str::to_ascii_lowercase).as_deref() {
            Some("always") => Self::Colours,
            Some("never" | "false" | "no" | "off" | "0") => Self::Plain,
            Some(_) | None => auto(),
        }
    }

    /// The text in that style.
    pub fn paint(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Strong => "1",
            Style::Faint => "2",
            Style::Good => "32",
            Style::Bad => "31",
            Style::Careful => "33",
            Style::Name => "36",
        };
        match self {
            Self::Colours if !text.is_empty() => format!("\x1b[{code}m{text}\x1b[m"),
            Self::Colours | Self::Plain => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_flag_then_environment_then_configuration_then_terminal() {
        let decide = |flag, variables: &[(&str, &str)], configured, tty| {
            let environment = Environment::new(variables.iter().copied().chain([("TERM", "xterm")]));
            Paint::decide(flag, &environment, configured, tty) == Paint::Colours
        };
        assert!(decide(Some(When::Always), &[("NO_COLOR", "1")], Some("never"), false));
        assert!(!decide(None, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], Some("always"), true));
        assert!(decide(None, &[("NO_COLOR", ""), ("CLICOLOR_FORCE", "1")], Some("never"), false));
        assert!(decide(None, &[], Some("always"), false));
        assert!(!decide(None, &[], Some("false"), true));
        assert!(decide(None, &[], Some("auto"), true) && !decide(None, &[], None, false));
        assert!(decide(None, &[("GIT_PAGER_IN_USE", "true")], None, false));
        assert!(!decide(None, &[("CLICOLOR", "0")], None, true));
    }
}
