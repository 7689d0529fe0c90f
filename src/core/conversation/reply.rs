//! What an answer of the model means: exactly one action, or a confusion that the model can act on.

use std::fmt;

use serde::Serialize;

use super::blocks::{Block, End, Parts, is_search_mark, parts};
use super::look::{Look, LookProblem};
use crate::core::names::RepoPath;
use crate::core::patch::Completeness;

/// The one action that an answer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Look(Looks),
    /// The whole answer without hidden reasoning: the patch engine finds the patches, and which of several counts.
    Patch(String),
    /// Questions for the reporter, at least one.
    Ask(Vec<String>),
    /// The issue is solved already, says the model.
    Done(Evidence),
    /// Nothing can be done with it; the text of the confusion goes back to the model.
    Unusable(Confusion),
}

/// Look-ups of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looks {
    /// At least one, at most [`MOST_LOOKS`].
    pub wanted: Vec<Look>,
    /// Lines that were not understood, to be told along with the results.
    pub problems: Vec<LookProblem>,
    /// Blocks of the same answer that were not acted on: they were written before the results were known.
    pub set_aside: Vec<Label>,
}

/// Look-ups that are answered per reply; more are told to be asked again.
pub const MOST_LOOKS: usize = 16;

/// Names of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    Look,
    Patch,
    Ask,
    Done,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Look => "look",
            Self::Patch => "diff",
            Self::Ask => "ask",
            Self::Done => "done",
        })
    }
}

/// Why the model holds the issue for solved. Claims, to be verified against the repository before they count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// In the model's words.
    pub text: String,
    /// Everything in it that has the form of a commit id, abbreviated or not.
    pub commits: Vec<String>,
    /// Everything in it that has the form of a path.
    pub paths: Vec<RepoPath>,
}

/// Why an answer is unusable; printed as the model is to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confusion {
    /// No text at all.
    Empty,
    /// Only hidden reasoning, no answer after it.
    OnlyReasoning,
    /// Text, but no block of the protocol and no patch.
    NoAction,
    /// A call in a tool-calling syntax.
    ToolCall,
    /// A block without content.
    EmptyBlock(Label),
    /// No look-up could be understood.
    BadLooks(Vec<LookProblem>),
    /// Blocks that exclude each other.
    Contradiction(Label, Label),
    /// The text ends inside a block.
    CutOff(Label),
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "Your reply was empty."),
            Self::OnlyReasoning => write!(f, "Your reply held only reasoning and no answer after it."),
            Self::NoAction => write!(f, "Your reply held no action: no ```look, ```diff, ```ask or ```done block."),
            Self::ToolCall => write!(f, "Your reply called a tool. There are no tools: write a ```look block instead."),
            Self::EmptyBlock(label) => write!(f, "Your ```{label} block was empty."),
            Self::BadLooks(problems) => {
                write!(f, "None of your look-ups could be answered:")?;
                problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
            }
            Self::Contradiction(one, other) => {
                write!(f, "Your reply held both a ```{one} and a ```{other} block; they exclude each other.")
            }
            Self::CutOff(label) => {
                write!(f, "Your reply ended inside its ```{label} block, so nothing of it was used.")
            }
        }
    }
}

/// Reads an answer. One that the provider says was cut off must not get as far as this; where nobody says whether it is
/// whole, an unclosed block is taken for a cut.
///
/// A patch counts wherever it stands, fenced or not; several are the patch engine's business. Where several kinds of
/// blocks come together, look-ups win (the rest was written without their results and is set aside), then the patch.
pub fn read(answer: &str, completeness: Completeness) -> Reply {
    let Some(text) = without_reasoning(answer) else {
        return Reply::Unusable(Confusion::OnlyReasoning);
    };
    if text.trim().is_empty() {
        return Reply::Unusable(Confusion::Empty);
    }
    let parts = parts(text);
    let found = Found::of(&parts);
    match (completeness, found.open) {
        (Completeness::Unknown, Some(label)) => Reply::Unusable(Confusion::CutOff(label)),
        (Completeness::Complete | Completeness::Unknown, _) => found.reply(text, &parts),
    }
}

/// The answer after a leading `<think>` block, as open-weight models send it; `None` if it never ends.
pub fn without_reasoning(answer: &str) -> Option<&str> {
    let text = answer.trim_start();
    let Some(tag) = ["think", "thinking", "reasoning"].iter().find(|tag| text.starts_with(&format!("<{tag}>"))) else {
        return Some(answer);
    };
    let end = format!("</{tag}>");
    text.find(&end).map(|at| &text[at + end.len()..])
}

