//! `git burn continue` and `git burn abort`: unfinished work goes on, or is given up.

use super::args::work::{Abort, Continue, Work};
use super::context::Context;
use super::error::{Exit, Explained, explain};
use super::session::{Models, Session, sink};
use crate::core::freshness::Insistence;
use crate::core::names::IssueNumber;
use crate::edge::repo::Repo;
use crate::flow::burn::burn;
use crate::flow::drop_draft_here;
use crate::flow::resume::{Aborted, Unfinished, abort, kind, unfinished};
use crate::flow::revise::{Revised, revise};

/// Goes on with a draft.
pub fn run_continue(args: &Continue, context: &Context) -> anyhow::Result<Exit> {
    let issue = choose(args.number, &unfinished(&context.open_repo()?)?)?;
    let session = Session::open(context, &args.work, None, Models::Asked)?;
    let ended = match kind(&session.repo, issue)? {
        Unfinished::Change => {
            session.run(context, "continue", |shop| burn(shop, issue, Insistence::Named).map(Revised::Ended))?
        }
        Unfinished::Revision => {
            session.refuse_unreached()?;
            session.run(context, "continue", |shop| revise(shop, issue))?
        }
    };
    let exit = match ended {
        Revised::Ended(outcome) => Exit::from(&outcome),
        Revised::Nothing { why } => {
            context.tell(&format!("nothing to do: {why}; `git burn abort {issue}` drops the draft"));
            Exit::Done
        }
    };
    session.finish(context, exit)
}

/// Gives a draft up, with the claim that a dead run left.
pub fn run_abort(args: &Abort, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let drafts = unfinished(&repo)?;
    // A claim may be left although there is no draft: a number that is given is believed.
    let issue = args.number.map_or_else(|| choose(None, &drafts), Ok)?;
    let is_kept = drafts.contains(&issue);
    let exit = match Session::open(context, &Work::default(), None, Models::NotAsked) {
        // Whatever keeps us from the forge: the draft is only here.
        Err(problem) if is_kept => drop_here(issue, &repo, &problem, context)?,
        Err(problem) => return Err(problem),
        Ok(session) => match give_up(issue, &session, context) {
            Err(problem) if is_kept && is_silence(&problem) => drop_here(issue, &repo, &problem, context)?,
            ended => ended?,
        },
    };
    context.tell(&format!("the work on #{issue} is given up"));
    Ok(exit)
}

fn give_up(issue: IssueNumber, session: &Session, context: &Context) -> anyhow::Result<Exit> {
    session.run(context, "abort", |shop| match abort(shop, issue)? {
        Aborted::GivenUp => Ok(()),
        Aborted::Nothing => Err(none_on(issue).into()),
    })?;
    session.finish(context, Exit::Done)
}

/// Whether the remote said nothing, or nothing to us.
fn is_silence(problem: &anyhow::Error) -> bool {
    matches!(explain(problem).exit, Exit::Unreachable | Exit::Credentials)
}

/// Drops the draft, and nothing else.
fn drop_here(issue: IssueNumber, repo: &Repo, problem: &anyhow::Error, context: &Context) -> anyhow::Result<Exit> {
    drop_draft_here(repo, issue, &mut *sink(context, repo))?;
    let why = explain(problem).message;
    context.tell(&format!("warning: a claim that a dead run left could not be looked at, and ends by itself: {why}"));
    Ok(Exit::Done)
}

fn choose(asked: Option<IssueNumber>, drafts: &[IssueNumber]) -> anyhow::Result<IssueNumber> {
    let listed = || drafts.iter().map(|number| format!("#{number}")).collect::<Vec<_>>().join(", ");
    let problem = match (asked, drafts) {
        (Some(number), _) if drafts.contains(&number) => return Ok(number),
        (None, [only]) => return Ok(*only),
        (Some(number), _) => return Err(none_on(number).into()),
        (None, []) => "there is no unfinished work".to_owned(),
        (None, _) => format!("there is unfinished work on {}: name one", listed()),
    };
    Err(no(problem).into())
}

fn none_on(issue: IssueNumber) -> Explained {
    no(format!("there is no unfinished work on #{issue}"))
}

fn no(problem: String) -> Explained {
    Explained::new(Exit::No, problem).hint("`git burn status` shows what is unfinished")
}
