//! What a provider's prompt cache can serve: the same bytes at the start, marked, from turn to turn and from issue to issue.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use git_burn::core::conversation::{
    Briefing, Cache, Conversation, Instructions, Message, Passage, Topic, opening, tokens_at_most,
};
use git_burn::core::issue::{Issue, Role, State};
use git_burn::core::names::{CommitId, IssueNumber, RepoPath, Timestamp};
use git_burn::edge::model::AskLimits;
use serde_json::Value;

use crate::support::model_server::{fixture, model, stream};
use crate::support::server::{Server, on};

fn issue(number: u64, title: &str) -> Issue {
    Issue {
        number: IssueNumber::new(number).expect("a number"),
        title: title.into(),
        body: "It fails.".into(),
        state: State::Open,
        labels: Vec::new(),
        assignees: Vec::new(),
        author: "alice".into(),
        author_role: Role::Writer,
        milestone: None,
        locked: false,
        comments: 0,
        created: Timestamp::from_seconds(0),
        updated: Timestamp::from_seconds(0),
        url: String::new(),
    }
}

/// The opening for an issue on one base, as one run makes it: the same advice, rules and map.
fn begin(issue: &Issue, shown: &str) -> Conversation {
    let base = CommitId::parse(&"a1".repeat(20)).expect("an id");
    let path = |text| RepoPath::parse(text).expect("a path");
    let instructions = [Instructions { path: path("AGENTS.md"), text: "Run the tests.\n".into() }];
    let briefing = Briefing {
        issue,
        comments: &[],
        history: &[],
        base: &base,
        checks: &[],
        rules: "- No new binary files.",
        instructions: &instructions,
        overview: "src: 3 files",
        pack: &[Passage::of(path(shown), "fn one() {}\n", None)],
        leads: &[],
        nonce: "7f3a",
    };
    opening(&briefing).conversation
}

/// A block of a request: its text, and whether it is marked.
type Block = (String, bool);

/// Asks an Anthropic model and gives the blocks that it was sent, the system text first.
fn sent(conversation: &Conversation) -> Vec<Block> {
    let server = Server::scripted([on("POST", "/v1/messages", stream(fixture("anthropic.sse")))]);
    let cancelled = AtomicBool::new(false);
    let time = Duration::from_secs(10);
    let limits = AskLimits { output: 4_000, time, issue: IssueNumber::new(1), cancelled: &cancelled };
    model("anthropic/claude-test", &server.url()).ask(conversation, &limits, &mut |_| {}).expect("an answer");
    let body = server.seen()[0].json();
    let block = |block: &Value| {
        let text = block["text"].as_str().expect("a text block").to_owned();
        (text, block.get("cache_control").is_some())
    };
    let messages = body["messages"].as_array().expect("messages").iter();
    let blocks = messages.flat_map(|message| message["content"].as_array().expect("blocks"));
    body["system"].as_array().expect("a system text").iter().chain(blocks).map(block).collect()
}

fn same_start(left: &[Block], right: &[Block]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left.0 == right.0).count()
}

#[test]
fn two_issues_on_one_base_share_the_protocol_and_the_project_and_both_are_marked() {
    let first = sent(&begin(&issue(1, "one() is slow"), "src/one.rs"));
    let second = sent(&begin(&issue(2, "two() crashes"), "src/two.rs"));
    let shared = same_start(&first, &second);
    assert_eq!(shared, 2, "{first:#?}");
    assert!(first[1].0.starts_with("# The project") && first[1].0.contains("AGENTS.md"));
    assert!(first[..shared].iter().chain(&second[..shared]).all(|(_, marked)| *marked));
    assert!(!first[1].0.contains("slow") && first[2].0.contains("one() is slow"), "the issue comes after the project");
}

#[test]
fn a_later_turn_begins_with_all_of_the_earlier_one_and_marks_where_that_ended() {
    let mut conversation = begin(&issue(1, "one() is slow"), "src/one.rs");
    let mut before = sent(&conversation);
    for turn in 0..4 {
        conversation.push(Message::answer(format!("```look\nread src/{turn}.rs\n```")));
        let results = Message::user(Topic::Looked(Vec::new()), format!("src/{turn}.rs: nothing\n"));
        conversation.push(Message { cache: Cache::Keep, ..results });
        let now = sent(&conversation);
        assert_eq!(
            same_start(&before, &now),
            before.len(),
            "turn {turn}: the earlier request is the start of this one"
        );
        let last = before.iter().rposition(|(_, marked)| *marked).expect("a mark");
        assert_eq!(last, before.len() - 1, "turn {turn}: all of it was kept");
        assert!(now[last].1, "turn {turn}: what was written to the cache is asked for");
        assert!(now.iter().filter(|(_, marked)| *marked).count() <= 4, "turn {turn}: no more marks than are allowed");
        before = now;
    }
}

#[test]
fn contexts_and_budgets_are_measured_with_a_reserve() {
    let conversation = begin(&issue(1, "one() is slow"), "src/one.rs");
    let parts: u64 = conversation.messages.iter().map(|message| tokens_at_most(&message.text)).sum();
    assert!(conversation.tokens_at_most() > parts && conversation.tokens_at_most() > conversation.tokens());
}
