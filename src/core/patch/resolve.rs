//! Which files of the tree a patch's names mean.

use bstr::ByteSlice;

use super::form::{FilePatch, Verb};
use super::names::Name;
use super::refusal::{Problem, ProblemKind};
use crate::core::change::{Entry, Snapshot};
use crate::core::names::RepoPath;

/// What one file of the patch does, with names settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// Changes content or mode in place.
    Edit(RepoPath),
    Create(RepoPath),
    Delete(RepoPath),
    Rename {
        from: RepoPath,
        to: RepoPath,
    },
    Copy {
        from: RepoPath,
        to: RepoPath,
    },
    /// Gives the whole content; the file exists.
    Replace(RepoPath),
}

impl Deed {
    /// The path on the new side, or the one that goes away.
    pub(super) fn target(&self) -> &RepoPath {
        match self {
            Self::Edit(path) | Self::Create(path) | Self::Delete(path) | Self::Replace(path) => path,
            Self::Rename { to, .. } | Self::Copy { to, .. } => to,
        }
    }

    /// The path whose base text is read.
    pub(super) fn source(&self) -> Option<&RepoPath> {
        match self {
            Self::Edit(path) | Self::Delete(path) | Self::Replace(path) => Some(path),
            Self::Rename { from, .. } | Self::Copy { from, .. } => Some(from),
            Self::Create(_) => None,
        }
    }
}

/// Settles the names of one file against the tree.
pub(super) fn resolve(file: &FilePatch, base: &Snapshot) -> Result<Deed, Problem> {
    let old = file.old.as_ref();
    let new = file.new.as_ref();
    match file.verb {
        Verb::Create => match new.map(|name| (name, name.path())) {
            Some((name, Some(path))) => Ok(Deed::Create(existing(name, base).unwrap_or(path).clone())),
            other => Err(bad_path(other.map(|(name, _)| name))),
        },
        Verb::Delete => Ok(Deed::Delete(find(old.or(new), base)?)),
        Verb::Rename | Verb::Copy => {
            let from = find(old, base)?;
            let to = new.and_then(Name::path).cloned().ok_or_else(|| bad_path(new))?;
            match file.verb {
                Verb::Copy => Ok(Deed::Copy { from, to }),
                Verb::Rename | Verb::Edit | Verb::Create | Verb::Delete | Verb::Replace => {
                    Ok(Deed::Rename { from, to })
                }
            }
        }
        Verb::Replace => match find(new, base) {
            Ok(path) => Ok(Deed::Replace(path)),
            Err(error) => new.and_then(Name::path).map(|path| Deed::Create(path.clone())).ok_or(error),
        },
        Verb::Edit => edit(file, old, new, base),
    }
}

/// An edit of a file that does not exist is a creation when it only adds lines: models write such headers.
fn edit(file: &FilePatch, old: Option<&Name>, new: Option<&Name>, base: &Snapshot) -> Result<Deed, Problem> {
    let error = match find(old, base) {
        Ok(path) => return Ok(Deed::Edit(path)),
        Err(error) => error,
    };
    if let Some(path) =
        new.filter(|_| error.kind == ProblemKind::NoSuchFile).and_then(|name| find(Some(name), base).ok())
    {
        return Ok(Deed::Edit(path));
    }
    match new.and_then(Name::path) {
        Some(path) if only_adds(file) => Ok(Deed::Create(path.clone())),
        _ => Err(error),
    }
}

fn only_adds(file: &FilePatch) -> bool {
    match super::hunks_of(file) {
        [hunk] => hunk.old_lines().next().is_none() && hunk.changes(),
        _ => false,
    }
}

/// The first reading that names something in the tree.
fn existing<'n>(name: &'n Name, base: &Snapshot) -> Option<&'n RepoPath> {
    name.readings.iter().find(|path| base.entries.contains_key(*path))
}

/// The file of the tree that a name means: as written, or by its longest end that names exactly one.
fn find(name: Option<&Name>, base: &Snapshot) -> Result<RepoPath, Problem> {
    let Some(name) = name else { return Err(bad_path(None)) };
    if let Some(path) = existing(name, base) {
        return Ok(path.clone());
    }
    let hits = base.listing.as_deref().map_or_else(Vec::new, |listing| name.by_suffix(listing));
    match hits.as_slice() {
        [only] => Ok((*only).clone()),
        [] if name.readings.is_empty() => Err(bad_path(Some(name))),
        [] => Err(no_such_file(&name.shown(), name.readings.first(), base)),
        many => {
            let names: Vec<String> = many.iter().take(4).map(|path| format!("`{path}`")).collect();
            let what = format!("`{}` could be any of {}", name.shown(), names.join(", "));
            Err(Problem::new(ProblemKind::AmbiguousPath, what)
                .hint("write the whole path from the top of the repository"))
        }
    }
}

/// A path that the tree does not have, and why if something else stands in its way.
pub(super) fn no_such_file(shown: &str, path: Option<&RepoPath>, base: &Snapshot) -> Problem {
    let link = path.and_then(|path| {
        path.ancestors().find(|above| matches!(base.entries.get(above), Some(Entry::Symlink(_) | Entry::Submodule(_))))
    });
    let what = match link {
        Some(link) => {
            format!("path `{shown}` is behind `{link}`, a symbolic link or submodule, which is never followed")
        }
        None => format!("path `{shown}` does not exist in the tree, which holds tracked files only"),
    };
    let problem = Problem::new(ProblemKind::NoSuchFile, what);
    match path.map_or_else(Vec::new, |path| namesakes(path, base)).as_slice() {
        [] => problem,
        files => problem.hint(format!("did you mean {}?", files.join(" or "))),
    }
}

/// Up to three files elsewhere that have the same name, or the same but for its ending or case.
fn namesakes(path: &RepoPath, base: &Snapshot) -> Vec<String> {
    let stem = |path: &RepoPath| -> Vec<u8> {
        let name = path.name().to_ascii_lowercase();
        name.rsplit_once_str(".").map_or(name.clone(), |(stem, _)| stem.to_vec())
    };
    let listing = base.listing.as_deref().unwrap_or_default();
    let wanted = stem(path);
    let mut files: Vec<&RepoPath> = listing.iter().filter(|file| stem(file) == wanted).collect();
    files.sort_by_key(|file| (file.name() != path.name(), file.as_bytes().len()));
    files.iter().take(3).map(|file| format!("`{file}`")).collect()
}

fn bad_path(name: Option<&Name>) -> Problem {
    match name {
        Some(name) => {
            let what = format!("path `{}` is absolute and names no file of the repository", name.shown());
            Problem::new(ProblemKind::BadPath, what).hint("write paths relative to the top of the repository")
        }
        None => Problem::new(ProblemKind::BadPath, "a path is missing"),
    }
}

/// Whether a listing of the tree could settle a name that `base` cannot.
pub(super) fn needs_listing(file: &FilePatch, base: &Snapshot) -> bool {
    let blocked = |path: &RepoPath| matches!(base.entries.get(path), Some(Entry::Directory));
    if super::is_creation(file) {
        // Whether everything below goes away can only be told with a listing.
        return file.new.as_ref().and_then(Name::path).is_some_and(blocked);
    }
    let unsettled = |name: &Name| existing(name, base).is_none();
    match file.verb {
        Verb::Edit => [&file.old, &file.new].into_iter().flatten().all(unsettled),
        Verb::Delete | Verb::Rename | Verb::Copy | Verb::Replace => {
            file.old.as_ref().or(file.new.as_ref()).is_some_and(unsettled)
        }
        Verb::Create => false,
    }
}
