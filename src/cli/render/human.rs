//! Events for people: a few words a line on standard error, one living line on a terminal, results on standard output.

use super::super::terminal::{Paint, Style, Terminal};
use super::live::{LiveLine, Show};
use crate::core::act::Receipt;
use crate::core::budget::Cost;
use crate::core::checks::{CheckResult, Ended, Stage, Strength};
use crate::core::event::{Event, Sink};
use crate::core::names::{BurnBranch, CommitId, IssueNumber, RepoPath};
use crate::core::outcome::Outcome;
use crate::core::text::one_line;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Results, warnings and errors.
    Quiet,
    Normal,
    /// Also what the model looked at and what was moved.
    Verbose,
}

/// The sink for people.
pub struct Human {
    terminal: Terminal,
    paint: Paint,
    detail: Detail,
    live: LiveLine,
    dry_run: bool,
    /// Tokens and money of the issue so far.
    tokens: u64,
    cost: Option<Cost>,
}

impl Human {
    /// Nothing told yet.
    pub fn new(terminal: Terminal, paint: Paint, detail: Detail) -> Self {
        let show = match terminal.width.filter(|_| terminal.err_is_tty && detail != Detail::Quiet) {
            Some(width) => Show::Columns(width),
            None => Show::Never,
        };
        Self { terminal, paint, detail, live: LiveLine::new(show), dry_run: false, tokens: 0, cost: None }
    }

    fn line(&self, least: Detail, text: &str) {
        if self.detail >= least {
            self.live.print_above(&format!("{text}\n"));
        }
    }

    /// `  word    text`, the word in one column.
    fn step(&self, word: &str, text: &str) {
        self.line(Detail::Normal, &format!("  {word:<8}{text}"));
    }

    fn many(&self, word: &str, least: Detail, texts: &[String]) {
        for text in texts {
            self.line(least, &format!("  {word:<8}{}", one_line(text)));
        }
    }

    fn good(&self, text: &str) -> String {
        format!("{} {}", self.paint.paint(Style::Good, "✓"), one_line(text))
    }

    fn bad(&self, text: &str) -> String {
        format!("{} {}", self.paint.paint(Style::Bad, "✗"), one_line(text))
    }

    fn meter(&self) -> String {
        let cost = self.cost.map_or_else(String::new, |cost| format!(" · {cost}"));
        format!("{} tokens{cost}", grouped(self.tokens))
    }

    fn issue_started(&mut self, issue: IssueNumber, title: &str, kind: &str, score: u32) {
        (self.tokens, self.cost) = (0, None);
        let title = self.paint.paint(Style::Strong, &one_line(title));
        self.line(Detail::Normal, &format!("#{issue}  {title}  {} score {score}", one_line(kind)));
    }

    fn review_read(&self, pull: IssueNumber, head: &CommitId, points: &[String]) {
        self.step("review", &format!("#{pull} at {}: {} to answer", head.short(), points.len()));
        self.many("  point", Detail::Normal, points);
    }

    fn context(&self, files: &[RepoPath], tokens: u64) {
        self.step("context", &format!("{} files, about {} tokens", files.len(), grouped(tokens)));
        let names: Vec<String> = files.iter().map(ToString::to_string).collect();
        self.many("", Detail::Verbose, &names);
    }

    fn answered(&mut self, turn: u32, model: &str, tokens: u64, cost: Option<Cost>) {
        self.tokens += tokens;
        self.cost = cost.map_or(self.cost, |cost| Some(self.cost.unwrap_or_default() + cost));
        self.live.rest();
        self.step("ask", &format!("{} turn {turn}, {}", one_line(model), self.meter()));
    }

    fn refused(&self, word: &str, what: &str, reasons: &[String]) {
        self.step(word, &self.bad(what));
        self.many("", Detail::Normal, reasons);
    }

    fn guard_passed(&self, flags: &[String]) {
        self.step("guard", &self.good("clean"));
        self.many("  note", Detail::Normal, flags);
    }