/// What kinds of blocks an answer has.
#[derive(Debug, Default)]
struct Found<'a> {
    looks: Option<Vec<&'a str>>,
    asks: Option<Vec<&'a str>>,
    done: Option<Vec<&'a str>>,
    has_patch: bool,
    /// The last block has no closing fence.
    open: Option<Label>,
}

impl<'a> Found<'a> {
    fn of(parts: &Parts<'a>) -> Self {
        let mut found = Self { has_patch: has_patch(&parts.prose), ..Self::default() };
        for block in &parts.blocks {
            let label = label(block);
            let lines = || std::iter::once(block.rest).chain(block.lines.iter().copied());
            match label {
                Some(Label::Look) => found.looks.get_or_insert_default().extend(lines()),
                Some(Label::Ask) => found.asks.get_or_insert_default().extend(lines()),
                Some(Label::Done) => found.done.get_or_insert_default().extend(lines()),
                Some(Label::Patch) => found.has_patch = true,
                None => {}
            }
            found.open = label.filter(|_| block.end == End::Open);
        }
        found
    }

    fn reply(self, text: &str, parts: &Parts<'_>) -> Reply {
        if let Some(lines) = &self.looks {
            return looks(lines, self.set_aside());
        }
        match (self.has_patch, self.asks, self.done) {
            (true, _, _) => Reply::Patch(text.to_owned()),
            (false, Some(_), Some(_)) => Reply::Unusable(Confusion::Contradiction(Label::Ask, Label::Done)),
            (false, Some(lines), None) => ask(&lines),
            (false, None, Some(lines)) => done(&lines),
            (false, None, None) => unlabelled(text, parts),
        }
    }

    fn set_aside(&self) -> Vec<Label> {
        let patch = self.has_patch.then_some(Label::Patch);
        let ask = self.asks.as_ref().map(|_| Label::Ask);
        let done = self.done.as_ref().map(|_| Label::Done);
        patch.into_iter().chain(ask).chain(done).collect()
    }
}

/// Which action a block is, by its label, or for a patch by its content.
fn label(block: &Block<'_>) -> Option<Label> {
    match block.label.as_str() {
        "look" => Some(Label::Look),
        "ask" => Some(Label::Ask),
        "done" => Some(Label::Done),
        "diff" | "patch" | "udiff" => Some(Label::Patch),
        _ => has_patch(&block.lines).then_some(Label::Patch),
    }
}

/// Whether lines hold the beginning of a patch in one of the accepted formats.
fn has_patch(lines: &[&str]) -> bool {
    let marked = |line: &str| {
        let git = line.starts_with("diff --git ") || line.starts_with("@@ -");
        git || line.starts_with("*** Begin Patch") || line.starts_with("*** Full File:") || is_search_mark(line)
    };
    let headed = |pair: &[&str]| pair[0].starts_with("--- ") && pair[1].starts_with("+++ ");
    lines.iter().any(|line| marked(line)) || lines.windows(2).any(headed)
}

fn looks(lines: &[&str], set_aside: Vec<Label>) -> Reply {
    let mut looks = Looks { wanted: Vec::new(), problems: Vec::new(), set_aside };
    let words = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty() && !line.starts_with("# "));
    for line in words {
        match Look::parse(line) {
            Ok(look) if looks.wanted.contains(&look) => {}
            Ok(_) if looks.wanted.len() == MOST_LOOKS => {
                let problem = format!("only {MOST_LOOKS} look-ups are answered per reply; ask again");
                looks.problems.push(LookProblem::new(line, problem));
            }
            Ok(look) => looks.wanted.push(look),
            Err(problem) => looks.problems.push(problem),
        }
    }
    match (looks.wanted.is_empty(), looks.problems.is_empty()) {
        (false, _) => Reply::Look(looks),
        (true, false) => Reply::Unusable(Confusion::BadLooks(looks.problems)),
        (true, true) => Reply::Unusable(Confusion::EmptyBlock(Label::Look)),
    }
}

/// One question for each list item, or for each line where nothing is marked as a list.
fn ask(lines: &[&str]) -> Reply {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    let is_list = lines.iter().any(|line| list_item(line).is_some());
    let mut questions: Vec<String> = Vec::new();
    for line in lines {
        match (list_item(line), questions.last_mut()) {
            (None, Some(last)) if is_list => {
                last.push(' ');
                last.push_str(line);
            }
            (item, _) => questions.push(item.unwrap_or(line).to_owned()),
        }
    }
    match questions.is_empty() {
        true => Reply::Unusable(Confusion::EmptyBlock(Label::Ask)),
        false => Reply::Ask(questions),
    }
}

