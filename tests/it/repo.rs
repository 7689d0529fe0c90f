//! The repository edge against real git in temporary folders.

use git_burn::core::change::{Change, Entry, FileChange, Origin};
use git_burn::core::names::{RepoPath, TreeId};
use git_burn::edge::git::Environment;
use git_burn::edge::repo::{ConfigScope, Found, OpenOptions, Repo};

use crate::support::git::{Repo as Folder, Room, text};

/// The environment of [`Room::command`], as a value.
pub fn environment(room: &Room) -> Environment {
    let command = room.command("git", room.path());
    Environment::new(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
}

pub fn options(folder: &Folder<'_>) -> OpenOptions {
    let config = ConfigScope::RepositoryOnly;
    OpenOptions { config, ..OpenOptions::new(&folder.path, environment(folder.room)) }
}

pub fn open(folder: &Folder<'_>) -> Repo {
    Repo::open(&options(folder)).expect("a usable repository")
}

pub fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a good path")
}

fn sample(room: &Room) -> Folder<'_> {
    let folder = room.init("sample");
    folder.write("README.md", "hello\n");
    folder.write("src/lib.rs", "fn one() {}\n");
    folder.write("src/deep/er/x.txt", "x\n");
    folder.write("run.sh", "#!/bin/sh\n");
    std::os::unix::fs::symlink("README.md", folder.path.join("link")).expect("a symlink");
    folder.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},sub", "1".repeat(40))]);
    folder.git(&["add", "--", "README.md", "src", "run.sh", "link"]);
    folder.git(&["update-index", "--chmod=+x", "run.sh"]);
    folder.git(&["commit", "-q", "-m", "first"]);
    folder
}

fn head_tree(repo: &Repo) -> TreeId {
    repo.resolve_tree("HEAD").expect("a tree")
}

fn edit(before: Option<Entry>, after: Option<Entry>) -> FileChange {
    FileChange { before, after, origin: None }
}

fn change<const N: usize>(files: [(&str, FileChange); N]) -> Change {
    Change { files: files.into_iter().map(|(name, file)| (path(name), file)).collect() }
}

#[test]
fn snapshot_shows_what_stands_in_the_way() {
    let room = Room::new();
    let repo = open(&sample(&room));
    let wanted =
        ["src/lib.rs", "src/none.rs", "link/x", "README.md/x", "sub/x", "SRC/Lib.rs", "run.sh", "src"].map(path);
    let snapshot = repo.snapshot(&head_tree(&repo), &wanted).unwrap();
    let seen: Vec<String> = snapshot.entries.iter().map(|(path, entry)| format!("{} {path}", entry.mode())).collect();
    assert_eq!(
        seen,
        ["100644 README.md", "120000 link", "100755 run.sh", "040000 src", "100644 src/lib.rs", "160000 sub"]
    );
    assert_eq!(snapshot.twins.get(&path("SRC/Lib.rs")), Some(&path("src/lib.rs")));
    assert_eq!(snapshot.twins.len(), 1);
    assert_eq!(snapshot.entries[&path("src/lib.rs")], Entry::file("fn one() {}\n"));
}

#[test]
fn reading_respects_the_limit_and_names_what_is_missing() {
    let room = Room::new();
    let repo = open(&sample(&room));
    let read = |name: &str| repo.read(&head_tree(&repo), &path(name), 8).unwrap();
    assert_eq!(read("README.md"), Found::Entry(Entry::file("hello\n")));
    assert_eq!(read("src/lib.rs"), Found::TooLarge { bytes: 12 });
    assert_eq!(read("readme.md"), Found::Missing { twin: Some(path("README.md")) });
    assert_eq!(read("link/x"), Found::Below(path("link")));
    let names: Vec<String> = repo.listing(&head_tree(&repo)).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["README.md", "link", "run.sh", "src/deep/er/x.txt", "src/lib.rs", "sub"]);
}

