//! `git burn doctor`: everything that is needed here, what is missing, and the command that cures it.

use serde_json::json;

use super::config::Config;
use super::connect::{self, Connected};
use super::context::{Context, Network, shared_file};
use super::error::{self, Exit};
use super::hook;
use super::manual;
use super::models;
use super::render::json as records;
use super::settings::{checks, models as model_settings, policy, triage, work};
use super::terminal::{Paint, Style};
use super::values;
use crate::core::checks::Need;
use crate::core::issue::Role;
use crate::core::names::TreeId;
use crate::core::text::one_line;
use crate::edge::forge::Kind;
use crate::edge::git::Git;
use crate::edge::journal::runs;
use crate::edge::model::{KeyNeed, ModelName};
use crate::edge::repo::{Remote, Repo};
use crate::edge::sandbox::Sandbox;
use crate::edge::verify::{slots, worktrees_dir};

/// The oldest git that is tested with.
const OLDEST_GIT: (u32, u32) = (2, 36);

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Careful,
    Bad,
}

/// Collects findings and prints each at once: some questions take a while.
struct Doctor<'a> {
    context: &'a Context,
    paint: Paint,
    group: &'static str,
    worst: State,
}

/// Looks at everything; exits with 1 if something is broken.
pub fn run(context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo();
    let paint = context.paint_out(repo.as_ref().ok());
    let mut doctor = Doctor { context, paint, group: "", worst: State::Good };
    doctor.system(repo.as_ref().ok())?;
    match &repo {
        Ok(repo) => doctor.repository(repo)?,
        Err(problem) => {
            doctor.enter("repository")?;
            doctor.broken(problem)?;
        }
    }
    Ok(if doctor.worst == State::Bad { Exit::No } else { Exit::Done })
}

