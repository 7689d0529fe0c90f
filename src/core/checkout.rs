//! What happened to the user's checkout while a check ran that nothing confined, and whose doing it was.
//!
//! Nothing keeps such a check off the checkout, so it is looked at before and after. People work there at the same time, and a
//! file does not say who wrote it. The check is named as the one where that is sure enough to stop (see [`judge`]); everything
//! else is told, and the work goes on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The checkout at one moment, as far as that is cheap to know. The library's words for paths, refs and ids are kept as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkout {
    pub head: Place,
    /// Branches, tags and the stash, by full name. Remote-tracking refs are left out: editors fetch by themselves.
    pub refs: BTreeMap<String, Place>,
    pub index: Index,
    /// Kind, mode, size, place on the disk and times of the tracked files, by path; `None`: the file is not there.
    pub files: BTreeMap<Vec<u8>, Option<Stamp>>,
}

/// Kind and mode, size, inode, and the times of the last change of content and of state, in nanoseconds.
pub type Stamp = (u32, u64, u64, i128, i128);

/// Where HEAD or a ref is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// What it says: an id, or for HEAD the name of a branch. Empty: it cannot be read.
    pub value: String,
    /// The commit that this is; `None`: a branch without one.
    pub commit: Option<String>,
    /// The id that its log ends with; `None`: it has no log.
    pub logged: Option<String>,
}

/// What is staged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Index {
    #[default]
    Missing,
    Unreadable,
    /// A digest of paths, modes, ids and flags. Not of the times in it: `git status` writes those.
    Entries(String),
}

/// One thing that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// For people, with what helps to get it back.
    what: String,
    /// The same thing has the same key whatever became of it.
    key: String,
    trace: Trace,
}

/// What a change looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trace {
    /// Nothing that a person does with git or an editor leaves this.
    Foreign,
    /// A person may have done it.
    Common,
}

/// What an unconfined check is to be asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Changed by the check.
    pub by_check: Vec<String>,
    /// Changed while it ran: by it, or by a person.
    pub meanwhile: Vec<String>,
}

impl Touched {
    /// Nothing changed.
    pub fn is_nothing(&self) -> bool {
        self.by_check.is_empty() && self.meanwhile.is_empty()
    }
}

/// As many things are named.
const NAMED: usize = 5;

