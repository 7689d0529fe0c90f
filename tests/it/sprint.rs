//! Tests of sprints and claims: real git, a bare repository as the remote, many runs at once.

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use git_burn::core::budget::Cost;
use git_burn::core::claim::{Claim, Peer};
use git_burn::core::names::{IssueNumber, RunId, Secret, Timestamp};
use git_burn::core::outcome::Outcome;
use git_burn::core::sprint::{Burned, Ended, Limits, Share, SprintResult, Stop};
use git_burn::edge::git::{Credential, Login};
use git_burn::edge::repo::{Remote, Repo};
use git_burn::flow::Clock;
use git_burn::flow::claims::{Claimant, Held, Taking};
use git_burn::flow::sprint::{Candidate, Sprint, Team, sprint};

use super::repo::open;
use crate::support::fake_forge::{BOT, FakeForge, Flavour, TOKEN};
use crate::support::git::{Repo as Folder, Room};

fn number(number: u64) -> IssueNumber {
    IssueNumber::new(number).expect("a number")
}

fn noon() -> Timestamp {
    Timestamp::parse("2026-11-24T12:00:00Z").expect("a time")
}

fn evening() -> Timestamp {
    Timestamp::parse("2026-11-24T20:00:00Z").expect("a time")
}

fn alive(_: &Claim) -> Peer {
    Peer::MayBeAlive
}

fn dead(_: &Claim) -> Peer {
    Peer::Dead
}

/// A clone of its own with the bare repository as its remote.
#[derive(Clone)]
struct Machine {
    repo: Repo,
    remote: Remote,
    credential: Option<Credential>,
    run: RunId,
}

impl Machine {
    fn new(room: &Room, bare: &Folder<'_>, name: &str) -> Self {
        Self::at(room, bare.path.to_str().expect("a plain path"), name)
    }

    fn at(room: &Room, url: &str, name: &str) -> Self {
        let folder = room.init(name);
        folder.git(&["remote", "add", "origin", url]);
        let repo = open(&folder);
        let remote = repo.remote(None).expect("a remote").expect("a remote");
        let login = Login { username: BOT.into(), password: Secret::new(TOKEN).expect("a token") };
        let credential = remote.http_origin().and_then(|origin| Credential::for_origin(&origin, login));
        Self { repo, remote, credential, run: RunId::parse(name).expect("a run id") }
    }

    fn claimant(&self, now: fn() -> Timestamp) -> Claimant<'_> {
        Claimant {
            repo: &self.repo,
            remote: &self.remote,
            credential: self.credential.as_ref(),
            holder: "burner",
            host: self.run.as_str(),
            pid: 7,
            run: &self.run,
            lease: Duration::from_secs(3600),
            now,
            peer: &alive,
        }
    }
}

fn held(taking: Taking) -> Held {
    match taking {
        Taking::Held(held) => held,
        Taking::Taken { by } => panic!("taken by {by}"),
        Taking::NoLock { reason } => panic!("no lock: {reason}"),
    }
}

#[test]
fn a_claim_is_exclusive_until_it_is_released_over_or_its_run_is_gone() {
    let room = Room::new();
    let bare = room.init_bare("remote");
    let (one, two) = (Machine::new(&room, &bare, "one"), Machine::new(&room, &bare, "two"));
    let first = held(one.claimant(noon).take(number(42)).unwrap());
    assert_eq!(held(one.claimant(noon).take(number(42)).unwrap()).commit, first.commit, "a run finds its own claim");
    let by = "run one of burner on one, until 2026-11-24T13:00:00Z".to_owned();
    assert_eq!(two.claimant(noon).take(number(42)).unwrap(), Taking::Taken { by });
    held(two.claimant(noon).take(number(43)).unwrap());

    let first = held(one.claimant(noon).renew(&first).unwrap());
    one.claimant(noon).release(&first).unwrap();
    let second = held(two.claimant(noon).take(number(42)).unwrap());

    let third = held(one.claimant(evening).take(number(42)).unwrap());
    assert!(matches!(two.claimant(evening).renew(&second).unwrap(), Taking::Taken { .. }), "it was over and is lost");
    two.claimant(evening).release(&second).unwrap();
    assert_eq!(
        bare.git(&["rev-parse", "refs/burn/claims/42"]),
        third.commit.as_str(),
        "only the own claim is released"
    );

    let peer = Claimant { peer: &dead, ..two.claimant(evening) };
    held(peer.take(number(42)).unwrap());
    assert_eq!(bare.git(&["for-each-ref", "--format=%(refname)", "refs/heads"]), "", "no branch was made");
}

