//! The command line as clap reads it: as close to what was typed as possible, no file, git or network touched yet.

pub mod guard;
pub mod keep;
pub mod look;
pub mod start;
pub mod work;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::core::names::Slug;

/// Everything that was typed.
#[derive(Debug, Parser)]
#[command(
    name = "git-burn",
    bin_name = "git burn",
    version,
    about = "Burn down an issue backlog: issue in, proven pull request out",
    subcommand_value_name = "COMMAND",
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes, before or after its name.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Run as if started in DIR (repeated: each relative to the one before)
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Vec<PathBuf>,
    /// The repository on the forge, if the remote does not say it
    #[arg(short = 'R', long, value_name = "OWNER/NAME", global = true)]
    pub repo: Option<Slug>,
    /// Print only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more (-vv: even more)
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Print one JSON object a line on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Colour the output: always, never or auto
    #[arg(long, value_name = "WHEN", global = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "always", hide_possible_values = true)]
    pub color: Option<When>,
    /// Use no network
    #[arg(long, global = true)]
    pub offline: bool,
    /// Never ask anything
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Do nothing while another run with this flag goes on in this repository
    #[arg(long, global = true)]
    pub alone: bool,
}

/// When to do something that suits people but not programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    Always,
    Never,
    Auto,
}

/// What to do. A command is declared here when it works, and only then.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set up this repository with detected defaults
    Init(start::Init),
    /// Make a small project with a backlog, and burn one issue: no network, no token
    Demo(start::Demo),
    /// Check everything that git-burn needs here
    Doctor,
    /// Work on ready issues until nothing is left or a limit is reached
    Sprint(work::Sprint),
    /// Score the backlog, decide about each issue, and carry it out where asked to
    Triage(work::Triage),
    /// Answer a review: a new commit on top of the pull request, proven like the first
    Revise(work::Revise),
    /// Go on with unfinished work
    Continue(work::Continue),
    /// Give unfinished work up
    Abort(work::Abort),
    /// Remove what git-burn left and nobody needs
    Clean(keep::Clean),
    /// Show who works on what, or take a claim away
    Claim(keep::Claim),
    /// Run regularly without a daemon
    Schedule(keep::Schedule),
    /// Play a recorded run again, offline, and compare what comes of it
    Replay(keep::Replay),
    /// Let the team's settings that run programs count
    Trust(start::Trust),
    /// Print a completion script for a shell
    Completion(start::Completion),
    /// Print or install the manual
    Man(start::Man),
    /// Work on the best ready issue: patch, proof, branch, pull request
    Next(work::Next),
    /// Work on issues by number
    Issue(work::Issue),
    /// Print the analysis of an issue
    Plan(work::Plan),
    /// Let a change pass that the guard holds for a person, and publish it once it is proven
    Approve(work::Approve),
    /// Prove again what was made for an issue: its branch, or its fix on the base
    Verify(work::Verify),
    /// List the issues that are ready for work
    List(look::List),
    /// Show an issue and its triage
    Show(look::Show),
    /// Show what goes on, what is unfinished, how the last issues went and what they cost
    Status(look::Status),
    /// Show how the work on issues ended
    Log(look::Log),
    /// Print what was done lately and what it cost, in Markdown
    Report(look::Report),
    /// Print the files that most likely have to change for an issue, best first
    Rank(look::Rank),
    /// Judge a change by the rules that a model's patch must pass
    Guard(guard::Guard),
    /// Place a patch on a tree: check it, write the tree, or commit it on a branch
    Apply(guard::Apply),
    /// Run the guard before every commit
    Hook(guard::Hook),
}

/// The headings of `git burn -h` and what stands below each, in order. A test sees to it that no command is missing.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("Start", &["init", "demo", "doctor", "trust", "completion", "man"]),
    ("Look", &["list", "show", "rank", "status", "log", "report"]),
    ("Work", &["next", "issue", "sprint", "triage", "plan", "approve", "revise", "verify", "continue", "abort"]),
    ("Guard", &["guard", "apply", "hook"]),
    ("Keep", &["clean", "claim", "schedule", "replay"]),
];

/// clap's description of the program with the grouped short help.
pub fn command() -> clap::Command {
    let command = Cli::command();
    let template = help_template(&command);
    command.help_template(template)
}

/// Reads the command line; `Err` is also how clap hands over the text of `-h` and `--version`.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

/// The same, with help for a reader whose lines are so wide.
pub fn parse_for(args: impl IntoIterator<Item = OsString>, width: usize) -> Result<Cli, clap::Error> {
    let matches = command().term_width(width).try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

/// clap has one heading for all subcommands; this writes one for each group.
fn help_template(command: &clap::Command) -> String {
    let about = |name: &&str| {
        let about = command.find_subcommand(name)?.get_about()?;
        Some(format!("  {name:<11} {about}\n"))
    };
    let groups = GROUPS.iter().filter_map(|(heading, names)| {
        let lines: String = names.iter().filter_map(about).collect();
        (!lines.is_empty()).then(|| format!("{heading}:\n{lines}\n"))
    });
    let groups: String = groups.collect();
    format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{groups}Common options:\n{{options}}\n\n\
         `git burn COMMAND -h` explains a command; `git burn man --install` brings the manual.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_is_in_exactly_one_group_of_the_short_help() {
        let help = command().render_help().to_string();
        for subcommand in command().get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let name = subcommand.get_name();
            let listed = GROUPS.iter().flat_map(|(_, names)| *names).filter(|listed| **listed == name).count();
            assert_eq!(listed, 1, "`{name}` stands in {listed} groups");
            assert!(help.contains(&format!("\n  {name:<11} ")), "`{name}` is missing in:\n{help}");
        }
    }

    #[test]
    fn common_flags_stand_before_or_after_the_command() {
        let cli =
            parse(["git-burn", "-C", "a", "completion", "bash", "--json", "--color"].map(OsString::from)).unwrap();
        assert_eq!(cli.common.directory, [PathBuf::from("a")]);
        assert!(cli.common.json);
        assert_eq!(cli.common.color, Some(When::Always));
    }
}
