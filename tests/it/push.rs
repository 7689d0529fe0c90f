//! Publishing: create-only pushes, claims and local refs, against bare repositories in temporary folders.

use std::time::Duration;

use git_burn::core::checks::{CheckResult, Ended, Need, Proof, Stage, Successor, Verified};
use git_burn::core::claim::Claim;
use git_burn::core::names::{BurnBranch, CommitId, IssueNumber, RunId, Timestamp};
use git_burn::edge::repo::{Advanced, Claimed, PushTo, Pushed, RefEdit, RefsEdited, Remote, RemoteClaim, Repo, nonce};

use crate::repo::open;
use crate::support::git::{Repo as Folder, Room};

fn number(number: u64) -> IssueNumber {
    IssueNumber::new(number).expect("not zero")
}

fn branch() -> BurnBranch {
    BurnBranch::for_issue("agent/ticket-{number}", number(42), "").expect("a good template")
}

fn verified(repo: &Repo, commit: &CommitId) -> Verified {
    let tree = repo.tree_of(commit).unwrap();
    let result = CheckResult {
        name: "test".into(),
        command: "true".into(),
        need: Need::Required,
        stage: Stage::Head,
        ended: Ended::Passed,
        took: Duration::ZERO,
        output: String::new(),
        sandbox: "off".into(),
    };
    let proof = Proof { base: commit.clone(), tree: tree.clone(), results: vec![result] };
    Verified::judge(commit.clone(), &tree, proof).expect("green")
}

/// A clone with `origin`, and a commit that is not on it yet.
fn clone(room: &Room) -> (Folder<'_>, Folder<'_>, CommitId) {
    let origin = room.init_bare("origin.git");
    let folder = room.init("clone");
    folder.write("a.txt", "a\n");
    folder.commit("base");
    folder.git(&["remote", "add", "origin", "../origin.git"]);
    folder.git(&["push", "-q", "origin", "main"]);
    let commit = other_commit(&folder, "fix");
    (origin, folder, commit)
}

/// A commit that no ref holds.
fn other_commit(folder: &Folder<'_>, message: &str) -> CommitId {
    let id = folder.git(&["commit-tree", "-p", "main", "-m", message, "main^{tree}"]);
    CommitId::parse(&id).unwrap()
}

fn push(repo: &Repo, commit: &CommitId) -> Pushed {
    let remote = origin(repo);
    repo.push(&verified(repo, commit), &branch(), &remote, None).unwrap()
}

fn origin(repo: &Repo) -> Remote {
    repo.remote(None).unwrap().unwrap()
}

#[test]
fn a_branch_is_created_once_and_never_moved() {
    let room = Room::new();
    let (origin, folder, commit) = clone(&room);
    let repo = open(&folder);
    let before = folder.git(&["for-each-ref"]);
    assert_eq!(push(&repo, &commit), Pushed::Created);
    assert_eq!(push(&repo, &commit), Pushed::AlreadyOurs);
    let child = folder.git(&["commit-tree", "-p", commit.as_str(), "-m", "child", "main^{tree}"]);
    assert_eq!(push(&repo, &CommitId::parse(&child).unwrap()), Pushed::Taken { by: commit.clone() });
    assert_eq!(origin.git(&["rev-parse", "agent/ticket-42"]), commit.as_str());
    assert_eq!(folder.git(&["for-each-ref"]), before, "no local ref");
}

#[test]
fn a_name_that_is_a_folder_or_lies_in_a_branch_is_told_from_a_taken_one() {
    let room = Room::new();
    let (origin, folder, commit) = clone(&room);
    let repo = open(&folder);
    origin.git(&["branch", "agent", "main"]);
    assert_eq!(push(&repo, &commit), Pushed::BlockedBy { branch: "agent".into() });
    origin.git(&["branch", "-D", "agent"]);
    origin.git(&["branch", "agent/ticket-42/deeper", "main"]);
    assert_eq!(push(&repo, &commit), Pushed::BlockedBy { branch: "agent/ticket-42/deeper".into() });
}

