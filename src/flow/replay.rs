//! A recorded run again: what was to be done then, with the answers of then.

use super::burn::burn;
use super::revise::{Revised, revise};
use super::shop::Shop;
use crate::core::freshness::Insistence;
use crate::core::outcome::Outcome;
use crate::core::task::Task;

/// Does one piece of work again. `None`: there was nothing to do.
///
/// # Errors
/// The record does not answer a question, or something broke.
pub fn again(shop: &mut Shop<'_>, task: Task) -> anyhow::Result<Option<Outcome>> {
    match task {
        Task::Named { number } => burn(shop, number, Insistence::Named).map(Some),
        Task::Picked { number } => burn(shop, number, Insistence::Picked).map(Some),
        Task::Revise { number } => match revise(shop, number)? {
            Revised::Ended(outcome) => Ok(Some(outcome)),
            Revised::Nothing { .. } => Ok(None),
        },
    }
}
