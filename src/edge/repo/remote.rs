//! Remotes: their names and URLs, as configured and as git would use them.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail};
use gix::bstr::ByteSlice;
use gix::remote::Direction;

use super::Repo;
use crate::core::names::Secret;
use crate::edge::git::{Credential, Login};

/// A configured remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    pub name: String,
    /// Where git fetches from, `insteadOf` applied: what names the forge. Without a password.
    pub url: String,
    pub push_to: PushTo,
    /// The user name and password that stood in one of the URLs: for its origin, and for nobody's eyes.
    pub credential: Option<Credential>,
}

/// Where git pushes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushTo {
    /// The URL before `insteadOf` is applied: git applies it itself, once. Without a password.
    One(String),
    /// So many URLs: `git push` goes to each of them in turn.
    Several(usize),
}

/// A remote with several push URLs. What makes a push safe holds in one place only: a branch that is new in one may be
/// taken in another, and a lock that is held in two is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeveralPushUrls {
    pub remote: String,
    pub count: usize,
}

impl std::fmt::Display for SeveralPushUrls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { remote, count } = self;
        write!(
            f,
            "the remote `{remote}` has {count} push URLs, and only in one place can a branch be known to be new\n\
             hint: git remote add forge URL, with the URL of the forge alone; then git config burn.remote forge"
        )
    }
}

impl std::error::Error for SeveralPushUrls {}

impl Remote {
    /// The one URL that is pushed to.
    ///
    /// # Errors
    /// There are several.
    pub fn push_url(&self) -> Result<&str, SeveralPushUrls> {
        match &self.push_to {
            PushTo::One(url) => Ok(url),
            PushTo::Several(count) => Err(SeveralPushUrls { remote: self.name.clone(), count: *count }),
        }
    }

    /// `https://host:port` of a URL over HTTP, for credentials; `None` for ssh and paths.
    pub fn http_origin(&self) -> Option<String> {
        http_origin(&self.url)
    }

    /// Whether it is a folder of this machine, so that no network is needed.
    pub fn is_local(&self) -> bool {
        is_path(&self.url) || self.url.starts_with("file://")
    }
}

/// Neither a URL nor `host:path`.
fn is_path(url: &str) -> bool {
    !url.contains("://") && (url.starts_with(['.', '/']) || !url.contains(':'))
}

fn http_origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    matches!(scheme, "http" | "https").then(|| format!("{scheme}://{host}"))
}

/// The URL without user name and password, if it has a password, and these two for the URL's origin. Whatever git gets
/// as an argument can be read by every user of the machine, and URLs stand in messages.
fn split_password(url: String) -> (String, Option<Credential>) {
    let Ok(mut parsed) = gix::url::parse(url.as_bytes().as_bstr()) else { return (url, None) };
    let Some(password) = parsed.set_password(None) else { return (url, None) };
    let username = parsed.set_user(None).unwrap_or_default();
    let plain = parsed.to_bstring().to_string();
    let login = Secret::new(&password).map(|password| Login { username, password });
    let credential = http_origin(&plain).zip(login).and_then(|(origin, login)| Credential::for_origin(&origin, login));
    (plain, credential)
}

/// The remote said no, or nothing that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteError {
    pub remote: String,
    pub trouble: RemoteTrouble,
    /// git's words, safe for a terminal.
    pub reason: String,
}

/// Why a remote cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteTrouble {
    /// The credential is missing or not good enough.
    Denied,
    /// There is no such repository.
    Missing,
    /// No answer: later there may be one.
    Unreachable,
    /// git is not to use this transport: `--offline`, or the user's own settings.
    Forbidden,
}

impl RemoteTrouble {
    /// Reads it off git's or ssh's words, which git-burn asks for in English.
    pub fn of(said: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|words| said.contains(words));
        let denied = [
            "could not read Username",
            "could not read Password",
            "Authentication failed",
            "Permission denied",
            "error: 401",
            "error: 403",
        ];
        match () {
            () if says(&denied) => Self::Denied,
            () if said.contains("transport '") && said.contains("' not allowed") => Self::Forbidden,
            () if says(&["not found", "does not appear to be a git repository", "does not exist"]) => Self::Missing,
            () => Self::Unreachable,
        }
    }
}

impl RemoteError {
    /// What git said about it decides what the trouble is.
    pub fn new(remote: &Remote, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { remote: remote.name.clone(), trouble: RemoteTrouble::of(&reason), reason }
    }
}

