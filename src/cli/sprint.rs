//! `git burn sprint`: ready issues, one after the other or side by side, until nothing is left or a limit says stop.

use anyhow::Context as _;

use super::args::work::{Sprint as Args, Work};
use super::context::{Context, clock};
use super::error::{Exit, explain, usage};
use super::features::Features;
use super::render::json::line;
use super::session::{Models, Session, sink};
use super::settings::{limits, triage};
use super::values;
use crate::core::budget::Cost;
use crate::core::event::{Event, Sink};
use crate::core::freshness::Insistence;
use crate::core::names::IssueNumber;
use crate::core::sprint::{Burned, Ended, Limits, Share, SprintResult};
use crate::core::text::one_line;
use crate::edge::workers::SharedSink;
use crate::flow::burn::burn;
use crate::flow::sprint::{Candidate, Listener, Sprint, Team, sprint};
use crate::flow::survey::survey;

/// The circuit breaker.
const SAME_FAILURES: u32 = 3;

/// Runs a sprint.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let Some(file) = &args.features else { return run_on(args, context) };
    let repo = context.open_repo()?;
    let labels = triage::rules(&context.personal_config(&repo)?, None);
    let features = Features::open(file, context, &labels.ready_label)?;
    let work = Work { issues: Some(features.issues.clone()), ..args.work.clone() };
    let exit = run_on(&Args { work, ..args.clone() }, context)?;
    let review = triage::review_label(&context.personal_config(&repo)?);
    let (copy, passing, all) = features.finish(&review)?;
    context.tell(&format!("{passing} of {all} features pass: {}", copy.display()));
    Ok(exit)
}

/// The sprint itself.
fn run_on(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let session = Session::open(context, &args.work, args.pick.min_score, Models::Asked)?;
    let limits = all_limits(args, &session)?;
    let pick = triage::pick(&args.pick);
    let mut shown = sink(context, &session.repo);
    let shared = SharedSink::new(&mut *shown);
    let clock = clock();
    let mut list = || {
        let survey = survey(&session.connected.forge, &pick, &session.settings.rules, (clock.now)())?;
        survey.remarks.iter().for_each(|remark| context.tell(&format!("warning: {}", one_line(remark))));
        Ok(survey.candidates())
    };
    let work = |(candidate, share): (Candidate, Share)| one(candidate, share, args, context, &shared);
    let mut told = |burned: &Burned| tell(burned, context);
    let each = Share { tokens: Some(session.settings.limits.tokens), cost: session.settings.limits.cost };
    let plan = Sprint { limits: &limits, each, jobs: args.jobs.get(), run: session.id(), clock, stop: session.stop() };
    let result = sprint(plan, Team { list: &mut list, work: &work, told: &mut told })?;
    Ok(session.signalled(finish(&result, args, context)?))
}

/// What all issues together may use up.
fn all_limits(args: &Args, session: &Session) -> anyhow::Result<Limits> {
    let issues = match args.pick.limit {
        Some(limit) => u32::try_from(limit).unwrap_or(u32::MAX),
        None => limits::issues(&session.config)?,
    };
    let time = args.for_time.as_deref().map(values::duration).transpose().map_err(usage)?;
    let cost = args.all_cost.as_deref().map(Cost::parse).transpose().map_err(usage)?;
    Ok(Limits { issues, tokens: args.all_tokens, cost, time, same_failures: SAME_FAILURES })
}

/// One issue, with everything opened anew: it starts from the newest base, and threads share nothing.
fn one(candidate: Candidate, share: Share, args: &Args, context: &Context, shared: &SharedSink<'_>) -> Burned {
    let issue = candidate.issue;
    let events = match (context.common.json, args.jobs.get()) {
        (true, _) => Events::All,
        (false, 1) => Events::Steps,
        (false, _) => Events::Issues,
    };
    let mut passed_on = Passed { issue, events, shared };
    let mut listener = Listener::new(candidate, &mut passed_on);
    let outcome = Session::open(context, &args.work, args.pick.min_score, Models::Asked).and_then(|mut session| {
        let limits = &mut session.settings.limits;
        (limits.tokens, limits.cost) = (share.tokens.unwrap_or(limits.tokens), share.cost);
        let outcome = session.run_telling(&mut listener, "sprint", |shop| burn(shop, issue, Insistence::Picked))?;
        // What was done is done, even if the record of it cannot be ended.
        let _ = session.finish_telling(&mut listener, Exit::from(&outcome));
        Ok(outcome)
    });
    listener.finish(match outcome {
        Ok(outcome) => Ended::Outcome(outcome),
        Err(error) => {
            let told = explain(&error);
            Ended::Broken { broken: told.message, exit: told.exit.status() }
        }
    })
}

/// Which events of an issue are passed on. Addresses of pull requests stand in the report, where people read them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Events {
    All,
    Steps,
    /// Side by side, the steps of several issues would be a jumble for people. The journals have them.
    Issues,
}

struct Passed<'a, 's> {
    issue: IssueNumber,
    events: Events,
    shared: &'a SharedSink<'s>,
}

impl Sink for Passed<'_, '_> {
    fn emit(&mut self, event: &Event) -> anyhow::Result<()> {
        let of_issue = matches!(
            event,
            Event::IssueStarted { .. }
                | Event::IssueSkipped { .. }
                | Event::IssueFinished { .. }
                | Event::Warning { .. }
        );
        let wanted = match self.events {
            Events::All => true,
            Events::Steps => !matches!(event, Event::Result { .. }),
            Events::Issues => of_issue,
        };
        match wanted {
            true => self.shared.emit(&Event::On { issue: self.issue, inner: Box::new(event.clone()) }),
            false => Ok(()),
        }
    }
}

/// What broke has no event of its own.
fn tell(burned: &Burned, context: &Context) {
    let Burned { issue, ended, .. } = burned;
    if let (Ended::Broken { .. }, false) = (ended, context.common.json) {
        context.tell(&format!("#{issue} {}", one_line(&ended.sentence())));
    }
}

fn finish(result: &SprintResult, args: &Args, context: &Context) -> anyhow::Result<Exit> {
    if let Some(file) = &args.report {
        let file = context.cwd.join(file);
        std::fs::write(&file, result.report()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    match context.common.json {
        true => context.terminal.write_out(line("sprint_finished", result).as_bytes())?,
        false => context.terminal.write_out(result.report().as_bytes())?,
    }
    Ok(Exit::of_status(result.exit_code()))
}
