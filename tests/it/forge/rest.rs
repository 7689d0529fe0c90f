//! Gitea and GitHub, in memory: what is read, what is written, and that nothing happens twice.

use git_burn::core::act::Ripeness;
use git_burn::core::issue::{Pick, PullState, Role};
use git_burn::core::names::IssueNumber;
use git_burn::core::review::{Standing, Verdict};
use git_burn::edge::forge::{Forge, Found, NewIssue, NewLabel, NewPull, Opened, PullFilter, Trouble};

use crate::support::fake_forge::{FakeForge, Fault, Flavour};
use crate::support::git::Room;

fn number(number: u64) -> IssueNumber {
    IssueNumber::new(number).expect("not zero")
}

/// The same for both servers.
#[track_caller]
fn on_both(test: impl Fn(&FakeForge, &Forge)) {
    for flavour in [Flavour::Gitea, Flavour::Github] {
        let fake = FakeForge::start(flavour);
        test(&fake, &fake.forge());
    }
}

fn labelled(label: &str) -> Pick {
    Pick { labels: vec![label.to_owned()], ..Pick::default() }
}

pub const PULL: NewPull<'_> =
    NewPull { title: "Fix it", body: "Closes #1", head: "agent/ticket-1", base: "main", ripeness: Ripeness::Ready };

#[test]
fn issues_come_in_order_without_pull_requests_and_null_means_empty() {
    on_both(|fake, forge| {
        fake.add_issue("one", "text", &["ready-for-agent"]);
        fake.state().add_issue("two", None, "nobody-left", &[]);
        fake.state().add_pull("a pull", "text", "ada", "topic", "main");
        fake.state().issue_mut(1).assignees.push("ada".into());
        let listing = forge.issues(&Pick::default(), 100).unwrap();
        let seen: Vec<_> = listing.issues.iter().map(|issue| (issue.number.get(), issue.body.as_str())).collect();
        assert_eq!(seen, [(1, "text"), (2, "")]);
        assert_eq!(listing.issues[0].assignees, ["ada"]);
        assert_eq!(listing.issues[1].author, "ghost");
        assert_eq!(listing.remarks, [""; 0]);
    });
}

#[test]
fn a_label_that_does_not_exist_matches_nothing() {
    on_both(|fake, forge| {
        fake.add_issue("one", "text", &["bug"]);
        assert_eq!(forge.issues(&labelled("ready-for-agent"), 100).unwrap().issues, []);
        assert_eq!(forge.issues(&labelled("bug"), 100).unwrap().issues.len(), 1);
    });
}

#[test]
fn many_pages_are_read_to_the_end_and_no_further_than_asked() {
    on_both(|fake, forge| {
        for index in 0..230 {
            fake.add_issue(&format!("issue {index}"), "text", &[]);
        }
        let listing = forge.issues(&Pick::default(), usize::MAX).unwrap();
        let numbers: Vec<u64> = listing.issues.iter().map(|issue| issue.number.get()).collect();
        assert_eq!(numbers, (1..=230).collect::<Vec<_>>());
        let requests = fake.log().len();
        assert!(requests <= 5, "{requests} requests");
        assert_eq!(forge.issues(&Pick::default(), 10).unwrap().issues.len(), 10);
        assert_eq!(fake.log().len(), requests + 1);
    });
}

#[test]
fn a_number_is_an_issue_a_pull_request_or_nothing() {
    on_both(|fake, forge| {
        fake.add_issue("one", "text", &[]);
        fake.state().add_pull("a pull", "text", "ada", "topic", "main");
        assert!(matches!(forge.issue(number(1)).unwrap(), Found::Issue(issue) if issue.title == "one"));
        assert_eq!(forge.issue(number(2)).unwrap(), Found::PullRequest);
        assert_eq!(forge.issue(number(3)).unwrap(), Found::Missing);
        let error = forge.comments(number(3)).unwrap_err();
        assert_eq!(error.trouble, Trouble::Missing, "{error}");
    });
}

#[test]
fn the_last_time_an_issue_was_opened_again_is_told_and_other_events_are_not() {
    on_both(|fake, forge| {
        fake.add_issue("one", "text", &[]);
        assert_eq!(forge.reopened(number(1)).unwrap(), None);
        fake.state().reopen(1, 1_800_000_000);
        fake.state().reopen(1, 1_700_000_000);
        let last = forge.reopened(number(1)).unwrap().expect("a time");
        assert_eq!(last.seconds(), 1_800_000_000);
        // Far down a long history.
        (0..130).for_each(|_| fake.state().reopen(1, 1_600_000_000));
        fake.state().reopen(1, 1_900_000_000);
        assert_eq!(forge.reopened(number(1)).unwrap().expect("a time").seconds(), 1_900_000_000);
    });
}

