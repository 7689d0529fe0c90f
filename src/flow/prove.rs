//! Runs the checks on the three states of the code and judges what they show.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::shop::{Shop, Stop};
use crate::core::budget::Exhausted;
use crate::core::change::Change;
use crate::core::checkout::{Touched, named};
use crate::core::checks::{Check, CheckResult, Ended, Need, Proof, Stage, Unproven, Verified};
use crate::core::event::Event;
use crate::core::guard::Approved;
use crate::core::names::{CommitId, RepoPath, TreeId};
use crate::core::outcome::Outcome;
use crate::core::testfiles::tests_of;
use crate::core::text::one_line;
use crate::edge::repo::Found;
use crate::edge::verify::Bench;

/// What must be proven, and what is known already.
pub(super) struct Prover {
    checks: Vec<Check>,
    /// The worktree, made when the first check needs it.
    bench: Option<Bench>,
    /// Results on the base do not change from patch to patch; each is run once.
    on_base: Vec<CheckResult>,
}

/// How the proof of one change came out.
pub(super) enum Verdict {
    Proven(Verified),
    /// All results, the red ones among them.
    Red(Vec<CheckResult>),
}

impl Prover {
    /// Nothing has run yet.
    pub(super) fn new(checks: &[Check]) -> Self {
        Self { checks: checks.to_vec(), bench: None, on_base: Vec::new() }
    }

    /// Runs on the base what every change has to pass, before a model is paid: the proof needs these results anyway, and where
    /// the checks cannot run here no answer could be proven.
    ///
    /// # Errors
    /// [`Stop::Broke`] when a worktree cannot be made or a check cannot run.
    pub(super) fn rehearsed(shop: &mut Shop<'_>) -> Result<Self, Stop> {
        let mut prover = Self::new(&shop.settings.checks);
        let is_certain = |check: &&Check| check.need == Need::Required && check.when.is_empty();
        let certain: Vec<Check> = prover.checks.iter().filter(is_certain).cloned().collect();
        if certain.is_empty() {
            prover.look_for_submodules(shop)?;
        }
        prover.on_base(shop, &certain)?;
        match prover.on_base.iter().find(|result| result.could_not_run()) {
            Some(result) => Err(Stop::Broke(cannot_run(result))),
            None => {
                prover.foresee(shop)?;
                Ok(prover)
            }
        }
    }

    /// A change is checked twice, whole and its tests alone: whoever pays for one has to know that the time is too short.
    fn foresee(&self, shop: &mut Shop<'_>) -> Result<(), Stop> {
        let took: Duration = self.on_base.iter().map(|result| result.took).sum();
        if 2 * took <= shop.time_left() {
            return Ok(());
        }
        let limit = shop.settings.limits.time.as_secs();
        let remark = format!(
            "the checks took {} s on the base and run twice more on a change: {limit} s may be too short (burn.timeout)",
            took.as_secs()
        );
        warn_once(shop, vec![remark])
    }

    /// What no check shows on the base: which submodules every check will miss.
    fn look_for_submodules(&mut self, shop: &mut Shop<'_>) -> Result<(), Stop> {
        let names = RepoPath::parse(".gitmodules").map_err(anyhow::Error::from)?;
        if self.checks.is_empty() || matches!(shop.repo.read(&shop.base.tree, &names, 0)?, Found::Missing { .. }) {
            return Ok(());
        }
        let (tape, base) = (shop.tape, shop.base.commit.clone());
        let remarks = tape.read("submodules of the base", || {
            let bench = self.bench(shop)?;
            bench.go_to(&base)?;
            Ok::<_, anyhow::Error>(remarks(bench))
        })?;
        warn_once(shop, remarks)
    }

    /// What is known of the base.
    pub(super) fn base_results(&self) -> &[CheckResult] {
        &self.on_base
    }

