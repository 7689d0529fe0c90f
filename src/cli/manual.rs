//! `git burn man`: the manual pages, which are part of the program, so that `git burn --help` can be made to work.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::args::start::{Man, Page};
use super::context::Context;
use super::error::{Exit, Explained};

/// One page: file name, section and text.
pub struct Manual {
    pub name: &'static str,
    pub section: u8,
    pub text: &'static str,
}

/// All pages.
pub const PAGES: [Manual; 4] = [
    Manual { name: "git-burn", section: 1, text: include_str!("../../man/git-burn.1") },
    Manual { name: "gitburn", section: 5, text: include_str!("../../man/gitburn.5") },
    Manual { name: "gitburn-issues", section: 5, text: include_str!("../../man/gitburn-issues.5") },
    Manual { name: "gitburn-tutorial", section: 7, text: include_str!("../../man/gitburn-tutorial.7") },
];

/// Prints a page's source, or installs all pages.
pub fn run(args: &Man, context: &Context) -> anyhow::Result<Exit> {
    if args.install {
        return install(args, context);
    }
    let [program, settings, issues, tutorial] = &PAGES;
    let page = match args.page {
        Page::GitBurn => program,
        Page::Gitburn => settings,
        Page::GitburnIssues => issues,
        Page::GitburnTutorial => tutorial,
    };
    context.terminal.write_out(page.text.as_bytes())?;
    Ok(Exit::Done)
}

fn install(args: &Man, context: &Context) -> anyhow::Result<Exit> {
    let root = match &args.to {
        Some(folder) => context.cwd.join(folder),
        None => found_root(context)?,
    };
    for page in &PAGES {
        let file = file_of(&root, page);
        let folder = file.parent().context("a page has a folder")?;
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, page.text))
            .with_context(|| format!("writing {}", file.display()))?;
        context.written(&file)?;
    }
    Ok(Exit::Done)
}

fn file_of(root: &Path, page: &Manual) -> PathBuf {
    root.join(format!("man{}", page.section)).join(format!("{}.{}", page.name, page.section))
}

/// A folder where man looks without being told to: beside the folder of PATH that holds this program, else beside
/// `~/.local/bin`. man-db derives `X/share/man` from `X/bin` in PATH.
fn found_root(context: &Context) -> anyhow::Result<PathBuf> {
    let home = context.environment.get("HOME").map(PathBuf::from);
    let beside = std::env::current_exe().ok().and_then(|program| {
        let folder = program.parent()?.to_owned();
        (folder.ends_with("bin") && home.as_ref().is_some_and(|home| folder.starts_with(home))).then_some(folder)
    });
    let bin = beside.or_else(|| home.map(|home| home.join(".local/bin")));
    let root = bin.and_then(|bin| Some(bin.parent()?.join("share/man")));
    root.ok_or_else(|| Explained::new(Exit::Fatal, "HOME is not set").hint("say --to FOLDER").into())
}

/// Where man would find the page of the program, if it is installed where this command puts it.
pub fn installed(context: &Context) -> Option<PathBuf> {
    let bins = context.environment.get("PATH").map(|path| std::env::split_paths(path).collect::<Vec<_>>());
    let beside_path = bins.unwrap_or_default().into_iter().filter_map(|bin| Some(bin.parent()?.join("share/man")));
    let manpath = context.environment.get("MANPATH").map(|path| std::env::split_paths(path).collect::<Vec<_>>());
    let roots = beside_path.chain(manpath.unwrap_or_default());
    roots.map(|root| file_of(&root, &PAGES[0])).find(|file| file.exists() || file.with_extension("1.gz").exists())
}