impl Doctor<'_> {
    fn system(&mut self, repo: Option<&Repo>) -> anyhow::Result<()> {
        self.enter("git")?;
        let git = repo.map_or_else(|| Git::new(self.context.environment.clone()), |repo| repo.git().clone());
        match git.anywhere().arg("version").text() {
            Ok(version) => self.git_version(&version)?,
            Err(problem) => self.bad(problem.to_string(), "install git")?,
        }
        match manual::installed(self.context) {
            Some(_) => self.good("`git burn --help` shows the manual")?,
            None => self.careful("`git burn --help` finds no manual", "git burn man --install")?,
        }
        Ok(())
    }

    fn git_version(&mut self, version: &str) -> anyhow::Result<()> {
        let text = one_line(version.trim_start_matches("git version "));
        let (major, minor) = OLDEST_GIT;
        match values::version(&text).is_some_and(|found| found >= OLDEST_GIT) {
            true => self.good(format!("git {text}")),
            false => self.bad(format!("git {text} is older than {major}.{minor}"), "install a newer git"),
        }
    }

    fn repository(&mut self, repo: &Repo) -> anyhow::Result<()> {
        self.enter("repository")?;
        self.good(format!("{}", repo.top().display()))?;
        match repo.check_identity() {
            Ok(()) => self.good("commits have an author")?,
            Err(problem) => self.broken(&problem)?,
        }
        let base = self.context.policy_base(repo, None);
        match &base {
            Ok(Some(base)) => self.good(format!("base commit {}", base.commit.short()))?,
            Ok(None) => self.bad("there is no commit yet", "git commit")?,
            Err(problem) => self.broken(problem)?,
        }
        let base = base.ok().flatten().map(|base| base.tree);
        match self.context.config(repo, base.as_ref()) {
            Ok(config) => self.configured(repo, &config, base.as_ref()),
            Err(problem) => self.broken(&problem),
        }
    }

    fn configured(&mut self, repo: &Repo, config: &Config, base: Option<&TreeId>) -> anyhow::Result<()> {
        self.team_file(repo, config, base)?;
        self.forge(repo, config)?;
        self.models(repo, config)?;
        self.checks(config)?;
        self.sandbox(config)?;
        self.guard(repo, config)?;
        self.leftovers(repo)
    }

    fn team_file(&mut self, repo: &Repo, config: &Config, base: Option<&TreeId>) -> anyhow::Result<()> {
        let Some(base) = base else { return Ok(()) };
        if shared_file(repo, base)?.is_none() {
            return Ok(());
        }
        let waiting: Vec<String> = config.untrusted().iter().map(|setting| setting.name.to_string()).collect();
        match waiting.is_empty() {
            true => self.good(".gitburn counts in full"),
            false => self.careful(format!(".gitburn sets {}, not trusted yet", waiting.join(", ")), "git burn trust"),
        }
    }

    fn forge(&mut self, repo: &Repo, config: &Config) -> anyhow::Result<()> {
        self.enter("forge")?;
        let connected = match connect::connect(self.context, repo, config) {
            Ok(connected) => connected,
            Err(problem) => return self.broken(&problem),
        };
        for remark in &connected.remarks {
            self.careful(remark.clone(), "unset it, or set the variable that names its server")?;
        }
        if let Some(Err(problem)) = connected.remote.as_ref().map(Remote::push_url) {
            self.broken(&problem.into())?;
        }
        match (&connected.token, connected.forge.kind()) {
            (Some(token), _) => self.good(format!("token from {}", token.source))?,
            (None, Kind::Rest(_)) => {
                self.careful(
                    "no token: only public reading works",
                    "set GITEA_TOKEN or GH_TOKEN, or use git's credential helper",
                )?;
            }
            (None, Kind::Files) => {}
        }
        self.answers(&connected, config)
    }

    fn answers(&mut self, connected: &Connected, config: &Config) -> anyhow::Result<()> {
        match connected.forge.repository() {
            Ok(found) if found.archived => {
                self.bad(format!("{} is archived: read-only", found.name), "work on another one")?;
            }
            Ok(found) => {
                self.good(connected.about.clone())?;
                if connected.token.is_some() && found.my_role == Role::Outsider {
                    self.bad("the token may not push there", "ask for write access, or use another token")?;
                }
            }
            Err(problem) => return self.broken(&problem.into()),
        }
        if matches!(connected.forge.kind(), Kind::Files) {
            return self.good("labels need not be made");
        }
        let rules = triage::rules(config, None);
        let review = triage::review_label(config);
        let wanted = [rules.ready_label, review, rules.clarify_label, rules.blocked_label, rules.reopened_label];
        match connected.forge.labels() {
            Ok(labels) => {
                let is_there = |name: &String| labels.iter().any(|label| label.eq_ignore_ascii_case(name));
                let missing: Vec<String> = wanted.into_iter().filter(|name| !is_there(name)).collect();
                match missing.is_empty() {
                    true => self.good("all labels exist"),
                    false => self.careful(
                        format!("labels are missing: {}", missing.join(", ")),
                        "git burn init --create-labels",
                    ),
                }
            }
            Err(problem) => self.broken(&problem.into()),
        }
    }

    fn models(&mut self, repo: &Repo, config: &Config) -> anyhow::Result<()> {
        self.enter("model")?;
        match model_settings::names(config) {
            Ok(names) => names.iter().try_for_each(|name| self.model(repo, config, name)),
            Err(problem) => self.broken(&problem),
        }
    }

    fn model(&mut self, repo: &Repo, config: &Config, name: &ModelName) -> anyhow::Result<()> {
        let found = model_settings::provider(config, &name.provider)
            .and_then(|settings| models::provider(self.context, name, &settings));
        let provider = match found {
            Ok(provider) => provider,
            Err(problem) => return self.broken(&problem),
        };
        let key = provider.key_env.iter().find(|variable| self.context.environment.get(variable).is_some());
        if key.is_none() && provider.key == KeyNeed::Required {
            let wanted = provider.key_env.join(" or ");
            return self.bad(format!("{name}: {wanted} is not set"), &format!("export {wanted}=..."));
        }
        let key = key.map_or_else(String::new, |variable| format!(", key of {variable}"));
        let opened = models::open(self.context, repo, config, name);
        match opened.and_then(|model| Ok(model.probe()?)) {
            Ok(found) => self.good(format!("{name}{key}: {found}"))?,
            Err(problem) => return self.broken(&problem),
        }
        if provider.price.is_none() && config.text("maxCost").is_some() {
            let cure = format!(
                "git config burn.provider.{0}.inputPrice USD; git config burn.provider.{0}.outputPrice USD",
                name.provider
            );
            self.bad(format!("{name}: its price is unknown, so burn.maxCost forbids it"), &cure)?;
        }
        Ok(())
    }

    fn checks(&mut self, config: &Config) -> anyhow::Result<()> {
        self.enter("checks")?;
        let checks = match checks::checks(config) {
            Ok(checks) => checks,
            Err(problem) => return self.broken(&problem),
        };
        for check in &checks {
            self.good(format!("{}: {}", check.name, check.command))?;
        }
        if checks.iter().any(|check| check.need == Need::Required) {
            return Ok(());
        }
        self.bad(
            "no required check: nothing can be proven, so nothing is published",
            "git config burn.check.test.command 'make test'",
        )
    }

    fn sandbox(&mut self, config: &Config) -> anyhow::Result<()> {
        let options = match work::sandbox(config, &self.context.environment) {
            Ok(options) => options,
            Err(problem) => return self.broken(&problem),
        };
        match Sandbox::new(options) {
            Ok(sandbox) if sandbox.confinement().is_confined() => {
                self.good(format!("confined by {}", sandbox.confinement()))
            }
            Ok(sandbox) => {
                self.careful(format!("checks are not confined ({})", sandbox.confinement()), "apt install bubblewrap")
            }
            Err(problem) => self.broken(&problem),
        }
    }

    fn guard(&mut self, repo: &Repo, config: &Config) -> anyhow::Result<()> {
        self.enter("guard")?;
        match policy::policy(config) {
            Ok(policy) => {
                self.good(format!("at most {} files and {} lines", policy.limits().files, policy.limits().lines))?;
            }
            Err(problem) => self.broken(&problem)?,
        }
        if hook::is_installed(repo) {
            self.good("guards your own commits")?;
        }
        Ok(())
    }

    /// Drafts of issues that were not finished, records of runs, worktrees.
    fn leftovers(&mut self, repo: &Repo) -> anyhow::Result<()> {
        self.enter("left over")?;
        let drafts = repo.drafts()?.len();
        let runs = runs(&repo.burn_dir()).unwrap_or_default().len();
        let cache = worktrees_dir(&self.context.environment)?;
        let worktrees = slots(repo, &cache).map(|slots| slots.len()).unwrap_or_default();
        self.good(format!("{drafts} drafts, {runs} runs on record, {worktrees} worktrees in {}", cache.display()))
    }

    fn enter(&mut self, group: &'static str) -> anyhow::Result<()> {
        self.group = group;
        if !self.context.common.json {
            self.print(&format!("{}\n", self.paint.paint(Style::Strong, group)))?;
        }
        Ok(())
    }

    fn good(&mut self, text: impl Into<String>) -> anyhow::Result<()> {
        self.found(State::Good, &text.into(), None)
    }

    fn careful(&mut self, text: impl Into<String>, cure: &str) -> anyhow::Result<()> {
        self.found(State::Careful, &text.into(), Some(cure))
    }

    fn bad(&mut self, text: impl Into<String>, cure: &str) -> anyhow::Result<()> {
        self.found(State::Bad, &text.into(), Some(cure))
    }

    /// An error as a finding, with its own hints as the cure.
    fn broken(&mut self, problem: &anyhow::Error) -> anyhow::Result<()> {
        let told = error::explain(problem);
        let state = match (self.context.network, told.exit) {
            (Network::Offline, Exit::Unreachable) => State::Careful,
            _ => State::Bad,
        };
        let cure = (!told.hints.is_empty()).then(|| told.hints.join("; "));
        self.found(state, &told.message, cure.as_deref())
    }

    /// One thing that was looked at; `cure` is a command, or what to do.
    fn found(&mut self, state: State, text: &str, cure: Option<&str>) -> anyhow::Result<()> {
        let (mark, style, word) = match state {
            State::Good => ("✓", Style::Good, "ok"),
            State::Careful => ("!", Style::Careful, "warning"),
            State::Bad => ("✗", Style::Bad, "broken"),
        };
        self.worst = if state == State::Bad { State::Bad } else { self.worst };
        if self.context.common.json {
            let about = json!({ "group": self.group, "state": word, "text": text, "cure": cure });
            return self.print(&records::line("finding", &about));
        }
        if self.context.common.quiet && state == State::Good {
            return Ok(());
        }
        let way = cure
            .map_or_else(String::new, |cure| format!("\n      {}", self.paint.paint(Style::Faint, &one_line(cure))));
        self.print(&format!("  {} {}{way}\n", self.paint.paint(style, mark), one_line(text)))
    }

    fn print(&self, text: &str) -> anyhow::Result<()> {
        Ok(self.context.terminal.write_out(text.as_bytes())?)
    }
}