#[test]
fn written_trees_are_what_git_would_write() {
    let room = Room::new();
    let folder = sample(&room);
    let repo = open(&folder);
    let lib = Entry::file("fn one() {}\n");
    let moved = FileChange {
        before: Some(lib.clone()),
        after: Some(Entry::file("fn two() {}\n")),
        origin: Some(Origin::Renamed(path("src/lib.rs"))),
    };
    let made = change([
        ("README.md", edit(Some(Entry::file("hello\n")), Some(Entry::file("bye\n")))),
        ("src/deep/er/x.txt", edit(Some(Entry::file("x\n")), None)),
        ("src/new/two.rs", moved),
        ("added", edit(None, Some(Entry::file("")))),
    ]);
    let tree = repo.write_change(&head_tree(&repo), &made).unwrap();
    folder.git(&["rm", "-q", "src/deep/er/x.txt", "src/lib.rs"]);
    folder.write("README.md", "bye\n");
    folder.write("src/new/two.rs", "fn two() {}\n");
    folder.write("added", "");
    folder.git(&["add", "README.md", "src", "added"]);
    assert_eq!(tree.as_str(), folder.git(&["write-tree"]));
}

#[test]
fn a_change_that_does_not_fit_is_refused_and_says_why() {
    let room = Room::new();
    let repo = open(&sample(&room));
    let new = |text: &str| edit(None, Some(Entry::file(text)));
    for (made, reason) in [
        (change([("link/x", new("x"))]), "`link/x` cannot be there: `link` is not a folder"),
        (change([("README.md/x", new("x"))]), "`README.md/x` cannot be there: `README.md` is not a folder"),
        (change([("sub/x", new("x"))]), "`sub/x` cannot be there: `sub` is not a folder"),
        (change([("src", new("x"))]), "`src` is a folder; a file cannot take its place while there is something in it"),
        (change([("README.md", new("x"))]), "`README.md` exists already"),
        (
            change([("README.md", edit(Some(Entry::file("old\n")), None))]),
            "`README.md` is not what it was when the change was made",
        ),
        (change([("gone", edit(Some(Entry::file("old\n")), None))]), "`gone` is not there any more"),
    ] {
        assert_eq!(repo.write_change(&head_tree(&repo), &made).unwrap_err().to_string(), reason);
    }
    let swap = change([
        ("README.md", edit(Some(Entry::file("hello\n")), None)),
        ("README.md/inside", new("x")),
        ("src/deep/er/x.txt", edit(Some(Entry::file("x\n")), None)),
        ("src/deep", new("x")),
    ]);
    let tree = repo.write_change(&head_tree(&repo), &swap).unwrap();
    let names: Vec<String> = repo.listing(&tree).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["README.md/inside", "link", "run.sh", "src/deep", "src/lib.rs", "sub"]);
}

#[test]
fn what_cannot_be_opened_says_so_in_one_sentence() {
    let room = Room::new();
    std::fs::create_dir(room.path().join("plain")).unwrap();
    room.init_bare("bare.git");
    let new = |name: &str| OpenOptions::new(room.path().join(name), environment(&room));
    let fail = |options: OpenOptions| Repo::open(&options).expect_err("refused").to_string();
    assert!(fail(new("plain")).starts_with("not in a git repository: `"));
    assert!(fail(new("bare.git/refs")).contains("is a bare repository\nhint: "));
    assert!(fail(new("nowhere")).ends_with("is not a folder"));
    let git_dir = Some("bare.git".into());
    assert!(Repo::open(&OpenOptions { git_dir, ..new("") }).is_ok());
    let from_environment = OpenOptions::new(room.path(), environment(&room).with("GIT_DIR", "bare.git"));
    assert!(Repo::open(&from_environment).is_ok());
    assert!(fail(OpenOptions { git_dir: Some("plain".into()), ..new("") }).ends_with("is not a git repository"));
}

#[test]
fn settings_keep_their_order_and_origin() {
    let room = Room::new();
    let folder = sample(&room);
    folder.git(&["config", "burn.model", "local/one"]);
    folder.git(&["config", "--add", "burn.model", "local/two"]);
    folder.git(&["config", "burn.check.Unit Test.command", "make test"]);
    let environment = environment(&room).with("GIT_CONFIG_PARAMETERS", "'burn.model'='c/three' 'burn.draft'=");
    let config = Repo::open(&OpenOptions { environment, ..options(&folder) }).unwrap().config();
    let models: Vec<&str> = config.all("burn.model").filter_map(|setting| setting.value.as_deref()).collect();
    assert_eq!(models, ["local/one", "local/two", "c/three"]);
    assert_eq!(config.last("burn.model").unwrap().origin.to_string(), "command line");
    assert!(config.last("burn.check.Unit Test.command").unwrap().origin.to_string().starts_with("local "));
    assert_eq!(config.last("burn.draft").unwrap().value, None);
}

