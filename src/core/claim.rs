//! The lock between machines as a value: what a claim says, and whether somebody may take an issue.
//!
//! A claim is a commit that `refs/burn/claims/N` points at on the remote. Creating the ref is the lock; the commit's
//! message says who holds it and until when. Each claim must be a different commit, because a push of the same commit
//! succeeds for everybody: hence the nonce.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::act::{Marker, Step};
use super::issue::{Comment, Role};
use super::names::{IssueNumber, RunId, Timestamp, fnv1a};

/// Where the claim of an issue lives on the remote.
pub fn claim_ref(issue: IssueNumber) -> String {
    format!("refs/burn/claims/{issue}")
}

/// The issue of a claim's ref.
pub fn claimed_issue(name: &str) -> Option<IssueNumber> {
    name.strip_prefix("refs/burn/claims/")?.parse().ok().and_then(IssueNumber::new)
}

/// How long after its expiry a claim is still respected, in seconds: clocks of two machines differ.
pub const GRACE: i64 = 120;

/// Who works on an issue, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    pub issue: IssueNumber,
    /// The person or account that git-burn works for.
    pub holder: String,
    pub host: String,
    pub pid: u32,
    pub run: RunId,
    pub taken: Timestamp,
    /// Afterwards anybody may take it over.
    pub expires: Timestamp,
    /// Random text of the holder's; makes the commit unique.
    pub nonce: String,
}

/// Why a text is not a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAClaim {
    /// The line that is missing or wrong.
    pub field: &'static str,
}

impl fmt::Display for NotAClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a claim of git-burn: `{}` is missing or wrong", self.field)
    }
}

impl std::error::Error for NotAClaim {}

impl Claim {
    /// The commit message: a subject for people, and one `name: value` line for each field.
    pub fn message(&self) -> String {
        format!("git-burn claims #{}\n\n{}", self.issue, self.fields())
    }

    fn fields(&self) -> String {
        let Self { issue, holder, host, pid, run, taken, expires, nonce } = self;
        let plain = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
        format!(
            "issue: {issue}\nholder: {}\nhost: {}\npid: {pid}\nrun: {run}\ntaken: {taken}\nexpires: {expires}\nnonce: {}\n",
            plain(holder),
            plain(host),
            plain(nonce)
        )
    }

    /// Reads [`Claim::message`] back. Unknown lines are left to later versions.
    pub fn parse(message: &str) -> Result<Self, NotAClaim> {
        let field = |name: &'static str| {
            let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned());
            message.lines().find_map(value).ok_or(NotAClaim { field: name })
        };
        let time = |name| Timestamp::parse(&field(name)?).ok_or(NotAClaim { field: name });
        Ok(Self {
            issue: field("issue")?.parse().map_err(|_| NotAClaim { field: "issue" })?,
            holder: field("holder")?,
            host: field("host")?,
            pid: field("pid")?.parse().map_err(|_| NotAClaim { field: "pid" })?,
            run: RunId::parse(&field("run")?).ok_or(NotAClaim { field: "run" })?,
            taken: time("taken")?,
            expires: time("expires")?,
            nonce: field("nonce")?,
        })
    }
}

impl fmt::Display for Claim {
    /// For people: `run 20261124-r1 of ada on tower, until 2026-11-24T12:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, holder, host, expires, .. } = self;
        let place = if host.is_empty() { String::new() } else { format!(" on {host}") };
        write!(f, "run {run} of {holder}{place}, until {expires}")
    }
}

/// What is known about the process behind a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// It runs on this machine and is alive, or it runs on another one.
    MayBeAlive,
    /// It ran on this machine and is gone: its lock is free.
    Dead,
}

/// Whether an issue may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has it: create the claim.
    Free,
    /// This run has it already.
    Ours(Claim),
    /// Hands off.
    Held(Claim),
    /// Its time is over or its process is gone: replace exactly this claim by a new one.
    Stale(Claim),
    /// Something stands there that is no claim; only a person may remove it.
    Unreadable(NotAClaim),
}

