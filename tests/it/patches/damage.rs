//! The ways in which models break a diff, one operator each: what goes in is a true diff of one file, what comes out holds
//! the same change, said worse.

use super::properties::Dice;

/// A diff of one file, taken apart.
#[derive(Clone)]
pub(super) struct Diff {
    /// Lines before the first hunk.
    head: Vec<String>,
    hunks: Vec<Hunk>,
}

#[derive(Clone)]
struct Hunk {
    old: usize,
    old_count: usize,
    new: usize,
    new_count: usize,
    /// With their sign in the first column.
    lines: Vec<String>,
}

/// One way to break it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    NumbersOff,
    NumbersRandom,
    CountsWrong,
    CountsLow,
    HeaderBare,
    HeaderEllipsis,
    ContextCut,
    ContextDropped,
    BlankContextDropped,
    BlankContextEmptied,
    ContextInvented,
    ContextChanged,
    RemovedChanged,
    Dedented,
    IndentHalved,
    NoGitHeader,
    NoPrefix,
    GitHeaderOnly,
    AbsolutePath,
    Fenced,
    SaidTwice,
    NoFinalLineFeed,
    ReturnsAdded,
    HunksReversed,
    MarkerLost,
    ColumnLost,
    PlusLost,
    PlusBlank,
    Elided,
    MailEnd,
}

impl Damage {
    pub(super) const ALL: [Self; 30] = [
        Self::NumbersOff,
        Self::NumbersRandom,
        Self::CountsWrong,
        Self::CountsLow,
        Self::HeaderBare,
        Self::HeaderEllipsis,
        Self::ContextCut,
        Self::ContextDropped,
        Self::BlankContextDropped,
        Self::BlankContextEmptied,
        Self::ContextInvented,
        Self::ContextChanged,
        Self::RemovedChanged,
        Self::Dedented,
        Self::IndentHalved,
        Self::NoGitHeader,
        Self::NoPrefix,
        Self::GitHeaderOnly,
        Self::AbsolutePath,
        Self::Fenced,
        Self::SaidTwice,
        Self::NoFinalLineFeed,
        Self::ReturnsAdded,
        Self::HunksReversed,
        Self::MarkerLost,
        Self::ColumnLost,
        Self::PlusLost,
        Self::PlusBlank,
        Self::Elided,
        Self::MailEnd,
    ];

    /// Whether a result is the true one, as far as a diff that is broken in this way can say it.
    pub(super) fn is_exact(self, got: &[u8], after: &[u8]) -> bool {
        let end = |text: &[u8]| text.strip_suffix(b"\n").unwrap_or(text).to_vec();
        got == after || self == Self::MarkerLost && end(got) == end(after)
    }

