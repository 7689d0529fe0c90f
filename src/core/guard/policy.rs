//! The policy as a whole: what it is made of, and the review that is the only way to an [`Approved`].

use regex::Regex;
use serde::Serialize;

use super::entries::{PathRules, check_entries};
use super::globs::Globs;
use super::settings::{Limits, Loosening, SettingError, Tightening};
use super::settled::{self, Found, Layer, Published, Size};
use super::view::{View, texts, views};
use super::violation::{Ending, Rule, Violation};
use super::{dependencies, forbidden, leftovers, scripts, secrets, unicode, weakening};
use crate::core::change::{Change, Entry, LineCounts, is_binary};
use crate::core::held::Approval;
use crate::core::names::{CommitId, RepoPath, Secret};
use crate::core::text::Redactor;

/// What a change may do. Built in, then loosened by the user, then tightened by user and repository.
#[derive(Debug, Clone)]
pub struct Policy {
    paths: PathRules,
    limits: Limits,
    /// The user's and the repository's own patterns.
    forbid: Vec<Regex>,
    permits: Vec<Permit>,
}

/// A rule that the user switched off, everywhere or for some paths.
#[derive(Debug, Clone)]
struct Permit {
    rule: Rule,
    paths: Option<Globs>,
}

/// What a review needs to know besides the change.
#[derive(Debug, Clone, Copy)]
pub struct ReviewContext<'a> {
    /// The issue that the change answers, or the commit message: some decisions depend on what it asks for.
    pub title: &'a str,
    pub body: &'a str,
    /// The run's own credentials, which may not turn up in a change in any form.
    pub secrets: &'a [Secret],
}

/// A change that the policy allows. Nothing but [`Policy::review`] and [`Contested::heed`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    change: Change,
    flags: Vec<Flag>,
    counts: LineCounts,
    waivers: Vec<Waiver>,
}

/// What the guard would have held, and who let it pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    pub violation: Violation,
    pub word: Word,
}

/// A person's word that outweighs a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// For this very change.
    Given { by: String },
    /// For a commit below it, which holds the same.
    Approved { by: String, commit: CommitId },
    /// They brought it in themselves, with that commit below it.
    Pushed { by: String, commit: CommitId },
}

/// The words of people that a review heeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Words<'a> {
    /// What the change stands on since the base, newest first.
    pub branch: &'a [Published],
    /// For this very change.
    pub approval: Option<&'a Approval>,
}

impl std::fmt::Display for Waiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let violation = &self.violation;
        match &self.word {
            Word::Given { by } => write!(f, "Approved by {by}: {violation}"),
            Word::Approved { by, commit } => write!(f, "Approved by {by} with {}: {violation}", commit.short()),
            Word::Pushed { by, commit } => write!(f, "Pushed by {by} with {}: {violation}", commit.short()),
        }
    }
}

/// Something allowed that a reviewer should look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Flag {
    pub kind: FlagKind,
    pub path: RepoPath,
}

/// Why a reviewer should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagKind {
    /// The file is executed while the change is built or tested.
    RunsDuringChecks,
    /// Dependencies change.
    Dependency,
    /// Existing tests change.
    TestsChanged,
}

impl std::fmt::Display for Flag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let why = match self.kind {
            FlagKind::RunsDuringChecks => "runs while the change is built or tested",
            FlagKind::Dependency => "changes dependencies",
            FlagKind::TestsChanged => "changes existing tests",
        };
        write!(f, "{} {why}", self.path)
    }
}

impl Approved {
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// Sorted, without repetition.
    pub fn flags(&self) -> &[Flag] {
        &self.flags
    }

    pub fn counts(&self) -> LineCounts {
        self.counts
    }

    /// What a person let pass.
    pub fn waivers(&self) -> &[Waiver] {
        &self.waivers
    }
}

impl Policy {
    /// The rules without any setting.
    pub fn builtin() -> Self {
        Self { paths: PathRules::default(), limits: Limits::BUILTIN, forbid: Vec::new(), permits: Vec::new() }
    }

