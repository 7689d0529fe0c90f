//! Reads patches from files and places them on a tree of the repository.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::context::Context;
use super::error::{Exit, Explained};
use crate::core::change::Change;
use crate::core::names::TreeId;
use crate::core::patch::{Applied, ApplyOptions, Care, Completeness, LineNumbers, Patch, Placement, Refusal};
use crate::core::text::for_terminal;
use crate::edge::repo::Repo;
use crate::flow::patching;

/// What all patches together make of a tree.
pub struct Placed {
    pub change: Change,
    pub placements: Vec<Placement>,
}

/// Places the patches one after the other.
///
/// # Errors
/// A file cannot be read, or a patch is refused; the message then holds all reasons, and the exit status is "no".
pub fn place(context: &Context, repo: &Repo, base: &TreeId, files: &[PathBuf], care: Care) -> anyhow::Result<Placed> {
    let mut placements = Vec::new();
    let mut tree = base.clone();
    let mut last = None;
    for (index, file) in files.iter().enumerate() {
        let text = read(context, file)?;
        let applied = place_one(repo, &tree, &text, care)?.map_err(|refusal| told(file, &refusal))?;
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
        let mut text = Vec::new();
        std::io::stdin().lock().read_to_end(&mut text).context("reading standard input")?;
        return Ok(text);
    }
    fs::read(context.cwd.join(file)).with_context(|| format!("reading {}", file.display()))
}

fn place_one(repo: &Repo, tree: &TreeId, text: &[u8], care: Care) -> anyhow::Result<Result<Applied, Refusal>> {
    // Nobody says whether the text is whole, so an end that looks cut off is refused; nor whether its writer saw line
    // numbers, so that a near one does not decide between equal places.
    let options = ApplyOptions { line_numbers: LineNumbers::Hidden, care, seen: None };
    match Patch::parse(text, Completeness::Unknown) {
        Ok(patch) => patching::apply(repo, tree, &patch, &options),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// All reasons as one error that ends with "no".
fn told(file: &Path, refusal: &Refusal) -> anyhow::Error {
    let name = if file.as_os_str() == "-" { "standard input".into() } else { file.display().to_string() };
    let reasons = for_terminal(&refusal.to_string());
    let text = match refusal.already_applied() {
        true => format!("{name}: already applied\n{reasons}"),
        false => format!("{name}: does not apply, nothing was changed\n{reasons}"),
    };
    Explained::new(Exit::No, text).into()
}