    fn check_finished(&self, result: &CheckResult) {
        self.live.rest();
        let CheckResult { name, stage, ended, took, output, .. } = result;
        let words = format!("{} {}: {ended}, {:.1} s", one_line(name), stage_words(*stage), took.as_secs_f64());
        let red_before = matches!(ended, Ended::Failed { .. }) && *stage != Stage::Head;
        let line = match ended {
            Ended::Passed => self.good(&words),
            // Red is what is hoped for before the change.
            Ended::Failed { .. } if red_before => format!("· {}", one_line(&words)),
            Ended::Failed { .. }
            | Ended::Killed { .. }
            | Ended::TimedOut { .. }
            | Ended::Flooded { .. }
            | Ended::Tampered { .. }
            | Ended::NotStarted { .. } => self.bad(&words),
        };
        self.step("check", &line);
        let least = if red_before { Detail::Verbose } else { Detail::Normal };
        if *ended != Ended::Passed {
            self.many("", least, &last_lines(output));
        }
    }

    fn proven(&self, strength: Strength) {
        let words = match strength {
            Strength::RedToGreen => "red before, green now",
            Strength::StaysGreen => "green before and after: nothing shows that the issue is solved",
        };
        self.step("proof", &self.good(words));
    }

    fn acted(&self, word: &str, act: &str, receipt: &Receipt) {
        self.live.rest();
        self.step(word, &format!("{}{}", one_line(act), place(receipt)));
    }

    fn warning(&self, text: &str) {
        let word = self.paint.paint(Style::Careful, "warning:");
        self.line(Detail::Quiet, &format!("{word} {}", one_line(text)));
    }

    /// What an issue used in all: where several are under way, what was counted here is that of all of them.
    fn used(&mut self, tokens: u64, cost: Option<Cost>) {
        self.tokens = tokens;
        self.cost = cost.filter(|cost| self.cost.is_some() || *cost != Cost::default());
    }

    fn finished(&self, issue: IssueNumber, outcome: &Outcome, reason: &str, seconds: f64) {
        self.live.rest();
        let text = if outcome.exit_code() == 0 { self.good(reason) } else { self.bad(reason) };
        self.line(Detail::Normal, &format!("#{issue} {text} ({seconds:.1} s, {})", self.meter()));
    }

    /// Of an issue's events only warnings do not name it themselves.
    fn on(&mut self, issue: IssueNumber, event: &Event) -> anyhow::Result<()> {
        if let Event::Warning { text } = event {
            self.warning(&format!("#{issue}: {text}"));
            return Ok(());
        }
        self.emit(event)
    }

    /// Prints to standard output without tearing the living line.
    fn out(&self, text: &str) -> anyhow::Result<()> {
        self.live.print_above("");
        Ok(self.terminal.write_out(format!("{}\n", one_line(text)).as_bytes())?)
    }

    fn replayed(&self, commits: &[CommitId], difference: Option<&str>) -> anyhow::Result<()> {
        let ids: Vec<&str> = commits.iter().map(CommitId::as_str).collect();
        match difference {
            None if ids.is_empty() => self.out("same (the run made no commit)"),
            None => self.out(&format!("same {}", ids.join(" "))),
            Some(difference) => self.out(&format!("differs: {difference}")),
        }
    }

    /// The result itself: the pull request's address, or the branch where no pull request was asked for.
    fn result(&self, branch: &BurnBranch, url: Option<&str>) -> anyhow::Result<()> {
        match url {
            Some(url) => self.out(url),
            None if self.dry_run => Ok(()),
            None => self.out(branch.as_str()),
        }
    }
}