/// Decides over the message that the claim's ref points at; `None`: there is no ref.
pub fn decide(found: Option<&str>, run: &RunId, peer: Peer, now: Timestamp) -> Standing {
    match found.map(Claim::parse) {
        None => Standing::Free,
        Some(Err(problem)) => Standing::Unreadable(problem),
        Some(Ok(claim)) => standing(claim, run, peer, now),
    }
}

fn standing(claim: Claim, run: &RunId, peer: Peer, now: Timestamp) -> Standing {
    if claim.run == *run {
        return Standing::Ours(claim);
    }
    match peer {
        Peer::Dead => Standing::Stale(claim),
        Peer::MayBeAlive if is_over(&claim, now) => Standing::Stale(claim),
        Peer::MayBeAlive => Standing::Held(claim),
    }
}

/// Whether its time and the grace for clocks are over.
pub fn is_over(claim: &Claim, now: Timestamp) -> bool {
    now.seconds() > claim.expires.seconds().saturating_add(GRACE)
}

/// Which of the `left` best candidates to try next, after so many lost races; 0 is the best.
///
/// The first try takes the best, so that a single worker keeps the order. Every lost race doubles the field from which the
/// next one is drawn: a thousand workers that start at once find an issue each in about ten tries instead of hundreds.
pub fn candidate(run: &RunId, losses: u32, left: usize) -> usize {
    let field = left.min(1usize.checked_shl(losses).unwrap_or(usize::MAX)).max(1);
    let mut hash = fnv1a(format!("{run} {losses}").as_bytes());
    hash ^= hash >> 33;
    usize::try_from(hash % field as u64).unwrap_or(0)
}

/// The comment of a run that may not push refs. It locks nothing, and says so.
pub fn advisory_comment(claim: &Claim) -> String {
    format!(
        "git-burn is working on this issue (run {}, until {}).\n\n\
         This note is advisory: the repository does not take the ref that would lock the issue.\n\n\
         {FIELDS}{}-->",
        claim.run,
        claim.expires,
        claim.fields()
    )
}

/// The same comment after the run ended.
pub fn released_comment(claim: &Claim) -> String {
    format!("git-burn worked on this issue (run {}) and has ended.", claim.run)
}

/// What begins the hidden part of an advisory claim.
const FIELDS: &str = "<!-- git-burn claim\n";

/// The logins that claimed the issue by a comment: what they may do decides whether they are heard.
pub fn advisory_speakers(comments: &[Comment], issue: IssueNumber) -> BTreeSet<&str> {
    notes(comments, issue).map(|(comment, _)| comment.author.as_str()).collect()
}

/// The advisory claim that counts: the first one on the forge that is not over, by somebody who may write (`roles`, by
/// login) or this run. The forge's order counts, since clocks differ.
pub fn advisory(
    comments: &[Comment],
    roles: &BTreeMap<String, Role>,
    issue: IssueNumber,
    run: &RunId,
    now: Timestamp,
) -> Standing {
    let heard = |comment: &Comment| roles.get(&comment.author) == Some(&Role::Writer);
    let running = notes(comments, issue).filter(|(comment, claim)| heard(comment) && !is_over(claim, now));
    match running.min_by_key(|(comment, _)| comment.id) {
        Some((_, claim)) => standing(claim, run, Peer::MayBeAlive, now),
        None => Standing::Free,
    }
}

