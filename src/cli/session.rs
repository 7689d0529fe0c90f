//! Opens everything that the flows work with, for one run: repository, forge, models, journal, claims, signals.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::args::work::Work;
use super::config::Config;
use super::connect::{self, Connected};
use super::context::{Context, Network, clock, now};
use super::error::{Exit, Explained, explain};
use super::models;
use super::record::Header;
use super::render::audience::Audience;
use super::render::human::{Detail, Human};
use super::render::json::Json;
use super::settings::{credentials, work};
use super::signals::Signals;
use crate::core::act::Ripeness;
use crate::core::claim::{Claim, Peer};
use crate::core::event::{Event, Sink, Tee};
use crate::core::names::{RunId, Secret};
use crate::core::report::pull::SubjectStyle;
use crate::core::task::RUN;
use crate::core::text::Redactor;
use crate::edge::journal::{Exchanges, Journal, LedgerFile, RunState, new_run_id, runs};
use crate::edge::model::{Lineup, Recorder};
use crate::edge::rank_index::Index;
use crate::edge::repo::{Base, Remote, Repo, nonce};
use crate::edge::tape::Tape;
use crate::edge::verify::{cache_dir, worktrees_dir};
use crate::flow::claims::Claimant;
use crate::flow::{Mode, Progress, Publishing, Settings, Shop, Workshop};

/// Everything that one run needs, opened.
pub struct Session {
    pub repo: Repo,
    pub config: Config,
    pub connected: Connected,
    pub base: Base,
    /// Where this run looks and pushes; `None`: there is no remote, or `--offline` puts it out of reach.
    remote: Option<Remote>,
    models: Option<Lineup>,
    pub settings: Settings,
    min_score: Option<u8>,
    mode: Mode,
    workshop: Workshop,
    index: Index,
    ledger: LedgerFile,
    style: SubjectStyle,
    secrets: Vec<Secret>,
    signals: Signals,
    run: RunId,
    host: String,
}

/// Commits whose subjects show how the repository words them.
const RECENT: usize = 50;

/// How long a claim holds without renewal, beyond the longest step that it has to cover.
const SPARE_LEASE: Duration = Duration::from_secs(600);

/// Whether a run asks a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Models {
    /// One must be configured.
    Asked,
    NotAsked,
}

impl Session {
    /// Opens all of it; nothing is written and no model is asked.
    pub fn open(context: &Context, work: &Work, min_score: Option<u8>, models: Models) -> anyhow::Result<Self> {
        let repo = context.open_repo()?;
        let mut personal = context.personal_config(&repo)?;
        work::add_flags(&mut personal, work);
        let connected = connect::connect(context, &repo, &personal)?;
        for remark in &connected.remarks {
            context.tell(&format!("warning: {remark}"));
        }
        let base = base(context, &repo, &personal, &connected)?;
        let mut config = context.config(&repo, Some(&base.tree))?;
        work::add_flags(&mut config, work);
        context.warn_untrusted(&config);
        let cache = cache_dir(&context.environment)?;
        let mut settings = work::settings(&config, &repo, &base.tree, work, min_score)?;
        settings.rules.own_logins.extend(connected.own_login());
        let mode = if work.dry_run { Mode::DryRun } else { Mode::Real };
        Ok(Self {
            models: match models {
                Models::Asked => {
                    heed_unpublishable(context, connected.remote.as_ref(), settings.publishing, mode)?;
                    Some(models::lineup(context, &repo, &config)?)
                }
                Models::NotAsked => None,
            },
            remote: connected.remote.clone().filter(|remote| context.reaches(remote)),
            settings,
            min_score,
            mode,
            workshop: Workshop {
                cache: worktrees_dir(&context.environment)?,
                sandbox: work::sandbox(&config, &context.environment)?,
            },
            index: Index::open(&Index::folder(&cache, repo.common_dir())),
            ledger: LedgerFile::of(&repo.burn_dir()),
            style: subject_style(&repo, &base)?,
            secrets: secrets(context, &config, &connected),
            signals: Signals::listen()?,
            run: new_run_id(now()),
            host: host(),
            repo,
            config,
            connected,
            base,
        })
    }