#[test]
fn bases_come_from_the_remote_or_say_what_is_missing() {
    let room = Room::new();
    let folder = sample(&room);
    let head = folder.git(&["rev-parse", "HEAD"]);
    assert_eq!(open(&folder).base(None, None, None).unwrap().branch.as_deref(), Some("main"));
    room.init_bare("upstream.git");
    folder.git(&["remote", "add", "origin", "../upstream.git"]);
    folder.git(&["push", "-q", "origin", "main:trunk"]);
    let repo = open(&folder);
    let remote = repo.remote(None).unwrap();
    let unknown = repo.base(None, remote.as_ref(), None).unwrap_err().to_string();
    assert!(unknown.contains("git remote set-head origin --auto"), "{unknown}");
    folder.git(&["checkout", "-q", "--detach"]);
    folder.git(&["remote", "set-head", "origin", "trunk"]);
    let base = repo.base(None, remote.as_ref(), None).unwrap();
    assert_eq!((base.commit.as_str(), base.branch.as_deref()), (head.as_str(), Some("trunk")));
    let absent = repo.base(None, remote.as_ref(), Some("main")).unwrap_err().to_string();
    assert_eq!(absent, "the branch `main` of `origin` is not in this clone\nhint: git fetch origin");
    assert!(repo.remote(Some("up")).unwrap_err().to_string().contains("there are `origin`"));
    let empty = room.init("empty");
    let none = open(&empty).base(None, None, None).unwrap_err().to_string();
    assert!(none.starts_with("this repository has no commit yet"), "{none}");
}

#[test]
fn git_is_told_nothing_of_the_caller_s_repository_and_kept_from_asking() {
    let room = Room::new();
    let folder = sample(&room);
    let environment = environment(&room).with("GIT_DIR", "/nowhere").with("GIT_INDEX_FILE", "/nowhere");
    let repo = Repo::open(&OpenOptions { environment, git_dir: Some(folder.path.join(".git")), ..options(&folder) });
    let repo = repo.unwrap();
    let seen = repo.git().at(repo.git_dir()).args(["rev-parse", "--git-dir", "--git-path", "hooks"]).text().unwrap();
    assert_eq!(seen, format!("{}\n/dev/null", repo.git_dir().display()));
    let error = repo.git().at(repo.git_dir()).args(["rev-parse", "--verify", "-q", "nothing"]).stdout().unwrap_err();
    assert_eq!(error.to_string(), "`git rev-parse` failed (exit 1)");
    let slow = repo.git().anywhere().setting("alias.nap=!sleep 5").arg("nap");
    let slow = slow.deadline(std::time::Duration::from_millis(100)).stdout().unwrap_err();
    assert!(slow.to_string().contains("took longer"), "{slow}");
    let flood = repo.git().anywhere().setting("alias.yes=!yes").arg("yes").output_limit(1000).stdout().unwrap_err();
    assert_eq!(flood.to_string(), "`git yes` printed more than 1000 bytes");
}

#[test]
fn a_credential_reaches_git_and_no_argv() {
    use git_burn::core::names::Secret;
    use git_burn::edge::git::{Credential, Login};
    let room = Room::new();
    let repo = open(&sample(&room));
    let login = Login { username: "bot".into(), password: Secret::new("s3cret'$x").unwrap() };
    let credential = Credential::for_origin("https://forge.example:8443", login).unwrap();
    let ask = |url: &str| {
        let fill = repo.git().anywhere().credential(&credential).args(["credential", "fill"]);
        fill.input(format!("url={url}\n\n")).answer().unwrap()
    };
    let given = text(&ask("https://forge.example:8443/o/r.git").stdout);
    assert!(given.contains("username=bot\npassword=s3cret'$x\n"), "{given}");
    assert_ne!(ask("https://elsewhere.example/o/r.git").code, 0);
    assert_eq!(repo.git().stored_login("https://forge.example/").unwrap(), None);
    assert!(
        Credential::for_origin("https://u@forge", Login { username: "b".into(), password: Secret::new("x").unwrap() })
            .is_none()
    );
}

