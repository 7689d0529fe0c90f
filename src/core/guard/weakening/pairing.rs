//! Which case of the old text is which of the new one, where many have the same name in their own groups.

use std::collections::BTreeMap;

use super::cases::Case;
use super::skips::without_mark;
use crate::core::guard::view::View;

/// The cases of both texts, by their indices.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    /// Before and after.
    pub(super) both: Vec<(usize, usize)>,
    /// Only before.
    pub(super) lost: Vec<usize>,
    /// Only after.
    pub(super) new: Vec<usize>,
}

/// Pairs by name; among those of one name first the ones whose declaration stays, then the others in order.
pub(super) fn pairs(view: &View<'_>, before: &[Case], after: &[Case]) -> Pairs {
    let mut names: BTreeMap<String, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, case) in before.iter().enumerate() {
        names.entry(without_mark(&case.name)).or_default().0.push(index);
    }
    for (index, case) in after.iter().enumerate() {
        names.entry(without_mark(&case.name)).or_default().1.push(index);
    }
    let mut pairs = Pairs::default();
    for (mut old, mut new) in names.into_values() {
        old.retain(|old| {
            let stays = kept(view, before[*old].line);
            let place = new.iter().position(|new| stays == Some(after[*new].line));
            pairs.both.extend(place.map(|place| (*old, new.remove(place))));
            place.is_none()
        });
        let rest = old.len().min(new.len());
        pairs.both.extend(old.drain(..rest).zip(new.drain(..rest)));
        pairs.lost.extend(old);
        pairs.new.extend(new);
    }
    pairs.both.sort_unstable();
    pairs.lost.sort_unstable();
    pairs.new.sort_unstable();
    pairs
}

/// Where an old line stands now, if it is no removed one.
pub(super) fn kept(view: &View<'_>, line: usize) -> Option<usize> {
    let mut now = line;
    for hunk in view.hunks.iter().take_while(|hunk| hunk.removed.start <= line) {
        if hunk.removed.contains(&line) {
            return None;
        }
        now = now + hunk.added.len() - hunk.removed.len();
    }
    Some(now)
}