    /// Runs a flow with all of it, and tells the journal and the person of every event.
    pub fn run<T>(
        &self,
        context: &Context,
        command: &str,
        flow: impl FnOnce(&mut Shop<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        self.run_telling(&mut *sink(context, &self.repo), command, flow)
    }

    /// As [`Session::run`], but tells somebody else than the person at the terminal.
    pub fn run_telling<T>(
        &self,
        shown: &mut dyn Sink,
        command: &str,
        flow: impl FnOnce(&mut Shop<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut journal = Journal::open(&self.repo.burn_dir(), &self.run)?;
        let mut audience = Audience::new(shown, self.stop());
        let ended = self.run_recorded(&mut journal, &mut audience, command, flow);
        match (ended, audience.gone()) {
            (Ok(_), Some(error)) => {
                self.end_broken(&error, &mut journal);
                Err(error)
            }
            (ended, _) => ended,
        }
    }

    fn run_recorded<T>(
        &self,
        journal: &mut Journal,
        shown: &mut dyn Sink,
        command: &str,
        flow: impl FnOnce(&mut Shop<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let exchanges = Arc::new(journal.exchanges());
        let (header, tape) = (self.header(), Arc::new(tape(Arc::clone(&exchanges), &self.secrets)));
        tape.note(RUN, &header);
        let forge = self.connected.forge.recorded_by(Arc::clone(&tape));
        let mut tee = Tee(vec![journal, shown]);
        tee.emit(&self.started(command))?;
        let recorder = recorder(exchanges, &self.secrets);
        let models = self.models.as_ref().map(|models| models.recorded_by(&recorder));
        let peer = |claim: &Claim| peer(&self.repo, claim);
        let holder = self.holder();
        let mut shop = Shop {
            forge: &forge,
            tape: &tape,
            repo: &self.repo,
            remote: self.remote.as_ref(),
            push_credential: self.connected.push.as_ref(),
            base: &self.base,
            models: models.as_ref(),
            index: &self.index,
            claimant: self.claimant(&holder, &peer),
            progress: &mut Progress::default(),
            ledger: &self.ledger,
            workshop: &self.workshop,
            sink: &mut tee,
            settings: &self.settings,
            subject_style: self.style,
            secrets: &self.secrets,
            nonce: header.nonce,
            mode: self.mode,
            run: self.run.clone(),
            clock: clock(),
            stop: self.signals.stop(),
        };
        flow(&mut shop).inspect_err(|error| self.end_broken(error, &mut tee))
    }

    fn started(&self, command: &str) -> Event {
        Event::RunStarted {
            run: self.run.clone(),
            command: command.to_owned(),
            dry_run: self.mode == Mode::DryRun,
            at: now(),
        }
    }

    /// Who takes claims on the remote; `None`: there is none.
    fn claimant<'s>(&'s self, holder: &'s str, peer: &'s dyn Fn(&Claim) -> Peer) -> Option<Claimant<'s>> {
        self.remote.as_ref().map(|remote| Claimant {
            repo: &self.repo,
            remote,
            credential: self.connected.push.as_ref(),
            holder,
            host: &self.host,
            pid: std::process::id(),
            run: &self.run,
            lease: self.lease(),
            now,
            peer,
        })
    }

    /// For work on what is on the remote already.
    ///
    /// # Errors
    /// There is a remote, but `--offline` puts it out of reach.
    pub fn refuse_unreached(&self) -> anyhow::Result<()> {
        match (&self.remote, &self.connected.remote) {
            (None, Some(remote)) => {
                let problem = format!("the remote `{}` cannot be asked: --offline", remote.name);
                Err(Explained::new(Exit::Unreachable, problem).hint("run it again without --offline").into())
            }
            (Some(_), _) | (None, None) => Ok(()),
        }
    }

    /// What the run works with, for its record.
    fn header(&self) -> Header {
        Header {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            nonce: nonce(),
            base: self.base.clone(),
            forge: self.connected.forge.kind(),
            own_logins: self.settings.rules.own_logins.clone(),
            min_score: self.min_score,
            draft: self.settings.ripeness == Ripeness::Draft,
            no_push: self.settings.publishing == Publishing::Keep,
            config: self.config.kept(),
        }
    }

    /// Ends the record of a run that came to an outcome with its exit status.
    pub fn finish(&self, context: &Context, exit: Exit) -> anyhow::Result<Exit> {
        self.finish_telling(&mut *sink(context, &self.repo), exit)
    }

    /// As [`Session::finish`], but tells somebody else than the person at the terminal.
    pub fn finish_telling(&self, shown: &mut dyn Sink, exit: Exit) -> anyhow::Result<Exit> {
        let exit = self.signalled(exit);
        let mut journal = Journal::open(&self.repo.burn_dir(), &self.run)?;
        Tee(vec![&mut journal, shown]).emit(&self.finished(exit))?;
        Ok(exit)
    }

    /// A run that broke has an end in the record as well. What broke it is what counts, so that this cannot fail.
    fn end_broken(&self, error: &anyhow::Error, told: &mut dyn Sink) {
        let _ = told.emit(&self.finished(self.signalled(explain(error).exit)));
    }

    fn finished(&self, exit: Exit) -> Event {
        Event::RunFinished { run: self.run.clone(), exit: exit.status(), at: now() }
    }

    /// What was stopped by another signal than SIGINT says so.
    pub fn signalled(&self, exit: Exit) -> Exit {
        if exit == Exit::Interrupted { self.signals.exit() } else { exit }
    }

    /// Set by a signal.
    pub fn stop(&self) -> &AtomicBool {
        self.signals.stop()
    }

    /// The run's id.
    pub fn id(&self) -> &RunId {
        &self.run
    }

    /// A claim is renewed between two steps, never within one: it covers the longest, a model's answer or a check.
    fn lease(&self) -> Duration {
        let checks = self.settings.checks.iter().map(|check| check.timeout);
        checks.fold(self.settings.limits.time, Duration::max) + SPARE_LEASE
    }

    /// Who claims say they are held by, and whose word an approval is: the committer's name.
    pub fn holder(&self) -> String {
        self.repo.committer_name().unwrap_or_else(|| "git-burn".to_owned())
    }
}

/// Whether the run behind a claim is known to be gone: it ran here, and nothing writes its record any more.
pub fn peer(repo: &Repo, claim: &Claim) -> Peer {
    if claim.host != host() {
        return Peer::MayBeAlive;
    }
    let known = runs(&repo.burn_dir()).unwrap_or_default();
    match known.iter().find(|run| run.id == claim.run).map(|run| run.state) {
        Some(RunState::Over) => Peer::Dead,
        Some(RunState::GoingOn) | None => Peer::MayBeAlive,
    }
}

/// What could not be published is not to be paid for. A dry run publishes nothing anyway.
fn heed_unpublishable(
    context: &Context,
    remote: Option<&Remote>,
    publishing: Publishing,
    mode: Mode,
) -> anyhow::Result<()> {
    match (unpublishable(context, remote, publishing), mode) {
        (None, _) => Ok(()),
        (Some(problem), Mode::Real) => Err(problem),
        (Some(problem), Mode::DryRun) => {
            context.tell(&format!("warning: {problem}"));
            Ok(())
        }
    }
}

fn unpublishable(context: &Context, remote: Option<&Remote>, publishing: Publishing) -> Option<anyhow::Error> {
    let explained = match (publishing, remote) {
        (Publishing::Keep, _) => return None,
        (Publishing::Push, Some(remote)) if context.reaches(remote) => {
            return remote.push_url().err().map(anyhow::Error::from);
        }
        (Publishing::Push, Some(remote)) => {
            let problem = format!("nothing can be pushed to `{}`: --offline", remote.name);
            Explained::new(Exit::Unreachable, problem).hint("keep the change here with --no-push")
        }
        (Publishing::Push, None) => Explained::new(Exit::Fatal, "this clone has no remote to push to")
            .hint("git remote add origin URL, or keep the change here with --no-push"),
    };
    Some(explained.into())
}

/// Writes exchanges down without any credential. A record that cannot be written is no reason to stop.
fn recorder(exchanges: Arc<Exchanges>, secrets: &[Secret]) -> Recorder {
    let redactor = Redactor::new(secrets);
    Arc::new(move |exchange| {
        let line = serde_json::to_string(exchange).unwrap_or_default();
        let _ = exchanges.write(&redactor.redact(&line));
    })
}

/// Writes down what is read of the world, as [`recorder`] does with exchanges.
fn tape(exchanges: Arc<Exchanges>, secrets: &[Secret]) -> Tape {
    let redactor = Redactor::new(secrets);
    Tape::recording(Box::new(move |line| {
        let _ = exchanges.write(&redactor.redact(line));
    }))
}

/// What the work starts from. The remote's newest commit of the base branch is fetched, without moving any ref.
fn base(context: &Context, repo: &Repo, config: &Config, connected: &Connected) -> anyhow::Result<Base> {
    let remote = connected.remote.as_ref();
    let default = match config.text("base") {
        Some(_) => None,
        None => connected.forge.repository()?.default_branch,
    };
    let known = repo.base(config.text("base"), remote, default.as_deref());
    let wanted = config.text("base").or(default.as_deref()).map(str::to_owned);
    let (Network::Allowed, Some(remote)) = (context.network, remote) else { return known };
    let branch = match &known {
        Ok(base) => base.branch.clone(),
        Err(_) => wanted,
    };
    let Some(branch) = branch else { return known };
    match repo.fetch_branch(remote, connected.push.as_ref(), &branch)? {
        Some(commit) => Ok(Base { tree: repo.tree_of(&commit)?, commit, branch: Some(branch) }),
        None => {
            let problem =
                format!("the remote `{}` has no branch `{branch}` to open a pull request against", remote.name);
            Err(Explained::new(Exit::Fatal, problem).hint("push it first, or give --base BRANCH").into())
        }
    }
}

/// The terminal's or the program's sink.
pub fn sink(context: &Context, repo: &Repo) -> Box<dyn Sink + Send> {
    if context.common.json {
        return Box::new(Json::on_stdout());
    }
    let detail = match (context.common.quiet, context.common.verbose) {
        (true, _) => Detail::Quiet,
        (false, 0) => Detail::Normal,
        (false, _) => Detail::Verbose,
    };
    Box::new(Human::new(context.terminal, context.paint_err(Some(repo)), detail))
}

/// Every credential of this run, wherever it came from.
fn secrets(context: &Context, config: &Config, connected: &Connected) -> Vec<Secret> {
    let mut secrets = credentials::secrets(&context.environment, config);
    secrets.extend(connected.token.iter().map(|token| token.secret.clone()));
    let of_url = connected.remote.as_ref().and_then(|remote| remote.credential.as_ref()?.secret());
    secrets.extend(of_url.filter(|secret| secret.reveal().len() >= credentials::SHORTEST_SECRET));
    secrets
}

/// How the newest commits are worded.
pub fn subject_style(repo: &Repo, base: &Base) -> anyhow::Result<SubjectStyle> {
    let subjects = repo.subjects(&base.commit, RECENT)?;
    Ok(SubjectStyle::of(subjects.iter().map(String::as_str)))
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
