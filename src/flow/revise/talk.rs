//! What the model is told of a review: the issue, the change so far, each point and the code that it stands at.

use super::super::briefing;
use super::super::dialogue::{Footing, Start};
use super::super::gate::Picked;
use super::super::prove::Prover;
use super::super::shop::{Shop, Stop};
use super::find::{Branch, Subject};
use crate::core::change::{Entry, is_binary};
use crate::core::conversation::{LineRange, Passage, Revision, Wanted, revision};
use crate::core::names::TreeId;
use crate::core::patch;
use crate::core::report::{About, pull};
use crate::core::review::{Answers, Concern, Key, Place, Side};
use crate::edge::repo::{Base, Found, LARGEST_FILE};

/// Lines that are shown above and below a remark's, and of a file that is meant as a whole.
const AROUND: u32 = 10;
const TOP: u32 = 60;

/// What the talk about one round begins with. `shop.base` is where the branch begins.
///
/// # Errors
/// The repository cannot be read, or the checks cannot run.
pub(super) fn start(
    shop: &mut Shop<'_>,
    picked: &Picked,
    about: About<'_>,
    subject: &Subject,
    branch: &Branch,
    concerns: &[Concern],
) -> Result<Start, Stop> {
    let prover = Prover::rehearsed(shop)?;
    let tree = branch.head.tree.clone();
    // Files are ranked and shown as the branch has them.
    let head = Base { commit: branch.head.id.clone(), tree: tree.clone(), branch: shop.base.branch.clone() };
    let brief = briefing::prepare(&mut shop.on(&head), picked)?;
    let change = shop.repo.change_between(&shop.base.tree, &tree)?;
    let style = patch::Style { context: 3, binaries: patch::Binaries::Named };
    let diff = patch::write_diff(&change, style);
    let mut shown = brief.shown;
    shown.extend(change.paths().cloned());
    let mut wanted = Vec::new();
    for concern in concerns {
        let code = concern.place.as_ref().map(|place| code_at(shop, &tree, place)).transpose()?.flatten();
        shown.extend(code.iter().map(|passage| passage.path.clone()));
        wanted.push(Wanted { concern, code });
    }
    let (message, notes) = revision(&Revision {
        pull: subject.number,
        head: &branch.head.id,
        diff: &String::from_utf8_lossy(&diff),
        wanted: &wanted,
        nonce: &shop.nonce,
    });
    notes.into_iter().try_for_each(|note| shop.warn(note))?;
    let mut opening = brief.opening;
    opening.push(message);
    let answers = Some(Answers { pull: subject.number, keys: keys(concerns) });
    let footing = Footing { commit: branch.head.id.clone(), tree, branch: branch.line(&branch.head.id), answers };
    let subject = pull::revision_subject(about, shop.subject_style);
    Ok(Start { opening, shown, subject, demand: demand(&picked.issue.body, concerns), footing, prover })
}

/// Everything that a round answers.
pub(super) fn keys(concerns: &[Concern]) -> Vec<Key> {
    concerns.iter().flat_map(|concern| concern.keys.iter().copied()).collect()
}

/// What people ask for: the issue's text and the reviewers' words.
pub(super) fn demand(body: &str, concerns: &[Concern]) -> String {
    let words = concerns.iter().flat_map(|concern| &concern.said).map(|said| said.body.as_str());
    std::iter::once(body).chain(words).collect::<Vec<_>>().join("\n\n")
}

/// The lines around a place as they are in the tree; nothing for a line that was removed, or a file that is gone.
fn code_at(shop: &Shop<'_>, tree: &TreeId, place: &Place) -> anyhow::Result<Option<Passage>> {
    let range = match (place.line, place.side) {
        (_, Side::Old) => return Ok(None),
        (Some(line), Side::New) => {
            LineRange { from: line.saturating_sub(AROUND).max(1), to: Some(line.saturating_add(AROUND)) }
        }
        (None, Side::New) => LineRange { from: 1, to: Some(TOP) },
    };
    match shop.repo.read(tree, &place.path, LARGEST_FILE)? {
        Found::Entry(Entry::File(file)) if !is_binary(&file.bytes) => {
            Ok(Some(Passage::of(place.path.clone(), &String::from_utf8_lossy(&file.bytes), Some(range))))
        }
        Found::Entry(_) | Found::Missing { .. } | Found::TooLarge { .. } | Found::Below(_) => Ok(None),
    }
}
