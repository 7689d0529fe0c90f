//! What the model is told first: the issue, the rules, the project's advice, and the files most likely to matter.

use std::collections::BTreeSet;

use anyhow::Result;

use super::context;
use super::gate::Picked;
use super::shop::Shop;
use crate::core::change::Entry;
use crate::core::conversation::{Briefing, Conversation, Instructions, opening};
use crate::core::event::Event;
use crate::core::issue::Issue;
use crate::core::names::RepoPath;
use crate::core::report::{Findings, Place};
use crate::edge::repo::Found;

/// The opening of a dialogue.
pub(super) struct Brief {
    pub opening: Conversation,
    /// Files that the opening shows.
    pub shown: BTreeSet<RepoPath>,
    /// The likely places, for the analysis.
    pub places: Vec<Place>,
}

impl Brief {
    /// What the analysis says was found.
    pub(super) fn findings<'b>(&'b self, hints: &'b [String]) -> Findings<'b> {
        Findings { places: &self.places, hints }
    }
}

/// Files with advice for agents and contributors, in the order in which they are read.
const ADVICE: [&str; 5] = ["AGENTS.md", "CLAUDE.md", "GEMINI.md", ".github/copilot-instructions.md", "CONTRIBUTING.md"];

/// Largest file of advice, in bytes.
const LARGEST_ADVICE: u64 = 64 * 1024;

/// Reads what the opening needs and writes it.
///
/// # Errors
/// The repository cannot be read.
pub(super) fn prepare(shop: &mut Shop<'_>, picked: &Picked) -> Result<Brief> {
    if let Some(remote) = shop.remote {
        shop.repo.complete(remote, shop.push_credential, &shop.base.tree)?;
    }
    let context = context::pack(shop, &picked.issue)?;
    let instructions = advice(shop)?;
    let brief = Briefing {
        issue: &picked.issue,
        comments: &picked.comments,
        history: &picked.hints,
        base: &shop.base.commit,
        checks: &shop.settings.checks,
        rules: &shop.settings.policy.rules_for_model(),
        instructions: &instructions,
        overview: &context.overview,
        pack: &context.passages,
        leads: &context.leads,
        nonce: &shop.nonce,
    };
    let opening = opening(&brief);
    for note in opening.notes {
        shop.warn(note)?;
    }
    let shown: BTreeSet<RepoPath> = context.passages.iter().map(|passage| passage.path.clone()).collect();
    let tokens = opening.conversation.tokens();
    shop.emit(Event::ContextPacked { files: context.files, tokens })?;
    Ok(Brief { opening: opening.conversation, shown, places: context.places })
}

/// The files of advice at the base, in the repository's top folder.
fn advice(shop: &Shop<'_>) -> Result<Vec<Instructions>> {
    let mut found = Vec::new();
    for name in ADVICE {
        let path = RepoPath::parse(name)?;
        if let Found::Entry(Entry::File(file)) = shop.repo.read(&shop.base.tree, &path, LARGEST_ADVICE)? {
            found.push(Instructions { path, text: String::from_utf8_lossy(&file.bytes).into_owned() });
        }
    }
    Ok(found)
}

/// The likely places alone.
///
/// # Errors
/// The repository cannot be read.
pub(super) fn places(shop: &Shop<'_>, issue: &Issue) -> Result<Vec<Place>> {
    Ok(context::pack(shop, issue)?.places)
}