/// The text after a bullet or a number.
fn list_item(line: &str) -> Option<&str> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = match digits {
        0 => line.strip_prefix(['-', '*', '+'])?,
        _ => line[digits..].strip_prefix(['.', ')'])?,
    };
    rest.strip_prefix(' ').map(str::trim)
}

fn done(lines: &[&str]) -> Reply {
    let text = lines.join("\n").trim().to_owned();
    if text.is_empty() {
        return Reply::Unusable(Confusion::EmptyBlock(Label::Done));
    }
    let words =
        || text.split(|c: char| c.is_whitespace() || "`'\"()[],;".contains(c)).map(|w| w.trim_end_matches(['.', ':']));
    let commits = words().filter(|word| is_commit(word)).map(str::to_owned).collect();
    let paths = words().filter_map(path_of).collect();
    Reply::Done(Evidence { commits, paths, text })
}

fn is_commit(word: &str) -> bool {
    let hex = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    hex && (7..=64).contains(&word.len()) && word.contains(|c: char| c.is_ascii_digit())
}

/// A path that a word of prose is, without its line numbers: it has a folder or an extension.
fn path_of(word: &str) -> Option<RepoPath> {
    let word = word.split_once([':', '#']).map_or(word, |(path, _)| path);
    let shaped =
        word.contains('/') || word.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && is_extension(end));
    RepoPath::parse(word).ok().filter(|_| shaped && !word.contains("//"))
}