#[test]
fn a_server_s_refusal_is_quoted_without_its_control_characters() {
    let room = Room::new();
    let (origin, folder, commit) = clone(&room);
    let hook = origin.path.join("hooks/pre-receive");
    std::fs::write(&hook, "#!/bin/sh\nprintf 'branch rule \\033[31m7\\n' >&2\nexit 1\n").unwrap();
    std::process::Command::new("chmod").arg("+x").arg(&hook).status().unwrap();
    let Pushed::Rejected { reason } = push(&open(&folder), &commit) else { panic!("not rejected") };
    assert!(reason.contains("pre-receive hook declined") && reason.contains("branch rule"), "{reason}");
    assert!(!reason.contains('\u{1b}'), "{reason}");
    std::fs::remove_dir_all(&origin.path).unwrap();
    let gone = push(&open(&folder), &commit);
    assert!(matches!(&gone, Pushed::Unreachable { reason } if reason.contains("origin.git")), "{gone:?}");
}

#[test]
fn hooks_and_late_changes_of_the_clone_s_configuration_have_no_effect_on_a_push() {
    let room = Room::new();
    let (origin, folder, commit) = clone(&room);
    let repo = open(&folder);
    let elsewhere = room.init_bare("elsewhere.git");
    folder.write(".git/hooks/pre-push", "#!/bin/sh\ntouch ../fired\nexit 1\n");
    std::process::Command::new("chmod").arg("+x").arg(folder.path.join(".git/hooks/pre-push")).status().unwrap();
    folder.git(&["config", "remote.origin.pushurl", "../elsewhere.git"]);
    folder.git(&["config", "core.fsmonitor", "touch ../fired; false"]);
    folder.git(&["config", "url.../elsewhere.git.insteadOf", "../origin.git"]);
    let remote = Remote { push_to: PushTo::One("../origin.git".into()), ..origin_of(&repo) };
    assert_eq!(repo.push(&verified(&repo, &commit), &branch(), &remote, None).unwrap(), Pushed::Created);
    assert_eq!(origin.git(&["rev-parse", "agent/ticket-42"]), commit.as_str());
    assert_eq!(elsewhere.git(&["for-each-ref"]), "");
    assert!(!room.path().join("fired").exists());
}

fn origin_of(repo: &Repo) -> Remote {
    origin(repo)
}

#[test]
fn shallow_and_partial_clones_push() {
    for (name, args) in [("shallow", ["--depth=1"]), ("partial", ["--filter=blob:none"])] {
        let room = Room::new();
        let (origin, folder, _) = clone(&room);
        folder.write("a.txt", "b\n");
        folder.commit("more");
        folder.git(&["push", "-q", "origin", "main"]);
        origin.git(&["config", "uploadpack.allowFilter", "true"]);
        let url = format!("file://{}", origin.path.display());
        folder.git(&["clone", "-q", args[0], "--no-checkout", &url, &format!("../{name}")]);
        let thin = Folder { room: &room, path: room.path().join(name) };
        let repo = open(&thin);
        let tree = repo.resolve_tree("HEAD").unwrap();
        let path = git_burn::core::names::RepoPath::parse("a.txt").unwrap();
        let read = repo.read(&tree, &path, 100).unwrap();
        assert_eq!(read, git_burn::edge::repo::Found::Entry(git_burn::core::change::Entry::file("b\n")), "{name}");
        assert_eq!(push(&repo, &other_commit(&thin, "fix")), Pushed::Created, "{name}");
    }
}

#[test]
fn a_partial_clone_is_completed_at_once_and_ranked_like_a_whole_one() {
    use git_burn::core::rank::query::Query;
    use git_burn::edge::rank_index::Index;
    let room = Room::new();
    let (origin, folder, _) = clone(&room);
    for name in ["parser", "printer", "reader"] {
        folder.write(&format!("src/{name}.py"), format!("def {name}_of_dates():\n    pass\n"));
    }
    folder.commit("more");
    folder.git(&["push", "-q", "origin", "main"]);
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", origin.path.display());
    folder.git(&["clone", "-q", "--filter=blob:none", "--no-checkout", &url, "../thin"]);
    let thin = Folder { room: &room, path: room.path().join("thin") };
    let repo = open(&thin);
    let tree = repo.resolve_tree("HEAD").unwrap();
    let ranked = |index: &str| {
        let index = Index::open(&room.path().join(index));
        repo.rank(&repo.resolve("HEAD").unwrap(), &Query::new("`printer_of_dates` fails", ""), &index).unwrap()
    };
    assert!(ranked("before").iter().all(|file| file.text.as_ref().is_none_or(|text| text.is_empty())));
    repo.complete(&origin_of(&repo), None, &tree).unwrap();
    assert_eq!(thin.git(&["rev-list", "--objects", "--missing=print", "HEAD"]).matches('?').count(), 0);
    origin.git(&["config", "uploadpack.allowFilter", "false"]);
    assert_eq!(ranked("after")[0].path.to_string(), "src/printer.py");
    std::fs::remove_dir_all(&origin.path).unwrap();
    repo.complete(&origin_of(&repo), None, &tree).unwrap();
}

