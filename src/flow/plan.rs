//! The analysis of an issue, without work on it.

use super::shop::Shop;
use super::{briefing, gate};
use crate::core::names::IssueNumber;
use crate::core::report::{self, About, Findings};

/// The analysis as it would be posted.
///
/// # Errors
/// The issue or the repository cannot be read.
pub fn plan(shop: &mut Shop<'_>, number: IssueNumber) -> anyhow::Result<String> {
    let issue = gate::read(shop, number)?;
    let assessment = gate::judge(shop, &issue)?;
    let about = About { issue: &issue, assessment: Some(&assessment), now: shop.now() };
    let context = briefing::places(shop, &issue)?;
    Ok(report::analysis(
        &shop.settings.templates,
        about,
        &shop.base.commit,
        Findings { places: &context, hints: &[] },
        &shop.settings.checks,
    ))
}
