//! "Reply to override", read back: what people with write access replied to decisions of triage.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::core::issue::Comment;
use crate::core::names::{IssueNumber, Timestamp};
use crate::core::triage::{Override, holds_command, read_overrides, unknown_speakers};
use crate::edge::forge::{Forge, Trouble};

/// Comments of so many days are looked through for commands; what is older has become a label or an assignee by then.
const LATELY: i64 = 30;
/// Comments and issues that are read for it at most.
const COMMENTS: usize = 1000;
const ISSUES: usize = 50;

/// What all comments of one issue come to.
///
/// # Errors
/// The forge does not say what their authors may do.
pub(super) fn override_in(forge: &Forge, comments: &[Comment]) -> Result<Option<Override>> {
    let mut roles = BTreeMap::new();
    for login in unknown_speakers(comments) {
        roles.insert(login.to_owned(), forge.permission(login)?);
    }
    Ok(read_overrides(comments, &roles))
}

/// The overrides of those issues on which somebody wrote a command lately.
///
/// # Errors
/// The forge cannot be read. One that does not list comments over all issues has none.
pub(super) fn recent_overrides(
    forge: &Forge,
    issues: &BTreeSet<IssueNumber>,
    now: Timestamp,
) -> Result<BTreeMap<IssueNumber, Override>> {
    if issues.is_empty() {
        return Ok(BTreeMap::new());
    }
    let since = Timestamp::from_seconds(now.seconds().saturating_sub(LATELY * 86_400));
    let recent = match forge.recent_comments(since, COMMENTS) {
        Err(error) if error.trouble == Trouble::Missing => Vec::new(),
        recent => recent?,
    };
    let commanded = recent.iter().filter(|(number, comment)| issues.contains(number) && holds_command(&comment.body));
    let commanded: BTreeSet<IssueNumber> = commanded.map(|(number, _)| *number).collect();
    let mut overrides = BTreeMap::new();
    for number in commanded.into_iter().rev().take(ISSUES) {
        // Earlier commands count as well, setting by setting.
        if let Some(said) = override_in(forge, &forge.comments(number)?)? {
            overrides.insert(number, said);
        }
    }
    Ok(overrides)
}
