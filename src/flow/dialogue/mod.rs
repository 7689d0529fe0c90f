//! The talk with the model, until its patch is approved, committed and proven, or a limit ends it.

mod taking;

use std::collections::BTreeSet;

use self::taking::Taken;
use super::asking::{Asker, Question, Unanswered};
use super::looks::Scene;
use super::prove::Prover;
use super::shop::{Shop, Stop};
use crate::core::act::Act;
use crate::core::budget::{Exhausted, Spent};
use crate::core::checks::{CheckResult, Stage, Verified};
use crate::core::conversation::{Conversation, Evidence, Looks, Message, Reply, feedback, looked};
use crate::core::event::Event;
use crate::core::guard::Approved;
use crate::core::names::{CommitId, RepoPath, TreeId};
use crate::core::outcome::Outcome;
use crate::core::patch;
use crate::core::report::About;
use crate::core::review::Answers;
use crate::edge::model::{self, Answer};
use crate::edge::repo::{Base, Commit};

/// A change that is approved, committed and proven, with what its reviewers are told.
#[derive(Debug)]
pub(super) struct Proven {
    /// Everything since the base.
    pub approved: Approved,
    pub verified: Verified,
    /// The model's own words around its patch.
    pub claim: String,
    /// What was moved or loosened to place it, and the guard's flags.
    pub notes: Vec<String>,
    pub model: String,
}

/// What the new commit stands on, and what it says it answers.
#[derive(Debug, Clone)]
pub(super) struct Footing {
    pub commit: CommitId,
    pub tree: TreeId,
    /// What the commit and its branch have since the base, newest first; nothing where it is the base.
    pub branch: Vec<Commit>,
    /// Reviewers' words; none for the first commit.
    pub answers: Option<Answers>,
}

impl Footing {
    /// The base itself, for a change that begins.
    pub(super) fn base(base: &Base) -> Self {
        Self { commit: base.commit.clone(), tree: base.tree.clone(), branch: Vec::new(), answers: None }
    }
}

/// What a talk begins with.
pub(super) struct Start {
    pub opening: Conversation,
    /// Files that the opening shows.
    pub shown: BTreeSet<RepoPath>,
    /// Of the commit that comes of it.
    pub subject: String,
    /// What people ask for, in their words: some of the guard's decisions depend on it.
    pub demand: String,
    pub footing: Footing,
    /// Its rehearsal on the base is over.
    pub prover: Prover,
}

/// One talk about one issue.
pub(super) struct Dialogue<'s, 'a> {
    shop: &'s mut Shop<'a>,
    about: About<'s>,
    spent: &'s mut Spent,
    conversation: Conversation,
    footing: Footing,
    demand: String,
    /// What the footing holds with all patches that were taken so far.
    draft: TreeId,
    /// Files that the model has been shown: it may edit only these.
    seen: BTreeSet<RepoPath>,
    prover: Prover,
    chances: Chances,
    notes: Vec<String>,
    subject: String,
    asker: Asker,
    /// Answers in a row of which nothing could be used.
    wasted: u32,
    /// Names of the checks that were red last.
    last_red: Option<Vec<String>>,
}

/// After so many answers in a row of which nothing can be used the next one is not paid for.
const MOST_WASTED: u32 = 3;

/// How often the guard may still send a change back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chances {
    One,
    None,
}

impl<'s, 'a> Dialogue<'s, 'a> {
    /// A talk that begins with the opening, and with a draft that an earlier run left.
    pub(super) fn new(
        shop: &'s mut Shop<'a>,
        about: About<'s>,
        spent: &'s mut Spent,
        start: Start,
        asker: Asker,
    ) -> Self {
        let Start { opening, shown, subject, demand, footing, prover } = start;
        let draft = footing.tree.clone();
        Self {
            shop,
            about,
            spent,
            conversation: opening,
            footing,
            demand,
            draft,
            seen: shown,
            prover,
            chances: Chances::One,
            notes: Vec::new(),
            subject,
            asker,
            wasted: 0,
            last_red: None,
        }
    }

    /// Goes on from a draft that an earlier run left, which the model is shown as a diff.
    ///
    /// # Errors
    /// The draft's tree cannot be read.
    pub(super) fn resume(&mut self, draft: TreeId) -> anyhow::Result<()> {
        let change = self.shop.repo.change_between(&self.footing.tree, &draft)?;
        let style = patch::Style { context: 3, binaries: patch::Binaries::Named };
        let diff = patch::write_diff(&change, style);
        self.seen.extend(change.paths().cloned());
        self.conversation.push(feedback::draft(&String::from_utf8_lossy(&diff)));
        self.draft = draft;
        Ok(())
    }

    /// Talks until something is proven.
    ///
    /// # Errors
    /// [`Stop::Ended`] with every other ending; the draft is kept where it can be continued.
    pub(super) fn run(mut self) -> Result<Proven, Stop> {
        loop {
            self.shop.heed_signals()?;
            let answer = self.ask()?;
            let (message, action) = match answer.reply() {
                Ok(reply) => (Message::answer(answer.said()), reply),
                Err(stop) => {
                    self.unfinished(stop, &answer)?;
                    continue;
                }
            };
            self.conversation.push(message);
            if !matches!(action, Reply::Unusable(_)) {
                self.wasted = 0;
            }
            let mut back = match action {
                Reply::Look(looks) => self.look(&looks)?,
                Reply::Patch(text) => match self.take(&text, &answer)? {
                    Taken::Proven(proven) => return Ok(*proven),
                    Taken::Back(message) => message,
                },
                Reply::Ask(questions) => return Err(Outcome::NeedsClarification { questions }.into()),
                Reply::Done(evidence) => self.done(evidence)?,
                Reply::Unusable(confusion) => {
                    self.unusable(confusion.to_string())?;
                    feedback::nudge(&confusion)
                }
            };
            let left = self.shop.settings.limits.turns.saturating_sub(self.spent.turns);
            back.text.extend(feedback::turns_left(left));
            self.conversation.push(back);
        }
    }