    /// Adds protection, patterns and smaller limits; never takes any away. On errors nothing changes.
    pub fn tighten(&mut self, more: &Tightening) -> Result<(), Vec<SettingError>> {
        let Tightening { protect, allow, forbid, max_files, max_lines, max_bytes, max_line_bytes } = more;
        let mut errors = Vec::new();
        let protect = globs("burn.guard.protect", protect, &mut errors);
        let allow = (!allow.is_empty()).then(|| globs("burn.guard.allow", allow, &mut errors));
        let mut patterns = Vec::new();
        for text in forbid {
            match Regex::new(text) {
                Ok(regex) => patterns.push(regex),
                Err(error) => errors.push(SettingError {
                    key: "burn.guard.forbid",
                    value: text.clone(),
                    problem: format!("`{text}` is not a regular expression: {error}"),
                }),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.paths.protect = self.paths.protect.and(&protect);
        self.paths.allow.extend(allow);
        self.forbid.extend(patterns);
        let smaller =
            |limit: &mut usize, value: &Option<usize>| *limit = value.map_or(*limit, |value| value.min(*limit));
        smaller(&mut self.limits.files, max_files);
        smaller(&mut self.limits.lines, max_lines);
        smaller(&mut self.limits.bytes, max_bytes);
        smaller(&mut self.limits.line_bytes, max_line_bytes);
        Ok(())
    }

    /// Takes protection away, as only the user may. To be called before [`Policy::tighten`]; on errors nothing changes.
    pub fn loosen(&mut self, less: &Loosening) -> Result<(), Vec<SettingError>> {
        let Loosening { unprotect, permit, max_files, max_lines, max_bytes, max_line_bytes } = less;
        let mut errors = Vec::new();
        let unprotect = globs("burn.guard.unprotect", unprotect, &mut errors);
        let mut permits = Vec::new();
        for text in permit {
            match parse_permit(text) {
                Ok(permit) => permits.push(permit),
                Err(problem) => errors.push(SettingError { key: "burn.guard.permit", value: text.clone(), problem }),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.paths.unprotect = self.paths.unprotect.and(&unprotect);
        self.permits.extend(permits);
        let set = |limit: &mut usize, value: &Option<usize>| *limit = value.unwrap_or(*limit);
        set(&mut self.limits.files, max_files);
        set(&mut self.limits.lines, max_lines);
        set(&mut self.limits.bytes, max_bytes);
        set(&mut self.limits.line_bytes, max_line_bytes);
        Ok(())
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Approves a change or names everything that is wrong with it, in the order of its files.
    pub fn review(&self, change: Change, about: &ReviewContext<'_>) -> Result<Approved, Vec<Violation>> {
        self.contest(change, about).map_err(|contested| contested.into_violations())
    }

    /// As [`Policy::review`], with people's words, see [`Contested::heed`].
    pub fn review_with(
        &self,
        change: Change,
        about: &ReviewContext<'_>,
        words: Words<'_>,
    ) -> Result<Approved, Vec<Violation>> {
        self.contest(change, about).or_else(|contested| contested.heed(words))
    }

    /// As [`Policy::review`], for who has to look for people's words first where there is something against the change.
    pub fn contest<'a>(&'a self, change: Change, about: &ReviewContext<'a>) -> Result<Approved, Box<Contested<'a>>> {
        let judgement = self.judge(&change, about);
        match judgement.violations.is_empty() {
            true => {
                let Judgement { flags, counts, .. } = judgement;
                Ok(Approved { change, flags, counts, waivers: Vec::new() })
            }
            false => Err(Box::new(Contested { policy: self, about: *about, change, judgement })),
        }
    }

    fn judge(&self, change: &Change, about: &ReviewContext<'_>) -> Judgement {
        let mut violations = Vec::new();
        let texts = texts(change);
        let views = views(change, &texts);
        let counts = counts(change, &views);
        self.paths.check(change, &mut violations);
        check_entries(change, &mut violations);
        let bytes = views.iter().map(size).fold(0, usize::saturating_add);
        self.check_limits(&views, counts, bytes, &mut violations);
        let own = Redactor::new(about.secrets);
        let names = unicode::names(&views);
        for view in &views {
            forbidden::check(view, &self.forbid, &mut violations);
            secrets::check(view, &own, &mut violations);
            unicode::check(view, &names, &mut violations);
            leftovers::check(view, &mut violations);
            dependencies::check(view, &mut violations);
            scripts::check(view, &mut violations);
        }
        weakening::check(&views, about, &mut violations);
        violations.retain(|violation| !self.is_permitted(violation));
        violations
            .sort_by(|left, right| (&left.path, left.line, left.rule).cmp(&(&right.path, right.line, right.rule)));
        violations.dedup();
        Judgement { violations, flags: flags(&views), counts, bytes }
    }

    /// What the model has to know before it writes, one rule a line.
    pub fn rules_for_model(&self) -> String {
        let Limits { files, lines, bytes, line_bytes } = self.limits;
        let mut rules = vec![
            format!("At most {files} files, {lines} added and removed lines, {} KiB; no line above {line_bytes} bytes.", bytes / 1024),
            "Never touch CI and hook files, CODEOWNERS, .gitattributes, .gitmodules, agent instructions (AGENTS.md, CLAUDE.md, ...), editor and tool configuration that runs code, environment and key files, data/ and backups/, databases.".to_owned(),
            "No symbolic links, submodules or binary files.".to_owned(),
            "Never delete, skip or weaken tests; change what a test expects only where the issue states the new value. No special case for the test run.".to_owned(),
            "No code that destroys data (DROP, TRUNCATE, DELETE without WHERE, rm -rf outside the build folder) or runs what it downloads.".to_owned(),
            "No credentials, not even made-up ones that look real; write `<placeholder>`.".to_owned(),
            "Dependencies only from the registries already used; no install scripts.".to_owned(),
            "No invisible or look-alike characters in code; no conflict markers; never write \"rest unchanged\" in place of content.".to_owned(),
        ];
        let quoted =
            |patterns: &[String]| patterns.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", ");
        if !self.paths.protect.patterns().is_empty() {
            rules.push(format!("Also protected here: {}.", quoted(self.paths.protect.patterns())));
        }
        for list in &self.paths.allow {
            rules.push(format!("Only these paths may change: {}.", quoted(list.patterns())));
        }
        if !self.forbid.is_empty() {
            let patterns: Vec<String> = self.forbid.iter().map(|regex| regex.as_str().to_owned()).collect();
            rules.push(format!("No added line may match {}.", quoted(&patterns)));
        }
        rules.iter().map(|rule| format!("- {rule}\n")).collect()
    }

    fn is_permitted(&self, violation: &Violation) -> bool {
        violation.rule != Rule::OwnSecret
            && self.permits.iter().any(|permit| {
                let here = |globs: &Globs| violation.path.as_ref().is_some_and(|path| globs.matches(path));
                permit.rule == violation.rule && permit.paths.as_ref().is_none_or(here)
            })
    }

    fn check_limits(&self, views: &[View<'_>], counts: LineCounts, size: usize, violations: &mut Vec<Violation>) {
        let Limits { files, lines, bytes, line_bytes } = self.limits;
        if counts.files > files {
            let what = format!("{} files, more than {files}", counts.files);
            violations.push(Violation::of_change(
                Rule::MaxFiles,
                what,
                format!("burn.guard.maxFiles = {}", counts.files),
            ));
        }
        let changed = counts.added + counts.removed;
        if changed > lines {
            let what = format!("{changed} added and removed lines, more than {lines}");
            violations.push(Violation::of_change(Rule::MaxLines, what, format!("burn.guard.maxLines = {changed}")));
        }
        if size > bytes {
            let what = format!("{size} bytes, more than {bytes}");
            violations.push(Violation::of_change(Rule::MaxBytes, what, format!("burn.guard.maxBytes = {size}")));
        }
        for view in views {
            if let Some((index, line)) = view.added().find(|(_, line)| line.len() > line_bytes) {
                let what = format!("{} bytes, more than {line_bytes}", line.len());
                let setting = Some(format!("burn.guard.maxLineBytes = {}", line.len()));
                violations
                    .push(Violation::at(Rule::MaxLineBytes, view.path, Some(index + 1), what).allowed_by(setting));
            }
        }
    }
}

/// A change that the policy has something against: it is refused, unless people's words outweigh all of that.
#[derive(Debug)]
pub struct Contested<'a> {
    policy: &'a Policy,
    about: ReviewContext<'a>,
    change: Change,
    judgement: Judgement,
}

impl Contested<'_> {
    /// Everything that is wrong with it, in the order of its files.
    pub fn into_violations(self) -> Vec<Violation> {
        self.judgement.violations
    }

    /// Heeds people's words. One for this change outweighs everything but what ends a run; one for what stands below it
    /// only what is still exactly as they let it pass, see `settled`. What nobody let pass is the error.
    pub fn heed(self, words: Words<'_>) -> Result<Approved, Vec<Violation>> {
        let Self { policy, about, change, judgement } = self;
        let judged = |published: &Published| policy.judge(&published.change, &about);
        let below: Vec<_> = words.branch.iter().map(|published| (published, judged(published))).collect();
        let layers = below.iter().map(|(published, judgement)| {
            let found = judgement.found(&published.change);
            Layer { published, found }
        });
        let (layers, now) = (layers.collect::<Vec<_>>(), judgement.found(&change));
        let (mut waivers, mut open) = (Vec::new(), Vec::new());
        for violation in &judgement.violations {
            let word = settled::word(violation, &now, &layers).or_else(|| given(violation, words.approval));
            match word {
                Some(word) => waivers.push(Waiver { violation: violation.clone(), word }),
                None => open.push(violation.clone()),
            }
        }
        let Judgement { flags, counts, .. } = judgement;
        if open.is_empty() { Ok(Approved { change, flags, counts, waivers }) } else { Err(open) }
    }
}

/// All that a review finds out.
#[derive(Debug)]
struct Judgement {
    violations: Vec<Violation>,
    flags: Vec<Flag>,
    counts: LineCounts,
    /// That somebody has to read.
    bytes: usize,
}

impl Judgement {
    fn found<'a>(&'a self, change: &'a Change) -> Found<'a> {
        let LineCounts { files, added, removed } = self.counts;
        Found { change, violations: &self.violations, size: Size { files, lines: added + removed, bytes: self.bytes } }
    }
}

/// A word for the change itself; what ends a run no word outweighs.
fn given(violation: &Violation, approval: Option<&Approval>) -> Option<Word> {
    let approval = approval.filter(|_| violation.ending != Ending::Abort)?;
    Some(Word::Given { by: approval.by().to_owned() })
}

/// `RULE` or `RULE:GLOB`.
fn parse_permit(text: &str) -> Result<Permit, String> {
    let (name, paths) = text.split_once(':').map_or((text, None), |(name, paths)| (name, Some(paths)));
    let rule = Rule::ALL.into_iter().find(|rule| rule.name() == name.trim());
    let rule = rule.filter(|rule| *rule != Rule::OwnSecret).ok_or_else(|| {
        let names: Vec<&str> =
            Rule::ALL.iter().filter(|rule| **rule != Rule::OwnSecret).map(|rule| rule.name()).collect();
        format!("`{name}` is not a rule that can be permitted; these are: {}", names.join(", "))
    })?;
    let paths = paths.map(|glob| Globs::parse([glob.trim()])).transpose()?;
    Ok(Permit { rule, paths })
}

/// Parses a list of patterns, or adds an error.
fn globs(key: &'static str, patterns: &[String], errors: &mut Vec<SettingError>) -> Globs {
    Globs::parse(patterns).unwrap_or_else(|problem| {
        errors.push(SettingError { key, value: patterns.join(" "), problem });
        Globs::default()
    })
}

/// Bytes that somebody has to read.
fn size(view: &View<'_>) -> usize {
    if let Some(Entry::Large(large)) = view.file.after.as_ref().filter(|_| view.file.has_new_content()) {
        return usize::try_from(large.bytes).unwrap_or(usize::MAX);
    }
    let new = view.file.new_bytes();
    if is_binary(new) { new.len() } else { view.added().map(|(_, line)| line.len() + 1).sum() }
}

fn counts(change: &Change, views: &[View<'_>]) -> LineCounts {
    let hunks = || views.iter().flat_map(|view| &view.hunks);
    LineCounts {
        files: change.files.len(),
        added: hunks().map(|hunk| hunk.added.len()).sum(),
        removed: hunks().map(|hunk| hunk.removed.len()).sum(),
    }
}

/// What a reviewer should look at.
fn flags(views: &[View<'_>]) -> Vec<Flag> {
    let mut flags = Vec::new();
    for view in views {
        let mut flag = |kind, raised: bool| {
            if raised {
                flags.push(Flag { kind, path: view.path.clone() });
            }
        };
        flag(FlagKind::RunsDuringChecks, view.role.runs_during_checks);
        flag(FlagKind::Dependency, view.role.is_manifest || view.role.kind == super::kind::Kind::Lock);
        flag(
            FlagKind::TestsChanged,
            view.role.is_test && view.file.before.is_some() && view.removed().next().is_some(),
        );
    }
    flags.sort();
    flags.dedup();
    flags
}

#[cfg(test)]
mod tests {
    use super::super::testing::change;
    use super::*;
    use crate::core::names::CommitId;

    #[test]
    fn a_persons_word_outweighs_what_is_held_but_not_what_ends_a_run() {
        let about = ReviewContext { title: "t", body: "b", secrets: &[] };
        let id = CommitId::parse(&"a".repeat(40)).expect("an id");
        let word = Approval::given("ada", id.short(), &id).expect("a word");
        let word = Words { branch: &[], approval: Some(&word) };
        let policy = Policy::builtin();
        let protected = || change(&[("data/a.csv", "1\n2\n", "1\n")]);
        assert!(policy.review(protected(), &about).is_err());
        let approved = policy.review_with(protected(), &about, word).expect("approved");
        assert_eq!(approved.waivers().iter().map(|one| one.violation.rule).collect::<Vec<_>>(), [Rule::ProtectedPath]);
        let destroying =
            change(&[("data/a.csv", "1\n2\n", "1\n"), ("a.py", "x = 1\n", "db.run('DROP TABLE users')\n")]);
        let grave = policy.review_with(destroying, &about, word).expect_err("refused");
        assert_eq!(grave.iter().map(|one| one.rule).collect::<Vec<_>>(), [Rule::Forbidden]);
        let harmless = policy.review_with(change(&[("a.py", "x = 1\n", "x = 2\n")]), &about, word).expect("approved");
        assert_eq!(harmless.waivers(), []);
    }
}
