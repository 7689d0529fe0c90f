//! What becomes of a patch in the talk: it is placed, judged, committed and proven, or goes back to the model with the
//! reason.

use super::super::patching;
use super::super::prove::Verdict;
use super::super::shop::{Mode, Stop};
use super::super::whole::{self, Support};
use super::{Chances, Dialogue, Footing, Proven, red_names};
use crate::core::act::Act;
use crate::core::change::Change;
use crate::core::conversation::{Message, feedback};
use crate::core::event::Event;
use crate::core::guard::{self, Approved, ReviewContext, Violation};
use crate::core::held::HeldNote;
use crate::core::names::TreeId;
use crate::core::outcome::Outcome;
use crate::core::patch::{ApplyOptions, Care, Completeness, LineNumbers, Patch, Refusal};
use crate::core::report::pull;
use crate::core::task::COMMIT;
use crate::edge::model::Answer;
use crate::edge::repo::Committed;

impl Dialogue<'_, '_> {
    /// Takes a patch as far as it goes: placed on the draft, passed by the guard, committed, proven.
    ///
    /// # Errors
    /// [`Stop::Ended`] where the guard or the limits end the work, or something broke.
    pub(super) fn take(&mut self, text: &str, answer: &Answer) -> Result<Taken, Stop> {
        self.spent.attempts += 1;
        let turn = self.spent.turns;
        let completeness = answer.completeness().unwrap_or(Completeness::Unknown);
        let (draft, placed) = match self.place(text, completeness)? {
            Ok(placed) => placed,
            Err(refusal) => {
                let problems = refusal.problems.iter().map(ToString::to_string).collect();
                self.shop.emit(Event::PatchRefused { turn, problems })?;
                return Ok(Taken::Back(feedback::refused(&refusal.to_string())));
            }
        };
        let step = self.shop.repo.change_between(&self.footing.tree, &draft)?;
        self.shop.emit(Event::PatchPlaced { turn, counts: step.line_counts(), notes: placed.clone() })?;
        if step.files.is_empty() {
            return Ok(Taken::Back(feedback::no_change()));
        }
        let judged = match self.judge(step, &draft, answer)? {
            Ok(judged) => judged,
            Err(message) => return Ok(Taken::Back(message)),
        };
        self.draft = draft;
        self.notes.extend(placed);
        self.prove(judged, answer)
    }

    /// Has the guard look at what the commit changes and, where it does not stand on the base, at everything since.
    fn judge(&mut self, step: Change, draft: &TreeId, answer: &Answer) -> Result<Result<Judged, Message>, Stop> {
        let title = &self.about.issue.title;
        let about = ReviewContext { title, body: &self.demand, secrets: self.shop.secrets };
        // Nobody's word is heeded for what the commit itself changes.
        let step = match self.shop.settings.policy.review(step, &about) {
            Ok(step) => step,
            Err(violations) => return self.object(&violations, draft, answer).map(Err),
        };
        let whole = if self.footing.commit == self.shop.base.commit {
            step.clone()
        } else {
            let support = Support { branch: &self.footing.branch, approval: None };
            match whole::review(self.shop, draft, &about, support)? {
                Ok(whole) => whole,
                Err(violations) => return self.object(&violations, draft, answer).map(Err),
            }
        };
        let flags = whole.flags().iter().map(ToString::to_string);
        let flags = flags.chain(whole.waivers().iter().map(ToString::to_string)).collect();
        self.shop.emit(Event::GuardPassed { counts: whole.counts(), flags })?;
        Ok(Ok(Judged { whole, step }))
    }

