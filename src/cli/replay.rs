//! `git burn replay`: plays a recorded run again, offline, and says whether the same comes of it.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;

use super::args::keep::Replay;
use super::args::work::Work;
use super::config::Config;
use super::context::{Context, now};
use super::error::{Exit, Explained};
use super::record::{Ending, Record};
use super::session::{sink, subject_style};
use super::settings::work;
use crate::core::event::{Event, Sink};
use crate::core::names::{CommitId, RunId, Timestamp, TreeId};
use crate::edge::forge::Forge;
use crate::edge::git::Environment;
use crate::edge::journal::{LedgerFile, RunOnDisk, runs};
use crate::edge::model::{Lineup, Model, Script};
use crate::edge::rank_index::Index;
use crate::edge::repo::{Making, Repo};
use crate::edge::scratch::Scratch;
use crate::edge::tape::Tape;
use crate::edge::verify::cache_dir;
use crate::flow::{Clock, Mode, Progress, Settings, Shop, Workshop, replay};

/// When the recorded run began: the clock of a replay stands still.
static STARTED: OnceLock<Timestamp> = OnceLock::new();

fn started() -> Timestamp {
    STARTED.get().copied().unwrap_or_else(now)
}

/// Plays the run and compares. Nothing is written but objects; nobody is asked anything.
pub fn run(args: &Replay, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let run = chosen(&repo, &args.run)?;
    let record = Record::read(&run.dir).map_err(|problem| told(&run.id, &problem))?;
    if record.tasks.is_empty() {
        let problem = anyhow::anyhow!("no work of `issue`, `next`, `sprint`, `continue` or `revise` is recorded");
        return Err(told(&run.id, &problem));
    }
    let base = &record.header.base.commit;
    repo.tree_of(base).map_err(|problem| told(&run.id, &problem.context(format!("its base {base} is not here"))))?;
    let mut listener = Listener { shown: sink(context, &repo), showing: showing(context), seen: Vec::new() };
    let broke = play(context, &repo, &run.id, &record, &mut listener)?;
    let (commits, difference) = compare(&repo, &record, &listener.seen, broke.as_ref())?;
    let exit = if difference.is_some() { Exit::No } else { Exit::Done };
    let verdict = Event::Replayed { run: run.id, same: difference.is_none(), commits, difference };
    listener.shown.emit(&verdict)?;
    Ok(exit)
}

/// Which events of the played run are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Showing {
    Nothing,
    /// All but those that a run prints as its result: standard output is for the verdict.
    Steps,
    Everything,
}

fn showing(context: &Context) -> Showing {
    match (context.common.json, context.common.verbose) {
        (true, _) => Showing::Everything,
        (false, 0) => Showing::Nothing,
        (false, _) => Showing::Steps,
    }
}

fn told(run: &RunId, problem: &anyhow::Error) -> anyhow::Error {
    let hint = "`git burn log --json` names the runs; burn.keepRuns says how many records stay";
    Explained::new(Exit::Fatal, format!("the run {run} cannot be played again: {problem:#}")).hint(hint).into()
}

/// The run whose id begins so.
fn chosen(repo: &Repo, asked: &str) -> anyhow::Result<RunOnDisk> {
    let mut found: Vec<RunOnDisk> = runs(&repo.burn_dir())?;
    found.retain(|run| run.id.as_str().starts_with(asked));
    let hint = "`git burn log --json` names the runs";
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 => Err(Explained::new(Exit::Fatal, format!("there is no run `{asked}`")).hint(hint).into()),
        many => Err(Explained::new(Exit::Fatal, format!("{many} runs begin with `{asked}`")).hint(hint).into()),
    }
}

/// Does the recorded work with the recorded answers; what ended it early is handed back.
fn play(
    context: &Context,
    repo: &Repo,
    run: &RunId,
    record: &Record,
    listener: &mut Listener,
) -> anyhow::Result<Option<anyhow::Error>> {
    STARTED.set(record.started).ok().context("one replay a process")?;
    let tape = Arc::new(Tape::playing(record.lines.iter().map(String::as_str)));
    let forge = Forge::played(record.header.forge, Arc::clone(&tape));
    let settings = settings(repo, record)?;
    let models = models(run, record)?;
    let scratch = Scratch::Replay.folder().context("cannot make a folder")?;
    let cache = cache_dir(&context.environment)?;
    let index = Index::open(&Index::folder(&cache, repo.common_dir()));
    // Never used: the results of checks are in the record.
    let sandbox = work::sandbox(&Config::default(), &Environment::default())?;
    let (header, stop) = (&record.header, AtomicBool::new(false));
    let mut shop = Shop {
        forge: &forge,
        tape: &tape,
        repo,
        remote: None,
        push_credential: None,
        base: &header.base,
        models: models.as_ref(),
        index: &index,
        claimant: None,
        progress: &mut Progress::default(),
        ledger: &LedgerFile::of(scratch.path()),
        workshop: &Workshop { cache: scratch.path().to_owned(), sandbox },
        sink: listener,
        settings: &settings,
        subject_style: subject_style(repo, &header.base)?,
        secrets: &[],
        nonce: header.nonce.clone(),
        mode: Mode::DryRun,
        run: run.clone(),
        clock: Clock { now: started, elapsed: || Duration::ZERO },
        stop: &stop,
    };
    Ok(record.tasks.iter().find_map(|task| replay::again(&mut shop, *task).err()))
}