    /// Runs what is needed: the whole change first, since a red result ends it but for a look at the same check without
    /// the change; then what was red without it.
    ///
    /// # Errors
    /// [`Stop::Broke`] when a worktree cannot be made, or no required check applies to this change.
    pub(super) fn prove(
        &mut self,
        shop: &mut Shop<'_>,
        commit: &CommitId,
        tree: &TreeId,
        approved: &Approved,
    ) -> Result<Verdict, Stop> {
        let ran = self.with_change(shop, commit, approved.change())?;
        // What the checks saw is the commit, whatever its tree is said to be.
        let checked = shop.repo.tree_of(commit)?;
        let results = self.beside_base(ran.clone());
        let proof = Proof { base: shop.base.commit.clone(), tree: checked, results };
        match Verified::judge(commit.clone(), tree, proof) {
            Ok(verified) => {
                shop.emit(Event::Proven { commit: commit.clone(), strength: verified.strength() })?;
                Ok(Verdict::Proven(verified))
            }
            Err(Unproven::Red(red)) => {
                // What is red without the change too may have nothing to do with it, and whoever goes on has to know.
                let is_red = |check: &&Check| red.iter().any(|result| result.name == check.name);
                let checks: Vec<Check> = self.checks.iter().filter(is_red).cloned().collect();
                self.on_base(shop, &checks)?;
                shop.emit(Event::Unproven { red: red.into_iter().map(|result| result.name).collect() })?;
                Ok(Verdict::Red(self.beside_base(ran)))
            }
            Err(Unproven::NothingRan) => Err(Outcome::NoPatch { why: NOTHING_RAN.to_owned() }.into()),
            Err(Unproven::OtherTree) => {
                Err(Stop::Broke(anyhow::anyhow!("the checks ran on another tree than the commit's")))
            }
        }
    }

    /// Runs the checks that a change needs, and judges nothing: on the whole change, and if that is green without it.
    ///
    /// # Errors
    /// A worktree cannot be made, or the work was interrupted.
    pub(super) fn measure(
        &mut self,
        shop: &mut Shop<'_>,
        commit: &CommitId,
        change: &Change,
    ) -> Result<Vec<CheckResult>, Stop> {
        let ran = self.with_change(shop, commit, change)?;
        Ok(self.beside_base(ran))
    }

    /// As [`Prover::measure`], without the results on the base.
    fn with_change(
        &mut self,
        shop: &mut Shop<'_>,
        commit: &CommitId,
        change: &Change,
    ) -> Result<Vec<CheckResult>, Stop> {
        let checks = self.applicable(change);
        let mut results = self.run(shop, commit, Stage::Head, &checks)?;
        if !results.iter().any(CheckResult::is_red) {
            self.on_base(shop, &checks)?;
            if let Some(with_tests) = with_tests(shop, change)? {
                results.extend(self.run(shop, &with_tests, Stage::WithTests, &checks)?);
            }
        }
        Ok(results)
    }

    /// As [`Prover::measure`], on the whole change alone.
    ///
    /// # Errors
    /// A worktree cannot be made, or the work was interrupted.
    pub(super) fn measure_whole(
        &mut self,
        shop: &mut Shop<'_>,
        commit: &CommitId,
        change: &Change,
    ) -> Result<Vec<CheckResult>, Stop> {
        let checks = self.applicable(change);
        self.run(shop, commit, Stage::Head, &checks)
    }

    /// Checks whose globs match a changed path, and those without globs.
    fn applicable(&self, change: &Change) -> Vec<Check> {
        let matches = |check: &&Check| check.when.is_empty() || change.paths().any(|path| is_meant(check, path));
        self.checks.iter().filter(matches).cloned().collect()
    }

    /// What the same checks showed on the base, as far as they ran there, before what they showed with a change.
    fn beside_base(&self, ran: Vec<CheckResult>) -> Vec<CheckResult> {
        let same = |base: &&CheckResult| ran.iter().any(|result| result.name == base.name);
        let mut all: Vec<CheckResult> = self.on_base.iter().filter(same).cloned().collect();
        all.extend(ran);
        all
    }

    fn on_base(&mut self, shop: &mut Shop<'_>, checks: &[Check]) -> Result<(), Stop> {
        let known = |check: &&Check| !self.on_base.iter().any(|result| result.name == check.name);
        let missing: Vec<Check> = checks.iter().filter(known).cloned().collect();
        let base = shop.base.commit.clone();
        let results = self.run(shop, &base, Stage::Base, &missing)?;
        self.on_base.extend(results);
        Ok(())
    }

    /// Runs checks on one state of the code and tells of each.
    fn run(
        &mut self,
        shop: &mut Shop<'_>,
        commit: &CommitId,
        stage: Stage,
        checks: &[Check],
    ) -> Result<Vec<CheckResult>, Stop> {
        let mut results = Vec::with_capacity(checks.len());
        for check in checks {
            shop.heed_signals()?;
            let bounded = Check { timeout: check.timeout.min(shop.time_left()), ..check.clone() };
            if bounded.timeout.is_zero() {
                return Err(out_of_time(shop));
            }
            shop.keep_claim(bounded.timeout)?;
            shop.emit(Event::CheckStarted { name: check.name.clone(), stage })?;
            let asked = format!("check {} on {}", check.name, stage_word(stage));
            let (tape, stop) = (shop.tape, shop.stop);
            let ran = tape.read(&asked, || {
                let bench = self.bench(shop)?;
                let result = bench.run(commit, stage, &bounded, stop)?;
                Ok::<_, anyhow::Error>(result.map(|result| Ran::of(result, bench)))
            })?;
            let Some(mut ran) = ran else { return Err(Outcome::Interrupted.into()) };
            warn_once(shop, std::mem::take(&mut ran.remarks))?;
            let touched = std::mem::take(&mut ran.touched);
            let result = ran.result();
            shop.emit(Event::CheckFinished { result: result.clone() })?;
            answer_for(shop, &check.name, touched)?;
            // Not the check's own limit was reached: nothing is known of the change.
            if matches!(result.ended, Ended::TimedOut { after } if after < check.timeout) {
                return Err(out_of_time(shop));
            }
            results.push(result);
        }
        Ok(results)
    }