#[test]
fn a_path_of_any_bytes_is_pushed_from() {
    use std::os::unix::ffi::OsStrExt;
    for name in [&b"two\nlines \"q\" \\"[..], b"latin-\xe9"] {
        let room = Room::new();
        let (_origin, folder, commit) = clone(&room);
        let path = room.path().join(std::ffi::OsStr::from_bytes(name));
        std::fs::rename(&folder.path, &path).unwrap();
        let repo = open(&Folder { room: &room, path });
        assert_eq!(push(&repo, &commit), Pushed::Created, "{}", name.escape_ascii());
    }
}

#[test]
fn two_runs_one_claim() {
    let room = Room::new();
    let (_origin, folder, _) = clone(&room);
    let repo = open(&folder);
    let remote = origin(&repo);
    let claim = |holder: &str| Claim {
        issue: number(7),
        holder: holder.into(),
        host: "tower".into(),
        pid: 1,
        run: RunId::parse("r1").unwrap(),
        taken: Timestamp::from_seconds(1000),
        expires: Timestamp::from_seconds(1060),
        nonce: nonce(),
    };
    let first = claim("one");
    let (one, two) = (repo.claim_commit(&first).unwrap(), repo.claim_commit(&claim("two")).unwrap());
    assert_ne!(repo.claim_commit(&claim("one")).unwrap(), one, "each claim is unique");
    assert_eq!(repo.claims(&remote, None).unwrap(), []);
    assert_eq!(repo.take_claim(&one, &remote, None).unwrap(), Claimed::Done);
    assert_eq!(repo.take_claim(&one, &remote, None).unwrap(), Claimed::Done, "ours already");
    assert_eq!(repo.take_claim(&two, &remote, None).unwrap(), Claimed::Lost { now: Some(one.commit().clone()) });
    let there = RemoteClaim { issue: number(7), commit: one.commit().clone(), message: first.message() };
    assert_eq!(repo.claims(&remote, None).unwrap(), [there]);
    assert_eq!(repo.swap_claim(one.commit(), &two, &remote, None).unwrap(), Claimed::Done);
    let release = |seen: &CommitId| repo.release_claim(number(7), seen, &remote, None).unwrap();
    assert_eq!(release(one.commit()), Claimed::Lost { now: Some(two.commit().clone()) });
    assert_eq!(release(two.commit()), Claimed::Done);
    assert_eq!(release(two.commit()), Claimed::Done, "gone already");
    assert_eq!(repo.swap_claim(one.commit(), &two, &remote, None).unwrap(), Claimed::Lost { now: None });
    assert_eq!(folder.git(&["for-each-ref", "refs/burn"]), "");
}

#[test]
fn local_refs_change_together_or_not_at_all() {
    let room = Room::new();
    let (_origin, folder, commit) = clone(&room);
    let repo = open(&folder);
    let base = repo.resolve("main").unwrap();
    let create = |name: &str| RefEdit::Create { name: name.into(), to: commit.clone() };
    assert_eq!(repo.edit_refs(&[create("refs/burn/a"), create("refs/burn/b")]).unwrap(), RefsEdited::Done);
    let clash = repo.edit_refs(&[create("refs/burn/c"), create("refs/burn/a")]).unwrap();
    assert!(matches!(&clash, RefsEdited::Conflict(said) if said.contains("refs/burn/a")), "{clash:?}");
    folder.git(&["pack-refs", "--all"]);
    assert!(matches!(repo.edit_refs(&[create("refs/burn/a/x")]).unwrap(), RefsEdited::Conflict(_)));
    let gone = RefEdit::Delete { name: "refs/burn/a".into(), from: base.clone() };
    assert!(matches!(repo.edit_refs(&[gone]).unwrap(), RefsEdited::Conflict(_)));
    let names: Vec<String> = repo.refs("refs/burn/").unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["refs/burn/a", "refs/burn/b"]);
}

