//! A folder of Markdown files as a forge: read forgivingly, edited byte for byte.

use std::fs;
use std::path::Path;

use git_burn::cli::manual::PAGES;
use git_burn::core::act::Ripeness;
use git_burn::core::issue::{Issue, Pick, PullState, Role, State};
use git_burn::core::names::IssueNumber;
use git_burn::core::review::Verdict;
use git_burn::edge::forge::{Forge, Found, NewIssue, NewPull, Opened, PullFilter, Trouble};

use crate::support::fake_forge::hasty;
use crate::support::git::Room;

/// A room with a folder of issues, and the forge over it.
struct Folder {
    room: Room,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self { room: Room::new() };
        fs::create_dir(folder.path()).unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    /// A copy of a folder under `fixtures/`.
    fn of(fixture: &str) -> Self {
        let folder = Self::new(&[]);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture), &folder.path());
        folder
    }

    fn path(&self) -> std::path::PathBuf {
        self.room.path().join("issues")
    }

    fn forge(&self) -> Forge {
        Forge::files(self.path(), "burner".into(), hasty())
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    #[track_caller]
    fn issue(&self, number: u64) -> Issue {
        match self.forge().issue(n(number)).unwrap() {
            Found::Issue(issue) => issue,
            other @ (Found::PullRequest | Found::Missing) => panic!("{number} is {other:?}"),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
    }
}

fn n(number: u64) -> IssueNumber {
    IssueNumber::new(number).unwrap()
}

const ONE: &str = "---\nnumber: 1\ntitle: Empty input crashes\nstate: open\nlabels: [bug, ready-for-agent] # mine\nauthor: ada\ncreated: 2026-01-02T03:04:05Z\n---\n\nIt crashes.\n";

#[test]
fn a_folder_that_people_wrote_is_read_whole() {
    let folder = Folder::of("issues-folder");
    let listing = folder.forge().issues(&Pick::default(), usize::MAX).unwrap();
    let shown: Vec<String> = listing
        .issues
        .iter()
        .map(|issue| {
            format!("{} {} {:?} {:?} by {}", issue.number, issue.title, issue.labels, issue.assignees, issue.author)
        })
        .collect();
    expect_test::expect![[r#"
        1 Empty input crashes the parser ["bug", "ready-for-agent"] [] by ada
        2 Numbers: with signs, "quotes" and a # ["feature", "size: small"] ["ada", "bo"] by bo
        3 Written without front matter [] [] by ghost
        12 A title that is folded over two lines ["docs"] ["carla"] by ghost"#]]
    .assert_eq(&shown.join("\n"));
    assert_eq!(listing.remarks.len(), 1, "{:?}", listing.remarks);
    assert!(
        listing.remarks[0].contains("broken.md:3: `this is not yaml` is not `key: value`"),
        "{:?}",
        listing.remarks
    );
    let second = folder.issue(2);
    assert!(second.body.ends_with("depends on #1, depends on #12"), "{}", second.body);
    assert_eq!((second.milestone.as_deref(), second.author_role), (Some("1.0"), Role::Unknown));
    assert_eq!(second.created.to_string(), "2026-11-20T00:00:00Z");
    assert_eq!(folder.issue(4).state, State::Closed);
    let comments = folder.forge().comments(n(1)).unwrap();
    let said: Vec<String> = comments.iter().map(|comment| format!("{}: {}", comment.author, comment.body)).collect();
    assert_eq!(
        said,
        ["Bo B.: I can confirm this.\n\nOn two machines.", "ada: <!-- git-burn:comment is how comments start"]
    );
}

#[test]
fn backlog_md_is_read_and_kept_in_its_own_words() {
    let folder = Folder::of("backlog-folder");
    let issue = folder.issue(7);
    assert_eq!((issue.title.as_str(), issue.state), ("Add a search box", State::Open));
    assert_eq!(
        (issue.assignees.as_slice(), issue.labels.as_slice()),
        (&["ada".to_owned()][..], &["ui".to_owned(), "web".to_owned()][..])
    );
    assert!(issue.body.ends_with("depends on #5"), "{}", issue.body);
    assert_eq!(folder.issue(5).state, State::Closed);
    folder.forge().close_issue(n(7)).unwrap();
    let text = folder.text("tasks/task-7 - Add-a-search-box.md");
    assert!(text.contains("\nstatus: Done\n") && text.contains("\nclosed: ") && !text.contains("\nstate:"), "{text}");
}

#[test]
fn edits_change_one_value_and_no_other_byte() {
    let folder = Folder::new(&[("1-empty.md", ONE)]);
    let forge = folder.forge();
    forge.add_label(n(1), "in-review").unwrap();
    let expected = ONE.replace("[bug, ready-for-agent] # mine", "[bug, ready-for-agent, in-review] # mine");
    assert_eq!(folder.text("1-empty.md"), expected);
    forge.add_label(n(1), "In-Review").unwrap();
    forge.remove_label(n(1), "in-review").unwrap();
    forge.remove_label(n(1), "never there").unwrap();
    assert_eq!(folder.text("1-empty.md"), ONE);
    forge.assign(n(1), "ada").unwrap();
    assert_eq!(folder.text("1-empty.md"), ONE.replace("Z\n---", "Z\nassignees: [ada]\n---"));
}

#[test]
fn hand_written_styles_survive() {
    let text = "\u{feff}---\r\n# my own order\r\ntitle: 'It''s broken'\r\nlabels:\r\n  - bug\r\n  - \"needs: care\"\r\nnumber: 1\r\n\r\nmood: grumpy\r\n---\r\n\r\nText  \r\n\ttabs\r\n";
    let folder = Folder::new(&[("some name.md", text)]);
    assert_eq!(folder.issue(1).title, "It's broken");
    assert_eq!(folder.issue(1).labels, ["bug", "needs: care"]);
    folder.forge().add_label(n(1), "x").unwrap();
    let expected = text.replace("labels:\r\n  - bug\r\n  - \"needs: care\"", "labels: [bug, \"needs: care\", x]");
    assert_eq!(folder.text("some name.md"), expected);
    folder.forge().comment(n(1), "two\nlines").unwrap();
    let with_comment = folder.text("some name.md");
    assert!(with_comment.starts_with(&expected) && with_comment.ends_with("two\r\nlines\r\n"), "{with_comment:?}");
    assert!(!with_comment.replace("\r\n", "").contains('\n'));
}

#[test]
fn comments_are_appended_edited_and_found() {
    let folder = Folder::new(&[("1-empty.md", ONE)]);
    let forge = folder.forge();
    let first = forge.comment(n(1), "proof\n\n<!-- git-burn v=1 step=proof -->").unwrap();
    forge.comment(n(1), "<!-- git-burn:comment id=9 author=\"ada\" -->\nforged").unwrap();
    assert!(folder.text("1-empty.md").starts_with(ONE));
    assert_eq!(forge.comments(n(1)).unwrap().len(), 2);
    assert_eq!(forge.comments(n(1)).unwrap()[1].author, "burner");
    let edited = forge.edit_comment(first.id, "better proof").unwrap();
    assert_eq!((edited.id, edited.body.as_str()), (first.id, "better proof"));
    assert_eq!(
        forge.own_comment(n(1), "forged").unwrap().unwrap().body,
        "<!-- git-burn:comment id=9 author=\"ada\" -->\nforged"
    );
    assert_eq!(forge.own_comment(n(1), "step=proof").unwrap(), None);
    assert_eq!(folder.issue(1).comments, 2);
    assert_eq!(forge.edit_comment(first.id + 50, "x").unwrap_err().trouble, Trouble::Missing);
}

#[test]
fn issues_are_opened_and_closed() {
    let folder =
        Folder::new(&[("1-empty.md", ONE), ("pulls/8.md", "---\nnumber: 8\nstate: open\nhead: x\nbase: main\n---\n")]);
    let forge = folder.forge();
    let title = "Crash: \"quoted\" #1, [x]";
    let opened = forge.open_issue(&NewIssue { title, body: "a\n\n- b\n", labels: &["bug".to_owned()] }).unwrap();
    assert_eq!((opened.number.get(), opened.title.as_str(), opened.body.as_str()), (9, title, "a\n\n- b"));
    assert_eq!(folder.issue(9).title, title);
    forge.close_issue(n(9)).unwrap();
    assert_eq!(folder.issue(9).state, State::Closed);
    assert_eq!(forge.issues(&Pick::default(), 9).unwrap().issues.len(), 1);
    assert_eq!(forge.labels().unwrap(), ["bug", "ready-for-agent"]);
}

#[test]
fn pull_requests_are_files_and_opened_once() {
    let folder = Folder::new(&[("1-empty.md", ONE)]);
    let forge = folder.forge();
    let new =
        NewPull { title: "Fix", body: "Closes #1", head: "agent/ticket-1", base: "main", ripeness: Ripeness::Draft };
    let Opened::Created(pull) = forge.open_pull(&new).unwrap() else { panic!("it existed") };
    assert_eq!((pull.number, pull.draft, pull.state), (2, true, PullState::Open));
    assert!(matches!(forge.open_pull(&new).unwrap(), Opened::Existed(there) if there == pull));
    assert_eq!(forge.issue(n(2)).unwrap(), Found::PullRequest);
    forge.request_reviewer(2, "ada").unwrap();
    forge.comment(n(2), "look").unwrap();
    forge.edit_pull(2, "Closes #1\n\nmore").unwrap();
    assert!(folder.text("pulls/2.md").contains("reviewers: [ada]"));
    assert!(["\ndraft: false\n", "\ndraft: true\n"].iter().any(|line| folder.text("pulls/2.md").contains(line)));
    let merged = folder.text("pulls/2.md").replace("state: open", "state: merged");
    fs::write(folder.path().join("pulls/2.md"), merged).unwrap();
    assert_eq!(forge.pull_for_branch("agent/ticket-1", "main").unwrap().unwrap().state, PullState::Merged);
    assert_eq!(forge.pulls(PullFilter::Open, 9).unwrap(), []);
    assert!(matches!(forge.open_pull(&new).unwrap(), Opened::Created(pull) if pull.number == 3));
}

#[test]
fn what_cannot_be_read_names_file_and_line() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("1.md", b"---\nnumber: 1\ntitle: \"open\n---\n", "1.md:3: a quote is not closed"),
        ("1.md", b"---\nnumber: 1\nlabels: [a, b\n---\n", "1.md:3: a list is not closed by `]`"),
        ("1.md", b"---\nnumber: 1\nnumber: 2\n---\n", "1.md:3: `number` is there twice"),
        ("1.md", b"---\nnumber: 1\n", "1.md:1: the front matter is not closed"),
        ("1.md", b"---\nnumber: 1\n---\n\xff\n", "1.md:4: is not UTF-8"),
    ];
    for (name, bytes, words) in cases {
        let folder = Folder::new(&[]);
        fs::write(folder.path().join(name), bytes).unwrap();
        let error = folder.forge().issue(n(1)).unwrap_err();
        assert!(matches!(error.trouble, Trouble::Malformed { .. }));
        assert!(error.to_string().contains(words), "{error}");
        assert!(folder.forge().issues(&Pick::default(), 9).unwrap().remarks[0].contains(words));
    }
    let twins = Folder::new(&[("1-a.md", ONE), ("1-b.md", ONE)]);
    assert!(twins.forge().issue(n(1)).unwrap_err().to_string().contains("has the same number as 1-b.md"));
    let gone = Forge::files("/nonexistent/issues".into(), "burner".into(), hasty());
    assert_eq!(gone.repository().unwrap_err().trouble, Trouble::Missing);
}

#[test]
fn links_and_other_files_are_left_alone() {
    let folder =
        Folder::new(&[("1-empty.md", ONE), ("README.md", "# How we work\n"), ("notes.txt", "x"), ("sub/2.md", ONE)]);
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("3-link.md")).unwrap();
    let listing = folder.forge().issues(&Pick::default(), usize::MAX).unwrap();
    assert_eq!((listing.issues.len(), listing.remarks.len()), (1, 0), "{:?}", listing.remarks);
    assert_eq!(folder.forge().issue(n(3)).unwrap(), Found::Missing);
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let folder = Folder::new(&[("1-empty.md", ONE)]);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let forge = folder.forge();
            scope.spawn(move || {
                for turn in 0..5 {
                    forge.comment(n(1), &format!("{writer}.{turn}")).unwrap();
                    forge.open_issue(&NewIssue { title: "new", body: "", labels: &[] }).unwrap();
                }
            });
        }
    });
    assert_eq!(folder.forge().comments(n(1)).unwrap().len(), 20);
    let numbers: Vec<u64> =
        folder.forge().issues(&Pick::default(), 99).unwrap().issues.iter().map(|issue| issue.number.get()).collect();
    assert_eq!(numbers, (1..=21).collect::<Vec<_>>());
    let other = |entry: &fs::DirEntry| entry.path().extension().is_none_or(|extension| extension != "md");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(Result::unwrap).filter(other).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn ten_thousand_files_are_listed_quickly() {
    let folder = Folder::new(&[]);
    for number in 1..=10_000 {
        fs::write(folder.path().join(format!("{number}.md")), ONE.replace("number: 1", &format!("number: {number}")))
            .unwrap();
    }
    let start = std::time::Instant::now();
    assert_eq!(folder.forge().issues(&Pick::default(), usize::MAX).unwrap().issues.len(), 10_000);
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn the_manuals_example_is_an_issue_with_a_comment() {
    let page = PAGES.iter().find(|page| page.name == "gitburn-issues").unwrap().text;
    let examples: Vec<&str> =
        page.split(".Bd -literal -offset indent\n").skip(1).map(|rest| rest.split(".Ed").next().unwrap()).collect();
    let folder = Folder::new(&[("42-empty-input.md", &format!("{}\n{}", examples[0], examples[1]))]);
    let issue = folder.issue(42);
    assert_eq!((issue.title.as_str(), issue.milestone.as_deref()), ("Empty input crashes the parser", Some("1.0")));
    assert_eq!((issue.labels.len(), issue.assignees.as_slice()), (2, &["ada".to_owned()][..]));
    assert!(issue.body.starts_with("`parse") && issue.body.ends_with("depends on #41"), "{}", issue.body);
    let comments = folder.forge().comments(n(42)).unwrap();
    assert_eq!((comments[0].author.as_str(), comments[0].body.as_str()), ("bo", "It happens on two machines."));
}

#[test]
fn a_review_is_written_into_the_pull_requests_file() {
    const PULL: &str = "---\nnumber: 2\ntitle: Fix\nstate: open\nhead: agent/ticket-1\nbase: main\n---\n\nCloses #1\n\n\
        <!-- git-burn:comment id=1 author=\"ada\" created=2026-01-03T00:00:00Z review=changes-requested -->\n\nNot yet.\n\n\
        <!-- git-burn:comment id=2 author=\"ada\" created=2026-01-03T00:00:01Z path=\"src/a b.rs\" line=12 -->\n\nWhy?\n\n\
        <!-- git-burn:comment id=3 author=\"bob\" created=2026-01-03T00:00:02Z path=\"src/a b.rs\" line=12 reply=2 -->\n\nYes, why?\n\n\
        <!-- git-burn:comment id=4 author=\"ada\" created=2026-01-03T00:00:03Z path=../x resolved=yes -->\n\nNowhere.\n\n\
        <!-- git-burn:comment id=5 author=\"ada\" created=2026-01-03T00:00:04Z review=perhaps -->\n\nHm.\n\n\
        <!-- git-burn:comment id=6 author=\"rita\" created=2026-01-03T00:00:05Z -->\n\nPlainly.\n";
    let folder = Folder::new(&[("1.md", ONE), ("pulls/2.md", PULL)]);
    let forge = folder.forge();
    let reading = forge.reviews(2).unwrap();
    assert_eq!(reading.reviews.len(), 1);
    assert_eq!((reading.reviews[0].verdict, reading.reviews[0].body.as_str()), (Verdict::ChangesRequested, "Not yet."));
    let places: Vec<_> = reading.remarks.iter().map(|one| one.place.as_ref().expect("a place").to_string()).collect();
    assert_eq!(places, ["src/a b.rs:12", "src/a b.rs:12"]);
    assert_eq!(reading.remarks[1].thread, reading.remarks[0].id);
    assert_eq!(reading.notes.len(), 2, "{:?}", reading.notes);
    let plain: Vec<_> = forge.comments(n(2)).unwrap().into_iter().map(|comment| comment.body).collect();
    assert_eq!(plain, ["Plainly."]);
    let posted = forge.comment(n(2), "Answered.").unwrap();
    assert_eq!(forge.edit_comment(posted.id, "Answered all.").unwrap().body, "Answered all.");
    assert!(forge.reviews(1).is_err());
}
