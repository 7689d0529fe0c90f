//! Finds the forge behind the repository and the token that belongs to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::config::Config;
use super::context::{Context, Network};
use super::error::{Exit, Explained};
use super::settings::credentials::{self, Token};
use super::settings::triage;
use crate::core::names::{Secret, Slug};
use crate::core::triage::Rules;
use crate::edge::forge::detect::{self, Detected};
use crate::edge::forge::{Dialect, Forge};
use crate::edge::git::{Credential as GitCredential, Login};
use crate::edge::http::{Ambient, Credential, CredentialHeader, Http, HttpOptions, Origin, Pace, PlainHttp, Proxies};
use crate::edge::repo::{Remote, Repo};

/// A forge that can be asked, and what was found out on the way.
pub struct Connected {
    pub forge: Forge,
    /// What it is, for people: `gitea https://git.example.org o/r`, `files issues/`.
    pub about: String,
    /// The token in use and where it came from.
    pub token: Option<Token>,
    /// Tokens that were seen but are for another server.
    pub remarks: Vec<String>,
    /// Where branches are pushed to.
    pub remote: Option<Remote>,
    /// The same token for git, if the remote is on the forge's own server; else the one in the remote's URL.
    pub push: Option<GitCredential>,
}

impl Connected {
    /// The account that git-burn works for. Without a credential nobody can be assigned, so that not knowing it does no
    /// harm.
    pub fn own_login(&self) -> Option<String> {
        self.forge.me().ok().map(|me| me.login)
    }

    /// The rules of triage, knowing that account. `min_score` takes the place of the built-in threshold.
    pub fn rules(&self, config: &Config, min_score: Option<u8>) -> Rules {
        let mut rules = triage::rules(config, min_score);
        rules.own_logins.extend(self.own_login());
        rules
    }
}

/// A file of issues is not a secret store; a token is a line.
const LARGEST_TOKEN: u64 = 4096;

/// Finds the forge by configuration, remote and, if that leaves it open, by asking the server.
pub fn connect(context: &Context, repo: &Repo, config: &Config) -> anyhow::Result<Connected> {
    let remote = repo.remote(config.text("remote"))?;
    match config.text("forge").map(str::to_ascii_lowercase).as_deref() {
        Some("files") => files(context, repo, config, remote),
        Some("gitea" | "forgejo") => server(context, repo, config, remote, Some(Dialect::Gitea)),
        Some("github") => server(context, repo, config, remote, Some(Dialect::Github)),
        None => server(context, repo, config, remote, None),
        Some(other) => Err(Explained::new(Exit::Fatal, format!("burn.forge `{other}` is unknown"))
            .hint("it is gitea, github or files")
            .into()),
    }
}

fn files(context: &Context, repo: &Repo, config: &Config, remote: Option<Remote>) -> anyhow::Result<Connected> {
    let Some(folder) = config.text("url") else {
        return Err(Explained::new(Exit::Fatal, "burn.forge is `files`, but burn.url names no folder")
            .hint("git config burn.url issues")
            .into());
    };
    let top = repo.top();
    let folder = top.join(expand_home(context, folder));
    // Its real path, since addresses of pull requests are made from it.
    let Some(folder) = folder.canonicalize().ok().filter(|folder| folder.is_dir()) else {
        return Err(NoFolder(folder).into());
    };
    let login = repo.user_name().or_else(|| context.environment.text("USER").map(str::to_owned));
    Ok(Connected {
        about: format!("files {}", folder.display()),
        forge: Forge::files(folder, login.unwrap_or_else(|| "git-burn".into()), Ambient::system()),
        token: None,
        remarks: Vec::new(),
        push: remote.as_ref().and_then(|remote| remote.credential.clone()),
        remote,
    })
}

/// Server and repository, as configured or as the remote's URL says.
struct Place {
    web: String,
    slug: Slug,
}