fn is_extension(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// No block of the protocol: a model that forgot the label or the fence of a look block is still understood.
fn unlabelled(text: &str, parts: &Parts<'_>) -> Reply {
    let all_looks = |lines: &[&str]| {
        let mut words = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).peekable();
        words.peek().is_some() && words.all(|line| line.contains(' ') && Look::parse(line).is_ok())
    };
    if let Some(block) = parts.blocks.iter().find(|block| all_looks(&block.lines)) {
        return looks(&block.lines, Vec::new());
    }
    if parts.blocks.is_empty() && all_looks(&parts.prose) {
        return looks(&parts.prose, Vec::new());
    }
    let calls = ["<tool_call", "<function_call", "<invoke", "\"tool_calls\"", "\"function_call\"", "[TOOL_CALLS]"];
    match calls.iter().any(|mark| text.contains(mark)) {
        true => Reply::Unusable(Confusion::ToolCall),
        false => Reply::Unusable(Confusion::NoAction),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an answer means, in one line.
    fn told(answer: &str, completeness: Completeness) -> String {
        match read(answer, completeness) {
            Reply::Look(looks) => {
                let wanted: Vec<String> = looks.wanted.iter().map(Look::to_string).collect();
                format!("look {wanted:?} problems {} aside {:?}", looks.problems.len(), looks.set_aside)
            }
            Reply::Patch(text) => format!("patch of {} bytes", text.len()),
            Reply::Ask(questions) => format!("ask {questions:?}"),
            Reply::Done(evidence) => format!("done {:?} {:?}", evidence.commits, evidence.paths),
            Reply::Unusable(confusion) => format!("unusable {confusion:?}"),
        }
    }

    #[track_caller]
    fn check(answer: &str, expected: &str) {
        assert_eq!(told(answer, Completeness::Complete), expected);
    }

    const DIFF: &str = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";

    #[test]
    fn each_action_is_read() {
        check(
            "I look.\n```look\nread src/a.rs:1-9\nsearch foo *.rs\n```",
            r#"look ["read src/a.rs:1-9", "search /foo/ *.rs"] problems 0 aside []"#,
        );
        check(&format!("So:\n```diff\n{DIFF}```\n"), &format!("patch of {} bytes", DIFF.len() + 16));
        check(
            "```ask\n1. Which version?\n2. On which\n   platform?\n```",
            r#"ask ["Which version?", "On which platform?"]"#,
        );
        check("```ask\nWhich version?\nOn which platform?\n```", r#"ask ["Which version?", "On which platform?"]"#);
        check("```done\nFixed by `abc1234f` in src/a.rs:12.\n```", r#"done ["abc1234f"] [`src/a.rs`]"#);
    }

    #[test]
    fn patches_count_without_fences_and_in_any_format() {
        for patch in [
            DIFF,
            "*** Begin Patch\n*** Delete File: x\n*** End Patch\n",
            "*** Full File: x\nhello\n",
            "x.py\n```python\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n```\n",
            "```\ndiff --git a/x b/y\nrename from x\nrename to y\n```\n",
            "```diff\n-a\n+b\n```\n",
        ] {
            check(patch, &format!("patch of {} bytes", patch.len()));
        }
    }

    #[test]
    fn a_patch_of_a_document_about_the_protocol_is_a_patch() {
        let patch = "```diff\n--- a/d.md\n+++ b/d.md\n@@ -1,3 +1,4 @@\n ```look\n read x\n+read y\n ```\n```\n";
        check(patch, &format!("patch of {} bytes", patch.len()));
        let edit = "d.md\n<<<<<<< SEARCH\n```look\nread x\n```\n=======\n>>>>>>> REPLACE\n";
        check(edit, &format!("patch of {} bytes", edit.len()));
    }

    #[test]
    fn looks_come_before_a_patch_that_was_written_without_them() {
        check(&format!("```look\nread x\n```\n```diff\n{DIFF}```"), r#"look ["read x"] problems 0 aside [Patch]"#);
        check("```look\nread x\nread x\ncat y\n```", r#"look ["read x"] problems 1 aside []"#);
        let many: String = (0..20).map(|n| format!("read f{n}\n")).collect();
        assert!(told(&format!("```look\n{many}```"), Completeness::Complete).ends_with("problems 4 aside []"));
    }

    #[test]
    fn forgotten_labels_and_fences_are_forgiven() {
        check("```\nread a.rs\nlist src/\n```", r#"look ["read a.rs", "list src/**"] problems 0 aside []"#);
        check("read a.rs\n", r#"look ["read a.rs"] problems 0 aside []"#);
        check("```look read a.rs\n```", r#"look ["read a.rs"] problems 0 aside []"#);
        check("I will read a.rs now.", "unusable NoAction");
    }

    #[test]
    fn hidden_reasoning_is_not_an_answer() {
        check(&format!("<think>\n{DIFF}</think>\n```look\nread x\n```"), r#"look ["read x"] problems 0 aside []"#);
        check(&format!("<think>\n{DIFF}"), "unusable OnlyReasoning");
    }

    #[test]
    fn confusions_are_told_apart() {
        check(" \n", "unusable Empty");
        check("```look\n```", "unusable EmptyBlock(Look)");
        check("```ask\n\n```", "unusable EmptyBlock(Ask)");
        check("```ask\nWhy?\n```\n```done\nx\n```", "unusable Contradiction(Ask, Done)");
        check("<tool_call>{\"name\": \"read\"}</tool_call>", "unusable ToolCall");
        let bad = told("```look\ncat x\nread /y\n```", Completeness::Complete);
        assert!(bad.starts_with("unusable BadLooks([LookProblem { line: \"cat x\"") && bad.contains("/y"), "{bad}");
    }

    #[test]
    fn an_open_block_of_a_text_that_may_be_cut_is_not_used() {
        let open = format!("```diff\n{DIFF}");
        assert_eq!(told(&open, Completeness::Unknown), "unusable CutOff(Patch)");
        assert!(told(&open, Completeness::Complete).starts_with("patch"));
        assert_eq!(told("```look\nread x", Completeness::Unknown), "unusable CutOff(Look)");
    }

    #[test]
    fn no_text_whatever_upsets_the_reading() {
        let pieces = [
            "```",
            "````",
            "~~~",
            "look",
            "diff",
            "ask",
            "done",
            "\n",
            "\n",
            "\n",
            " ",
            "read ",
            "search /",
            "\"",
            "`",
            "größe",
            "a/b.rs",
            ":",
            "10-",
            "#L3",
            "<think>",
            "</think>",
            "<<<<<<< SEARCH",
            "=======",
            ">>>>>>> REPLACE",
            "--- a/x",
            "+++ b/x",
            "@@ -1 +1 @@",
            "*** Full File: x",
            "*** Begin Patch",
            "- ",
            "1. ",
            "\u{1b}[",
            "\r",
            "數",
            "(",
            "[",
            "\\",
        ];
        let mut state = 4711_u64;
        for _ in 0..3_000 {
            let mut text = String::new();
            for _ in 0..40 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            for completeness in [Completeness::Complete, Completeness::Unknown] {
                match read(&text, completeness) {
                    Reply::Look(looks) => assert!(!looks.wanted.is_empty() && looks.wanted.len() <= MOST_LOOKS),
                    Reply::Patch(patch) => assert!(text.ends_with(&patch)),
                    Reply::Ask(questions) => assert!(questions.iter().all(|question| !question.is_empty()), "{text:?}"),
                    Reply::Done(evidence) => assert!(!evidence.text.is_empty()),
                    Reply::Unusable(confusion) => assert!(!confusion.to_string().is_empty()),
                }
            }
        }
    }
}