impl std::fmt::Display for RemoteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { remote, trouble, reason } = self;
        let reason = reason.trim();
        match trouble {
            RemoteTrouble::Denied => {
                write!(
                    f,
                    "the remote `{remote}` lets us not in: {reason}\nhint: `git burn doctor` says which token is used"
                )
            }
            RemoteTrouble::Missing => write!(f, "the remote `{remote}` is not there: {reason}\nhint: git remote -v"),
            RemoteTrouble::Forbidden => write!(
                f,
                "the remote `{remote}` may not be asked: {reason}\n\
                 hint: leave out --offline, or look at protocol.allow and GIT_ALLOW_PROTOCOL"
            ),
            RemoteTrouble::Unreachable => {
                write!(f, "the remote `{remote}` does not answer: {reason}\nhint: run it again later")
            }
        }
    }
}

impl std::error::Error for RemoteError {}

impl Repo {
    /// The remote to work with: the one that is asked for (`burn.remote`, `--remote`), else `origin`, else the only one.
    /// `None`: there is no remote at all.
    ///
    /// # Errors
    /// The asked one does not exist, or there are several and none is `origin`.
    pub fn remote(&self, asked: Option<&str>) -> Result<Option<Remote>> {
        let names: Vec<String> = self.gix.remote_names().iter().map(ToString::to_string).collect();
        let name = match (asked, &names[..]) {
            (Some(asked), _) if names.iter().any(|name| name == asked) => asked,
            (Some(asked), _) => bail!("no remote is called `{asked}`; there {}", listed(&names)),
            (None, []) => return Ok(None),
            (None, [only]) => only,
            (None, _) if names.iter().any(|name| name == "origin") => "origin",
            (None, _) => {
                bail!("none of the remotes is called `origin`; there {}\nhint: set burn.remote", listed(&names))
            }
        };
        self.remote_named(name).map(Some)
    }

    fn remote_named(&self, name: &str) -> Result<Remote> {
        let (urls, push_urls) = (self.urls(name, "url"), self.urls(name, "pushurl"));
        let remote = match urls.first() {
            // git fetches from the first, gix from the last.
            Some(first) => self.gix.remote_at(first.as_str())?,
            None => self.gix.find_remote(name.as_bytes().as_bstr())?,
        };
        let url = remote.url(Direction::Fetch).or_else(|| remote.url(Direction::Push));
        let url = url.with_context(|| format!("the remote `{name}` has no URL"))?.to_bstring().to_string();
        let (url, from_url) = split_password(url);
        let name = name.to_owned();
        let pushed = if push_urls.is_empty() { urls } else { push_urls };
        if pushed.len() > 1 {
            return Ok(Remote { name, url, push_to: PushTo::Several(pushed.len()), credential: from_url });
        }
        let pushed = pushed.into_iter().next().unwrap_or_else(|| url.clone());
        let (pushed, from_push_url) = split_password(pushed);
        Ok(Remote { name, url, push_to: PushTo::One(pushed), credential: from_push_url.or(from_url) })
    }

    /// The values of `remote.NAME.url` or `pushurl` that count: an empty one makes git forget those before it.
    fn urls(&self, name: &str, key: &str) -> Vec<String> {
        let config = self.config();
        let key = format!("remote.{name}.{key}");
        let values: Vec<&str> = config.all(&key).filter_map(|setting| setting.value.as_deref()).collect();
        values.rsplit(|value| value.is_empty()).next().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    /// The URL that git is given. A relative path counts from the clone's folder, as for `git push`.
    pub(super) fn absolute(&self, url: &str) -> OsString {
        if !is_path(url) || Path::new(url).is_absolute() {
            return url.into();
        }
        self.top().join(url).into_os_string()
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "is none".to_owned(),
        names => format!("are `{}`", names.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_goes_to_its_origin_only() {
        let (url, credential) = split_password("https://us%40er:to%2Fken@git.example.org:8443/o/r.git".into());
        assert_eq!(url, "https://git.example.org:8443/o/r.git");
        let password = Secret::new("to/ken").expect("a secret");
        let login = Login { username: "us@er".into(), password };
        assert_eq!(credential, Credential::for_origin("https://git.example.org:8443", login));
        assert!(credential.is_some_and(|credential| !format!("{credential:?}").contains("ken")));
        for plain in ["https://user@h/o/r", "git@h:o/r.git", "../a:b", "ssh://git@h:22/o/r", "gh:o/r", "/tmp/r"] {
            assert_eq!(split_password(plain.into()), (plain.to_owned(), None));
        }
    }

    #[test]
    fn git_s_words_tell_a_refused_credential_from_a_network_that_is_down() {
        let trouble = RemoteTrouble::of;
        assert_eq!(trouble("fatal: Authentication failed for 'https://h/o/r/'"), RemoteTrouble::Denied);
        assert_eq!(trouble("fatal: repository 'https://h/o/r/' not found"), RemoteTrouble::Missing);
        let down = "fatal: unable to access 'https://h/o/r/': Could not resolve host: h";
        assert_eq!(trouble(down), RemoteTrouble::Unreachable);
    }
}
