//! The passages of an issue: what kind of text each is, and how much a word in it tells about the file to change.
//!
//! A word in backticks tells most, the words of a form ("Expected behavior") and of the list of installed versions tell
//! next to nothing, and a traceback names twenty files of which one is wrong. The weights come from two fits to 996
//! issues of 98 projects that are not in SWE-bench (a logistic choice among the 150 best files of each): one for BM25 of the
//! content alone, one beside all other signals. They are the second one's, rounded by hand; of five roundings this one
//! was taken with all sets of the table in [`super::signals`] in view.
//!
//! What the first fit gained, unrounded and tested in four folds by project, is the share of issues all of whose fixed files
//! are among the first 1 / 5 / 10 program files: 42.2 / 74.4 / 82.6 % before and 45.5 / 75.7 / 84.1 % with it of 585 Python
//! issues, 31.9 / 64.7 / 76.6 and 35.0 / 69.1 / 80.3 % of 411 in eight other languages, 49 / 80 / 83 and 50 / 80 / 86 % of SWE-bench
//! Lite's open instances, which were in neither fit.

use std::sync::LazyLock;

use regex::Regex;

use crate::core::text::pattern;

/// What kind of text a passage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// The issue's title.
    Title,
    /// The first lines that somebody wrote.
    Opening,
    /// The further ones.
    Prose,
    /// What should happen, under a heading that says so.
    Expected,
    /// A heading that somebody thought of.
    Heading,
    /// Between backticks.
    Ticked,
    /// A path in prose.
    Path,
    /// A link.
    Address,
    /// The first lines of code and output.
    Code,
    /// The further ones.
    LongCode,
    /// Stack frames with the source lines that they show.
    Trace,
    /// The line that says what went wrong.
    Failure,
    /// Words of the form: its headings, installed versions, the machine.
    Form,
}

impl Passage {
    /// How much one occurrence of a word counts: an ordinary one, and one that looks like code.
    pub fn weights(self) -> (f32, f32) {
        match self {
            Self::Title => (2.0, 3.0),
            Self::Opening => (1.0, 1.0),
            Self::Prose => (0.7, 1.0),
            Self::Expected => (1.2, 1.0),
            Self::Heading => (0.5, 0.5),
            Self::Ticked => (3.0, 3.0),
            Self::Path => (0.6, 0.6),
            Self::Address => (0.25, 0.25),
            Self::Code => (0.6, 0.55),
            Self::LongCode => (0.3, 0.55),
            Self::Trace => (0.4, 0.4),
            Self::Failure => (1.2, 1.2),
            Self::Form => (0.1, 0.1),
        }
    }

    /// How much a word of it that looks like code is taken for the name of something that a file defines; 0 for not at all.
    pub fn naming(self) -> f32 {
        match self {
            Self::Title => 2.0,
            Self::Ticked => 1.6,
            Self::Opening | Self::Prose | Self::Expected | Self::Heading => 1.0,
            Self::Path | Self::Address | Self::Failure => 1.0,
            Self::Code | Self::LongCode => 0.6,
            Self::Trace | Self::Form => 0.0,
        }
    }
}

/// Lines of prose that open an issue.
const OPENING_LINES: usize = 4;

/// Lines of code that still belong to the point.
const CODE_LINES: usize = 12;

/// A heading of more words is about the issue, whatever words it has, unless it asks.
const FORM_WORDS: usize = 5;

/// A longer heading or failure is a paragraph.
const LONGEST_HEADING: usize = 80;
const LONGEST_FAILURE: usize = 400;

/// Links, text in backticks, paths: what stands apart in prose.
static APART: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(https?://\S+)|`+([^`\n]+)`+|([\w.~@+-]*[/\\][\w./\\~@+-]+)"));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(https?://\S+)"));
/// A stack frame of Python, IPython, JavaScript, Java, or a line that begins with `path:line`.
static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^(Traceback |File ["~/]|at \S+ ?\(|[~/][^ ]*\.pyx? in |\S+\.(py|pyx|js|ts|go|rs|java|kt|rb|php|cs|c|cc|cpp):\d+)"#,
    )
});
/// `---> 25 code`, `     24 code`: source around an IPython frame.
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\s+|-+> ?)\d+ "));
static FAILURE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(E\s+)?[\w.]*(Error|Exception|Warning|panicked)\b"));
/// Headings over what is installed where.
static ENVIRONMENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\b(environment|versions?|system info\w*|operating system|platform|installed|checklist|code of conduct|",
        r"search before|screenshots?|setup details|specifications|show_versions|backend|install|installation)\b"
    ))
});
/// Headings that forms have.
static FORM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)^\W*(describe |expected |actual |steps? |to reproduce|additional |(bug )?(description|summary)|",
        r"how to reproduce|current behavior|is your feature|code (sample|for)|issue type|bug report|what |impact|context|",
        r"error message|related issues|observed|desired|minimal|reproduc)"
    ))
});