#[test]
fn a_draft_is_kept_with_its_base_and_note() {
    let room = Room::new();
    let (_origin, folder, _) = clone(&room);
    let repo = open(&folder);
    let base = repo.resolve("main").unwrap();
    assert_eq!(repo.draft(number(7)).unwrap(), None);
    let commit = repo.draft_commit(&base, &repo.tree_of(&base).unwrap(), "turn 3").unwrap();
    assert_eq!(repo.keep_draft(number(7), None, commit.clone()).unwrap(), RefsEdited::Done);
    assert!(matches!(repo.keep_draft(number(7), None, commit.clone()).unwrap(), RefsEdited::Conflict(_)));
    let draft = repo.draft(number(7)).unwrap().unwrap();
    assert_eq!((draft.base, draft.note.as_str()), (base, "turn 3"));
    assert_eq!(repo.drop_draft(number(7)).unwrap(), RefsEdited::Done);
    assert_eq!(repo.drop_draft(number(7)).unwrap(), RefsEdited::Done);
    assert_eq!(folder.git(&["for-each-ref", "refs/burn"]), "");
}

#[test]
fn commits_follow_git_s_identity_rules() {
    use git_burn::core::change::{Change, Entry, FileChange};
    use git_burn::core::guard::{Policy, ReviewContext};
    use git_burn::core::names::RepoPath;
    use git_burn::edge::git::Environment;
    use git_burn::edge::repo::OpenOptions;
    let room = Room::new();
    let (_origin, folder, _) = clone(&room);
    let after = Some(Entry::file("fixed\n"));
    let file = FileChange { before: Some(Entry::file("a\n")), after, origin: None };
    let change = Change { files: [(RepoPath::parse("a.txt").unwrap(), file)].into() };
    let about = ReviewContext { title: "", body: "", secrets: &[] };
    let approved = Policy::builtin().review(change, &about).expect("harmless");
    let when = Timestamp::from_seconds(1_000_000_000);
    let commit = |repo: &Repo| repo.commit(&repo.resolve("main").unwrap(), &approved, "fix: it\n", when);
    let made = commit(&open(&folder)).unwrap();
    let show = |id: &CommitId| folder.git(&["show", "-s", "--format=%an <%ae> %aI|%cn %cI|%P|%T|%B", id.as_str()]);
    let (parent, tree) = (folder.git(&["rev-parse", "main"]), made.tree.to_string());
    let date = "2026-01-02T03:04:05Z";
    let expected = format!("Ada Tester <ada@example.org> {date}|Ada Tester {date}|{parent}|{tree}|fix: it\n");
    assert_eq!(show(&made.commit), expected.trim_end());
    let path = [("PATH", std::env::var_os("PATH").unwrap())];
    let bare = OpenOptions { environment: Environment::new(path), ..crate::repo::options(&folder) };
    let unknown = commit(&Repo::open(&bare).unwrap()).unwrap_err().to_string();
    assert!(unknown.contains("user.name and user.email are not both set\nhint: git config"), "{unknown}");
    let settings = ["user.name=Bo", "user.email=bo@example.org"].map(String::from).to_vec();
    let configured = OpenOptions { settings, ..bare.clone() };
    let made = commit(&Repo::open(&configured).unwrap()).unwrap();
    assert!(show(&made.commit).starts_with("Bo <bo@example.org> 2001-09-09T"), "{}", show(&made.commit));
    for (name, email) in [("Cy <x>", "<cy@example.org>"), (" Cy \"C\"\nDoe. ", " cy\n@example.org,"), ("\\'Cy", "cy")] {
        let environment = ["AUTHOR", "COMMITTER"].iter().fold(crate::repo::environment(&room), |environment, role| {
            environment.with(&format!("GIT_{role}_NAME"), name).with(&format!("GIT_{role}_EMAIL"), email)
        });
        let mut var = room.command("git", &folder.path);
        var.args(["var", "GIT_AUTHOR_IDENT"]).env("GIT_AUTHOR_NAME", name).env("GIT_AUTHOR_EMAIL", email);
        let of_git = String::from_utf8(var.output().expect("git runs").stdout).expect("text");
        let made = commit(&Repo::open(&OpenOptions { environment, ..bare.clone() }).unwrap()).unwrap();
        let raw = folder.git(&["cat-file", "commit", made.commit.as_str()]);
        assert!(raw.contains(&format!("author {}\n", of_git.trim_end())), "{raw}{of_git}");
    }
}

