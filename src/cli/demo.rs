//! `git burn demo`: makes a small project with a bug and a backlog of files, and burns one issue through the real path.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::args::look;
use super::args::start::Demo;
use super::args::work::{Next, Work};
use super::burn;
use super::context::Context;
use super::error::{Exit, Explained};
use crate::edge::git::{Environment, Git};
use crate::edge::repo::ConfigScope;

/// A file of the demo: where it goes, what it holds.
type Part = (&'static str, &'static str);

macro_rules! parts {
    ($folder:literal: $($path:literal)*) => {
        &[$(($path, include_str!(concat!("../../fixtures/demo/", $folder, "/", $path)))),*]
    };
}

const PROJECT: &[Part] = parts!("project":
    "README.md" "bin/tally" "data/sales.csv" "tests/run.sh" "tests/cases/three.csv" "tests/cases/three.expected");

const ISSUES: &[Part] = parts!("issues":
    "0001-mean-of-an-empty-file.md" "0002-print-the-largest-value.md" "0003-it-is-slow.md"
    "0004-report-of-all-columns.md" "0005-rewrite.md");

const REPLIES: &str = include_str!("../../fixtures/demo/replies.md");

/// What the demo's clone is configured with.
const SETTINGS: &[(&str, &str)] = &[
    ("burn.forge", "files"),
    ("burn.url", "../issues"),
    ("burn.model", "replay/../replies.md"),
    ("burn.check.test.command", "sh tests/run.sh"),
    ("burn.owner", "grace"),
    ("user.name", "Demo User"),
    ("user.email", "demo@example.org"),
];

/// Makes the demo and runs `git burn next` in it.
pub fn run(args: &Demo, context: &Context) -> anyhow::Result<Exit> {
    let folder = context.cwd.join(&args.folder);
    refuse_occupied(&folder)?;
    make(&folder, context).with_context(|| format!("cannot make the demo in {}", folder.display()))?;
    let name = args.folder.display().to_string();
    context.tell(&format!(
        "Made {name}: {} issues in {name}/issues, a small project in {name}/project, its remote in {name}/remote.git.\n\
         The model plays {name}/replies.md: no network, no token.\n\n$ cd {name}/project && git burn next\n",
        ISSUES.len()
    ));
    let exit = burn_one(&folder.join("project"), context)?;
    context.tell(&closing_words(&name));
    Ok(exit)
}

fn refuse_occupied(folder: &Path) -> anyhow::Result<()> {
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if !occupied && !folder.is_file() {
        return Ok(());
    }
    let problem = format!("`{}` exists already", folder.display());
    Err(Explained::new(Exit::Fatal, problem).hint("remove it, or name another folder: git burn demo DIR").into())
}

fn make(folder: &Path, context: &Context) -> anyhow::Result<()> {
    write(&folder.join("project"), PROJECT)?;
    write(&folder.join("issues"), ISSUES)?;
    fs::write(folder.join("replies.md"), REPLIES)?;
    let project = Project { git: Git::new(own_environment(&context.environment)), folder: folder.join("project") };
    let remote = folder.join("remote.git");
    project.git.anywhere().args(["init", "--quiet", "--bare", "--initial-branch=main"]).arg(&remote).stdout()?;
    project.git.anywhere().args(["init", "--quiet", "--initial-branch=main"]).arg(&project.folder).stdout()?;
    for (key, value) in SETTINGS {
        project.run(&["config", key, value])?;
    }
    project.run(&["remote", "add", "origin", "../remote.git"])?;
    project.run(&["add", "--all"])?;
    project.run(&["commit", "--quiet", "--no-verify", "--message", "tally: count, sum and mean of a column"])?;
    project.run(&["push", "--quiet", "--set-upstream", "origin", "main"])
}

/// The demo's clone, which this program made and may therefore write to.
struct Project {
    git: Git,
    folder: PathBuf,
}

impl Project {
    fn run(&self, args: &[&str]) -> anyhow::Result<()> {
        let git_dir = self.folder.join(".git");
        let signing = "commit.gpgSign=false";
        self.git.in_worktree(&git_dir, &self.folder).setting(signing).args(args).stdout()?;
        Ok(())
    }
}

fn write(folder: &Path, parts: &[Part]) -> anyhow::Result<()> {
    for (name, content) in parts {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content)?;
        if content.starts_with("#!") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}

/// The real command, in the demo's clone, which is configured by the demo alone: the user's own `burn.model` may cost.
fn burn_one(project: &Path, context: &Context) -> anyhow::Result<Exit> {
    let next = Next { pick: look::Pick::default(), work: Work::default(), exit_code: false };
    let inside = context.inside(project);
    let environment = own_environment(&inside.environment);
    burn::next(&next, &Context { scope: ConfigScope::RepositoryOnly, environment, ..inside })
}

/// The environment without whatever configures git or git-burn.
fn own_environment(environment: &Environment) -> Environment {
    let configures = |name: &str| name.starts_with("GIT_BURN_") || name.starts_with("GIT_CONFIG");
    let kept = environment.iter().filter(|(name, _)| !name.to_str().is_some_and(configures));
    Environment::new(kept).with("GIT_CONFIG_GLOBAL", "/dev/null").with("GIT_CONFIG_NOSYSTEM", "1")
}

fn closing_words(name: &str) -> String {
    format!(
        "\nLook at it:\n\
         \x20 cd {name}/project\n\
         \x20 git fetch -q && git show origin/agent/ticket-1   # the proven commit\n\
         \x20 cat ../issues/pulls/*.md                         # the pull request with its proof\n\
         \x20 cat ../issues/0001-*.md                          # analysis and report on the issue\n\
         \x20 git status                                       # your checkout: untouched\n\
         Try next:\n\
         \x20 git burn list --all                              # the rest of the backlog, and why\n\
         \x20 git burn issue 2 --dry-run                       # everything but the writing\n\
         \x20 git burn next                                    # do it\n\
         On your own repository:  git burn init"
    )
}