fn server(
    context: &Context,
    repo: &Repo,
    config: &Config,
    remote: Option<Remote>,
    dialect: Option<Dialect>,
) -> anyhow::Result<Connected> {
    let Place { web, slug } = place(config, remote.as_ref())?;
    if context.network == Network::Offline {
        let problem = format!("{web} cannot be asked: --offline");
        return Err(Explained::new(Exit::Unreachable, problem)
            .hint("a forge of files works offline: burn.forge")
            .into());
    }
    let options = options(context, config, &web)?;
    let Detected { dialect, api } = match dialect {
        Some(dialect) => Detected { dialect, api: detect::api(dialect, &web) },
        None => detect::probe(&web, &options)?,
    };
    let origin = Origin::of(&web)?;
    let found = credentials::in_environment(&context.environment, dialect, &origin);
    let token = match found.token {
        Some(token) => Some(token),
        None => stored(context, repo, config, dialect, &web)?,
    };
    let credential =
        token.as_ref().map(|token| Credential { header: CredentialHeader::Token, secret: token.secret.clone() });
    let http = Http::new(HttpOptions { base: api, credential, ..options })?;
    let push = token.as_ref().and_then(|token| push_credential(remote.as_ref(), dialect, &origin, &token.secret));
    let push = push.or_else(|| remote.as_ref()?.credential.clone());
    let about = format!("{} {web} {slug}", dialect.word());
    Ok(Connected { forge: Forge::server(dialect, http, slug), about, token, remarks: found.remarks, remote, push })
}

fn place(config: &Config, remote: Option<&Remote>) -> anyhow::Result<Place> {
    let seen = remote.and_then(|remote| detect::remote(&remote.url));
    let asked = config.text("url").map(|url| url.trim_end_matches('/').to_owned());
    if let (Some(url), Some(seen)) = (&asked, &seen) {
        refuse_mismatch(url, remote, &seen.web)?;
    }
    let Some(web) = asked.or_else(|| seen.as_ref().map(|seen| seen.web.clone())) else {
        let problem = match remote {
            None => "this clone has no remote, so there is no forge".to_owned(),
            Some(remote) => format!("the remote `{}` is not on a forge: {}", remote.name, remote.url),
        };
        return Err(Explained::new(Exit::Fatal, problem)
            .hint("name the forge: git config burn.url https://git.example.org")
            .hint("or keep issues in files: git config burn.forge files; git config burn.url issues")
            .into());
    };
    let slug = configured_slug(config)?.or(seen.map(|seen| seen.slug));
    let slug = slug.ok_or_else(|| {
        Explained::new(Exit::Fatal, format!("which repository on {web}?")).hint("git config burn.repo OWNER/NAME")
    })?;
    Ok(Place { web, slug })
}

/// A change pushed to one server cannot become a pull request on another.
fn refuse_mismatch(url: &str, remote: Option<&Remote>, web: &str) -> anyhow::Result<()> {
    let over_http = remote.is_some_and(|remote| remote.http_origin().is_some());
    let (asked, seen) = (Origin::of(url)?, Origin::of(web)?);
    let same = asked.host == seen.host || (asked.is_loopback() && seen.is_loopback());
    if same || !over_http {
        return Ok(());
    }
    let problem = format!("burn.url is on the host {}, but the remote is on {}: they differ", asked.host, seen.host);
    Err(Explained::new(Exit::Fatal, problem).hint("set burn.url, or burn.remote to the remote of that forge").into())
}

/// `burn.repo`, but for absolute paths, which are for `git for-each-repo`.
fn configured_slug(config: &Config) -> anyhow::Result<Option<Slug>> {
    let values = config.many("repo");
    let slug = values.iter().rev().find(|setting| !setting.text().starts_with(['/', '~']));
    slug.map(|setting| setting.read(str::parse)).transpose()
}