#[test]
fn a_difference_between_trees_is_the_change_that_makes_it() {
    let room = Room::new();
    let folder = sample(&room);
    let old = folder.git(&["rev-parse", "HEAD^{tree}"]);
    folder.git(&["mv", "src/lib.rs", "src/moved.rs"]);
    folder.git(&["rm", "-q", "link", "src/deep/er/x.txt"]);
    folder.write("link/inside", "now a folder\n");
    folder.write("src/deep/new.txt", "y\n");
    folder.git(&["update-index", "--chmod=-x", "run.sh"]);
    folder.git(&["add", "link", "src"]);
    let repo = open(&folder);
    let staged = repo.staged_change().unwrap();
    folder.git(&["commit", "-q", "-m", "second"]);
    let (old, new) = (repo.resolve_tree(&old).unwrap(), head_tree(&repo));
    let change = repo.change_between(&old, &new).unwrap();
    let names: Vec<String> = change.files.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["link", "link/inside", "run.sh", "src/deep/er/x.txt", "src/deep/new.txt", "src/moved.rs"]);
    assert_eq!(change.files[&path("src/moved.rs")].origin, Some(Origin::Renamed(path("src/lib.rs"))));
    assert_eq!(staged, change);
    assert_eq!(repo.write_change(&old, &change).unwrap(), new);
    let range = repo.range("HEAD~1..").unwrap();
    assert_eq!(repo.range_change(&range).unwrap(), change);
    let back = repo.change_between(&new, &old).unwrap();
    assert_eq!(repo.write_change(&new, &back).unwrap(), old);
}

#[test]
fn the_index_of_a_hook_is_the_one_that_counts() {
    let room = Room::new();
    let folder = sample(&room);
    folder.write("README.md", "in the other index\n");
    let other = folder.path.join(".git/other-index");
    std::fs::copy(folder.path.join(".git/index"), &other).unwrap();
    let add = room.command("git", &folder.path).env("GIT_INDEX_FILE", &other).args(["add", "README.md"]).output();
    assert!(add.unwrap().status.success());
    let seen =
        |environment| Repo::open(&OpenOptions { environment, ..options(&folder) }).unwrap().staged_change().unwrap();
    assert!(seen(environment(&room)).files.is_empty());
    let names: Vec<String> =
        seen(environment(&room).with("GIT_INDEX_FILE", ".git/other-index")).paths().map(ToString::to_string).collect();
    assert_eq!(names, ["README.md"]);
    assert_eq!(open(&room.init("unborn")).staged_change().unwrap(), Change::default());
}

#[test]
fn search_is_ordered_limited_and_skips_binaries() {
    use git_burn::edge::repo::{Pattern, SearchLimits};
    let room = Room::new();
    let folder = room.init("search");
    for number in 0..300 {
        folder.write(&format!("src/f{number:03}.rs"), format!("// {number}\nfn needle() {{}}\nneedle needle\n"));
    }
    folder.write("doc/needle.md", "a needle\r\nnothing\n");
    folder.write("bin/x", b"needle\0");
    folder.write("big", "needle ".repeat(1000));
    folder.commit("files");
    let repo = open(&folder);
    let limits = SearchLimits { hits: 5, per_file: 1, file_bytes: 4000, line_chars: 9 };
    let search = |text: &str, globs: Option<&globset::GlobSet>| {
        let result = repo.search(&head_tree(&repo), &Pattern::parse(text).unwrap(), globs, &limits).unwrap();
        let shown: Vec<String> =
            result.hits.iter().map(|hit| format!("{}:{}:{}", hit.path, hit.line, hit.text)).collect();
        (shown, result.more, result.passed_over)
    };
    let (hits, more, passed_over) = search("needle", None);
    assert_eq!(hits[0], "doc/needle.md:1:a needle");
    assert_eq!(hits[4], "src/f003.rs:2:fn needle");
    assert_eq!((hits.len(), more, passed_over), (5, true, 1));
    let globs = globset::GlobSet::builder().add(globset::Glob::new("doc/**").unwrap()).build().unwrap();
    assert_eq!(search("needle$", Some(&globs)), (vec!["doc/needle.md:1:a needle".to_owned()], false, 0));
    assert_eq!(search("^needle", Some(&globs)).0, Vec::<String>::new());
    assert!(Pattern::parse("(").unwrap_err().starts_with("`(` is not a regular expression"));
}