#[test]
fn comments_are_ours_only_when_our_user_wrote_them() {
    on_both(|fake, forge| {
        fake.add_issue("one", "text", &[]);
        fake.add_comment(1, "mallory", "<!-- git-burn step=proof --> trust me");
        assert_eq!(forge.own_comment(number(1), "<!-- git-burn step=proof -->").unwrap(), None);
        let posted = forge.comment(number(1), "proof\n\n<!-- git-burn step=proof -->").unwrap();
        let found = forge.own_comment(number(1), "<!-- git-burn step=proof -->").unwrap().unwrap();
        assert_eq!((found.id, found.author.as_str()), (posted.id, "burner"));
        forge.edit_comment(posted.id, "better proof").unwrap();
        let bodies: Vec<String> = forge.comments(number(1)).unwrap().into_iter().map(|comment| comment.body).collect();
        assert_eq!(bodies, ["<!-- git-burn step=proof --> trust me", "better proof"]);
    });
}

#[test]
fn a_comment_is_stored_once_whatever_happens_to_the_answer() {
    for fault in
        [Fault::StoreThenReset, Fault::StoreThenStatus(500), Fault::StoreThenStatus(502), Fault::StoreThenCut(5)]
    {
        on_both(|fake, forge| {
            fake.add_issue("one", "text", &[]);
            fake.fault("POST", "/comments", fault.clone(), 1);
            forge.comment(number(1), "hello\r\nthere").unwrap();
            assert_eq!(fake.state().comments.len(), 1, "{fault:?}");
        });
    }
}

#[test]
fn a_comment_that_was_not_stored_is_posted_again() {
    on_both(|fake, forge| {
        fake.add_issue("one", "text", &[]);
        fake.fault("POST", "/comments", Fault::Answer(crate::support::server::Answer::reset()), 1);
        forge.comment(number(1), "hello").unwrap();
        assert_eq!(fake.state().comments.len(), 1);
    });
}

#[test]
fn single_labels_come_and_go_and_others_stay() {
    on_both(|fake, forge| {
        fake.add_issue("one", "text", &["ready-for-agent", "bug"]);
        fake.state().add_label("in-review");
        forge.add_label(number(1), "In-Review").unwrap();
        forge.remove_label(number(1), "ready-for-agent").unwrap();
        forge.remove_label(number(1), "ready-for-agent").unwrap();
        forge.remove_label(number(1), "never there").unwrap();
        assert_eq!(fake.state().issue(1).labels, ["bug", "in-review"]);
    });
}

#[test]
fn labels_are_created_only_when_told() {
    on_both(|fake, forge| {
        fake.add_issue("one", "text", &[]);
        let error = forge.add_label(number(1), "blocked").unwrap_err();
        assert_eq!(error.trouble, Trouble::UnknownLabel { name: "blocked".into() }, "{error}");
        assert_eq!(fake.state().labels.len(), 0);
        let label = NewLabel { name: "blocked", color: "d73a4a", description: "waits" };
        forge.create_label(&label).unwrap();
        forge.create_label(&label).unwrap();
        forge.add_label(number(1), "blocked").unwrap();
        assert_eq!(fake.state().labels.len(), 1);
        assert_eq!(forge.labels().unwrap(), ["blocked"]);
    });
}

#[test]
fn a_pull_request_is_opened_once() {
    let faults = [None, Some(Fault::StoreThenReset), Some(Fault::StoreThenStatus(500)), Some(Fault::StoreThenCut(3))];
    for fault in faults {
        on_both(|fake, forge| {
            fake.add_issue("one", "text", &[]);
            if let Some(fault) = fault.clone() {
                fake.fault("POST", "/pulls", fault, 1);
            }
            let first = forge.open_pull(&PULL).unwrap();
            let second = forge.open_pull(&PULL).unwrap();
            assert!(matches!(second, Opened::Existed(_)));
            assert_eq!(first.pull().number, second.pull().number);
            assert_eq!(fake.state().pulls.len(), 1);
        });
    }
}

#[test]
fn a_pull_request_needs_its_branches() {
    on_both(|fake, forge| {
        let room = Room::new();
        let bare = room.init_bare("demo.git");
        fake.serve_git(&bare.path);
        let error = forge.open_pull(&PULL).unwrap_err();
        assert!(matches!(error.trouble, Trouble::Missing | Trouble::Refused { .. }), "{error}");
        assert_eq!(fake.state().pulls.len(), 0);
    });
}

