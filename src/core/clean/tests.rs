use super::*;

fn number(n: u64) -> IssueNumber {
    IssueNumber::new(n).unwrap()
}

fn commit(digit: &str) -> CommitId {
    CommitId::parse(&digit.repeat(40)).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn pull(number: u64, state: PullState, head: &str, at: &str) -> Pull {
    Pull {
        number,
        title: String::new(),
        body: String::new(),
        state,
        head: head.into(),
        head_commit: Some(commit(at)),
        base: "main".into(),
        author: "burner".into(),
        draft: false,
        url: String::new(),
    }
}

fn claim(issue: u64, expires: i64) -> Claim {
    Claim {
        issue: number(issue),
        holder: "ada".into(),
        host: "tower".into(),
        pid: 1,
        run: RunId::parse("r1").unwrap(),
        taken: at(0),
        expires: at(expires),
        nonce: "n".into(),
    }
}

fn inventory() -> Inventory {
    let branch = |n: u64, head: &str| {
        let name = BurnBranch::for_issue("agent/ticket-{number}", number(n), "").unwrap();
        RemoteBranch { name, issue: number(n), head: commit(head) }
    };
    let found = |issue: u64, claim: Option<Claim>| FoundClaim { issue: number(issue), commit: commit("c"), claim };
    Inventory {
        drafts: vec![(number(1), commit("a")), (number(2), commit("b")), (number(9), commit("d"))],
        branches: (1..=6).map(|n| branch(n, "a")).collect(),
        claims: vec![
            found(1, Some(claim(1, 100))),
            found(2, Some(claim(2, 99_999))),
            found(3, Some(claim(3, 99_999))),
            found(4, None),
        ],
        issues: [(1, State::Open), (2, State::Closed), (3, State::Open), (4, State::Closed), (5, State::Open)]
            .map(|(n, state)| (number(n), state))
            .into(),
        pulls: vec![
            pull(11, PullState::Merged, "agent/ticket-1", "a"),
            pull(12, PullState::Merged, "agent/ticket-2", "b"), // somebody pushed since
            pull(13, PullState::Refused, "agent/ticket-3", "a"),
            pull(14, PullState::Open, "agent/ticket-3", "a"),
        ],
    }
}

#[test]
fn only_what_nobody_needs_goes_and_everything_has_a_reason() {
    let all = plan(&inventory(), Reach::Remote, at(5000));
    expect_test::expect![[r"
        - draft of #2 (bbbbbbbbbb): the issue is closed
        - branch agent/ticket-1 (aaaaaaaaaa): pull request #11 is merged
        - branch agent/ticket-4 (aaaaaaaaaa): it has no pull request and the issue is closed
        - claim of #1 (cccccccccc): it ended at 1970-01-01T00:01:40Z
        - claim of #2 (cccccccccc): the issue is closed
        + draft of #1 (aaaaaaaaaa): the issue is open: `git burn continue` can go on with it
        + draft of #9 (dddddddddd): the issue could not be read
        + branch agent/ticket-2 (aaaaaaaaaa): it is not where pull request #12 left it
        + branch agent/ticket-3 (aaaaaaaaaa): its pull request is open
        + branch agent/ticket-5 (aaaaaaaaaa): it has no pull request yet
        + branch agent/ticket-6 (aaaaaaaaaa): it has no pull request and the issue could not be read
        + claim of #3 (cccccccccc): held by run r1 of ada on tower, until 1970-01-02T03:46:39Z
        + claim of #4 (cccccccccc): it is no claim of git-burn: remove it by hand if it should go
    "]]
    .assert_eq(&lines(&all));
    let local = plan(&inventory(), Reach::Local, at(5000));
    let of_remote = |(what, _): &(Removal, String)| matches!(what, Removal::Branch { .. } | Removal::Claim { .. });
    assert!(!local.remove.iter().any(of_remote));
}

/// What goes, then what stays.
fn lines<What: fmt::Display>(plan: &CleanPlan<What>) -> String {
    let removed = plan.remove.iter().map(|(what, why)| format!("- {what}: {why}\n"));
    removed.chain(plan.keep.iter().map(|(what, why)| format!("+ {what}: {why}\n"))).collect()
}

#[test]
fn what_runs_left_here_goes_and_what_they_use_stays() {
    let worktree = |path: &str, use_| Worktree { path: path.into(), use_ };
    let here = Here {
        worktrees: vec![worktree("/c/a", Use::Idle), worktree("/c/b", Use::Running)],
        folders: vec!["/tmp/git-burn-push-x".into()],
        runs: Vec::new(),
    };
    expect_test::expect![[r"
        - worktree /c/a: no run uses it
        - temporary folder /tmp/git-burn-push-x: a command that was killed left it
        + worktree /c/b: a run uses it
    "]]
    .assert_eq(&lines(&plan_here(&here, Keep { logs: 100, runs: 24 })));
}

#[test]
fn the_newest_runs_stay_and_exchanges_go_before_events() {
    let record = |n: i64| RunRecord {
        run: RunId::parse(&format!("r{n}")).unwrap(),
        started: at(n),
        use_: if n == 1 { Use::Running } else { Use::Idle },
        has_exchanges: n != 4,
    };
    let here = Here { runs: (1..=7).map(record).collect(), ..Here::default() };
    let plan = plan_here(&here, Keep { logs: 4, runs: 2 });
    let removed: Vec<String> = plan.remove.iter().map(|(what, _)| what.to_string()).collect();
    assert_eq!(removed, ["exchanges of run r5", "run r3", "run r2"]);
}