/// The comments that claim the issue, and what they say.
fn notes(comments: &[Comment], issue: IssueNumber) -> impl Iterator<Item = (&Comment, Claim)> {
    let key = Marker::key(issue, Step::Claim);
    comments.iter().filter(move |comment| comment.body.contains(&key)).filter_map(move |comment| {
        let claim = Claim::parse(comment.body.split_once(FIELDS)?.1).ok()?;
        (claim.issue == issue).then_some((comment, claim))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn claim(run: &str, taken: i64) -> Claim {
        Claim {
            issue: IssueNumber::new(42).unwrap(),
            holder: "Ada\nrun: forged".into(),
            host: "tower".into(),
            pid: 77,
            run: RunId::parse(run).unwrap(),
            taken: at(taken),
            expires: at(taken + 3600),
            nonce: "8f2c".into(),
        }
    }

    #[test]
    fn a_claim_survives_its_message_and_a_holder_cannot_forge_fields() {
        let claim = claim("r1", 0);
        let read = Claim::parse(&claim.message()).unwrap();
        assert_eq!(read, Claim { holder: "Adarun: forged".into(), ..claim });
        assert_eq!(
            Claim::parse("wip").unwrap_err().to_string(),
            "not a claim of git-burn: `issue` is missing or wrong"
        );
    }

    #[test]
    fn only_the_free_the_own_and_the_stale_may_be_taken() {
        let other = claim("r1", 0);
        let message = other.message();
        let (us, them) = (RunId::parse("r2").unwrap(), RunId::parse("r1").unwrap());
        let look = |run, peer, now| decide(Some(&message), run, peer, at(now));
        assert_eq!(decide(None, &us, Peer::MayBeAlive, at(0)), Standing::Free);
        assert!(matches!(look(&them, Peer::MayBeAlive, 99_999), Standing::Ours(_)));
        assert!(matches!(look(&us, Peer::MayBeAlive, 3600 + GRACE), Standing::Held(_)));
        assert!(matches!(look(&us, Peer::MayBeAlive, 3601 + GRACE), Standing::Stale(_)));
        assert!(matches!(look(&us, Peer::Dead, 10), Standing::Stale(_)));
        assert!(matches!(decide(Some("wip"), &us, Peer::Dead, at(0)), Standing::Unreadable(_)));
    }

    #[test]
    fn the_first_advisory_claim_of_somebody_who_may_write_counts() {
        let comment = |id: u64, author: &str, claim: &Claim| {
            let marker = Marker { issue: claim.issue, step: Step::Claim, run: claim.run.clone() };
            let body = marker.sign(&advisory_comment(claim));
            let (author, author_role) = (author.to_owned(), Role::Unknown);
            Comment { id, author, author_role, body, created: at(0), updated: at(0), url: String::new() }
        };
        // The later one's clock is slow: what the forge has first counts.
        let (first, second, stranger) = (claim("r1", 20), claim("r2", 10), claim("r0", 5));
        let mut comments = vec![comment(3, "a", &second), comment(2, "a", &first), comment(1, "mallory", &stranger)];
        let issue = first.issue;
        assert_eq!(advisory_speakers(&comments, issue), BTreeSet::from(["a", "mallory"]));
        let roles = BTreeMap::from([("a".to_owned(), Role::Writer), ("mallory".to_owned(), Role::Outsider)]);
        let look = |comments: &[Comment], run: &str, now| {
            advisory(comments, &roles, issue, &RunId::parse(run).unwrap(), at(now))
        };
        assert!(matches!(look(&comments, "r1", 30), Standing::Ours(_)));
        assert!(matches!(look(&comments, "r2", 30), Standing::Held(held) if held.run == first.run));
        assert_eq!(look(&comments, "r2", 10_000), Standing::Free);
        comments[1].body = released_comment(&first);
        assert!(matches!(look(&comments, "r2", 30), Standing::Ours(_)));
    }

    #[test]
    fn a_single_worker_keeps_the_order_and_many_spread_out() {
        let run = |n: u32| RunId::parse(&format!("r{n}")).unwrap();
        assert_eq!(candidate(&run(1), 0, 500), 0);
        assert_eq!(candidate(&run(1), 99, 1), 0);
        let tried: std::collections::BTreeSet<usize> = (0..200).map(|n| candidate(&run(n), 9, 500)).collect();
        assert!(tried.len() > 120 && tried.iter().all(|index| *index < 500), "{} different ones", tried.len());
    }

    #[test]
    fn refs_name_their_issue() {
        let issue = IssueNumber::new(42).unwrap();
        assert_eq!(claimed_issue(&claim_ref(issue)), Some(issue));
        assert_eq!(claimed_issue("refs/burn/claims/x"), None);
        assert_eq!(claimed_issue("refs/heads/42"), None);
    }
}
