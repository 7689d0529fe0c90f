//! The program around the library: arguments, environment, configuration, terminal, exit status.

pub mod apply;
pub mod approve;
pub mod args;
pub mod burn;
pub mod claim;
pub mod clean;
pub mod completion;
pub mod config;
pub mod connect;
pub mod context;
pub mod demo;
pub mod doctor;
pub mod error;
pub mod features;
pub mod guard;
pub mod hook;
pub mod init;
pub mod list;
pub mod log;
pub mod manual;
pub mod models;
pub mod pager;
pub mod patches;
pub mod rank;
pub mod record;
pub mod render;
pub mod replay;
pub mod report;
pub mod resume;
pub mod schedule;
pub mod session;
pub mod settings;
pub mod show;
pub mod signals;
pub mod sprint;
pub mod status;
pub mod terminal;
pub mod triage;
pub mod trust;
pub mod values;
pub mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use self::args::Command;
use self::context::Context;
use self::error::{Exit, Purpose};
use crate::edge::git::Environment;

/// Runs the program.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let wanted = args.iter().any(|arg| arg == "--json");
    let environment = Environment::new(std::env::vars_os());
    let cli = match args::parse_for(args, terminal::help_width(&environment)) {
        Ok(cli) => cli,
        Err(told) => return tell(&told, wanted.then(std::io::stdout)).into(),
    };
    let purpose = purpose(&cli.command);
    let mut records = cli.common.json.then(std::io::stdout);
    let ended = Context::new(cli.common, environment).and_then(|context| {
        // Held until the command has ended.
        let _alone = context.alone()?;
        dispatch(cli.command, &context)
    });
    ended
        .unwrap_or_else(|error| {
            let records = records.as_mut().map(|stdout| stdout as &mut dyn Write);
            error::report(&error, purpose, records, &mut std::io::stderr().lock())
        })
        .into()
}

fn purpose(command: &Command) -> Purpose {
    match command {
        Command::Completion(_)
        | Command::Doctor
        | Command::List(_)
        | Command::Log(_)
        | Command::Man(_)
        | Command::Plan(_)
        | Command::Rank(_)
        | Command::Report(_)
        | Command::Show(_)
        | Command::Status(_) => Purpose::Print,
        Command::Abort(_)
        | Command::Apply(_)
        | Command::Approve(_)
        | Command::Claim(_)
        | Command::Clean(_)
        | Command::Continue(_)
        | Command::Demo(_)
        | Command::Guard(_)
        | Command::Hook(_)
        | Command::Init(_)
        | Command::Issue(_)
        | Command::Next(_)
        | Command::Replay(_)
        | Command::Revise(_)
        | Command::Schedule(_)
        | Command::Sprint(_)
        | Command::Triage(_)
        | Command::Trust(_)
        | Command::Verify(_) => Purpose::Work,
    }
}

/// Prints what clap has to say: help or the version (a success), or what is wrong with the command line.
fn tell(told: &clap::Error, mut records: Option<std::io::Stdout>) -> Exit {
    // A closed pipe is nobody's problem here.
    let _ = told.print();
    if !told.use_stderr() {
        return Exit::Done;
    }
    let text = told.render().to_string();
    let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    error::record(Exit::Usage, first, &[], records.as_mut().map(|stdout| stdout as &mut dyn Write));
    Exit::Usage
}

fn dispatch(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Apply(args) => apply::run(&args, context),
        Command::Completion(args) => completion::run(args.shell, &context.terminal),
        Command::Demo(args) => demo::run(&args, context),
        Command::Issue(args) => burn::issue(&args, context),
        Command::Next(args) => burn::next(&args, context),
        Command::Approve(args) => approve::run(&args, context),
        Command::Plan(args) => burn::plan(&args, context),
        Command::Replay(args) => replay::run(&args, context),
        Command::Revise(args) => burn::revise(&args, context),
        Command::Verify(args) => verify::run(&args, context),
        Command::Guard(args) => guard::run(&args, context),
        Command::Init(args) => init::run(&args, context),
        Command::List(args) => list::run(&args, context),
        Command::Rank(args) => rank::run(&args, context),
        Command::Continue(args) => resume::run_continue(&args, context),
        Command::Abort(args) => resume::run_abort(&args, context),
        Command::Claim(args) => claim::run(&args, context),
        Command::Clean(args) => clean::run(&args, context),
        Command::Sprint(args) => sprint::run(&args, context),
        Command::Triage(args) => triage::run(&args, context),
        Command::Schedule(args) => schedule::run(&args, context),
        Command::Log(args) => log::run(&args, context),
        Command::Report(args) => report::run(&args, context),
        Command::Status(args) => status::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Doctor => doctor::run(context),
        Command::Hook(args) => hook::run(args.action, context),
        Command::Man(args) => manual::run(&args, context),
        Command::Trust(args) => trust::run(&args, context),
    }
}
