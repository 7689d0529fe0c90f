//! The cases of `fixtures/patches`: a tree, a patch as somebody wrote it, and what must come of it. Its README tells how to
//! add one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use git_burn::core::change::{Change, Entry, Origin, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{ApplyOptions, Care, Completeness, LineNumbers, Patch};

/// Paths and contents below a folder.
type Files = BTreeMap<String, Vec<u8>>;

struct Case {
    folder: PathBuf,
    name: String,
    before: Files,
    reply: Vec<u8>,
    completeness: Completeness,
    options: ApplyOptions,
}

/// What came of it, as it is kept.
struct Outcome {
    text: String,
    after: Files,
}

fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is inside").to_str().expect("a plain name").to_owned();
                found.insert(name, fs::read(&path).expect("a readable file"));
            }
        }
    }
    found
}

impl Case {
    fn read(folder: PathBuf) -> Self {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let file = |file: &str| fs::read(folder.join(file)).ok();
        let reply = ["reply.md", "patch.diff"].iter().find_map(|name| file(name));
        let reply = reply.unwrap_or_else(|| panic!("{name}: neither reply.md nor patch.diff"));
        let options = String::from_utf8(file("options").unwrap_or_default()).expect("words");
        let (mut completeness, mut line_numbers, mut care) = (Completeness::Unknown, LineNumbers::Hidden, Care::Model);
        for word in options.split_whitespace() {
            match word {
                "complete" => completeness = Completeness::Complete,
                "numbers-shown" => line_numbers = LineNumbers::Shown,
                "tool" => care = Care::Tool,
                other => panic!("{name}: no option `{other}`"),
            }
        }
        let options = ApplyOptions { line_numbers, care, seen: None };
        Self { before: files(&folder.join("before")), folder, name, reply, completeness, options }
    }

    fn tree(&self) -> Snapshot {
        let path = |name: &String| RepoPath::parse(name).expect("a path of a tree");
        let mut snapshot = Snapshot::default();
        for (name, bytes) in &self.before {
            let folders = path(name).ancestors().map(|folder| (folder, Entry::Directory)).collect::<Vec<_>>();
            snapshot.entries.extend(folders);
            snapshot.entries.insert(path(name), Entry::file(bytes.as_slice()));
        }
        snapshot.listing = Some(self.before.keys().map(path).collect::<Vec<_>>().into());
        snapshot
    }

    fn run(&self) -> Outcome {
        let patch = Patch::parse(&self.reply, self.completeness);
        match patch.and_then(|patch| patch.apply(&self.tree(), &self.options)) {
            Ok(applied) => {
                let placements: String = applied.placements.iter().map(|placement| format!("{placement}\n")).collect();
                let modes: String = modes(&applied.change);
                Outcome { text: format!("applies\n{placements}{modes}"), after: self.after(&applied.change) }
            }
            Err(refusal) => {
                let word = if refusal.already_applied() { "already applied" } else { "refused" };
                Outcome { text: format!("{word}\n{refusal}\n"), after: Files::new() }
            }
        }
    }

    fn after(&self, change: &Change) -> Files {
        let mut after = self.before.clone();
        for (path, file) in &change.files {
            if let Some(Origin::Renamed(old)) = &file.origin {
                after.remove(&old.to_string());
            }
            match &file.after {
                Some(entry) => after.insert(path.to_string(), entry.bytes().to_vec()),
                None => after.remove(&path.to_string()),
            };
        }
        after
    }

    /// Replaces what is kept by what came of it.
    fn update(&self, outcome: &Outcome) {
        let folder = self.folder.join("after");
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the old result");
        }
        for (name, bytes) in &outcome.after {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
            fs::write(file, bytes).expect("a file");
        }
        fs::write(self.folder.join("outcome.txt"), &outcome.text).expect("a file");
    }

    fn differences(&self, outcome: &Outcome) -> Vec<String> {
        let kept = fs::read_to_string(self.folder.join("outcome.txt")).unwrap_or_default();
        let mut differences = Vec::new();
        if kept != outcome.text {
            differences.push(format!("{}: outcome.txt says:\n{kept}but it is:\n{}", self.name, outcome.text));
        }
        let after = files(&self.folder.join("after"));
        for name in after.keys().chain(outcome.after.keys()) {
            let text =
                |files: &Files| files.get(name).map(|bytes| bytes.escape_ascii().to_string().replace("\\n", "\n"));
            if after.get(name) != outcome.after.get(name) {
                let (kept, got) = (text(&after), text(&outcome.after));
                differences.push(format!("{}: after/{name} is:\n{kept:?}\nbut it became:\n{got:?}", self.name));
            }
        }
        differences
    }
}

/// Files whose mode is or becomes another than that of a plain file.
fn modes(change: &Change) -> String {
    let mode = |entry: &Option<Entry>| entry.as_ref().map_or("none", Entry::mode).to_owned();
    let odd = change.files.iter().filter(|(_, file)| {
        [&file.before, &file.after].iter().any(|entry| entry.as_ref().is_some_and(|entry| entry.mode() != "100644"))
    });
    odd.map(|(path, file)| format!("{path}: mode {} to {}\n", mode(&file.before), mode(&file.after))).collect()
}

#[test]
fn every_case_comes_out_as_it_is_kept() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/patches");
    let entries = fs::read_dir(&folder).expect("the cases");
    let folders = entries.map(|entry| entry.expect("a readable folder").path()).filter(|path| path.is_dir());
    let mut cases: Vec<Case> = folders.map(Case::read).collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!cases.is_empty(), "no case in {}", folder.display());
    let update = std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1");
    let mut differences = Vec::new();
    for case in &cases {
        let outcome = case.run();
        println!("{}: {}", case.name, outcome.text.lines().next().unwrap_or_default());
        if update {
            case.update(&outcome);
        }
        differences.extend(case.differences(&outcome));
    }
    println!("{} cases", cases.len());
    assert!(differences.is_empty(), "{}\nUPDATE_EXPECT=1 keeps what came out", differences.join("\n"));
}
