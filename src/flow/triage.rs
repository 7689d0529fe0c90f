//! One round of triage: reads the backlog, decides, and, where asked to, says so on each issue and carries it out.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::gate;
use super::replies::override_in;
use super::shop::{Shop, Stop};
use super::survey::{Survey, survey_and_tell};
use crate::core::act::{Act, Step};
use crate::core::closing::{ClosePermit, OldSummaries};
use crate::core::issue::{Comment, Issue, Pick};
use crate::core::names::IssueNumber;
use crate::core::report::{self, About};
use crate::core::triage::{
    Assessment, Decision, Done, Override, Routing, Surroundings, Taken, assess, audit_comment, decide, marked, order,
    summary_body, summary_day, summary_title, was_posted,
};
use crate::edge::forge::{ForgeError, Trouble};

/// What a round of triage is to do.
#[derive(Debug, Clone)]
pub struct Round<'a> {
    pub pick: &'a Pick,
    /// Only these; empty: all. A decision that a person has undone is carried out again for an issue that is named.
    pub only: &'a [IssueNumber],
    pub routing: &'a Routing,
    pub writing: Writing,
    pub labels: Labels,
    pub summary: Summary,
    pub old_summaries: OldSummaries,
}

/// Whether decisions are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// They are only told.
    Tell,
    Apply,
}

/// What happens when a label does not exist on the forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// The decision fails.
    Existing,
    Create,
}

/// Whether the daily summary is posted, if there is none yet for the UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    None,
    Post,
}

/// What came of a round.
#[derive(Debug, Clone)]
pub struct Report {
    pub survey: Survey,
    /// In the order of work.
    pub taken: Vec<Taken>,
    /// The text of the summary, whether or not it was posted.
    pub summary: String,
}

/// Runs a round.
///
/// # Errors
/// The forge cannot be read, is out of reach, or refuses the credential. What fails for one issue is a value of its
/// [`Taken`], and the rest goes on.
pub fn triage(shop: &mut Shop<'_>, round: &Round<'_>) -> Result<Report> {
    let mut survey = survey_and_tell(shop, round.pick)?;
    if let Some(missing) = round.only.iter().find(|number| !survey.issues.iter().any(|issue| issue.number == **number))
    {
        anyhow::bail!("#{missing} is no open issue that triage looks at\nhint: git burn list --all");
    }
    let desk = Desk {
        own_login: shop.forge.me()?.login,
        labels: shop.forge.labels()?.into_iter().map(|label| label.to_lowercase()).collect(),
        open: survey.open.clone(),
        overrides: survey.overrides.clone(),
        round,
    };
    let mut taken = Vec::new();
    for index in survey.order.indices.clone() {
        let issue = &survey.issues[index];
        if !round.only.is_empty() && !round.only.contains(&issue.number) {
            continue;
        }
        let (assessment, one) = desk.one(shop, issue, &survey.assessments[index])?;
        survey.assessments[index] = assessment;
        taken.push(one);
    }
    survey.order = order(&survey.assessments);
    let summary = summary_body(shop.now(), &survey.assessments, &survey.order, &taken);
    if round.summary == Summary::Post {
        post_summary(shop, &survey, &summary)?;
        close_old_summaries(shop, &survey, round.old_summaries)?;
    }
    Ok(Report { survey, taken, summary })
}

/// Once a UTC day.
fn post_summary(shop: &mut Shop<'_>, survey: &Survey, summary: &str) -> Result<()> {
    let now = shop.now();
    let today = now.date();
    if survey.summaries.iter().any(|issue| summary_day(issue) == Some(&today)) {
        return Ok(());
    }
    let act = Act::OpenIssue { title: summary_title(now), body: summary.to_owned(), labels: Vec::new() };
    shop.perform(&act).map(drop).map_err(Stop::into_error)
}

fn close_old_summaries(shop: &mut Shop<'_>, survey: &Survey, wanted: OldSummaries) -> Result<()> {
    for summary in &survey.summaries {
        let own = &shop.settings.rules.own_logins;
        if let Some(permit) = ClosePermit::outdated(wanted, summary, own, shop.now()) {
            let act = Act::CloseIssue { issue: summary.number, permit };
            shop.perform(&act).map_err(Stop::into_error)?;
        }
    }
    Ok(())
}

/// What decisions need to know of the forge.
struct Desk<'a> {
    own_login: String,
    /// In lower case.
    labels: BTreeSet<String>,
    open: BTreeSet<IssueNumber>,
    /// Those of lately; they count in the first assessments already.
    overrides: BTreeMap<IssueNumber, Override>,
    round: &'a Round<'a>,
}