    /// The broken diff; `None` where there is nothing to break in this way.
    pub(super) fn of(self, diff: &str, dice: &mut Dice) -> Option<String> {
        let mut diff = Diff::parse(diff);
        let whole = |diff: &Diff| diff.write(Hunk::header);
        Some(match self {
            Self::NumbersOff => {
                diff.each(|hunk| hunk.old = (hunk.old + 1 + dice.roll(20)).saturating_sub(10).max(1));
                whole(&diff)
            }
            Self::NumbersRandom => {
                diff.each(|hunk| hunk.old = 1 + dice.roll(60));
                whole(&diff)
            }
            Self::CountsWrong => {
                diff.each(|hunk| {
                    hunk.old_count = (hunk.old_count + dice.roll(5)).saturating_sub(2).max(1);
                    hunk.new_count = (hunk.new_count + dice.roll(5)).saturating_sub(2).max(1);
                });
                whole(&diff)
            }
            Self::CountsLow => {
                diff.each(|hunk| {
                    let less = 1 + dice.roll(3);
                    hunk.old_count = hunk.old_count.saturating_sub(less).max(1);
                    hunk.new_count = hunk.new_count.saturating_sub(less).max(1);
                });
                whole(&diff)
            }
            Self::HeaderBare => diff.write(|_| "@@".into()),
            Self::HeaderEllipsis => diff.write(|_| "@@ ... @@".into()),
            Self::ContextCut => {
                diff.each(Hunk::cut_context);
                whole(&diff)
            }
            Self::ContextDropped => {
                diff.drop_line(dice, |line| line.starts_with(' ') && !line.trim().is_empty())?;
                whole(&diff)
            }
            Self::BlankContextDropped => {
                diff.drop_line(dice, |line| line.starts_with(' ') && line.trim().is_empty())?;
                whole(&diff)
            }
            Self::BlankContextEmptied => {
                diff.lines(|line| if line == " " { String::new() } else { line.to_owned() });
                whole(&diff)
            }
            Self::ContextInvented => {
                diff.invent(dice)?;
                whole(&diff)
            }
            Self::ContextChanged => {
                diff.change_line(dice, ' ')?;
                whole(&diff)
            }
            Self::RemovedChanged => {
                diff.change_line(dice, '-')?;
                whole(&diff)
            }
            Self::Dedented => {
                diff.reindent(|indent| indent.saturating_sub(4))?;
                whole(&diff)
            }
            Self::IndentHalved => {
                diff.reindent(|indent| indent / 2)?;
                whole(&diff)
            }
            Self::NoGitHeader => {
                diff.head.retain(|line| line.starts_with("--- ") || line.starts_with("+++ "));
                whole(&diff)
            }
            Self::NoPrefix => whole(&diff).replace(" a/dir", " dir").replace(" b/dir", " dir"),
            Self::GitHeaderOnly => {
                diff.head.retain(|line| line.starts_with("diff --git "));
                whole(&diff)
            }
            Self::AbsolutePath => {
                diff.head.retain(|line| line.starts_with("--- ") || line.starts_with("+++ "));
                whole(&diff).replace(" a/dir", " /home/me/work/dir").replace(" b/dir", " /home/me/work/dir")
            }
            Self::Fenced => {
                format!("Here is the fix:\n\n```diff\n{}\n```\n\nIt works now.\n", whole(&diff).trim_end_matches('\n'))
            }
            Self::SaidTwice => {
                let diff = whole(&diff);
                format!("```diff\n{diff}```\nThe whole patch again:\n```diff\n{diff}```\n")
            }
            Self::NoFinalLineFeed => whole(&diff).trim_end_matches('\n').to_owned(),
            Self::ReturnsAdded => whole(&diff).replace('\n', "\r\n"),
            Self::HunksReversed => {
                (diff.hunks.len() > 1).then_some(())?;
                diff.hunks.reverse();
                whole(&diff)
            }
            Self::MarkerLost => {
                diff.loses_marker().then_some(())?;
                whole(&diff)
            }
            Self::ColumnLost => {
                diff.lines(|line| line.strip_prefix(' ').unwrap_or(line).to_owned());
                whole(&diff)
            }
            Self::PlusLost => {
                diff.lose_plus(dice, "")?;
                whole(&diff)
            }
            Self::PlusBlank => {
                diff.lose_plus(dice, " ")?;
                whole(&diff)
            }
            Self::Elided => {
                diff.elide()?;
                diff.write(|_| "@@ ... @@".into())
            }
            Self::MailEnd => format!("{}-- \n2.39.2\n\n", whole(&diff)),
        })
    }
}

impl Diff {
    fn parse(text: &str) -> Self {
        let mut diff = Self { head: Vec::new(), hunks: Vec::new() };
        for line in text.split_terminator('\n') {
            if let Some(numbers) = line.strip_prefix("@@ -") {
                let number = |text: &str| -> (usize, usize) {
                    let (first, count) = text.split_once(',').unwrap_or((text, "1"));
                    (first.parse().expect("a number"), count.parse().expect("a count"))
                };
                let (old, new) = numbers.split_once(" +").expect("two ranges");
                let new = new.split(' ').next().expect("a range");
                let ((old, old_count), (new, new_count)) = (number(old), number(new));
                diff.hunks.push(Hunk { old, old_count, new, new_count, lines: Vec::new() });
            } else if let Some(hunk) = diff.hunks.last_mut() {
                hunk.lines.push(line.to_owned());
            } else {
                diff.head.push(line.to_owned());
            }
        }
        diff
    }

    fn write(&self, header: impl Fn(&Hunk) -> String) -> String {
        let hunk = |hunk: &Hunk| [header(hunk)].into_iter().chain(hunk.lines.clone()).collect::<Vec<_>>();
        let lines = self.head.iter().cloned().chain(self.hunks.iter().flat_map(hunk));
        lines.map(|line| line + "\n").collect()
    }

    fn each(&mut self, change: impl FnMut(&mut Hunk)) {
        self.hunks.iter_mut().for_each(change);
    }