impl Sink for Human {
    fn emit(&mut self, event: &Event) -> anyhow::Result<()> {
        match event {
            Event::RunStarted { dry_run, .. } => self.dry_run = *dry_run,
            Event::IssueStarted { issue, title, kind, score, .. } => self.issue_started(*issue, title, kind, *score),
            Event::IssueSkipped { issue, reason } => {
                self.line(Detail::Verbose, &format!("#{issue}  left alone: {}", one_line(reason)));
            }
            Event::ReviewRead { pull, head, points } => self.review_read(*pull, head, points),
            Event::BaseChosen { branch, commit } => {
                self.step("base", &format!("{} {}", one_line(branch), commit.short()));
            }
            Event::ContextPacked { files, tokens } => self.context(files, *tokens),
            Event::Asking { turn, model, .. } => {
                self.live.begin(format!("  asking {} (turn {turn}, {})", one_line(model), self.meter()));
            }
            Event::Answering { turn, output_tokens } => {
                self.live.update(format!("  answering (turn {turn}, {} and {output_tokens} now)", self.meter()));
            }
            Event::Answered { turn, model, input_tokens, cached_tokens, output_tokens, cost } => {
                self.answered(*turn, model, input_tokens + cached_tokens + output_tokens, *cost);
            }
            Event::ModelSwitched { from, to, reason } => {
                self.step("model", &format!("{} instead of {}: {}", one_line(to), one_line(from), one_line(reason)));
            }
            Event::Looked { looks, .. } => self.many("look", Detail::Verbose, looks),
            Event::ReplyUnusable { problem, .. } => self.refused("reply", problem, &[]),
            Event::PatchPlaced { counts, notes, .. } => {
                self.step("patch", &self.good(&counts.to_string()));
                self.many("", Detail::Verbose, notes);
            }
            Event::PatchRefused { problems, .. } => self.refused("patch", "cannot be placed", problems),
            Event::GuardPassed { flags, .. } => self.guard_passed(flags),
            Event::GuardRefused { violations } => self.refused("guard", "refused", violations),
            Event::Committed { commit, .. } => self.step("commit", commit.short()),
            Event::CheckStarted { name, stage } => {
                self.live.begin(format!("  checking {} {}", one_line(name), stage_words(*stage)));
            }
            Event::CheckFinished { result } => self.check_finished(result),
            Event::Proven { strength, .. } => self.proven(*strength),
            Event::Unproven { red } => self.refused("proof", &format!("red: {}", red.join(", ")), &[]),
            Event::Acting { act } => self.live.begin(format!("  {}", one_line(act))),
            Event::Acted { act, receipt } => self.acted("done", act, receipt),
            Event::Kept { act, receipt } => self.acted("kept", act, receipt),
            Event::WouldAct { act } => self.out(&format!("would {act}"))?,
            Event::Warning { text } => self.warning(text),
            Event::IssueFinished { issue, outcome, reason, tokens, cost, seconds, .. } => {
                self.used(*tokens, *cost);
                self.finished(*issue, outcome, reason, *seconds);
            }
            Event::Result { branch, url, .. } => self.result(branch, url.as_deref())?,
            Event::Replayed { commits, difference, .. } => self.replayed(commits, difference.as_deref())?,
            Event::RunFinished { .. } => self.live.rest(),
            Event::On { issue, inner } => self.on(*issue, inner)?,
        }
        Ok(())
    }
}

/// Where something is to be seen now.
fn place(receipt: &Receipt) -> String {
    receipt.url.as_ref().map_or_else(String::new, |url| format!(": {}", one_line(url)))
}

/// The end of what a check printed: most tools say there what is wrong.
fn last_lines(output: &str) -> Vec<String> {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(TOLD_LINES)..]
        .iter()
        .map(|line| line.chars().take(TOLD_LETTERS).collect())
        .collect()
}

const TOLD_LINES: usize = 8;
const TOLD_LETTERS: usize = 200;

fn stage_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Base => "on the base",
        Stage::WithTests => "on the base with the new tests",
        Stage::Head => "on the change",
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let lead = digits.len() % 3;
    let (head, tail) = digits.split_at(lead);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let parts: Vec<String> = [head.to_owned()].into_iter().filter(|head| !head.is_empty()).chain(groups).collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let all = [0, 12, 123, 1234, 123_456, 1_234_567].map(grouped);
        assert_eq!(all, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }
}