impl Desk<'_> {
    fn one(&self, shop: &mut Shop<'_>, issue: &Issue, first: &Assessment) -> Result<(Assessment, Taken)> {
        match self.decided(shop, issue, first) {
            Ok(found) => Ok(found),
            Err(error) if is_for_all(&error) => Err(error),
            Err(error) => {
                let decision = Decision::Leave { why: "it could not be decided".into() };
                let done = Done::Failed { problem: format!("{error:#}") };
                Ok((first.clone(), Taken { issue: issue.number, decision, done }))
            }
        }
    }

    fn decided(&self, shop: &mut Shop<'_>, issue: &Issue, first: &Assessment) -> Result<(Assessment, Taken)> {
        let rules = &shop.settings.rules;
        let decision = decide(first, issue, rules, self.round.routing, self.overrides.get(&issue.number));
        if matches!(decision, Decision::Leave { .. }) {
            let taken = Taken { issue: issue.number, decision, done: Done::Nothing };
            return Ok((first.clone(), taken));
        }
        let comments = gate::comments(shop.forge, issue)?;
        let said = override_in(shop.forge, &comments)?;
        let assessment = match &said {
            None => first.clone(),
            Some(said) => {
                let overrides = BTreeMap::from([(issue.number, said.clone())]);
                let around = Surroundings { open: self.open.clone(), overrides, ..Surroundings::default() };
                assess(issue, rules, &around, shop.now())
            }
        };
        let decision = decide(&assessment, issue, rules, self.round.routing, said.as_ref());
        let done = self.done(shop, issue, &assessment, &decision, &comments)?;
        Ok((assessment, Taken { issue: issue.number, decision, done }))
    }

    /// Carries a decision out, unless that was done before.
    fn done(
        &self,
        shop: &mut Shop<'_>,
        issue: &Issue,
        assessment: &Assessment,
        decision: &Decision,
        comments: &[Comment],
    ) -> Result<Done> {
        if matches!(decision, Decision::Leave { .. }) {
            return Ok(Done::Nothing);
        }
        let named = self.round.only.contains(&issue.number);
        if was_posted(decision, comments, &self.own_login) {
            match decision {
                // It would not have been decided again if its label or assignee were there.
                Decision::Route { .. } if !named => return Ok(Done::Undone),
                Decision::Flag { .. } => return Ok(Done::Before),
                Decision::Clarify { .. } if !named => return Ok(Done::Undone),
                Decision::Route { .. } | Decision::Clarify { .. } | Decision::Leave { .. } => {}
            }
        }
        let acts = self.acts(shop, issue, assessment, decision);
        if let Some(label) = acts.iter().find_map(|act| self.unknown_label(act)) {
            return Ok(Done::Failed { problem: format!("there is no label `{label}`; --create-labels makes it") });
        }
        match self.round.writing {
            Writing::Tell => Ok(Done::Now),
            Writing::Apply => {
                for act in acts {
                    shop.perform(&act).map_err(Stop::into_error)?;
                }
                Ok(Done::Now)
            }
        }
    }

    fn unknown_label(&self, act: &Act) -> Option<String> {
        match (act, self.round.labels) {
            (Act::AddLabel { label, .. }, Labels::Existing) if !self.labels.contains(&label.to_lowercase()) => {
                Some(label.clone())
            }
            _ => None,
        }
    }

    /// The comment first, then the changes that it announces.
    fn acts(&self, shop: &Shop<'_>, issue: &Issue, assessment: &Assessment, decision: &Decision) -> Vec<Act> {
        let number = issue.number;
        let labels = &shop.settings.labels;
        let (step, body) = match decision {
            Decision::Clarify { questions } => {
                (Step::Clarify, marked(&questions_text(shop, issue, assessment, questions), decision))
            }
            Decision::Route { .. } | Decision::Flag { .. } | Decision::Leave { .. } => {
                (Step::Triage, audit_comment(assessment, decision))
            }
        };
        let comment = Act::Comment { on: number, step, body };
        let (add, remove, assign) = match decision {
            Decision::Route { assign, label } => (label.clone(), None, assign.clone()),
            Decision::Clarify { .. } => (Some(labels.clarify.clone()), Some(labels.ready.clone()), None),
            Decision::Flag { .. } | Decision::Leave { .. } => (None, None, None),
        };
        let create = add
            .clone()
            .filter(|label| self.round.labels == Labels::Create && !self.labels.contains(&label.to_lowercase()));
        let changes = [
            create.map(|label| Act::CreateLabel { label }),
            add.map(|label| Act::AddLabel { issue: number, label }),
            remove.filter(|label| issue.has_label(label)).map(|label| Act::RemoveLabel { issue: number, label }),
            assign.map(|login| Act::Assign { issue: number, login }),
        ];
        std::iter::once(comment).chain(changes.into_iter().flatten()).collect()
    }
}

/// The questions as `next` would ask them.
fn questions_text(shop: &Shop<'_>, issue: &Issue, assessment: &Assessment, questions: &[String]) -> String {
    let about = About { issue, assessment: Some(assessment), now: shop.now() };
    report::clarification(&shop.settings.templates, about, questions, &shop.settings.labels.ready)
}

/// Whether every further issue would fail the same way.
fn is_for_all(error: &anyhow::Error) -> bool {
    let trouble = error.chain().find_map(|cause| cause.downcast_ref::<ForgeError>()).map(|error| &error.trouble);
    match trouble {
        Some(Trouble::Credentials | Trouble::RateLimited { .. } | Trouble::Unreachable | Trouble::NotAnApi) => true,
        Some(
            Trouble::Forbidden { .. }
            | Trouble::Missing
            | Trouble::Conflict
            | Trouble::Refused { .. }
            | Trouble::UnknownLabel { .. }
            | Trouble::NotAssignable { .. }
            | Trouble::Busy
            | Trouble::Malformed { .. },
        )
        | None => false,
    }
}