#[test]
fn commits_are_signed_when_the_user_says_so() {
    use git_burn::core::change::{Change, Entry, FileChange};
    use git_burn::core::guard::{Policy, ReviewContext};
    use git_burn::core::names::RepoPath;
    let room = Room::new();
    let key = room.path().join("key");
    let made = room.command("ssh-keygen", room.path()).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no ssh-keygen here");
        return;
    }
    let (_origin, folder, _) = clone(&room);
    folder.git(&["config", "gpg.format", "ssh"]);
    folder.git(&["config", "user.signingKey", key.to_str().unwrap()]);
    folder.git(&["config", "commit.gpgSign", "true"]);
    let file = FileChange { before: None, after: Some(Entry::file("new\n")), origin: None };
    let change = Change { files: [(RepoPath::parse("b.txt").unwrap(), file)].into() };
    let about = ReviewContext { title: "", body: "", secrets: &[] };
    let approved = Policy::builtin().review(change, &about).expect("harmless");
    let commit = |repo: &Repo| {
        repo.commit(&repo.resolve("main").unwrap(), &approved, "signed\n", Timestamp::from_seconds(1_000_000_000))
    };
    let made = commit(&open(&folder)).unwrap();
    let raw = folder.git(&["cat-file", "commit", made.commit.as_str()]);
    assert!(
        raw.contains("-----BEGIN SSH SIGNATURE-----") && raw.contains("Ada Tester <ada@example.org> 1767323045"),
        "{raw}"
    );
    std::fs::remove_file(&key).unwrap();
    let error = format!("{:#}", commit(&open(&folder)).unwrap_err());
    assert!(error.contains("could not be signed"), "{error}");
}

#[test]
fn sha_256_repositories_work_and_reftables_are_refused() {
    use git_burn::core::change::{Change, Entry, FileChange};
    use git_burn::core::names::RepoPath;
    use git_burn::edge::repo::Found;
    let room = Room::new();
    let (origin, folder) = (Folder { room: &room, path: room.path().join("o.git") }, room.path().join("long"));
    let init = |path: &std::path::Path, more: &[&str]| {
        let options = ["init", "-q", "-b", "main"];
        let made = room.command("git", room.path()).args(options).args(more).arg(path).status();
        assert!(made.unwrap().success());
    };
    init(&origin.path, &["--object-format=sha256", "--bare"]);
    init(&folder, &["--object-format=sha256"]);
    let folder = Folder { room: &room, path: folder };
    folder.write("a.txt", "a\n");
    folder.commit("base");
    folder.git(&["remote", "add", "origin", "../o.git"]);
    folder.git(&["push", "-q", "origin", "main"]);
    let repo = open(&folder);
    let base = repo.base(Some("main"), None, None).unwrap();
    let file = RepoPath::parse("a.txt").unwrap();
    let after = Entry::file("b\n");
    let change = FileChange { before: Some(Entry::file("a\n")), after: Some(after.clone()), origin: None };
    let tree = repo.write_change(&base.tree, &Change { files: [(file.clone(), change)].into() }).unwrap();
    assert_eq!(repo.read(&tree, &file, 10).unwrap(), Found::Entry(after));
    let commit = repo.draft_commit(&base.commit, &tree, "change").unwrap();
    assert_eq!(commit.as_str().len(), 64);
    assert_eq!(push(&repo, &commit), Pushed::Created);
    assert_eq!(origin.git(&["rev-parse", "agent/ticket-42"]), commit.as_str());
    let tables = room.path().join("tables");
    init(&tables, &["--ref-format=reftable"]);
    let refused = Repo::open(&crate::repo::options(&Folder { room: &room, path: tables })).unwrap_err().to_string();
    assert!(refused.ends_with("hint: git refs migrate --ref-format=files"), "{refused}");
}