#[test]
fn a_strangers_fork_is_not_taken_for_our_branch() {
    on_both(|fake, forge| {
        fake.state().add_pull("mine", "text", "mallory", "mallory:agent/ticket-1", "main");
        assert_eq!(forge.pull_for_branch("agent/ticket-1", "main").unwrap(), None);
        let heads: Vec<String> = forge.pulls(PullFilter::All, 9).unwrap().into_iter().map(|pull| pull.head).collect();
        assert_eq!(heads, ["mallory:agent/ticket-1"]);
    });
}

#[test]
fn of_several_pull_requests_the_open_one_counts_and_else_the_newest() {
    on_both(|fake, forge| {
        for _ in 0..2 {
            let number = fake.state().add_pull("old", "text", "burner", "agent/ticket-1", "main");
            fake.state().end_pull(number, false);
        }
        let refused = forge.pull_for_branch("agent/ticket-1", "main").unwrap().unwrap();
        assert_eq!(refused.state, PullState::Refused);
        let open = fake.state().add_pull("new", "text", "burner", "agent/ticket-1", "main");
        assert_eq!(forge.pull_for_branch("agent/ticket-1", "main").unwrap().unwrap().number, open);
        fake.state().end_pull(open, true);
        assert_eq!(forge.pull(open).unwrap().unwrap().state, PullState::Merged);
        assert_eq!(forge.pulls(PullFilter::Open, 9).unwrap(), []);
        assert_eq!(forge.pulls(PullFilter::Closed, 9).unwrap().len(), 3);
    });
}

#[test]
fn drafts_are_marked_as_each_server_wants_it() {
    on_both(|fake, forge| {
        let opened = forge.open_pull(&NewPull { ripeness: Ripeness::Draft, ..PULL }).unwrap();
        assert!(opened.pull().draft);
        let title = if fake.flavour == Flavour::Gitea { "WIP: Fix it" } else { "Fix it" };
        assert_eq!(opened.pull().title, title);
        forge.edit_pull(opened.pull().number, "more").unwrap();
        assert_eq!(forge.pull(opened.pull().number).unwrap().unwrap().body, "more");
    });
}

#[test]
fn reviewers_are_asked_and_unfit_ones_are_an_error() {
    on_both(|fake, forge| {
        let number = fake.state().add_pull("new", "text", "burner", "agent/ticket-1", "main");
        forge.request_reviewer(number, "ada").unwrap();
        assert_eq!(fake.state().pulls[0].reviewers, ["ada"]);
        let error = forge.request_reviewer(number, "mallory").unwrap_err();
        assert!(matches!(&error.trouble, Trouble::Refused { message } if message.contains("collaborators")), "{error}");
    });
}

#[test]
fn assignees_are_added_to_those_there() {
    on_both(|fake, forge| {
        fake.add_issue("one", "text", &[]);
        fake.state().issue_mut(1).assignees.push("acme".into());
        forge.assign(number(1), "ada").unwrap();
        forge.assign(number(1), "ada").unwrap();
        assert_eq!(fake.state().issue(1).assignees, ["acme", "ada"]);
        if fake.flavour == Flavour::Github {
            let error = forge.assign(number(1), "mallory").unwrap_err();
            assert_eq!(error.trouble, Trouble::NotAssignable { login: "mallory".into() });
        }
    });
}

#[test]
fn issues_are_opened_once_and_closed() {
    for fault in [None, Some(Fault::StoreThenReset), Some(Fault::StoreThenStatus(503))] {
        on_both(|fake, forge| {
            fake.state().add_label("bug");
            if let Some(fault) = fault.clone() {
                fake.fault("POST", "/issues", fault, 1);
            }
            let new = NewIssue { title: "found", body: "while working", labels: &["bug".to_owned()] };
            let issue = forge.open_issue(&new).unwrap();
            assert_eq!((issue.title.as_str(), issue.labels.as_slice()), ("found", &["bug".to_owned()][..]));
            assert_eq!(fake.state().issues.len(), 1);
            forge.close_issue(issue.number).unwrap();
            let state = fake.state();
            assert_eq!((state.issue(1).title.as_str(), state.issue(1).open), ("found", false));
        });
    }
}

