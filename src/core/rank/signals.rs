//! The signals of one file, and how much each counts: the whole formula of the ranking in one table.
//!
//! The weights were fitted by a logistic choice among the files of each issue, on SWE-bench Lite's open instances (counted
//! twice) and 1,022 real issues of 98 other projects, then rounded. Fitted without the open instances they find there
//! 67 / 79 / 88 / 92 % (the passages' weights had been chosen with these in view). Acc@k is the share of issues all of whose
//! fixed files are among the first k; the line below each is BM25 of the content alone, with the weights of
//! [`super::passages`], over the same files (`rank open`, `rank cases FILE` and `rank commits 15` of the benchmarks):
//!
//! | issues | Acc@1 | Acc@3 | Acc@5 | Acc@10 |
//! |---|---|---|---|---|
//! | SWE-bench Lite, open 100 | 67 | 79 | 89 | 91 |
//! | | 32 | 63 | 71 | 79 |
//! | 458 of 41 other Python projects, one file fixed | 66.8 | 85.6 | 91.3 | 95.2 |
//! | | 46.1 | 71.2 | 79.9 | 88.6 |
//! | 302 of 57 projects in eight other languages, one file fixed | 57.6 | 80.5 | 86.1 | 90.4 |
//! | | 35.1 | 57.9 | 68.9 | 77.8 |
//! | 225 commit messages of 15 projects, one to three files | 39.1 | 68.0 | 74.7 | 83.1 |
//! | | 26.2 | 49.8 | 58.2 | 71.6 |
//!
//! Boosted trees over the same signals do no better on the open instances nor, cross-validated by project, on those
//! issues: what is left needs other evidence.

/// What speaks for or against a file. Each is scaled to at most 1 over the files of one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Signal {
    /// BM25 of the whole issue against the whole file.
    Content,
    /// BM25 of the title alone.
    Title,
    /// Words of the path stand in the issue.
    Path,
    /// Words of the file's own name do.
    Name,
    /// The path itself stands in the issue.
    Mention,
    /// A module name stands in the issue.
    Module,
    /// The strongest name of the issue that the file defines.
    Defines,
    /// All of them together.
    Definitions,
    /// Changed lately.
    Recent,
    /// Changed often.
    Often,
    /// Changed by commits whose message resembles the issue.
    Similar,
    /// Many lines: more that can be wrong.
    Size,
    /// BM25 of the best piece of the file.
    Piece,
    /// Mean of the best three pieces.
    Pieces,
    /// BM25 of the title against the best piece for it.
    TitlePiece,
    /// BM25 of the issue against the names that the file defines.
    Named,
    /// Runs of three words of the issue stand in the file: quoted code and messages.
    Quoted,
    /// Imported by files that score well.
    Imported,
    /// Defines what the best pieces of other files use.
    Used,
    /// Changed together with files that score well.
    Together,
    /// The tests that resemble the issue are tests of it.
    Tested,
    /// A test by file name or folder.
    Test,
    /// In a folder `test` or `testing`.
    TestSupport,
    /// Documentation, examples, tools.
    Documentation,
    /// Vendored or generated.
    Foreign,
    /// Not program text.
    Data,
    /// Fewer than six lines.
    Tiny,
}

/// How many signals there are.
pub const COUNT: usize = Signal::Tiny as usize + 1;

/// Every signal with its weight and the words that explain it.
pub const TABLE: [(Signal, f32, &str); COUNT] = [
    (Signal::Content, 0.25, "content"),
    (Signal::Title, 0.19, "title"),
    (Signal::Path, 0.16, "path words"),
    (Signal::Name, 0.01, "name"),
    (Signal::Mention, 0.23, "path mentioned"),
    (Signal::Module, 0.04, "module mentioned"),
    (Signal::Defines, 0.18, "defines a name"),
    (Signal::Definitions, -0.11, "defines names"),
    (Signal::Recent, 0.04, "changed lately"),
    (Signal::Often, 0.04, "changed often"),
    (Signal::Similar, 0.14, "similar commits"),
    (Signal::Size, -0.05, "size"),
    (Signal::Piece, 0.08, "best piece"),
    (Signal::Pieces, 0.11, "best pieces"),
    (Signal::TitlePiece, 0.04, "title in a piece"),
    (Signal::Named, 0.14, "words in names"),
    (Signal::Quoted, 0.03, "quoted text"),
    (Signal::Imported, 0.35, "imported by candidates"),
    (Signal::Used, 0.07, "used by candidates"),
    (Signal::Together, 0.29, "changes with candidates"),
    (Signal::Tested, 0.06, "its tests resemble"),
    (Signal::Test, -1.0, "test"),
    (Signal::TestSupport, -0.58, "test support"),
    (Signal::Documentation, -0.29, "documentation or tool"),
    (Signal::Foreign, -0.24, "vendored or generated"),
    (Signal::Data, -0.4, "not program text"),
    (Signal::Tiny, -0.27, "tiny"),
];

/// The signals of one file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Values(pub [f32; COUNT]);

impl Values {
    /// No signal at all.
    pub const NONE: Self = Self([0.0; COUNT]);

    /// One signal's value.
    pub fn get(&self, signal: Signal) -> f32 {
        self.0[signal as usize]
    }

    /// Sets one signal.
    pub fn set(&mut self, signal: Signal, value: f32) {
        self.0[signal as usize] = value;
    }

    /// Whether the file's role counts against it.
    pub fn is_demoted(&self) -> bool {
        [Signal::Test, Signal::Documentation, Signal::Foreign, Signal::Data]
            .into_iter()
            .any(|signal| self.get(signal) > 0.0)
    }

    /// The weighted sum.
    pub fn score(&self) -> f32 {
        TABLE.iter().map(|(signal, weight, _)| weight * self.get(*signal)).sum()
    }
}

/// How much above the best program text a demoted file may come out.
const CEILING: f32 = 1.25;

/// Divides one signal by its largest value over the files that are not demoted, so that weights mean the same for every
/// query and a test or a list of changes full of the words does not make all else look small.
pub fn scale(values: &mut [Values], signal: Signal) {
    let largest = |values: &[Values], all: bool| {
        let counted = values.iter().filter(|one| all || !one.is_demoted());
        counted.map(|one| one.get(signal)).fold(0.0, f32::max)
    };
    let of_source = largest(values, false);
    let divisor = if of_source > 0.0 { of_source } else { largest(values, true) };
    if divisor > 0.0 {
        for one in values {
            one.set(signal, (one.get(signal) / divisor).min(CEILING));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_every_signal_at_its_place() {
        for (position, (signal, _, _)) in TABLE.iter().enumerate() {
            assert_eq!(*signal as usize, position);
        }
    }

    #[test]
    fn scaling_makes_the_largest_one() {
        let mut values = [Values::NONE; 2];
        values[0].set(Signal::Path, 2.0);
        values[1].set(Signal::Path, 4.0);
        scale(&mut values, Signal::Path);
        assert_eq!([values[0].get(Signal::Path), values[1].get(Signal::Path)], [0.5, 1.0]);
        scale(&mut values, Signal::Title);
        assert_eq!(values[0].get(Signal::Title), 0.0);
    }
}