/// The recorded answers. A run that asked nobody has none; a model was at hand all the same.
fn models(run: &RunId, record: &Record) -> anyhow::Result<Option<Lineup>> {
    let script = Script::recorded(run.as_str(), &record.lines.join("\n")).map_err(|problem| told(run, &problem))?;
    Ok(Lineup::new(vec![Model::replay(script)]))
}

/// The settings of then.
fn settings(repo: &Repo, record: &Record) -> anyhow::Result<Settings> {
    let header = &record.header;
    let config = Config::of_record(header.config.clone());
    let flags = Work { draft: header.draft, no_push: header.no_push, ..Work::default() };
    let mut settings = work::settings(&config, repo, &header.base.tree, &flags, header.min_score)?;
    settings.rules.own_logins.clone_from(&header.own_logins);
    Ok(settings)
}

/// The commits as they would be if they had been made by the people and at the time of the record, and where the two
/// runs first differ.
fn compare(
    repo: &Repo,
    record: &Record,
    seen: &[Event],
    broke: Option<&anyhow::Error>,
) -> anyhow::Result<(Vec<CommitId>, Option<String>)> {
    let (mut commits, mut difference) = (Vec::new(), None);
    let made = seen.iter().filter_map(commit_of);
    for (number, (commit, tree)) in made.enumerate() {
        let Some(making) = record.makings.get(number) else {
            difference = difference.or(Some(format!("commit {}: the run made only {number}", number + 1)));
            break;
        };
        let id = repo.id_as_made(commit, making)?;
        difference = difference.or_else(|| differs(number + 1, making, &id, tree));
        commits.push(id);
    }
    let difference = difference.or_else(|| ended_otherwise(record, seen, commits.len(), broke));
    Ok((commits, difference))
}

fn commit_of(event: &Event) -> Option<(&CommitId, &TreeId)> {
    if let Event::Committed { commit, tree } = event { Some((commit, tree)) } else { None }
}

fn differs(number: usize, making: &Making, id: &CommitId, tree: &TreeId) -> Option<String> {
    if making.tree != *tree {
        let (then, now) = (making.tree.short(), tree.short());
        return Some(format!("commit {number}: its tree was {then} and is {now}"));
    }
    // A signature cannot be made again; the tree is the same.
    let same = making.signed || making.commit == *id;
    (!same).then(|| format!("commit {number}: the tree is the same, the commit was {} and is {id}", making.commit))
}

/// After the same commits: what was missing in the record, or another ending. What happened when the world was changed
/// is not played, so that a run which was kept from publishing may come out as one that would publish.
fn ended_otherwise(record: &Record, seen: &[Event], commits: usize, broke: Option<&anyhow::Error>) -> Option<String> {
    let endings: Vec<Ending> = seen.iter().filter_map(|event| Ending::of(&event.record())).collect();
    let is_over = record.makings.len() == commits;
    if let Some(problem) = broke {
        // The recorded run broke as well, at the same place as far as can be seen.
        let as_then = is_over && endings.len() == record.endings.len();
        return (!as_then).then(|| format!("{problem:#}"));
    }
    if !is_over {
        return Some(format!("commit {}: the run made it, the replay did not", commits + 1));
    }
    let mut pairs = record.endings.iter().zip(&endings);
    let other = pairs.find(|(then, now)| then.outcome != now.outcome && now.outcome != "published");
    other.map(|(then, now)| format!("the run ended as `{}`, the replay as `{}`", then.outcome, now.outcome))
}

/// Shows events to those who want them, and keeps them.
struct Listener {
    shown: Box<dyn Sink + Send>,
    showing: Showing,
    seen: Vec<Event>,
}

impl Sink for Listener {
    fn emit(&mut self, event: &Event) -> anyhow::Result<()> {
        self.seen.push(event.clone());
        let is_result = matches!(event, Event::WouldAct { .. } | Event::Result { .. });
        match self.showing {
            Showing::Nothing => Ok(()),
            Showing::Steps if is_result => Ok(()),
            Showing::Steps | Showing::Everything => self.shown.emit(event),
        }
    }
}
