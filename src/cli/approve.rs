//! `git burn approve`: a person's word for a change that the guard held.

use super::args::work::Approve;
use super::context::Context;
use super::error::Exit;
use super::session::{Models, Session};
use crate::flow::approve::approve;

/// Proves and publishes the held change; no model is asked.
pub fn run(args: &Approve, context: &Context) -> anyhow::Result<Exit> {
    let session = Session::open(context, &args.work, None, Models::NotAsked)?;
    session.refuse_unreached()?;
    let by = session.holder();
    let outcome = session.run(context, "approve", |shop| approve(shop, args.number, &args.digest, &by))?;
    session.finish(context, Exit::from(&outcome))
}
