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
    let fail = |options: OpenOptions| Repo::open(&options).err().expect("refused").to_string();
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