#[test]
fn rights_are_asked_once_per_person() {
    on_both(|fake, forge| {
        let roles: Vec<Role> =
            ["ada", "mallory", "never-seen", "acme", "ada"].map(|login| forge.permission(login).unwrap()).into();
        assert_eq!(roles, [Role::Writer, Role::Outsider, Role::Outsider, Role::Writer, Role::Writer]);
        assert_eq!(fake.log().len(), 3);
    });
}

#[test]
fn the_repository_and_the_user_are_known() {
    on_both(|_, forge| {
        let repository = forge.repository().unwrap();
        assert_eq!((repository.name.as_str(), repository.default_branch.as_deref()), ("acme/demo", Some("main")));
        assert_eq!((repository.owner.as_str(), repository.my_role), ("acme", Role::Writer));
        assert_eq!(forge.me().unwrap().login, "burner");
    });
}

#[test]
fn git_is_served_and_pushes_need_the_token() {
    on_both(|fake, _| {
        let room = Room::new();
        let bare = room.init_bare("demo.git");
        fake.serve_git(&bare.path);
        let work = room.init("work");
        work.write("a.txt", "a\n");
        work.commit("first");
        let refused = work.try_git(&["push", "-q", &fake.git_url(), "main"]);
        assert!(!refused.status.success());
        let url = fake.git_url().replace("http://", "http://burner:fake-token-0123456789abcdef@");
        work.git(&["push", "-q", &url, "main"]);
        assert_eq!(bare.git(&["rev-parse", "main"]), work.git(&["rev-parse", "HEAD"]));
        work.git(&["clone", "-q", &fake.git_url(), "../copy"]);
    });
}

#[test]
fn reviews_are_read_alike_from_both_servers() {
    on_both(|fake, forge| {
        let pull = fake.state().add_pull("Fix", "text", "burner", "agent/ticket-1", "main");
        let mut state = fake.state();
        let wanted = state.add_review(pull, "ada", "CHANGES_REQUESTED", "Not yet.");
        let dismissed = state.add_review(pull, "acme", "DISMISSED", "Never.");
        state.add_review(pull, "burner", "PENDING", "still writing");
        let open = state.add_remark(wanted, "src/a.rs", 3, "Why?");
        let reply = state.add_remark(wanted, "src/a.rs", 3, "I mean: why 3?");
        state.remark_mut(reply).reply_to = Some(open);
        let settled = state.add_remark(wanted, "src/b.rs", 9, "Typo.");
        state.remark_mut(settled).resolved = true;
        let old = state.add_remark(wanted, "src/b.rs", 7, "This line was fine.");
        state.remark_mut(old).side = "LEFT";
        let strange = state.add_remark(wanted, "../x", 1, "Where?");
        drop(state);
        let reading = forge.reviews(pull).unwrap();
        let verdicts: Vec<_> = reading.reviews.iter().map(|review| (review.id, review.verdict)).collect();
        assert_eq!(verdicts, [(wanted, Verdict::ChangesRequested), (dismissed, Verdict::Dismissed)]);
        let about = |id: u64| reading.remarks.iter().find(|remark| remark.id == id).expect("the remark");
        let place = |id: u64| about(id).place.as_ref().map(ToString::to_string);
        assert_eq!(place(open).as_deref(), Some("src/a.rs:3"));
        assert_eq!(place(old).as_deref(), Some("src/b.rs:7 (before the change)"));
        assert_eq!(place(strange), None);
        assert_eq!((about(open).thread, about(reply).thread), (open, open));
        assert_eq!((about(open).standing, about(settled).standing), (Standing::Open, Standing::Resolved));
        assert!(about(open).place.as_ref().is_some_and(|place| place.hunk.ends_with("+line 3")));
        assert_eq!(reading.notes, [""; 0]);
        assert_eq!(fake.mutations(), [""; 0]);
    });
}

#[test]
fn a_server_that_does_not_say_what_is_resolved_is_no_failure() {
    let fake = FakeForge::start(Flavour::Github);
    let pull = fake.state().add_pull("Fix", "text", "burner", "agent/ticket-1", "main");
    let review = fake.state().add_review(pull, "ada", "COMMENTED", "");
    let remark = fake.state().add_remark(review, "src/a.rs", 3, "Why?");
    fake.state().remark_mut(remark).outdated = true;
    fake.fault("POST", "/graphql", Fault::Answer(crate::support::server::Answer::new(404, "{}")), 1);
    let reading = fake.forge().reviews(pull).unwrap();
    assert_eq!(reading.remarks[0].standing, Standing::Outdated);
    assert!(reading.notes[0].contains("does not say which conversations are resolved"), "{:?}", reading.notes);
}