/// A commit on top of another that no ref holds.
fn on_top(folder: &Folder<'_>, parent: &CommitId, message: &str) -> CommitId {
    let id = folder.git(&["commit-tree", "-p", parent.as_str(), "-m", message, "main^{tree}"]);
    CommitId::parse(&id).unwrap()
}

fn advance(repo: &Repo, commit: &CommitId, head: &CommitId) -> Advanced {
    let parents = repo.commit_at(commit).unwrap().parents;
    let successor = Successor::judge(verified(repo, commit), &parents, head).expect("it stands on the head");
    repo.advance(&successor, &branch(), &origin(repo), None).unwrap()
}

#[test]
fn a_branch_grows_by_what_stands_on_its_head_and_by_nothing_else() {
    let room = Room::new();
    let (origin, folder, head) = clone(&room);
    let repo = open(&folder);
    let next = on_top(&folder, &head, "after review");
    assert_eq!(advance(&repo, &next, &head), Advanced::Moved { now: None });
    assert_eq!(push(&repo, &head), Pushed::Created);
    assert_eq!(advance(&repo, &next, &head), Advanced::Done);
    assert_eq!(origin.git(&["rev-parse", "agent/ticket-42"]), next.as_str());
    assert_eq!(advance(&repo, &next, &head), Advanced::AlreadyOurs);
    let rival = on_top(&folder, &head, "another");
    assert_eq!(advance(&repo, &rival, &head), Advanced::Moved { now: Some(next.clone()) });
    assert_eq!(origin.git(&["rev-parse", "agent/ticket-42"]), next.as_str());
    for parents in [&[][..], std::slice::from_ref(&next), &[head.clone(), next.clone()]] {
        assert_eq!(Successor::judge(verified(&repo, &rival), parents, &head), None, "{parents:?}");
    }
}

#[test]
fn a_server_that_refuses_is_quoted() {
    let room = Room::new();
    let (origin, folder, head) = clone(&room);
    let repo = open(&folder);
    assert_eq!(push(&repo, &head), Pushed::Created);
    let hook = origin.path.join("hooks/update");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho not here >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let next = on_top(&folder, &head, "after review");
    let Advanced::Rejected { reason } = advance(&repo, &next, &head) else { panic!("the server refuses") };
    assert!(reason.contains("not here"), "{reason}");
    assert_eq!(origin.git(&["rev-parse", "agent/ticket-42"]), head.as_str());
}

#[test]
fn what_is_one_place_for_git_burn_is_not_several_for_git() {
    for key in ["pushurl", "url"] {
        let room = Room::new();
        let (origin, folder, commit) = clone(&room);
        let mirror = room.init_bare("mirror.git");
        folder.git(&["config", &format!("remote.origin.{key}"), "../origin.git"]);
        folder.git(&["config", "--add", &format!("remote.origin.{key}"), "../mirror.git"]);
        let repo = open(&folder);
        let remote = repo.remote(None).unwrap().expect("a remote");
        assert!(remote.url.ends_with("origin.git"), "git fetches from the first: {}", remote.url);
        let refused = repo.push(&verified(&repo, &commit), &branch(), &remote, None).expect_err("refused");
        let told = format!("{refused:#}");
        assert!(told.contains("`origin` has 2 push URLs") && told.contains("hint: "), "{key}: {told}");
        assert!(repo.claims(&remote, None).is_err(), "{key}");
        assert_eq!(format!("{}{}", origin.git(&["branch", "--list", "agent/*"]), mirror.git(&["for-each-ref"])), "");
        // An empty value makes git forget those before it.
        folder.git(&["config", "--add", &format!("remote.origin.{key}"), ""]);
        folder.git(&["config", "--add", &format!("remote.origin.{key}"), "../origin.git"]);
        assert_eq!(push(&open(&folder), &commit), Pushed::Created, "{key}");
    }
}