fn options(context: &Context, config: &Config, web: &str) -> anyhow::Result<HttpOptions> {
    let origin = Origin::of(web)?;
    let per_minute = config.limit("rate", 30, super::values::number)?;
    let between_writes = config.duration("pause")?.unwrap_or(Duration::from_millis(500));
    let pace = Pace { per_minute: u32::try_from(per_minute).unwrap_or(u32::MAX), between_writes };
    Ok(HttpOptions {
        plain: plain(config, web),
        proxies: proxies(context),
        pace: context.pacers.of(&origin.to_string(), pace),
        ..HttpOptions::new(web)
    })
}

/// Whether an unencrypted connection to that URL is allowed by `burn.allowHttp`.
pub fn plain(config: &Config, url: &str) -> PlainHttp {
    let allowed = |place: &str| Origin::of(place).is_ok_and(|one| Origin::of(url).is_ok_and(|other| one == other));
    match config.texts("allowHttp").iter().any(|place| allowed(place)) {
        true => PlainHttp::Allowed,
        false => PlainHttp::LoopbackOnly,
    }
}

/// The proxies that the environment names.
pub fn proxies(context: &Context) -> Proxies {
    Proxies::from_variables(|name| context.environment.text(name).map(str::to_owned))
}

/// A token from a file or from git's credential helpers.
fn stored(
    context: &Context,
    repo: &Repo,
    config: &Config,
    dialect: Dialect,
    web: &str,
) -> anyhow::Result<Option<Token>> {
    let configured = config.text("tokenFile").map(|path| expand_home(context, path));
    let usual = (dialect == Dialect::Gitea).then(|| expand_home(context, "~/.gitea-token"));
    let file = configured.map(|path| repo.top().join(path)).or(usual);
    if let Some(token) = file.map(|path| token_file(&path)).transpose()?.flatten() {
        return Ok(Some(token));
    }
    let login = repo.git().stored_login(web)?;
    Ok(login.map(|login| Token { secret: login.password, source: "git credential".into() }))
}

/// Reads a token file, unless others can read it too. `None`: there is none.
fn token_file(path: &Path) -> anyhow::Result<Option<Token>> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    let refuse = |problem: String, hint: String| Err(Explained::new(Exit::Credentials, problem).hint(hint).into());
    let shown = path.display();
    if metadata.permissions().mode() & 0o077 != 0 {
        return refuse(format!("the token file {shown} can be read by others"), format!("chmod 600 {shown}"));
    }
    if !metadata.is_file() || metadata.len() > LARGEST_TOKEN {
        return refuse(format!("{shown} is not a file with a token"), "put the token there, and nothing else".into());
    }
    let text = fs::read_to_string(path).with_context(|| format!("reading {shown}"))?;
    Ok(Secret::new(&text).map(|secret| Token { secret, source: shown.to_string() }))
}

/// There is no folder of issues where the settings say it is: a slip of the pen, or a disk that is not there now.
#[derive(Debug)]
pub struct NoFolder(PathBuf);

impl std::fmt::Display for NoFolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folder = self.0.display();
        write!(f, "the folder of issues `{folder}` does not exist\nhint: make it, or set burn.url to another one")
    }
}

impl std::error::Error for NoFolder {}

fn expand_home(context: &Context, path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), context.environment.get("HOME")) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        (Some(_) | None, _) => PathBuf::from(path),
    }
}

fn push_credential(
    remote: Option<&Remote>,
    dialect: Dialect,
    origin: &Origin,
    secret: &Secret,
) -> Option<GitCredential> {
    let pushed_to = remote?.http_origin()?;
    let username = match dialect {
        Dialect::Gitea => "git-burn",
        Dialect::Github => "x-access-token",
    };
    let is_same = Origin::of(&pushed_to).is_ok_and(|pushed_to| pushed_to == *origin);
    let login = Login { username: username.into(), password: secret.clone() };
    is_same.then(|| GitCredential::for_origin(&pushed_to, login)).flatten()
}
