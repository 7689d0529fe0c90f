//! `git burn apply`: places patches on a tree in memory, judges the result, and says, writes or commits it.

use serde_json::{Value, json};

use super::args::guard::Apply;
use super::context::{Context, now};
use super::error::{self, Exit, Explained};
use super::patches::{self, Placed, Reading};
use super::render::{findings, json as records};
use super::settings::{credentials, policy};
use crate::core::change::Change;
use crate::core::guard::{Approved, ReviewContext};
use crate::core::names::{RepoPath, TreeId, is_plain_branch};
use crate::core::patch::{Binaries, Care, Level, Placement, Style, write_diff};
use crate::core::text::one_line;
use crate::edge::repo::{RefEdit, RefsEdited, Repo};

/// What comes of a patch that was placed.
enum Made {
    Tree(TreeId),
    Diff(Vec<u8>),
    Branch { name: String, commit: String },
    Nothing,
}

/// Places, judges and then does what was asked for.
pub fn run(args: &Apply, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let base = repo.resolve_tree(&args.base)?;
    let reading = reading(args)?;
    let Placed { change, placements } = patches::place(context, &repo, &base, &args.files, &reading)?;
    let counts = change.line_counts();
    let made = match args.engine_only {
        true => unguarded(args, &repo, &base, &change)?,
        false => guarded(args, context, &repo, &base, &review(context, &repo, &base, change)?)?,
    };
    let note = |placement: &&Placement| placement.is_loose();
    for placement in placements.iter().filter(note) {
        context.tell(&format!("note: {}", one_line(&placement.to_string())));
    }
    context.tell(&format!("applies: {counts}"));
    print(context, &made, json!({ "counts": counts, "placements": placements }))
}

fn reading(args: &Apply) -> anyhow::Result<Reading> {
    let folder = args.folder.as_deref().map(|folder| folder.trim_end_matches('/')).filter(|folder| *folder != ".");
    let parse = |folder: &str| {
        RepoPath::parse(folder)
            .map_err(|problem| error::usage(format!("--directory: {}", one_line(&problem.to_string()))))
    };
    let level = Level { strip: args.strip, folder: folder.map(parse).transpose()? };
    let care = if args.engine_only { Care::Tool } else { Care::Model };
    Ok(Reading { care, level })
}

/// The guard's judgement; findings are printed, and an error.
fn review(context: &Context, repo: &Repo, base: &TreeId, change: Change) -> anyhow::Result<Approved> {
    let config = context.config(repo, Some(base))?;
    let secrets = credentials::secrets(&context.environment, &config);
    let about = ReviewContext { title: "", body: "", secrets: &secrets };
    policy::policy(&config)?.review(change, &about).map_err(|violations| {
        if context.common.json {
            // The error says that it was refused, should nobody be reading.
            let _ = context.terminal.write_out(findings::json(&violations).as_bytes());
        } else {
            let told = findings::text(&violations, context.paint_err(Some(repo)));
            context.terminal.write_err(told.as_bytes());
        }
        Explained::new(Exit::No, "refused by the guard, nothing was applied").into()
    })
}

fn unguarded(args: &Apply, repo: &Repo, base: &TreeId, change: &Change) -> anyhow::Result<Made> {
    Ok(match (args.write_tree, args.diff) {
        (true, _) => Made::Tree(repo.write_change(base, change)?),
        (false, true) => Made::Diff(write_diff(change, Style { context: 3, binaries: Binaries::Data })),
        (false, false) => Made::Nothing,
    })
}

fn guarded(args: &Apply, context: &Context, repo: &Repo, base: &TreeId, approved: &Approved) -> anyhow::Result<Made> {
    for flag in approved.flags() {
        context.tell(&format!("note: {}", findings::flag(flag)));
    }
    match &args.branch {
        Some(name) => commit(args, repo, name, approved),
        None => unguarded(args, repo, base, approved.change()),
    }
}

/// Commits on top of the base and makes the branch; an existing one is never moved.
fn commit(args: &Apply, repo: &Repo, name: &str, approved: &Approved) -> anyhow::Result<Made> {
    if !is_plain_branch(name) {
        return Err(error::usage(format!("`{}` is not a plain branch name", one_line(name))));
    }
    let parent = repo.resolve(&args.base)?;
    let message = args.message.clone().unwrap_or_else(|| match args.files.as_slice() {
        [file] if file.as_os_str() != "-" => format!("Apply {}", file.display()),
        _ => "Apply a patch".to_owned(),
    });
    let commit = repo.commit(&parent, approved, &message, now())?.commit;
    let edit = RefEdit::Create { name: format!("refs/heads/{name}"), to: commit.clone() };
    match repo.edit_refs(&[edit])? {
        RefsEdited::Done => Ok(Made::Branch { name: name.to_owned(), commit: commit.to_string() }),
        RefsEdited::Conflict(why) => {
            let problem = format!("the branch `{name}` cannot be made: {}", one_line(&why));
            Err(Explained::new(Exit::No, problem)
                .hint("choose another name, or delete the branch that is there")
                .into())
        }
    }
}

fn print(context: &Context, made: &Made, about: Value) -> anyhow::Result<Exit> {
    let text = match made {
        _ if context.common.json => record(made, about).into_bytes(),
        Made::Tree(tree) => format!("{tree}\n").into_bytes(),
        Made::Diff(diff) => diff.clone(),
        Made::Branch { name, commit } => format!("{name} {commit}\n").into_bytes(),
        Made::Nothing => Vec::new(),
    };
    context.terminal.write_out(&text)?;
    Ok(Exit::Done)
}

fn record(made: &Made, mut about: Value) -> String {
    match made {
        Made::Tree(tree) => about["tree"] = tree.as_str().into(),
        Made::Diff(diff) => about["diff"] = String::from_utf8_lossy(diff).into(),
        Made::Branch { name, commit } => {
            about["branch"] = name.as_str().into();
            about["commit"] = commit.as_str().into();
        }
        Made::Nothing => {}
    }
    records::line("applied", &about)
}
