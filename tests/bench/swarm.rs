//! A simulation of many workers on one backlog: `cargo bench -- swarm [WORKERS] [ISSUES]`.
//!
//! The server is a map of refs with compare-and-swap, as a git server's refs are; decisions are those of `core::claim`.
//! Workers are slow, crash at any point, or sleep past the end of their claim and go on as if nothing had happened.
//! Time is simulated, so a run takes seconds and always gives the same figures.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use git_burn::core::claim::{Claim, Peer, Standing, candidate, decide};
use git_burn::core::names::{IssueNumber, RunId, Timestamp};

/// Simulated seconds.
const LIST: i64 = 3;
const PUSH: i64 = 1;
const PUBLISH: i64 = 5;
const LEASE: i64 = 2400;
const RESTART: i64 = 60;

/// A small generator of the xorshift family: the simulation must be the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What a worker does next.
enum Step {
    /// Reads the claims and picks a candidate.
    Look,
    /// Tries to take an issue that was free, or whose claim with that nonce was stale, when it looked.
    Take {
        issue: u64,
        seen: Option<String>,
    },
    /// The work is done: pushes the branch, create-only.
    Push {
        issue: u64,
    },
    /// Labels the issue, so that nobody picks it any more.
    Label {
        issue: u64,
    },
    Release {
        issue: u64,
    },
}

struct Worker {
    run: u32,
    losses: u32,
    step: Step,
}

#[derive(Default)]
struct Server {
    claims: BTreeMap<u64, Claim>,
    /// Issues that are listed.
    open: BTreeSet<u64>,
    /// Branches, by issue; never moved.
    branches: BTreeMap<u64, RunId>,
}

#[derive(Default, Debug)]
struct Count {
    tries: u64,
    lost: u64,
    stolen: u64,
    crashes: u64,
    sleepers: u64,
    /// A finished change whose branch existed already: work for nothing, but nothing doubled.
    in_vain: u64,
    /// A crashed worker's branch that another one found and completed.
    adopted: u64,
}

struct World {
    server: Server,
    dice: Dice,
    count: Count,
    now: i64,
}

/// Runs until every issue is done; prints throughput and what went wrong on the way, and fails if an issue was doubled.
pub(crate) fn run(args: &[String]) {
    let number = |at: usize, otherwise: u64| args.get(at).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (workers, issues) = (number(0, 1000), number(1, 10_000));
    let server = Server { open: (1..=issues).collect(), ..Server::default() };
    let mut world = World { server, dice: Dice(0x9e37_79b9_7f4a_7c15), count: Count::default(), now: 0 };
    let mut queue = BinaryHeap::new();
    let mut team: Vec<Worker> = Vec::new();
    for id in 0..workers {
        team.push(Worker { run: 0, losses: 0, step: Step::Look });
        queue.push(Reverse((0, id)));
    }
    while let Some(Reverse((at, id))) = queue.pop() {
        world.now = at;
        let index = usize::try_from(id).expect("a worker's index");
        if let Some(wait) = world.advance(id, &mut team[index]) {
            queue.push(Reverse((at + wait, id)));
        }
    }
    let World { server, count, now, .. } = world;
    assert_eq!(server.branches.len() as u64, issues, "every issue has exactly one branch");
    assert!(server.open.is_empty(), "every issue was completed");
    let hours = now as f64 / 3600.0;
    println!("{workers} workers, {issues} issues: all done once in {hours:.1} simulated hours");
    println!(
        "{:.0} issues an hour; {:.2} tries for each claim",
        issues as f64 / hours,
        count.tries as f64 / issues as f64
    );
    println!("{count:?}");
}

impl World {
    fn chance(&mut self, percent: u64) -> bool {
        self.dice.roll(100) < percent
    }