    fn bench(&mut self, shop: &Shop<'_>) -> anyhow::Result<&mut Bench> {
        match &mut self.bench {
            Some(bench) => Ok(bench),
            none => Ok(none.insert(shop.workshop.open(shop.repo, &shop.base.commit)?)),
        }
    }
}

/// What people should know of the worktree.
fn remarks(bench: &Bench) -> Vec<String> {
    bench.empty_submodules().iter().map(ToString::to_string).collect()
}

/// Every check of every patch would say the same.
fn warn_once(shop: &mut Shop<'_>, remarks: Vec<String>) -> Result<(), Stop> {
    for remark in remarks {
        if shop.progress.remarks.insert(remark.clone()) {
            shop.warn(remark)?;
        }
    }
    Ok(())
}

/// Ends the work if a check changed the user's checkout, and tells what may have been its doing.
fn answer_for(shop: &mut Shop<'_>, check: &str, touched: Touched) -> Result<(), Stop> {
    let Touched { by_check, meanwhile } = touched;
    if !meanwhile.is_empty() {
        let what = one_line(&named(&meanwhile));
        warn_once(
            shop,
            vec![format!(
                "your checkout changed while the check `{check}` ran, which nothing confined: {what}. If that was you, \
                 all is well; if not, look at what the check does"
            )],
        )?;
    }
    match by_check.is_empty() {
        true => Ok(()),
        false => Err(Outcome::CheckoutChanged { check: check.to_owned(), changed: by_check }.into()),
    }
}

/// A result with its output, which is no part of it elsewhere.
#[derive(Serialize, Deserialize)]
struct Ran {
    result: CheckResult,
    output: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
    #[serde(default, skip_serializing_if = "Touched::is_nothing")]
    touched: Touched,
}

impl Ran {
    fn of(result: CheckResult, bench: &Bench) -> Self {
        let touched = bench.touched().clone();
        Self { output: result.output.clone(), result, remarks: remarks(bench), touched }
    }

    fn result(self) -> CheckResult {
        CheckResult { output: self.output, ..self.result }
    }
}

fn out_of_time(shop: &Shop<'_>) -> Stop {
    Outcome::out_of(&Exhausted::Time { limit_seconds: shop.settings.limits.time.as_secs() }).into()
}

fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Base => "the base",
        Stage::WithTests => "the base with the tests",
        Stage::Head => "the change",
    }
}

const NOTHING_RAN: &str = "no required check applies to this change, so nothing can be proven: set burn.check.NAME.command, or widen its `when`";

fn cannot_run(result: &CheckResult) -> anyhow::Error {
    let CheckResult { name, command, ended, output, .. } = result;
    let said = output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it printed nothing");
    anyhow::anyhow!(
        "the check `{name}` cannot run here, so nothing could be proven: `{}` {ended}: {}\n\
         hint: correct burn.check.{name}.command or install what it needs; if the change itself has to bring it, give the \
         check a `when`",
        one_line(command),
        one_line(said)
    )
}

fn is_meant(check: &Check, path: &RepoPath) -> bool {
    check.when.iter().any(|glob| {
        let glob = globset::GlobBuilder::new(glob).literal_separator(true).build();
        glob.is_ok_and(|glob| glob.compile_matcher().is_match(&*path.to_text()))
    })
}

/// The base with only the change's test files; `None` when it has none, or nothing else.
fn with_tests(shop: &Shop<'_>, change: &Change) -> anyhow::Result<Option<CommitId>> {
    let tests = tests_of(change);
    if tests.files.is_empty() || tests.files.len() == change.files.len() {
        return Ok(None);
    }
    let tree = shop.repo.write_change(&shop.base.tree, &tests)?;
    shop.repo.draft_commit(&shop.base.commit, &tree, "the base with the tests of a change").map(Some)
}
