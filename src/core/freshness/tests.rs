use super::*;

fn at(day: i64) -> Timestamp {
    Timestamp::from_seconds(day * 86_400)
}

fn issue() -> Issue {
    Issue { body: "b".into(), created: at(100), ..Issue::sample("t") }
}

fn pull(number: u64, state: PullState, head: &str, title: &str, body: &str) -> Pull {
    Pull {
        number,
        title: title.into(),
        body: body.into(),
        state,
        head: head.into(),
        head_commit: None,
        base: "main".into(),
        author: "bob".into(),
        draft: false,
        url: format!("/{number}"),
    }
}

fn mention(message: &str, day: i64) -> Mention {
    Mention { commit: CommitId::parse(&"a".repeat(40)).unwrap(), message: message.into(), at: at(day) }
}

/// The decision in one line.
fn verdict(issue: &Issue, pulls: &[Pull], mentions: &[Mention], insistence: Insistence) -> String {
    let facts = Facts {
        issue,
        picked: Some(&self::issue().fingerprint()),
        own_logins: &["burner".to_owned()],
        branch: "agent/ticket-42",
        pulls,
        mentions,
        touches: &[],
        insistence,
    };
    told(&facts)
}

fn told(facts: &Facts<'_>) -> String {
    match decide(facts) {
        Freshness::Fresh { hints } => format!("fresh; {}", hints.join("; ")),
        Freshness::Stale(stale) => stale.to_string(),
    }
}

#[test]
fn a_commit_that_names_the_issue_and_changed_its_lines_leaves_it_to_people() {
    let look = |part: Part, mentioned: &[Mention], insistence| {
        let touch = Touch {
            commit: CommitId::parse(&"a".repeat(40)).unwrap(),
            subject: "Handle empty input".into(),
            path: RepoPath::parse("a.py").unwrap(),
            part,
            at: at(101),
        };
        let issue = issue();
        told(&Facts {
            issue: &issue,
            picked: None,
            own_logins: &[],
            branch: "agent/ticket-42",
            pulls: &[],
            mentions: mentioned,
            touches: &[touch],
            insistence,
        })
    };
    let passing = [mention("Handle empty input (#42)", 101)];
    let lines = || Part::Lines(4, 7);
    assert_eq!(
        look(lines(), &passing, Insistence::Picked),
        "perhaps fixed on the base branch by aaaaaaaaaa, which names the issue and changed lines 4 to 7 of a.py: Handle \
         empty input"
    );
    assert!(look(lines(), &passing, Insistence::Named).starts_with("fresh; although perhaps fixed"));
    assert!(look(Part::File, &passing, Insistence::Picked).starts_with("fresh; commit aaaaaaaaaa mentions it"));
    assert_eq!(
        look(Part::Definition("mean".into()), &[], Insistence::Picked),
        "fresh; commit aaaaaaaaaa changed `mean` of a.py since it was filed: Handle empty input"
    );
}

#[test]
fn the_issue_itself_decides_first() {
    let picked = |change: fn(&mut Issue)| {
        let mut issue = issue();
        change(&mut issue);
        verdict(&issue, &[], &[], Insistence::Picked)
    };
    assert_eq!(picked(|_| {}), "fresh; ");
    assert_eq!(picked(|issue| issue.state = State::Closed), "the issue is closed");
    assert_eq!(picked(|issue| issue.locked = true), "the conversation is locked");
    assert_eq!(picked(|issue| issue.body.push('!')), "the issue was edited since it was picked; run it again");
    assert_eq!(picked(|issue| issue.labels.push("in-review".into())), "fresh; ");
    assert_eq!(picked(|issue| issue.assignees.push("eve".into())), "assigned to eve");
    assert_eq!(picked(|issue| issue.assignees = vec!["eve".into(), "Burner".into()]), "fresh; ");
}

#[test]
fn only_a_young_commit_that_says_so_fixes() {
    let look = |message, day| verdict(&issue(), &[], &[mention(message, day)], Insistence::Picked);
    assert_eq!(
        look("Handle empty input\n\nFixes: #42", 101),
        "fixed on the base branch by aaaaaaaaaa: Handle empty input"
    );
    assert_eq!(look("closes #42", 99), "fresh; commit aaaaaaaaaa mentions it: closes #42");
    assert!(look("see #42", 101).starts_with("fresh"));
    assert!(look("fixes #421", 101).starts_with("fresh"));
    assert!(look("fixes other/repo#42", 101).starts_with("fresh"));
    assert!(look("prefixes #42", 101).starts_with("fresh"));
}

#[test]
fn pull_requests_of_anyone_stop_while_open_and_a_no_is_remembered() {
    let look = |pull: Pull, insistence| verdict(&issue(), &[pull], &[], insistence);
    let open = |title, body| look(pull(7, PullState::Open, "x", title, body), Insistence::Named);
    assert_eq!(open("Better errors (#42)", ""), "pull request #7 by bob is open");
    assert_eq!(open("Better errors", "Resolves #42."), "pull request #7 by bob is open");
    assert_eq!(open("Better errors", "Found with #42."), "fresh; ");
    let own = || pull(8, PullState::Refused, "agent/ticket-42", "x", "");
    assert!(look(own(), Insistence::Picked).starts_with("pull request #8 was closed without merging"));
    assert!(look(own(), Insistence::Named).starts_with("fresh; although pull request #8 was closed"));
    let theirs = pull(9, PullState::Refused, "their/branch", "fix #42", "");
    assert_eq!(look(theirs, Insistence::Picked), "fresh; pull request #9 by bob was closed without merging");
}
