//! The conversation on real and on hostile material: what models really answered, what strangers really write.

use git_burn::core::change::{Entry, Snapshot};
use git_burn::core::conversation::{Briefing, Confusion, Look, Opening, Reply, opening, read};
use git_burn::core::issue::{Issue, Role, State};
use git_burn::core::names::{CommitId, IssueNumber, RepoPath, Timestamp};
use git_burn::core::patch::{ApplyOptions, Care, Completeness, LineNumbers, Patch};
use regex::Regex;
use serde_json::Value;

use crate::support::schema::shared;

#[test]
fn answers_of_real_models_are_read_as_patches() {
    let Some(folder) = shared("patches") else {
        println!("skipped: no shared data");
        return;
    };
    let text = std::fs::read_to_string(folder.join("real-open.jsonl")).expect("the answers");
    let mut others = Vec::new();
    let mut count = 0;
    for case in text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        // The smallest of the models answers with salads of words now and then; these are rightly unusable.
        let is_salad = case["model"] == "phi3:mini";
        let reply = read(case["raw_output"].as_str().expect("an answer"), Completeness::Complete);
        count += 1;
        let is_right = matches!(reply, Reply::Patch(_)) || is_salad && reply == Reply::Unusable(Confusion::NoAction);
        if !is_right {
            others.push(format!("{} ({}): {reply:?}", case["id"], case["model"]));
        }
    }
    assert!(count > 300 && others.is_empty(), "{} of {count}:\n{}", others.len(), others.join("\n"));
}

fn issue(input: &Value, repeat: usize) -> Issue {
    let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
    Issue {
        number: IssueNumber::new(42).expect("a number"),
        title: text("title"),
        body: text("body").repeat(repeat),
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

fn opened(issue: &Issue) -> Opening {
    let base = CommitId::parse(&"0".repeat(40)).expect("an id");
    opening(&Briefing {
        issue,
        comments: &[],
        history: &[],
        base: &base,
        checks: &[],
        rules: "- None.",
        instructions: &[],
        overview: "",
        pack: &[],
        leads: &[],
        nonce: "4f1c9a",
    })
}

#[test]
fn hostile_issues_make_harmless_prompts() {
    let Some(folder) = shared("hostile") else {
        println!("skipped: no shared data");
        return;
    };
    let text = std::fs::read_to_string(folder.join("hostile.jsonl")).expect("the corpus");
    let mut count = 0;
    for case in text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        if case["kind"] != "issue" {
            continue;
        }
        count += 1;
        let repeat = case["body_repeat"].as_u64().unwrap_or(1) as usize;
        let Opening { conversation, notes } = opened(&issue(&case["input"], repeat));
        let prompt: String = conversation.messages.iter().map(|message| message.text.as_str()).collect();
        let list = |name: &str| {
            let texts = case[name].as_array().into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect::<Vec<String>>()
        };
        let id = &case["id"];
        for text in list("prompt_must_not_contain") {
            assert!(!prompt.contains(&text), "{id}: {text} is in the prompt");
        }
        for text in list("prompt_must_contain") {
            assert!(prompt.contains(&text), "{id}: {text} is not in the prompt");
        }
        for pattern in list("prompt_must_not_match") {
            assert!(!Regex::new(&pattern).expect("a pattern").is_match(&prompt), "{id}: {pattern} is in the prompt");
        }
        for pattern in list("report_must_match") {
            let told = notes.join("\n");
            assert!(Regex::new(&pattern).expect("a pattern").is_match(&told), "{id}: {pattern} is not told: {told}");
        }
        let most = case["prompt_max_chars"].as_u64().unwrap_or(200_000) as usize;
        assert!(prompt.chars().count() <= most, "{id}: {} characters", prompt.chars().count());
        assert_eq!(prompt.matches("</untrusted-4f1c9a>").count(), 2, "{id}: a text leaves its fence");
        assert!(!prompt.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{id}: control characters");
    }
    assert!(count >= 20, "{count} issues");
}

/// The examples of the rules that the model reads, each as a reply of its own.
fn examples() -> Vec<String> {
    let rules = opened(&issue(&Value::Null, 1)).conversation.system;
    let mut examples: Vec<String> = Vec::new();
    let mut before = "";
    let mut is_open = false;
    for line in rules.lines() {
        if line.starts_with("```") && !is_open {
            is_open = true;
            let head = if before.starts_with("*** ") { format!("{before}\n") } else { String::new() };
            examples.push(format!("{head}{line}\n"));
        } else if is_open {
            is_open = line != "```";
            examples.last_mut().expect("an open example").push_str(&format!("{line}\n"));
        }
        before = line;
    }
    examples
}

/// The reply that an example is, and what its patch makes of the file that it is about.
fn effect(example: &str) -> String {
    match read(example, Completeness::Unknown) {
        Reply::Look(looks) => {
            format!("look {:?} {:?}", looks.wanted.iter().map(Look::to_string).collect::<Vec<_>>(), looks.problems)
        }
        Reply::Ask(questions) => format!("ask {questions:?}"),
        Reply::Done(evidence) => format!("done {:?} {:?}", evidence.commits, evidence.paths),
        Reply::Unusable(confusion) => format!("unusable {confusion}"),
        Reply::Patch(text) => {
            let patch = Patch::parse(text.as_bytes(), Completeness::Unknown).expect("a patch");
            let lines: String = (1..9).map(|number| format!("# {number}\n")).collect();
            let code = "def total(items):\n    result = 0\n    for item in items[1:]:\n        result += item\n    return result\n";
            let path = RepoPath::parse("src/sum.py").expect("a path");
            let entries = [(path, Entry::file(format!("{lines}{code}")))].into();
            let base = Snapshot { entries, ..Snapshot::default() };
            let options = ApplyOptions { line_numbers: LineNumbers::Shown, care: Care::Model, seen: None };
            let applied = patch.apply(&base, &options).unwrap_or_else(|refusal| panic!("{refusal}"));
            let text = |(path, file): (&RepoPath, &git_burn::core::change::FileChange)| {
                format!("{path}: {}", String::from_utf8_lossy(file.new_bytes()).replace(&lines, ""))
            };
            applied.change.files.iter().map(text).collect()
        }
    }
}

#[test]
fn the_examples_of_the_protocol_do_what_they_say() {
    let told: Vec<String> = examples().iter().map(|example| effect(example)).collect();
    expect_test::expect![[r#"
        src/sum.py: def total(items):
            result = 0
            for item in items:
                result += item
            return result

        ---
        src/sum.py: def total(items):
            result = 0
            for item in items:
                result += item
            return result

        ---
        src/empty.py: def is_empty(items):
            return not items

        ---
        look ["read src/sum.py:1-80", "search /def total\\(/ *.py", "list tests/**", "log src/sum.py", "blame src/sum.py:10-14"] []
        ---
        ask ["Should `total` of an empty list be 0 or an error?"]
        ---
        done ["1a2b3c4d"] [`src/sum.py`]"#]].assert_eq(&told.join("\n---\n"));
}
