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
        worktrees: vec![
            Worktree { path: "/c/a".into(), use_: Use::Idle },
            Worktree { path: "/c/b".into(), use_: Use::Running },
        ],
        runs: Vec::new(),
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
    let all = plan(&inventory(), Keep { logs: 100, runs: 24 }, Reach::Remote, at(5000));
    let removed: String = all.remove.iter().map(|(what, why)| format!("- {what}: {why}\n")).collect();
    let kept: String = all.keep.iter().map(|(what, why)| format!("+ {what}: {why}\n")).collect();
    expect_test::expect![[r"
        - draft of #2 (bbbbbbbbbb): the issue is closed
        - branch agent/ticket-1 (aaaaaaaaaa): pull request #11 is merged
        - branch agent/ticket-4 (aaaaaaaaaa): it has no pull request and the issue is closed
        - claim of #1 (cccccccccc): it ended at 1970-01-01T00:01:40Z
        - claim of #2 (cccccccccc): the issue is closed
        - worktree /c/a: no run uses it
        + draft of #1 (aaaaaaaaaa): the issue is open: `git burn continue` can go on with it
        + draft of #9 (dddddddddd): the issue could not be read
        + branch agent/ticket-2 (aaaaaaaaaa): it is not where pull request #12 left it
        + branch agent/ticket-3 (aaaaaaaaaa): its pull request is open
        + branch agent/ticket-5 (aaaaaaaaaa): it has no pull request yet
        + branch agent/ticket-6 (aaaaaaaaaa): it has no pull request and the issue could not be read
        + claim of #3 (cccccccccc): held by run r1 of ada on tower, until 1970-01-02T03:46:39Z
        + claim of #4 (cccccccccc): it is no claim of git-burn: remove it by hand if it should go
        + worktree /c/b: a run uses it
    "]]
    .assert_eq(&(removed + &kept));
    let local = plan(&inventory(), Keep { logs: 100, runs: 24 }, Reach::Local, at(5000));
    let of_remote = |(what, _): &(Removal, String)| matches!(what, Removal::Branch { .. } | Removal::Claim { .. });
    assert!(!local.remove.iter().any(of_remote));
}

#[test]
fn the_newest_runs_stay_and_exchanges_go_before_events() {
    let record = |n: i64| RunRecord {
        run: RunId::parse(&format!("r{n}")).unwrap(),
        started: at(n),
        use_: if n == 1 { Use::Running } else { Use::Idle },
        has_exchanges: n != 4,
    };
    let inventory = Inventory { runs: (1..=7).map(record).collect(), ..Inventory::default() };
    let plan = plan(&inventory, Keep { logs: 4, runs: 2 }, Reach::Local, at(99));
    let removed: Vec<String> = plan.remove.iter().map(|(what, _)| what.to_string()).collect();
    assert_eq!(removed, ["exchanges of run r5", "run r3", "run r2"]);
}
