//! Reads patches from files and places them on a tree of the repository.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use super::context::Context;
use super::error::{self, Exit, Explained};
use super::render::{json as records, refusal};
use crate::core::change::Change;
use crate::core::names::{RepoPath, TreeId};
use crate::core::patch::{
    Applied, ApplyOptions, Care, Completeness, Level, LineNumbers, Patch, Placement, ProblemKind, Refusal,
};
use crate::edge::repo::Repo;
use crate::flow::patching;

/// What all patches together make of a tree.
pub struct Placed {
    pub change: Change,
    pub placements: Vec<Placement>,
}

/// How patches are read.
pub struct Reading {
    pub care: Care,
    pub level: Level,
}

/// Places the patches one after the other; without any, the one on standard input.
///
/// # Errors
/// A file cannot be read, or a patch is refused; all reasons are printed then, and the exit status is "no".
pub fn place(
    context: &Context,
    repo: &Repo,
    base: &TreeId,
    files: &[PathBuf],
    reading: &Reading,
) -> anyhow::Result<Placed> {
    let standard_input = [PathBuf::from("-")];
    let files = if files.is_empty() { &standard_input } else { files };
    let mut placements = Vec::new();
    let mut tree = base.clone();
    let mut last = None;
    for (index, file) in files.iter().enumerate() {
        let text = read(context, file)?;
        let placed = place_one(context, repo, &tree, &text, reading)?;
        let applied = placed.map_err(|refusal| told(context, repo, file, &text, &refusal))?;
        placements.extend(applied.placements);
        if index + 1 < files.len() {
            tree = repo.write_change(&tree, &applied.change)?;
        }
        last = Some(applied.change);
    }
    let last = last.context("no patch was named")?;
    // The change of a single patch knows where its files came from; that of several is what git would find.
    let change = match files.len() {
        1 => last,
        _ => repo.change_between(base, &repo.write_change(&tree, &last)?)?,
    };
    Ok(Placed { change, placements })
}

/// A whole file, or standard input for `-`.
pub fn read(context: &Context, file: &Path) -> anyhow::Result<Vec<u8>> {
    if file.as_os_str() == "-" {
        if context.terminal.in_is_tty {
            return Err(error::usage("no patch: name a file, or pipe one into standard input"));
        }
        let mut text = Vec::new();
        std::io::stdin().lock().read_to_end(&mut text).context("reading standard input")?;
        return Ok(text);
    }
    fs::read(context.cwd.join(file)).with_context(|| format!("reading {}", file.display()))
}

/// One patch. Where its paths name nothing from the top, they are tried from the folder that the user is in.
fn place_one(
    context: &Context,
    repo: &Repo,
    tree: &TreeId,
    text: &[u8],
    reading: &Reading,
) -> anyhow::Result<Result<Applied, Refusal>> {
    let first = place_at(repo, tree, text, reading.care, &reading.level)?;
    let Err(refusal) = &first else { return Ok(first) };
    let Some(here) = here(context, repo).filter(|_| reading.level.folder.is_none() && is_lost(refusal)) else {
        return Ok(first);
    };
    let level = Level { folder: Some(here.clone()), ..reading.level.clone() };
    let second = place_at(repo, tree, text, reading.care, &level)?;
    match &second {
        Ok(_) => context.tell(&format!("note: its paths are read from `{here}`, where you are")),
        Err(refusal) if is_lost(refusal) => return Ok(first),
        Err(_) => {}
    }
    Ok(second)
}

/// Whether it may be a matter of the level.
fn is_lost(refusal: &Refusal) -> bool {
    let lost = [ProblemKind::NoSuchFile, ProblemKind::AmbiguousPath];
    refusal.problems.iter().any(|problem| lost.contains(&problem.kind))
}

/// The folder of the checkout that the user is in, if it is below the top.
fn here(context: &Context, repo: &Repo) -> Option<RepoPath> {
    let top = repo.work_tree()?.canonicalize().ok()?;
    let cwd = context.cwd.canonicalize().ok()?;
    RepoPath::parse(cwd.strip_prefix(top).ok()?.as_os_str().as_encoded_bytes()).ok()
}

fn place_at(
    repo: &Repo,
    tree: &TreeId,
    text: &[u8],
    care: Care,
    level: &Level,
) -> anyhow::Result<Result<Applied, Refusal>> {
    // Nobody says whether the text is whole, so an end that looks cut off is refused; nor whether its writer saw line
    // numbers, so that a near one does not decide between equal places.
    let options = ApplyOptions { line_numbers: LineNumbers::Hidden, care, seen: None };
    match Patch::parse(text, Completeness::Unknown).and_then(|patch| patch.at_level(level)) {
        Ok(patch) => patching::apply(repo, tree, &patch, &options),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Prints all reasons; the error that it returns ends with "no".
fn told(context: &Context, repo: &Repo, file: &Path, text: &[u8], why: &Refusal) -> anyhow::Error {
    let source = if file.as_os_str() == "-" { "standard input".into() } else { file.display().to_string() };
    if context.common.json {
        let about = json!({
            "file": source,
            "already_applied": why.already_applied(),
            "problems": why.problems,
            "fine": why.fine,
        });
        // The error says the same, should nobody be reading.
        let _ = context.terminal.write_out(records::line("refused", &about).as_bytes());
    }
    let nothing = why.problems.iter().all(|problem| problem.kind == ProblemKind::NoPatch);
    if text.trim_ascii().is_empty() {
        let hint = "the clipboard or the program before the pipe may have failed";
        return Explained::new(Exit::No, format!("{source} is empty")).hint(hint).into();
    }
    if !context.common.json && !nothing {
        let reasons = refusal::text(why, &source, context.paint_err(Some(repo)));
        context.terminal.write_err(reasons.as_bytes());
    }
    let told = Explained::new(Exit::No, refusal::headline(why, &source));
    match nothing {
        true => told.hint(FORMATS).into(),
        false => told.into(),
    }
}

const FORMATS: &str = "it takes unified diffs (bare or in ```diff fences), SEARCH/REPLACE blocks below a file name, \
                       `*** Begin Patch` envelopes and `*** Full File: PATH`";
