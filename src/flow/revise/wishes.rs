//! What reviewers want, of the people who are heard, without what was answered in an earlier round.

use std::collections::BTreeSet;

use super::super::shop::Shop;
use super::find::{Branch, Subject};
use crate::core::act::{is_signed, round_key};
use crate::core::issue::{Comment, Issue, Role};
use crate::core::names::CommitId;
use crate::core::review::{self, Concern, Key, Note, Reading, Voices};

/// One round of review.
pub(super) struct Wishes {
    /// Oldest first.
    pub concerns: Vec<Concern>,
    /// Who is asked to look again: the authors of what is answered.
    pub reviewers: Vec<String>,
    /// Why there is nothing to do, if there is not.
    pub nothing: Option<String>,
    /// The head commit answers a review, but its reviewers were not told: the head that they reviewed.
    pub untold: Option<CommitId>,
}

impl Wishes {
    /// Without what somebody said that is not among these.
    pub(super) fn only(mut self, keys: &[Key]) -> Self {
        self.concerns.iter_mut().for_each(|concern| concern.keys.retain(|key| keys.contains(key)));
        self.concerns.retain(|concern| !concern.keys.is_empty());
        let still = reviewers(&self.concerns, None);
        self.reviewers.retain(|login| still.contains(login));
        self
    }
}

/// What is done about a head commit that answers a review, but whose reviewers were not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untold {
    /// They are told before anything else.
    First,
    /// It is left for a round of its own: something else is to come on top of it.
    Later,
}

/// Points of one round; the rest come with the next.
const MOST: usize = 40;

/// Reads them.
///
/// # Errors
/// The forge does not answer.
pub(super) fn read(
    shop: &mut Shop<'_>,
    subject: &Subject,
    issue: &Issue,
    branch: &Branch,
    heed: Untold,
) -> anyhow::Result<Wishes> {
    let reading = shop.forge.reviews(subject.pull.number)?;
    for note in &reading.notes {
        shop.warn(format!("the review of #{}: {note}", subject.number))?;
    }
    let comments = shop.forge.comments(subject.number)?;
    let voices = voices(shop, issue, &reading, &comments)?;
    let me = shop.forge.me().ok().map(|me| me.login);
    let own = |comment: &&Comment| me.as_ref() == Some(&comment.author) && is_signed(&comment.body);
    let own: Vec<&Comment> = comments.iter().filter(own).collect();
    let untold = match heed {
        Untold::First => untold(subject, branch, &own),
        Untold::Later => None,
    };
    let mut done: BTreeSet<Key> = own.iter().flat_map(|comment| Note::Answered.read(&comment.body)).collect();
    done.extend(branch.commits.iter().flat_map(|commit| review::answered_by(&commit.message)));
    if untold.is_some() {
        let of_head = review::answered_by(&branch.head.message);
        done.retain(|key| !of_head.contains(key));
    }
    let mut concerns = review::concerns(&reading, &comments, &voices, &done);
    if untold.is_some() {
        let of_head = review::answered_by(&branch.head.message);
        concerns.iter_mut().for_each(|concern| concern.keys.retain(|key| of_head.contains(key)));
        concerns.retain(|concern| !concern.keys.is_empty());
    }
    if concerns.len() > MOST {
        shop.warn(format!("{} points of the review are left for the next round", concerns.len() - MOST))?;
        concerns.truncate(MOST);
    }
    let asked: BTreeSet<Key> = own.iter().flat_map(|comment| Note::Asked.read(&comment.body)).collect();
    let nothing = untold.is_none().then(|| nothing(subject, &concerns, &asked)).flatten();
    Ok(Wishes { reviewers: reviewers(&concerns, me.as_deref()), concerns, nothing, untold })
}

/// Asks for the rights of everybody whose rights are not known.
fn voices(shop: &Shop<'_>, issue: &Issue, reading: &Reading, comments: &[Comment]) -> anyhow::Result<Voices> {
    let mut writers = BTreeSet::new();
    for login in review::unknown_speakers(reading, comments) {
        if shop.forge.permission(&login)? == Role::Writer {
            writers.insert(login);
        }
    }
    Ok(Voices { writers, reporter: issue.author.clone() })
}

/// The reviewed head below a head commit that answers a review, if no comment says so yet.
fn untold(subject: &Subject, branch: &Branch, own: &[&Comment]) -> Option<CommitId> {
    let answers = review::answered_by(&branch.head.message);
    let [reviewed] = branch.head.parents.as_slice() else { return None };
    let key = round_key(subject.number, reviewed);
    let told = own.iter().any(|comment| comment.body.contains(&key));
    (!answers.is_empty() && !told).then(|| reviewed.clone())
}

fn nothing(subject: &Subject, concerns: &[Concern], asked: &BTreeSet<Key>) -> Option<String> {
    if concerns.is_empty() {
        return Some(format!("pull request #{} has no review that wants an answer", subject.number));
    }
    let keys = concerns.iter().flat_map(|concern| &concern.keys);
    let waits = keys.into_iter().all(|key| asked.contains(key));
    waits.then(|| format!("pull request #{} waits for its reviewers' answers to questions", subject.number))
}

/// Whose reviews or remarks are answered; who merely commented is not asked to review.
fn reviewers(concerns: &[Concern], me: Option<&str>) -> Vec<String> {
    let of_review = |concern: &&Concern| concern.keys.iter().any(|key| !matches!(key, Key::Comment(_)));
    let mut logins: Vec<String> = Vec::new();
    for said in concerns.iter().filter(of_review).flat_map(|concern| &concern.said) {
        if Some(said.author.as_str()) != me && !logins.contains(&said.author) {
            logins.push(said.author.clone());
        }
    }
    logins
}
