//! The best ready issue: ranked, and the first that nobody else has is worked on.

use std::collections::BTreeSet;

use super::burn::burn;
use super::shop::Shop;
use crate::core::event::Event;
use crate::core::freshness::Insistence;
use crate::core::issue::{Issue, Pick};
use crate::core::names::IssueNumber;
use crate::core::outcome::Outcome;
use crate::core::triage::{Assessment, Surroundings, assess, order};

/// Issues that are read at most.
const MOST: usize = 10_000;

/// Works on the first issue, best first, that turns out to be free; `None`: there is nothing to do.
///
/// # Errors
/// Something broke.
pub fn next(shop: &mut Shop<'_>, pick: &Pick) -> anyhow::Result<Option<Outcome>> {
    for number in ready(shop, pick)? {
        let reason = match burn(shop, number, Insistence::Picked)? {
            Outcome::NotReady { why } => why,
            Outcome::Taken { by } => by,
            Outcome::AlreadyFixed { evidence } => evidence,
            outcome @ (Outcome::Published { .. }
            | Outcome::KeptLocal { .. }
            | Outcome::NeedsClarification { .. }
            | Outcome::Held { .. }
            | Outcome::Changed { .. }
            | Outcome::Refused { .. }
            | Outcome::ChecksRed { .. }
            | Outcome::NoPatch { .. }
            | Outcome::OutOfBudget { .. }
            | Outcome::Interrupted) => return Ok(Some(outcome)),
        };
        shop.emit(Event::IssueSkipped { issue: number, reason })?;
    }
    Ok(None)
}

/// The ready issues, best first.
///
/// # Errors
/// The forge cannot be read.
pub fn ready(shop: &mut Shop<'_>, pick: &Pick) -> anyhow::Result<Vec<IssueNumber>> {
    let listing = shop.forge.issues(&Pick::default(), MOST)?;
    for remark in listing.remarks {
        shop.warn(remark)?;
    }
    let open: BTreeSet<IssueNumber> = listing.issues.iter().map(|issue| issue.number).collect();
    let around = Surroundings { open, ..Surroundings::default() };
    let judge = |issue: &Issue| assess(issue, &shop.settings.rules, &around, shop.now());
    let all: Vec<Assessment> = listing.issues.iter().filter(|issue| pick.admits(issue)).map(judge).collect();
    let worth = |one: &&Assessment| one.readiness.is_workable() || one.readiness.is_unclear();
    Ok(order(&all).indices.into_iter().map(|index| &all[index]).filter(worth).map(|one| one.number).collect())
}
