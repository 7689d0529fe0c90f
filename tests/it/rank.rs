//! Ranking against real repositories in temporary folders, and `git burn rank` as it is typed.

use git_burn::core::names::CommitId;
use git_burn::core::rank::pack::pack;
use git_burn::core::rank::query::Query;
use git_burn::core::rank::ranking::Ranked;
use git_burn::edge::rank_index::Index;

use super::repo::open;
use crate::support::git::{Repo as Folder, Room, text};

const ISSUE: &str = "Parser drops trailing commas\nWhen `parse_list` reads `[1, 2,]` the last item is lost.\n";

/// A project in two languages in which one file is the obvious place.
fn project(room: &Room) -> Folder<'_> {
    let folder = room.init("project");
    folder.write("src/parser.py", "class Parser:\n    def parse_list(self, text):\n        return text.split(',')[:-1]\n\n    def other(self):\n        pass\n");
    folder.write(
        "src/writer.py",
        "from .parser import Parser\n\n\ndef write_list(items):\n    return ', '.join(items)\n",
    );
    folder.write("src/net.go", "package src\n\nfunc Dial(address string) error {\n\treturn nil\n}\n");
    folder.write(
        "tests/test_parser.py",
        "def test_parse_list():\n    assert Parser().parse_list('[1, 2,]')  # trailing commas, last item\n",
    );
    folder.write("data/blob.bin", b"\0\x01parse_list");
    folder.commit("first");
    folder
}

fn commit(folder: &Folder<'_>) -> CommitId {
    CommitId::parse(&folder.git(&["rev-parse", "HEAD"])).expect("an id")
}

fn query() -> Query {
    let (title, body) = ISSUE.split_once('\n').expect("two lines");
    Query::new(title, body)
}

fn order(ranked: &[Ranked]) -> Vec<String> {
    ranked.iter().map(|one| one.path.to_string()).collect()
}

#[test]
fn the_place_comes_first_and_its_test_later() {
    let room = Room::new();
    let folder = project(&room);
    let ranked = open(&folder).rank(&commit(&folder), &query(), &Index::none()).expect("a ranking");
    let paths = order(&ranked);
    assert_eq!(paths[0], "src/parser.py", "{paths:?}");
    assert_eq!(paths.len(), 5);
    assert!(ranked[0].reasons().iter().any(|(why, _)| *why == "defines a name"));
    let shown = pack(&ranked, 1000).text();
    assert!(shown.contains("==> src/parser.py <==\nclass Parser:"), "{shown}");
}

#[test]
fn the_index_changes_nothing_but_the_time() {
    let room = Room::new();
    let folder = project(&room);
    let (repo, commit) = (open(&folder), commit(&folder));
    let index = Index::folder(&room.path().join("cache"), repo.common_dir());
    let scores = |index: &Index| {
        let ranked = repo.rank(&commit, &query(), index).expect("a ranking");
        ranked.iter().map(|one| (one.path.to_string(), one.score.to_bits())).collect::<Vec<_>>()
    };
    let cold = scores(&Index::none());
    assert_eq!(scores(&Index::open(&index)), cold);
    let segments = || std::fs::read_dir(&index).expect("the index").count();
    assert_eq!(segments(), 1);
    assert_eq!(scores(&Index::open(&index)), cold);
    assert_eq!(segments(), 1, "nothing new, nothing written");
}

#[test]
fn two_processes_share_an_index() {
    let room = Room::new();
    let folder = project(&room);
    let (commit, cache) = (commit(&folder), room.path().join("cache"));
    let expected = order(&open(&folder).rank(&commit, &query(), &Index::none()).expect("a ranking"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let index = Index::open(&cache);
                assert_eq!(order(&open(&folder).rank(&commit, &query(), &index).expect("a ranking")), expected);
            });
        }
    });
    assert_eq!(order(&open(&folder).rank(&commit, &query(), &Index::open(&cache)).expect("a ranking")), expected);
}

#[test]
fn a_missing_blob_counts_by_its_path() {
    let room = Room::new();
    let folder = project(&room);
    let id = folder.git(&["rev-parse", "HEAD:src/net.go"]);
    std::fs::remove_file(folder.path.join(".git/objects").join(&id[..2]).join(&id[2..])).expect("a loose object");
    let ranked = open(&folder).rank(&commit(&folder), &query(), &Index::none()).expect("a ranking");
    assert!(order(&ranked).contains(&"src/net.go".to_owned()));
}

#[test]
fn similar_commits_point_to_the_files_that_they_changed() {
    let room = Room::new();
    let folder = project(&room);
    // Not fewer lines than a file needs to count as one.
    folder.write(
        "src/lexer.py",
        "def tokens(text):\n    found = []\n    for one in text:\n        found.append(one)\n\n    return found\n",
    );
    folder.commit("lexer: keep the quoting of embedded newlines");
    folder.write("src/writer.py", "def write_list(items):\n    return ''.join(items)\n");
    folder.commit("writer: shorter");
    let query = Query::new("quoting of embedded newlines is lost", "");
    let ranked = open(&folder).rank(&commit(&folder), &query, &Index::none()).expect("a ranking");
    assert_eq!(order(&ranked)[0], "src/lexer.py");
}

#[test]
fn the_command_works_in_a_bare_repository() {
    let room = Room::new();
    let folder = project(&room);
    folder.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    std::fs::write(room.path().join("issue"), ISSUE).expect("an issue file");
    let rank = |more: &[&str]| {
        let mut command = room.command(env!("CARGO_BIN_EXE_git-burn"), room.path());
        command.env("GIT_DIR", room.path().join("bare.git")).args(["rank", "--issue-file", "issue"]).args(more);
        let output = command.output().expect("git-burn runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(rank(&["-L", "1"]), "src/parser.py\n");
    let tree = folder.git(&["rev-parse", "HEAD^{tree}"]);
    assert_eq!(rank(&["-L", "1", "--base", &tree]), "src/parser.py\n");
    assert!(rank(&["--explain", "-L", "1"]).contains("defines a name"));
    let record: serde_json::Value =
        serde_json::from_str(rank(&["--json"]).lines().next().expect("a line")).expect("JSON");
    assert_eq!((record["v"].as_u64(), record["path"].as_str()), (Some(1), Some("src/parser.py")));
    assert!(rank(&["--pack", "500"]).contains("def parse_list"));
}