/// The passages of title and body in their order. Comments of the form (`<!-- -->`) are left out.
pub fn passages<'a>(title: &'a str, body: &'a str) -> Vec<(Passage, &'a str)> {
    let mut reader = Reader { found: vec![(Passage::Title, title)], ..Reader::default() };
    body.lines().for_each(|line| reader.line(line));
    reader.found
}

/// What the heading above says of the lines under it.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Section {
    #[default]
    Plain,
    Expected,
    Environment,
}

#[derive(Default)]
struct Reader<'a> {
    found: Vec<(Passage, &'a str)>,
    section: Section,
    is_fenced: bool,
    is_comment: bool,
    /// A frame that shows its source on the next line came before.
    is_source_next: bool,
    prose_lines: usize,
    code_lines: usize,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str) {
        let Some(line) = self.shown(line) else { return };
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            self.is_fenced = !self.is_fenced;
        } else if let Some(heading) = heading(trimmed).filter(|_| !self.is_fenced) {
            self.heading(heading);
        } else if self.section == Section::Environment {
            self.found.push((Passage::Form, line));
        } else {
            self.text(line, trimmed);
        }
    }

    /// A line without the comments that it begins with; `None`: there is nothing else. Between fences there are none.
    fn shown(&mut self, mut line: &'a str) -> Option<&'a str> {
        while self.is_comment || (!self.is_fenced && line.trim_start().starts_with("<!--")) {
            let rest = line.split_once("-->").map(|(_, rest)| rest);
            self.is_comment = rest.is_none();
            line = rest.filter(|rest| !rest.trim_start().is_empty())?;
        }
        Some(line)
    }

    fn heading(&mut self, heading: &'a str) {
        let is_short = heading.split_whitespace().count() <= FORM_WORDS || heading.ends_with('?');
        let (is_environment, is_form) = (is_short && ENVIRONMENT.is_match(heading), FORM.is_match(heading));
        self.section = match () {
            () if is_environment => Section::Environment,
            () if heading.to_ascii_lowercase().contains("expect") => Section::Expected,
            () => Section::Plain,
        };
        self.found.push((if is_environment || is_form { Passage::Form } else { Passage::Heading }, heading));
    }

    fn text(&mut self, line: &'a str, trimmed: &str) {
        let was_source_next = std::mem::take(&mut self.is_source_next);
        if line.len() < LONGEST_FAILURE && FAILURE.is_match(line) {
            self.cut(Passage::Failure, &ADDRESS, line);
        } else if FRAME.is_match(trimmed) {
            self.is_source_next = trimmed.starts_with("File ");
            self.cut(Passage::Trace, &ADDRESS, line);
        } else if was_source_next || NUMBERED.is_match(line) {
            self.cut(Passage::Trace, &ADDRESS, line);
        } else if self.is_fenced || is_code(line, trimmed) {
            self.code_lines += 1;
            let kind = if self.code_lines <= CODE_LINES { Passage::Code } else { Passage::LongCode };
            self.cut(kind, &ADDRESS, line);
        } else {
            self.prose_lines += usize::from(!trimmed.is_empty());
            let kind = match self.section {
                Section::Expected => Passage::Expected,
                Section::Plain | Section::Environment if self.prose_lines <= OPENING_LINES => Passage::Opening,
                Section::Plain | Section::Environment => Passage::Prose,
            };
            self.cut(kind, &APART, line);
        }
    }

    /// Adds a line of one kind, with what `apart` finds in it as passages of their own.
    fn cut(&mut self, kind: Passage, apart: &Regex, line: &'a str) {
        let mut rest = 0;
        for found in apart.captures_iter(line) {
            let Some(whole) = found.get(0) else { continue };
            self.found.push((kind, &line[rest..whole.start()]));
            let parts = [Passage::Address, Passage::Ticked, Passage::Path].into_iter().zip(1..);
            self.found.extend(parts.filter_map(|(part, group)| Some((part, found.get(group)?.as_str()))));
            rest = whole.end();
        }
        self.found.push((kind, &line[rest..]));
    }
}

/// Indented lines and prompts.
fn is_code(line: &str, trimmed: &str) -> bool {
    let is_prompt = [">>>", "$ ", "In ["].iter().any(|prompt| trimmed.starts_with(prompt));
    is_prompt || line.starts_with("    ") || line.starts_with('\t')
}

