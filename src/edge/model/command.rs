//! Any program that reads a prompt and prints a reply, such as the command of a coding agent.
//!
//! It runs without a shell, in an empty folder, with an environment of harmless variables: it proposes text like every
//! model, and finds neither the user's checkout nor the forge's token. A log-in of its own under HOME still works.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::answer::{Answer, Stop};
use super::background::Report;
use super::error::ModelErrorKind as Kind;
use super::remote::quoted;
use crate::core::budget::Usage;
use crate::core::conversation::{Conversation, Role, tokens};
use crate::edge::process::{Ending, ProcessLimits, run_unless};
use crate::edge::scratch::Scratch;

/// Bytes of a reply.
const MOST_OUTPUT: usize = 16 << 20;

/// Variables that are passed on; of `LC_` and `XDG_` all.
const HARMLESS: &[&str] = &["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM"];

/// A program with its arguments and environment.
#[derive(Clone)]
pub(super) struct Program {
    argv: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Program {
    /// Splits a command line; `passed_on` is the variable that the user wants it to have besides the harmless ones.
    pub(super) fn new(
        line: &str,
        passed_on: &[String],
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        let argv = words(line)?;
        if argv.is_empty() {
            return Err("the command is empty".to_owned());
        }
        let harmless = |name: &str| {
            HARMLESS.contains(&name)
                || name.starts_with("LC_")
                || name.starts_with("XDG_")
                || passed_on.iter().any(|passed| passed == name)
        };
        let environment = variables.into_iter().filter(|(name, _)| harmless(name)).collect();
        Ok(Self { argv, environment })
    }

    /// Where the program is found: by its path, or along `PATH`.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let name = Path::new(&self.argv[0]);
        if name.components().count() > 1 {
            return name.is_file().then(|| name.to_owned());
        }
        let path = self.environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path)?;
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file())
    }

    /// Runs it and takes what it prints as the reply. Nobody says whether that is whole.
    pub(super) fn ask(&self, prompt: &str, time: Duration, report: &Report) -> Result<Answer, Kind> {
        let folder = Scratch::Model
            .folder()
            .map_err(|error| Kind::Unavailable { problem: format!("no temporary folder: {error}") })?;
        let mut command = self.command(folder.path());
        let limits = ProcessLimits { time, output: MOST_OUTPUT };
        let given_up = || report.is_abandoned();
        let finished = run_unless(&mut command, Some(prompt.as_bytes().to_vec()), limits, &given_up)
            .map_err(|error| Kind::Unavailable { problem: format!("cannot start `{}`: {error}", self.argv[0]) })?;
        report.check()?;
        let said = quoted(&String::from_utf8_lossy(&finished.stderr));
        match finished.ended {
            Ending::Exited(status) if status.success() => {}
            Ending::Exited(status) => {
                return Err(Kind::Unavailable { problem: format!("`{}` failed ({status}): {said}", self.argv[0]) });
            }
            Ending::TimedOut => {
                let problem = format!("`{}` did not end within {} s", self.argv[0], time.as_secs());
                return Err(Kind::Interrupted { problem, usage: None });
            }
            Ending::TooMuchOutput => {
                let problem = format!("`{}` printed more than {} MiB", self.argv[0], MOST_OUTPUT >> 20);
                return Err(Kind::Protocol { problem });
            }
        }
        let text = String::from_utf8(finished.stdout)
            .map_err(|_| Kind::Protocol { problem: format!("the output of `{}` is not UTF-8", self.argv[0]) })?;
        // Nobody counts; the estimate is too high rather than too low.
        let usage = Usage { input: tokens(prompt), output: tokens(&text), ..Usage::default() };
        Answer::checked(text, Stop::Unstated, Some(usage), self.argv[0].clone())
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.argv[0]);
        command.args(&self.argv[1..]).current_dir(folder).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The conversation as one text.
pub(super) fn prompt(conversation: &Conversation) -> String {
    let mut out = conversation.system.clone();
    for message in &conversation.messages {
        out.push_str(match message.role {
            Role::User => "\n\n",
            Role::Assistant => "\n\n# Your reply was\n\n",
        });
        out.push_str(message.text.trim_end());
    }
    out.push_str("\n\n# Your reply now, exactly one block\n");
    out
}

/// Splits like a shell: blanks part words, quotes and backslashes keep them together. Nothing is expanded.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some('"') | None, '\\') => {
                let next = characters.next().ok_or_else(|| format!("`{line}` ends with a backslash"))?;
                word.get_or_insert_default().push(next);
            }
            (Some(_), _) => word.get_or_insert_default().push(character),
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        return Err(format!("`{line}` has a quote that does not end"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_like_a_shells_and_nothing_is_expanded() {
        assert_eq!(words(r#"a  'b c' "d \" $e" f\ g '' h"i"j"#).unwrap(), ["a", "b c", "d \" $e", "f g", "", "hij"]);
        assert!(words("a 'b").unwrap_err().contains("does not end"));
        assert!(words("a \\").is_err());
        assert_eq!(words("  ").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn only_harmless_variables_and_the_one_that_was_asked_for_are_passed_on() {
        let variables = ["PATH", "GITEA_TOKEN", "ANTHROPIC_API_KEY", "LC_ALL", "GIT_DIR", "MY_KEY"];
        let program = Program::new(
            "cat",
            &["MY_KEY".to_owned()],
            variables.iter().map(|name| ((*name).to_owned(), "x".to_owned())),
        );
        let names: Vec<String> = program.unwrap().environment.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "MY_KEY"]);
    }
}