    fn lines(&mut self, change: impl Fn(&str) -> String) {
        self.each(|hunk| hunk.lines.iter_mut().for_each(|line| *line = change(line)));
    }

    /// Some line of some hunk that is wanted and no marker follows.
    fn pick(&self, dice: &mut Dice, wanted: impl Fn(&str) -> bool) -> Option<(usize, usize)> {
        let at = |(hunk, lines): (usize, &Hunk)| {
            let ended = |line: usize| lines.lines.get(line + 1).is_none_or(|next| !next.starts_with('\\'));
            let fit = (0..lines.lines.len()).filter(|line| wanted(&lines.lines[*line]) && ended(*line));
            fit.map(move |line| (hunk, line)).collect::<Vec<_>>()
        };
        let all: Vec<(usize, usize)> = self.hunks.iter().enumerate().flat_map(at).collect();
        (!all.is_empty()).then(|| all[dice.roll(all.len())])
    }

    fn drop_line(&mut self, dice: &mut Dice, wanted: impl Fn(&str) -> bool) -> Option<()> {
        let (hunk, line) = self.pick(dice, wanted)?;
        self.hunks[hunk].lines.remove(line);
        self.hunks[hunk].count();
        Some(())
    }

    fn invent(&mut self, dice: &mut Dice) -> Option<()> {
        let (hunk, line) = self.pick(dice, |line| line.starts_with(' '))?;
        self.hunks[hunk].lines.insert(line, format!(" made up {}", dice.roll(1000)));
        self.hunks[hunk].count();
        Some(())
    }

    fn change_line(&mut self, dice: &mut Dice, sign: char) -> Option<()> {
        let (hunk, line) = self.pick(dice, |line| line.starts_with(sign) && line.trim().len() > 3)?;
        self.hunks[hunk].lines[line].push_str("_x");
        Some(())
    }

    fn reindent(&mut self, indent: impl Fn(usize) -> usize) -> Option<()> {
        let width = |line: &str| line[1..].len() - line[1..].trim_start_matches(' ').len();
        let old = |line: &&String| !line.starts_with('\\') && line.len() > 1;
        self.hunks.iter().flat_map(|hunk| &hunk.lines).filter(old).any(|line| width(line) > 0).then_some(())?;
        self.lines(|line| {
            if line.starts_with('\\') || line.len() < 2 {
                return line.to_owned();
            }
            let width = width(line);
            format!("{}{}{}", &line[..1], " ".repeat(indent(width)), &line[1 + width..])
        });
        Some(())
    }

    fn loses_marker(&mut self) -> bool {
        let before: usize = self.hunks.iter().map(|hunk| hunk.lines.len()).sum();
        self.each(|hunk| hunk.lines.retain(|line| !line.starts_with('\\')));
        before > self.hunks.iter().map(|hunk| hunk.lines.len()).sum()
    }

    /// An added line comes with another sign than its own, or with none.
    fn lose_plus(&mut self, dice: &mut Dice, sign: &str) -> Option<()> {
        let (hunk, line) = self.pick(dice, |line| line.starts_with('+') && line.len() > 3)?;
        self.hunks[hunk].lines[line].replace_range(..1, sign);
        Some(())
    }

    /// Joins the first two hunks over a line of dots.
    fn elide(&mut self) -> Option<()> {
        (self.hunks.len() > 1).then_some(())?;
        let second = self.hunks.remove(1);
        self.hunks[0].lines.push(" ...".into());
        self.hunks[0].lines.extend(second.lines);
        Some(())
    }
}

impl Hunk {
    fn header(&self) -> String {
        format!("@@ -{},{} +{},{} @@", self.old, self.old_count, self.new, self.new_count)
    }

    fn count(&mut self) {
        let count =
            |sign: char| self.lines.iter().filter(|line| line.starts_with(' ') || line.starts_with(sign)).count();
        (self.old_count, self.new_count) = (count('-'), count('+'));
    }

    /// One line of context on each side.
    fn cut_context(&mut self) {
        let context = |line: &&String| line.starts_with(' ');
        let lead = self.lines.iter().take_while(context).count().saturating_sub(1);
        let tail = self.lines.iter().rev().take_while(context).count().saturating_sub(1);
        self.lines.truncate(self.lines.len() - tail);
        self.lines.drain(..lead);
        (self.old, self.new) = (self.old + lead, self.new + lead);
        self.count();
    }
}