/// The words of `## Words` and `**Words**`.
fn heading(line: &str) -> Option<&str> {
    let words = match line.trim_start_matches('#') {
        rest if rest.len() < line.len() => rest.strip_prefix(' ')?,
        _ => line.trim_end().trim_end_matches(':').strip_prefix("**")?.trim_end_matches(':').strip_suffix("**")?,
    };
    (words.len() < LONGEST_HEADING).then(|| words.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the words of a body are; each body line of interest holds one telling word.
    fn kind_of(body: &str, word: &str) -> Option<Passage> {
        let found = passages("", body);
        found.into_iter().find(|(_, text)| text.contains(word)).map(|(passage, _)| passage)
    }

    #[test]
    fn a_form_is_told_from_what_somebody_wrote() {
        let body = "### Describe the bug\n<!-- hidden\nstill hidden --> the parser fails\n\n### Expected results\na tree\n\n\
                    **Versions**\nnumpy 1.2\n\n## The backend that a version 2 server has\nthe lexer";
        assert_eq!(kind_of(body, "Describe"), Some(Passage::Form));
        assert_eq!(kind_of(body, "hidden"), None);
        assert_eq!(kind_of(body, "parser"), Some(Passage::Opening));
        assert_eq!(kind_of(body, "tree"), Some(Passage::Expected));
        assert_eq!(kind_of(body, "numpy"), Some(Passage::Form));
        assert_eq!(kind_of(body, "backend"), Some(Passage::Heading));
        assert_eq!(kind_of(body, "lexer"), Some(Passage::Opening));
    }

    #[test]
    fn code_frames_and_failures_are_told_apart() {
        let body = "```\nbuild(tree)\nTraceback (most recent call last):\n  File \"/a/walk.py\", line 3, in descend\n    \
                    visit(node)\nValueError: no leaf\n```\n>>> prompt()\n   at render (view.js:1:2)\n---> 25 pointed()";
        assert_eq!(kind_of(body, "build"), Some(Passage::Code));
        assert_eq!(kind_of(body, "descend"), Some(Passage::Trace));
        assert_eq!(kind_of(body, "visit"), Some(Passage::Trace));
        assert_eq!(kind_of(body, "leaf"), Some(Passage::Failure));
        assert_eq!(kind_of(body, "prompt"), Some(Passage::Code));
        assert_eq!(kind_of(body, "render"), Some(Passage::Trace));
        assert_eq!(kind_of(body, "pointed"), Some(Passage::Trace));
    }

    #[test]
    fn ticks_paths_and_links_stand_apart_and_nothing_is_lost() {
        let line = "the `lexer` in src/scan.py of https://example.org/issue drops";
        let found = passages("title", line);
        let kind = |word: &str| found.iter().find(|(_, text)| text.contains(word)).map(|(passage, _)| *passage);
        assert_eq!(kind("lexer"), Some(Passage::Ticked));
        assert_eq!(kind("scan"), Some(Passage::Path));
        assert_eq!(kind("example"), Some(Passage::Address));
        assert_eq!(kind("drops"), Some(Passage::Opening));
        let letters = |text: &str| text.chars().filter(|one| *one != '`').collect::<String>();
        let all: String = found[1..].iter().map(|(_, text)| *text).collect();
        assert_eq!(letters(&all), letters(line));
    }

    #[test]
    fn a_comment_of_code_is_no_heading_inside_a_fence() {
        assert_eq!(kind_of("```\n# install first\n```\nafterwards", "afterwards"), Some(Passage::Opening));
        assert_eq!(kind_of("# Versions\nold\n\n```\nlisted\n```", "listed"), Some(Passage::Form));
    }

    #[test]
    fn comments_end_where_they_end_however_many_there_are() {
        assert_eq!(kind_of("```html\n<!-- open\n```\nafterwards", "open"), Some(Passage::Code));
        assert_eq!(kind_of("```html\n<!-- open\n```\nafterwards", "afterwards"), Some(Passage::Opening));
        assert_eq!(kind_of("<!-- ```\n--> <!-- b --> shown\nafterwards", "shown"), Some(Passage::Opening));
        assert_eq!(kind_of("<!-- never closed\nafterwards", "afterwards"), None);
        assert_eq!(kind_of(&("<!-- -->".repeat(200_000) + "afterwards"), "afterwards"), Some(Passage::Opening));
    }

    #[test]
    fn long_issues_say_less_at_their_end() {
        let body = "one\ntwo\nthree\nfour\nfifth\n".to_owned() + &"    code\n".repeat(12) + "    thirteenth\n";
        assert_eq!(kind_of(&body, "four"), Some(Passage::Opening));
        assert_eq!(kind_of(&body, "fifth"), Some(Passage::Prose));
        assert_eq!(kind_of(&body, "thirteenth"), Some(Passage::LongCode));
    }
}
