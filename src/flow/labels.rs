//! The labels that git-burn moves: made on the forge where a person asks for it, and never otherwise.

use anyhow::Result;

use super::shop::{Labels, Shop, Stop};
use crate::core::act::Act;
use crate::edge::forge::Kind;

/// Makes those that the forge does not have yet, and returns their names.
///
/// # Errors
/// The labels cannot be read, or may not be made.
pub fn create_missing(shop: &mut Shop<'_>) -> Result<Vec<String>> {
    match shop.forge.kind() {
        Kind::Rest(_) => {}
        // There a label exists as soon as an issue carries it.
        Kind::Files => return Ok(Vec::new()),
    }
    let there = shop.forge.labels()?;
    let Labels { ready, review, clarify, blocked, reopened } = shop.settings.labels.clone();
    let mut missing = vec![ready, review, clarify, blocked, reopened];
    missing.retain(|label| !there.iter().any(|name| name.eq_ignore_ascii_case(label)));
    for label in &missing {
        shop.perform(&Act::CreateLabel { label: label.clone() }).map_err(Stop::into_error)?;
    }
    Ok(missing)
}