    /// Seconds until the worker's next step; `None`: it goes home.
    fn advance(&mut self, id: u64, worker: &mut Worker) -> Option<i64> {
        if !matches!(worker.step, Step::Look) && self.chance(2) {
            self.count.crashes += 1;
            *worker = Worker { run: worker.run + 1, losses: 0, step: Step::Look };
            return Some(RESTART);
        }
        let run = RunId::parse(&format!("w{id}-{}", worker.run)).expect("a run id");
        match std::mem::replace(&mut worker.step, Step::Look) {
            Step::Look => self.look(&run, worker),
            Step::Take { issue, seen } => Some(self.take(issue, seen, &run, worker)),
            Step::Push { issue } => Some(self.push(issue, &run, worker)),
            Step::Label { issue } => {
                self.server.open.remove(&issue);
                worker.step = Step::Release { issue };
                Some(PUSH)
            }
            Step::Release { issue } => {
                if self.server.claims.get(&issue).is_some_and(|claim| claim.run == run) {
                    self.server.claims.remove(&issue);
                }
                *worker = Worker { run: worker.run + 1, losses: 0, step: Step::Look };
                Some(PUSH)
            }
        }
    }

    fn look(&mut self, run: &RunId, worker: &mut Worker) -> Option<i64> {
        let now = Timestamp::from_seconds(self.now);
        let mut free = Vec::new();
        for issue in self.server.open.iter().take(2048) {
            let claim = self.server.claims.get(issue);
            match decide(claim.map(Claim::message).as_deref(), run, Peer::MayBeAlive, now) {
                Standing::Free | Standing::Ours(_) => free.push((*issue, None)),
                Standing::Stale(claim) => free.push((*issue, Some(claim.nonce))),
                Standing::Held(_) | Standing::Unreadable(_) => {}
            }
            if free.len() > 1 << worker.losses.min(10) {
                break;
            }
        }
        if free.is_empty() {
            let nothing = self.server.open.is_empty();
            return (!nothing).then_some(300);
        }
        let (issue, seen) = free.swap_remove(candidate(run, worker.losses, free.len()));
        worker.step = Step::Take { issue, seen };
        Some(LIST)
    }

    /// Compare-and-swap: the claim must still be what it was when the worker looked.
    fn take(&mut self, issue: u64, seen: Option<String>, run: &RunId, worker: &mut Worker) -> i64 {
        self.count.tries += 1;
        let there = self.server.claims.get(&issue).map(|claim| claim.nonce.clone());
        if there != seen {
            self.count.lost += 1;
            worker.losses += 1;
            return PUSH;
        }
        self.count.stolen += u64::from(seen.is_some());
        let claim = self.claim(issue, run);
        self.server.claims.insert(issue, claim);
        self.after_claim(issue, worker)
    }

    fn claim(&mut self, issue: u64, run: &RunId) -> Claim {
        Claim {
            issue: IssueNumber::new(issue).expect("counted from one"),
            holder: "team".into(),
            host: run.as_str().into(),
            pid: 1,
            run: run.clone(),
            taken: Timestamp::from_seconds(self.now),
            expires: Timestamp::from_seconds(self.now + LEASE),
            nonce: self.dice.roll(u64::MAX).to_string(),
        }
    }

    /// The freshness gate, then the work: five to thirty minutes, or far longer for one that falls asleep.
    fn after_claim(&mut self, issue: u64, worker: &mut Worker) -> i64 {
        if !self.server.open.contains(&issue) {
            worker.step = Step::Release { issue };
            return LIST;
        }
        if self.server.branches.contains_key(&issue) {
            self.count.adopted += 1;
            worker.step = Step::Label { issue };
            return LIST;
        }
        worker.step = Step::Push { issue };
        let work = 300 + i64::try_from(self.dice.roll(1500)).unwrap_or(0);
        let asleep = self.chance(1);
        self.count.sleepers += u64::from(asleep);
        if asleep { work + 3 * LEASE } else { work }
    }

    fn push(&mut self, issue: u64, run: &RunId, worker: &mut Worker) -> i64 {
        if self.server.branches.contains_key(&issue) {
            self.count.in_vain += 1;
            worker.step = Step::Release { issue };
            return PUSH;
        }
        self.server.branches.insert(issue, run.clone());
        worker.step = Step::Label { issue };
        PUBLISH
    }
}