/// The first things of a list, and how many more there are.
pub fn named(things: &[String]) -> String {
    let shown = things.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match things.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Checkout {
    /// What is not as it was.
    pub fn differences(&self, now: &Self) -> Vec<Difference> {
        let mut all = Vec::new();
        if self.head.value != now.head.value {
            let was = self.head.value.trim_start_matches("ref: refs/heads/");
            all.push(Difference::new("HEAD", format!("HEAD (was {was})"), self.head.trace(&now.head)));
        }
        for (name, was) in &self.refs {
            let trace = match now.refs.get(name) {
                Some(place) if place.value == was.value => continue,
                Some(place) => was.trace(place),
                None => Trace::Common,
            };
            all.push(Difference::new(name, format!("{} (was {})", spoken(name), short(&was.value)), trace));
        }
        let new = now.refs.keys().filter(|name| !self.refs.contains_key(*name));
        all.extend(new.map(|name| Difference::new(name, format!("{} (new)", spoken(name)), Trace::Common)));
        if self.index != now.index {
            let trace = match now.index {
                Index::Missing | Index::Unreadable => Trace::Foreign,
                Index::Entries(_) => Trace::Common,
            };
            all.push(Difference::new("the index", "the index".to_owned(), trace));
        }
        all.extend(self.files.iter().filter_map(|(path, was)| {
            let is = now.files.get(path).filter(|is| *is != was)?;
            let name = String::from_utf8_lossy(path);
            let what = if is.is_none() { format!("{name} (gone)") } else { name.to_string() };
            Some(Difference::new(&format!("./{name}"), what, Trace::Common))
        }));
        all
    }
}

impl Difference {
    fn new(key: &str, what: String, trace: Trace) -> Self {
        Self { what, key: key.to_owned(), trace }
    }
}

impl Place {
    /// Every git writes down where it moves a ref that has a log.
    fn trace(&self, now: &Self) -> Trace {
        let is_unborn = now.commit.is_none() && now.value.starts_with("ref: refs/");
        match (&self.logged, &now.commit) {
            _ if is_unborn => Trace::Common,
            (_, None) => Trace::Foreign,
            (Some(_), Some(_)) if now.logged != now.commit => Trace::Foreign,
            (_, Some(_)) => Trace::Common,
        }
    }
}

fn spoken(name: &str) -> String {
    let kinds = [("refs/heads/", "the branch "), ("refs/tags/", "the tag ")];
    let known = kinds.iter().find_map(|(prefix, kind)| Some(format!("{kind}{}", name.strip_prefix(prefix)?)));
    known.unwrap_or_else(|| if name == "refs/stash" { "the stash".to_owned() } else { name.to_owned() })
}

fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

/// Whose doing it was. The check did what no person's git or editor does, and what happened in both of two runs of it but
/// not in as long a time without: `first` and `again` are what changed in the runs, `quiet` in the time after them.
pub fn judge(first: &[Difference], again: &[Difference], quiet: &[Difference]) -> Touched {
    let keys = |all: &[Difference]| all.iter().map(|one| one.key.clone()).collect::<BTreeSet<_>>();
    let (in_first, in_again, in_quiet) = (keys(first), keys(again), keys(quiet));
    let is_of_check = |one: &&Difference| {
        let repeated = in_first.contains(&one.key) && in_again.contains(&one.key);
        one.trace == Trace::Foreign || (repeated && !in_quiet.contains(&one.key))
    };
    let (mut touched, mut told) = (Touched::default(), BTreeSet::new());
    for one in first.iter().chain(again) {
        if told.insert(&one.key) {
            let list = if is_of_check(&one) { &mut touched.by_check } else { &mut touched.meanwhile };
            list.push(one.what.clone());
        }
    }
    touched
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(value: &str, logged: Option<&str>) -> Place {
        Place { value: value.to_owned(), commit: Some(value.to_owned()), logged: logged.map(str::to_owned) }
    }

    fn checkout(main: Place, file: Option<Stamp>) -> Checkout {
        Checkout {
            head: Place { value: "ref: refs/heads/main".into(), ..main.clone() },
            refs: [("refs/heads/main".to_owned(), main)].into(),
            index: Index::Entries("1".into()),
            files: [(b"a.py".to_vec(), file)].into(),
        }
    }

    const OLD: Option<Stamp> = Some((0o100_644, 1, 1, 1, 1));
    const NEW: Option<Stamp> = Some((0o100_644, 2, 1, 2, 2));

    #[test]
    fn a_commit_of_the_user_may_be_theirs_and_a_ref_without_a_log_entry_is_nobody_s() {
        let before = checkout(place("aaaa", Some("aaaa")), OLD);
        let logged = before.differences(&checkout(place("bbbb", Some("bbbb")), OLD));
        let told = judge(&logged, &[], &[]);
        assert_eq!((told.by_check, told.meanwhile), (vec![], vec!["the branch main (was aaaa)".to_owned()]));
        let silent = before.differences(&checkout(place("bbbb", Some("aaaa")), OLD));
        assert_eq!(judge(&silent, &[], &[]).by_check, ["the branch main (was aaaa)"]);
        let unlogged = checkout(place("aaaa", None), OLD).differences(&checkout(place("bbbb", None), OLD));
        assert!(judge(&unlogged, &[], &[]).by_check.is_empty(), "where no log is kept, none can be missing");
        let orphan = Place { value: "ref: refs/heads/fresh".into(), commit: None, logged: Some("aaaa".into()) };
        let switched = before.differences(&Checkout { head: orphan, ..before.clone() });
        assert_eq!(judge(&switched, &[], &[]).meanwhile, ["HEAD (was main)"]);
        let garbage = Place { value: "nothing".into(), commit: None, logged: Some("aaaa".into()) };
        assert_eq!(
            judge(&before.differences(&Checkout { head: garbage, ..before.clone() }), &[], &[]).by_check,
            ["HEAD (was main)"]
        );
    }

    #[test]
    fn a_file_is_the_check_s_doing_only_if_it_changes_with_the_check_and_not_without() {
        let change = checkout(place("aaaa", None), OLD).differences(&checkout(place("aaaa", None), NEW));
        let gone = checkout(place("aaaa", None), OLD).differences(&checkout(place("aaaa", None), None));
        assert_eq!(judge(&change, &change, &[]).by_check, ["a.py"]);
        assert_eq!(judge(&change, &[], &[]).meanwhile, ["a.py"]);
        assert_eq!(judge(&[], &change, &[]).meanwhile, ["a.py"]);
        assert_eq!(judge(&change, &change, &change).meanwhile, ["a.py"], "it goes on without the check");
        assert_eq!(judge(&gone, &[], &[]).meanwhile, ["a.py (gone)"]);
    }

    #[test]
    fn a_broken_index_is_nobody_s_and_staging_may_be_a_person_s() {
        let before = checkout(place("aaaa", None), OLD);
        let with = |index| before.differences(&Checkout { index, ..before.clone() });
        assert_eq!(judge(&with(Index::Unreadable), &[], &[]).by_check, ["the index"]);
        assert_eq!(judge(&with(Index::Entries("2".into())), &[], &[]).meanwhile, ["the index"]);
        assert!(with(before.index.clone()).is_empty());
    }

    #[test]
    fn long_lists_are_cut() {
        let many: Vec<String> = (1..=7).map(|n| n.to_string()).collect();
        assert_eq!(named(&many), "1, 2, 3, 4, 5 and 2 more");
    }
}