#[test]
fn history_tells_who_when_and_why() {
    use git_burn::core::names::{IssueNumber, Timestamp};
    use git_burn::edge::repo::MentionKind;
    let room = Room::new();
    let folder = room.init("history");
    folder.write("a.txt", "one\ntwo\n");
    folder.commit("start (#7)");
    folder.write("a.txt", "one\n2\n");
    folder.commit("second\n\nFixes #7");
    folder.git(&["mv", "a.txt", "b.txt"]);
    folder.commit("move, see #71");
    let repo = open(&folder);
    let head = repo.head().unwrap().unwrap();
    let subjects = |log: Vec<git_burn::edge::repo::LogEntry>| log.into_iter().map(|e| e.subject).collect::<Vec<_>>();
    assert_eq!(subjects(repo.log(&head, &path("b.txt"), 9).unwrap()), ["move, see #71", "second", "start (#7)"]);
    let epoch = Timestamp::from_seconds(0);
    assert_eq!(subjects(repo.commits_touching(&head, &[path("a.txt")], epoch).unwrap()).len(), 3);
    assert_eq!(repo.commits_touching(&head, &[], epoch).unwrap(), []);
    let blamed = repo.blame(&head, &path("b.txt"), 1, 9).unwrap();
    let blamed: Vec<_> = blamed.iter().map(|line| (line.line, line.subject.as_str(), line.text.as_str())).collect();
    assert_eq!(blamed, [(1, "start (#7)", "one"), (2, "second", "2")]);
    assert!(repo.blame(&head, &path("b.txt"), 5, 9).is_err());
    let issue = IssueNumber::new(7).unwrap();
    let mentions = repo.mentions(&head, issue, 9).unwrap();
    let mentions: Vec<_> = mentions.iter().map(|mention| (mention.entry.subject.as_str(), mention.kind)).collect();
    assert_eq!(mentions, [("second", MentionKind::Closes), ("start (#7)", MentionKind::Names)]);
}

#[test]
fn another_user_s_repository_is_refused_unless_it_is_named() {
    let room = Room::new();
    let folder = sample(&room);
    for path in [folder.path.clone(), folder.path.join(".git")] {
        if std::os::unix::fs::chown(&path, Some(65_534), None).is_err() {
            println!("skipped: only root can give files away");
            return;
        }
    }
    let refused = Repo::open(&options(&folder)).unwrap_err().to_string();
    assert!(refused.contains("belongs to another user") && refused.contains("\nhint: "), "{refused}");
    let below = OpenOptions { cwd: folder.path.join("src"), ..options(&folder) };
    let refused = Repo::open(&below).unwrap_err().to_string();
    let way_out = format!("git config --global --add safe.directory {}", folder.path.display());
    assert!(refused.ends_with(&way_out), "{refused}");
    let named = OpenOptions { git_dir: Some(folder.path.join(".git")), ..options(&folder) };
    assert!(Repo::open(&named).is_ok());
}

#[test]
fn what_is_too_large_to_be_read_is_carried_unread() {
    use git_burn::core::patch::{Binaries, Style, write_diff};
    let room = Room::new();
    let folder = room.init("large");
    let large = |last: &str| format!("{}{last}\n", "a line of data\n".repeat(1_500_000));
    folder.write("moved.txt", large("moved"));
    folder.write("changed.txt", large("before"));
    folder.write("made.sh", large("executable"));
    folder.commit("before");
    folder.git(&["mv", "moved.txt", "there.txt"]);
    folder.write("changed.txt", large("after"));
    folder.git(&["add", "-A"]);
    folder.git(&["update-index", "--chmod=+x", "made.sh"]);
    folder.git(&["commit", "-q", "-m", "after"]);
    let repo = open(&folder);
    let (old, new) = (repo.resolve_tree("HEAD^").unwrap(), repo.resolve_tree("HEAD").unwrap());
    let change = repo.change_between(&old, &new).unwrap();
    assert_eq!(change.files[&path("there.txt")].origin, Some(Origin::Renamed(path("moved.txt"))));
    assert_eq!(repo.write_change(&old, &change).unwrap(), new);
    for binaries in [Binaries::Data, Binaries::Named] {
        let written = text(&write_diff(&change, Style { context: 3, binaries }));
        let differ: Vec<&str> = written.lines().filter(|line| line.contains("differ")).collect();
        assert_eq!(differ, ["Binary files a/changed.txt and b/changed.txt differ"], "{written}");
        assert!(written.contains("rename to there.txt") && written.contains("new mode 100755"), "{written}");
    }
}