#[test]
fn what_is_no_claim_is_left_to_people_and_a_server_that_refuses_is_told_apart() {
    let room = Room::new();
    let bare = room.init_bare("remote");
    let machine = Machine::new(&room, &bare, "one");
    let folder = room.init("other");
    folder.commit("not a claim");
    folder.git(&["push", "-q", bare.path.to_str().unwrap(), "HEAD:refs/burn/claims/7"]);
    let taking = machine.claimant(noon).take(number(7)).unwrap();
    assert!(
        matches!(&taking, Taking::Taken { by } if by.contains("git push origin :refs/burn/claims/7")),
        "{taking:?}"
    );

    let hook = bare.path.join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho no such refs here >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let taking = machine.claimant(noon).take(number(8)).unwrap();
    assert!(matches!(taking, Taking::NoLock { .. }), "{taking:?}");

    std::fs::rename(&bare.path, room.path().join("gone")).unwrap();
    let problem = machine.claimant(noon).take(number(9)).unwrap_err().to_string();
    assert!(problem.contains("the remote `origin` is not there"), "{problem}");
}

/// How the machines reach the remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    File,
    /// git's own `http-backend`, with a token.
    SmartHttp,
}

/// Everybody takes the same issue at the same moment, round after round.
fn race(transport: Transport, machines: usize, rounds: u64) {
    let room = Room::new();
    let bare = room.init_bare("remote.git");
    let fake = FakeForge::start(Flavour::Gitea);
    fake.serve_git(&bare.path);
    let url = match transport {
        Transport::File => bare.path.to_str().expect("a plain path").to_owned(),
        Transport::SmartHttp => fake.git_url(),
    };
    let machines: Vec<Machine> = (0..machines).map(|n| Machine::at(&room, &url, &format!("machine-{n}"))).collect();
    let start = Barrier::new(machines.len());
    for round in 1..=rounds {
        let takings: Vec<Taking> = std::thread::scope(|scope| {
            let start = &start;
            let take = move |machine: Machine| {
                start.wait();
                machine.claimant(noon).take(number(round)).expect("an answer")
            };
            let threads: Vec<_> = machines.iter().cloned().map(|machine| scope.spawn(move || take(machine))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        let winners: Vec<&Held> = takings
            .iter()
            .filter_map(|taking| match taking {
                Taking::Held(held) => Some(held),
                Taking::Taken { .. } | Taking::NoLock { .. } => None,
            })
            .collect();
        assert_eq!(winners.len(), 1, "{transport:?}, round {round}: {takings:?}");
        let there = bare.git(&["rev-parse", &format!("refs/burn/claims/{round}")]);
        assert_eq!(there, winners[0].commit.as_str(), "round {round}: the winner is who the remote says");
        let refused = takings.iter().any(|taking| matches!(taking, Taking::NoLock { .. }));
        assert!(!refused, "round {round}: a lost race is no refusal: {takings:?}");
    }
    let claims = bare.git(&["for-each-ref", "--format=%(refname)"]);
    assert_eq!(claims.lines().count() as u64, rounds, "{transport:?}: no claim is lost or doubled");
}

/// A handful of rounds, or as many as the environment says.
fn rounds() -> u64 {
    std::env::var("GIT_BURN_RACE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

#[test]
fn racing_claims_have_exactly_one_winner() {
    race(Transport::File, 4, rounds());
}

#[test]
fn racing_claims_over_smart_http_have_exactly_one_winner() {
    race(Transport::SmartHttp, 4, rounds());
}

/// A sprint over made-up work: how each issue ends is told by its number.
fn sprint_of(jobs: usize, limits: &Limits, ends: &(dyn Fn(u64) -> Ended + Sync)) -> (SprintResult, Vec<u64>) {
    let run = RunId::parse("r").expect("a run id");
    let stop = AtomicBool::new(false);
    let clock = Clock { now: noon, elapsed: || Duration::ZERO };
    let plan = Sprint { limits, each: Share::default(), jobs, run: &run, clock, stop: &stop };
    let mut listings = vec![vec![7], vec![1, 2, 3, 4, 5, 6]];
    let mut list = || {
        let numbers = listings.pop().unwrap_or_default();
        Ok(numbers.into_iter().map(|n| Candidate { issue: number(n), title: format!("issue {n}") }).collect())
    };
    let work = |(candidate, _): (Candidate, Share)| {
        let ended = ends(candidate.issue.get());
        let Candidate { issue, title } = candidate;
        Burned { issue, title, ended, tokens: 10, cost: Cost::from_micros(5), seconds: 1, setbacks: 0 }
    };
    let mut order = Vec::new();
    let mut told = |burned: &Burned| order.push(burned.issue.get());
    let result = sprint(plan, Team { list: &mut list, work: &work, told: &mut told }).expect("a result");
    (result, order)
}

fn unlimited() -> Limits {
    Limits { issues: 100, tokens: None, cost: None, time: None, same_failures: 3 }
}

fn fixed() -> Ended {
    Ended::Outcome(Outcome::AlreadyFixed { evidence: "e".into() })
}

fn broken(problem: &str) -> Ended {
    Ended::Broken { broken: problem.into(), exit: 128 }
}

#[test]
fn a_sprint_goes_on_after_failures_and_takes_what_became_ready_meanwhile() {
    let ends = |n| if n % 2 == 0 { broken(&format!("no {}", "x".repeat(n as usize))) } else { fixed() };
    let (result, order) = sprint_of(1, &unlimited(), &ends);
    assert_eq!(order, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!((result.completed, result.total, result.tokens, result.stop.clone()), (4, 7, 70, Stop::NothingLeft));
    assert_eq!((result.success, result.exit_code()), (false, 128));
    let (result, order) = sprint_of(3, &unlimited(), &|_| fixed());
    assert_eq!((result.success, order.len()), (true, 7));
}

#[test]
fn a_sprint_stops_at_its_limit_also_side_by_side() {
    for jobs in [1, 2, 4] {
        let (result, order) = sprint_of(jobs, &Limits { issues: 3, ..unlimited() }, &|_| fixed());
        assert_eq!((order.len(), result.stop), (3, Stop::Issues { limit: 3 }), "{jobs} jobs");
    }
    let (result, order) = sprint_of(1, &unlimited(), &|n| broken(&format!("port {n} is closed")));
    assert_eq!(order.len(), 3);
    assert!(matches!(result.stop, Stop::SameFailure { times: 3, .. }), "{:?}", result.stop);
    let taken = |n| if n < 3 { Ended::Outcome(Outcome::Taken { by: "run x".into() }) } else { fixed() };
    let (result, order) = sprint_of(1, &Limits { issues: 1, ..unlimited() }, &taken);
    assert!((2..=4).contains(&order.len()), "a lost race does not count, and the next try is drawn: {order:?}");
    assert_eq!((result.completed, result.exit_code()), (1, 0));
}

#[test]
fn no_issue_may_spend_what_the_sprint_has_not() {
    let shares = std::sync::Mutex::new(Vec::new());
    let limits = Limits { cost: Some(Cost::from_micros(100)), ..unlimited() };
    let each = Share { tokens: None, cost: Some(Cost::from_micros(60)) };
    let run = RunId::parse("r").expect("a run id");
    let stop = AtomicBool::new(false);
    let clock = Clock { now: noon, elapsed: || Duration::ZERO };
    let plan = Sprint { limits: &limits, each, jobs: 1, run: &run, clock, stop: &stop };
    let mut list = || Ok((1..=5).map(|n| Candidate { issue: number(n), title: String::new() }).collect());
    let work = |(Candidate { issue, title }, share): (Candidate, Share)| {
        shares.lock().expect("no panic").push(share.cost.expect("a limit").micros());
        // Each issue wants 45 and ends in order where it cannot have them.
        let (cost, ended) = match share.cost >= Some(Cost::from_micros(45)) {
            true => (45, fixed()),
            false => (0, Ended::Outcome(Outcome::OutOfBudget { limit: "cost".into() })),
        };
        Burned { issue, title, ended, tokens: 10, cost: Cost::from_micros(cost), seconds: 1, setbacks: 0 }
    };
    let mut told = |_: &Burned| {};
    let result = sprint(plan, Team { list: &mut list, work: &work, told: &mut told }).expect("a result");
    assert_eq!(*shares.lock().expect("no panic"), [60, 55, 10]);
    assert_eq!(result.stop, Stop::Cost { limit: Cost::from_micros(100) }, "the rest is left alone");
    assert_eq!((result.completed, result.cost, result.exit_code()), (2, Cost::from_micros(90), 6));
}
