//! The best ready issue: ranked, and the first that nobody else has is worked on.

use super::burn::burn;
use super::shop::Shop;
use super::sprint::Candidate;
use super::survey::survey_and_tell;
use crate::core::event::Event;
use crate::core::freshness::Insistence;
use crate::core::issue::Pick;
use crate::core::outcome::Outcome;

/// Works on the first issue, best first, that turns out to be free; `None`: there is nothing to do.
///
/// # Errors
/// Something broke.
pub fn next(shop: &mut Shop<'_>, pick: &Pick) -> anyhow::Result<Option<Outcome>> {
    let survey = survey_and_tell(shop, pick)?;
    for Candidate { issue: number, .. } in survey.candidates() {
        let reason = match burn(shop, number, Insistence::Picked)? {
            Outcome::NotReady { why } => why,
            Outcome::Taken { by } => by,
            Outcome::AlreadyFixed { evidence } => evidence,
            outcome @ (Outcome::Published { .. }
            | Outcome::KeptLocal { .. }
            | Outcome::FixHolds { .. }
            | Outcome::NeedsClarification { .. }
            | Outcome::Held { .. }
            | Outcome::Changed { .. }
            | Outcome::Refused { .. }
            | Outcome::ChecksRed { .. }
            | Outcome::CheckoutChanged { .. }
            | Outcome::NoPatch { .. }
            | Outcome::OutOfBudget { .. }
            | Outcome::Interrupted) => return Ok(Some(outcome)),
        };
        shop.emit(Event::IssueSkipped { issue: number, reason })?;
    }
    Ok(None)
}