    /// An answer that did not end well is never used. A refusal is not argued with.
    fn unfinished(&mut self, stop: &model::Stop, answer: &Answer) -> Result<(), Stop> {
        self.unusable(stop.to_string())?;
        match stop {
            model::Stop::Refused(_) => self.give_up(stop.to_string()),
            model::Stop::Length
            | model::Stop::ContextFull
            | model::Stop::Paused
            | model::Stop::End
            | model::Stop::Unstated
            | model::Stop::ToolCall => {
                let used = answer.usage.map_or(0, |usage| usage.output);
                self.conversation.push(feedback::too_long(used));
                Ok(())
            }
        }
    }

    /// Tells that an answer was of no use, and ends the talk where the model does nothing else.
    fn unusable(&mut self, problem: String) -> Result<(), Stop> {
        self.wasted += 1;
        self.shop.emit(Event::ReplyUnusable { turn: self.spent.turns, problem: problem.clone() })?;
        if self.wasted < MOST_WASTED {
            return Ok(());
        }
        self.give_up(format!("{MOST_WASTED} answers in a row were of no use; the last one: {problem}"))
    }

    fn give_up(&mut self, why: String) -> Result<(), Stop> {
        self.keep_draft()?;
        Err(Outcome::NoPatch { why }.into())
    }

    fn look(&mut self, looks: &Looks) -> Result<Message, Stop> {
        let scene = Scene { repo: self.shop.repo, draft: &self.draft, base: &self.footing.commit };
        let results = looks.wanted.iter().map(|look| scene.look(look)).collect::<anyhow::Result<Vec<_>>>()?;
        self.seen.extend(results.iter().flat_map(|result| result.found.shown()).cloned());
        let words = looks.wanted.iter().map(ToString::to_string).collect();
        self.shop.emit(Event::Looked { turn: self.spent.turns, looks: words })?;
        Ok(looked(&results, looks))
    }

    /// The model says that it is fixed already: believed only with a commit that exists, below what it works on.
    fn done(&mut self, evidence: Evidence) -> Result<Message, Stop> {
        let repo = self.shop.repo;
        let base = &self.footing.commit;
        let on_base = |text: &String| {
            let commit = repo.resolve(text).ok()?;
            repo.merge_base(&commit, base).ok().filter(|found| *found == commit)
        };
        match evidence.commits.iter().find_map(on_base) {
            Some(commit) => {
                let evidence = format!("commit {}: {}", commit.short(), evidence.text.trim());
                Err(Outcome::AlreadyFixed { evidence }.into())
            }
            None => Ok(feedback::unproven_claim()),
        }
    }

    /// So that a later run can go on from here.
    fn keep_draft(&mut self) -> Result<(), Stop> {
        let note = match &self.footing.answers {
            None => "unfinished draft of git-burn".to_owned(),
            Some(answers) => format!("unfinished revision of git-burn\n\n{}\n", answers.trailer()),
        };
        let commit = self.shop.repo.draft_commit(&self.footing.commit, &self.draft, &note)?;
        self.shop.perform(&Act::KeepDraft { issue: self.about.issue.number, commit }).map(drop)
    }

    /// Asks, and keeps the draft when no answer is to be had.
    fn ask(&mut self) -> Result<Answer, Stop> {
        let issue = self.about.issue.number;
        let question = Question { shop: self.shop, spent: self.spent, conversation: &mut self.conversation, issue };
        let stop = match self.asker.ask(question) {
            Ok(answer) => return Ok(answer),
            Err(Unanswered::Stop(stop)) => return Err(stop),
            Err(Unanswered::Exhausted(why)) => self.exhausted(&why).into(),
            Err(Unanswered::Broke(error)) => Stop::Broke(error.into()),
        };
        self.keep_draft()?;
        Err(stop)
    }

    /// Attempts used up on red checks or bad patches is a "no"; everything else can be continued.
    fn exhausted(&self, why: &Exhausted) -> Outcome {
        match (why, &self.last_red) {
            (Exhausted::Attempts { .. }, Some(red)) => Outcome::ChecksRed { checks: red.clone() },
            (Exhausted::Attempts { .. }, None) => Outcome::NoPatch { why: why.to_string() },
            (
                Exhausted::Turns { .. }
                | Exhausted::Time { .. }
                | Exhausted::Tokens { .. }
                | Exhausted::Cost { .. }
                | Exhausted::UnknownPrice
                | Exhausted::Context { .. },
                _,
            ) => Outcome::out_of(why),
        }
    }
}

/// Required checks that did not pass on the whole change.
pub(super) fn red_names(results: &[CheckResult]) -> Vec<String> {
    let red = |result: &&CheckResult| result.stage == Stage::Head && result.is_red();
    let told = |result: &CheckResult| {
        let before = if result.was_red_before(results) { ", without the change as well" } else { "" };
        format!("{}: {}{before}", result.name, result.ended)
    };
    results.iter().filter(red).map(told).collect()
}