    /// Places a patch on the draft, in memory and then as objects.
    fn place(
        &mut self,
        text: &str,
        completeness: Completeness,
    ) -> Result<Result<(TreeId, Vec<String>), Refusal>, Stop> {
        let patch = match Patch::parse(text.as_bytes(), completeness) {
            Ok(patch) => patch,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let seen = Some(self.seen.clone());
        let options = ApplyOptions { line_numbers: LineNumbers::Shown, care: Care::Model, seen };
        let applied = match patching::apply(self.shop.repo, &self.draft, &patch, &options)? {
            Ok(applied) => applied,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let tree = self.shop.repo.write_change(&self.draft, &applied.change)?;
        self.seen.extend(applied.change.paths().cloned());
        Ok(Ok((
            tree,
            applied.placements.iter().filter(|placement| placement.is_loose()).map(ToString::to_string).collect(),
        )))
    }

    /// What follows from what the guard has against a change; `draft` is the tree that comes of it. The message goes back
    /// to the model.
    fn object(&mut self, violations: &[Violation], draft: &TreeId, answer: &Answer) -> Result<Message, Stop> {
        let words: Vec<String> = violations.iter().map(ToString::to_string).collect();
        self.shop.emit(Event::GuardRefused { violations: words.clone() })?;
        match (guard::ending(violations), self.chances) {
            (Some(guard::Ending::Abort), _) => Err(Outcome::Refused { violations: words }.into()),
            (Some(guard::Ending::Retry), Chances::One) => {
                self.chances = Chances::None;
                Ok(feedback::findings(&words))
            }
            (Some(guard::Ending::Retry | guard::Ending::Escalate) | None, _) => self.hold(
                draft,
                HeldNote {
                    issue: self.about.issue.fingerprint().digest(),
                    model: answer.model.clone(),
                    violations: words,
                    claim: claim(answer.said()),
                    answers: self.footing.answers.clone(),
                },
            ),
        }
    }

    /// Keeps the change until a person decides about it: on the base or, if it is a revision, on the head of its branch.
    fn hold<T>(&mut self, draft: &TreeId, note: HeldNote) -> Result<T, Stop> {
        let issue = self.about.issue.number;
        let commit = self.shop.repo.draft_commit(&self.footing.commit, draft, &note.to_string())?;
        self.shop.perform(&Act::KeepDraft { issue, commit: commit.clone() })?;
        let why = match self.shop.mode {
            Mode::Real => note.reason(issue, &commit),
            // It is not kept: there is nothing to approve.
            Mode::DryRun => note.why(),
        };
        Err(Outcome::Held { why }.into())
    }

    fn prove(&mut self, judged: Judged, answer: &Answer) -> Result<Taken, Stop> {
        let Judged { whole: approved, step } = judged;
        let Footing { commit: footing, answers, .. } = &self.footing;
        let answers = answers.as_ref().map_or(&[][..], |answers| &answers.keys);
        let origins = pull::Origins { model: &answer.model, run: &self.shop.run, answers, approval: None };
        let message = pull::commit_message(&self.subject, step.change(), origins);
        let (commit, tree) = match self.shop.repo.commit(footing, &step, &message, self.shop.now()) {
            Ok(Committed { commit, tree }) => (commit, tree),
            Err(error) => {
                // Such as a signing key that was locked meanwhile: what was paid for is not lost.
                self.keep_draft()?;
                return Err(error.into());
            }
        };
        self.shop.tape.note(COMMIT, &self.shop.repo.making(&commit)?);
        self.shop.emit(Event::Committed { commit: commit.clone(), tree: tree.clone() })?;
        // Before the checks: whatever ends them, the next run finds the change here and asks nobody again.
        self.shop.perform(&Act::KeepDraft { issue: self.about.issue.number, commit: commit.clone() })?;
        match self.prover.prove(self.shop, &commit, &tree, &approved)? {
            Verdict::Proven(verified) => {
                let notes = self.reviewer_notes(&approved);
                let claim = claim(answer.said());
                Ok(Taken::Proven(Box::new(Proven { approved, verified, claim, notes, model: answer.model.clone() })))
            }
            Verdict::Red(results) => {
                self.last_red = Some(red_names(&results));
                self.keep_draft()?;
                Ok(Taken::Back(feedback::red(&results, &self.shop.nonce)))
            }
        }
    }

    fn reviewer_notes(&self, approved: &Approved) -> Vec<String> {
        let flags = approved.flags().iter().map(|flag| format!("Please look: {flag}"));
        let placed = self.notes.iter().map(|note| format!("Placed with care: {note}"));
        let words = approved.waivers().iter().map(ToString::to_string);
        flags.chain(placed).chain(words).collect()
    }
}

/// What the guard let pass.
struct Judged {
    /// Everything since the base.
    whole: Approved,
    /// What the commit itself changes.
    step: Approved,
}

/// What became of a patch.
pub(super) enum Taken {
    Proven(Box<Proven>),
    /// This goes back to the model.
    Back(Message),
}

/// What stands before the first block of an answer.
fn claim(answer: &str) -> String {
    let words = answer.split("```").next().unwrap_or_default();
    words
        .lines()
        .take_while(|line| !line.starts_with("diff ") && !line.starts_with("--- "))
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}
