//! Credentials for git: asked of the user's own helpers, or given to one process for one host.

use std::time::Duration;

use super::{Git, GitCommand, GitError, GitFailure};
use crate::core::names::Secret;

/// A name and a password or token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub username: String,
    pub password: Secret,
}

/// A [`Login`] and the one origin that may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    origin: String,
    login: Login,
}

impl Credential {
    /// `origin` is `https://host` or `https://host:port`, without user, path and query; otherwise `None`.
    pub fn for_origin(origin: &str, login: Login) -> Option<Self> {
        let (scheme, host) = origin.split_once("://")?;
        let honest = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        let usable = matches!(scheme, "https" | "http") && !host.is_empty() && host.chars().all(honest);
        (usable && !login.username.chars().any(char::is_control)).then(|| Self { origin: origin.to_owned(), login })
    }

    /// What must not be seen. GitHub takes a token as the user name, with this word as the password.
    pub fn secret(&self) -> Option<Secret> {
        let Login { username, password } = &self.login;
        if password.reveal() == "x-oauth-basic" { Secret::new(username) } else { Some(password.clone()) }
    }
}

/// Reads its answer from the environment of the git process that runs it: nothing of it is in argv or on disk.
const HELPER: &str =
    r#"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$GIT_BURN_USERNAME" "$GIT_BURN_PASSWORD"; }; f"#;

impl GitCommand<'_> {
    /// Answers git's question for a credential, and only for this origin: a redirect or a rewritten URL gets nothing.
    /// The user's own helpers are not asked.
    pub fn credential(self, credential: &Credential) -> Self {
        let Credential { origin, login } = credential;
        self.setting("credential.helper=")
            .setting(&format!("credential.{origin}.helper={HELPER}"))
            .variable("GIT_BURN_USERNAME", &login.username)
            .variable("GIT_BURN_PASSWORD", login.password.reveal())
    }
}

impl Git {
    /// Asks the user's credential helpers (`git credential fill`), never a person. `None`: they have nothing.
    ///
    /// # Errors
    /// git cannot be run, or the URL has a line end in it.
    pub fn stored_login(&self, url: &str) -> Result<Option<Login>, GitError> {
        let command = "git credential".to_owned();
        if url.contains(['\n', '\r', '\0']) {
            let how = GitFailure::NotStarted("the URL has a line end in it".to_owned());
            return Err(GitError { command, how, stderr: String::new() });
        }
        let ask = self.anywhere().args(["credential", "fill"]).input(format!("url={url}\n\n"));
        let answer = ask.deadline(Duration::from_secs(20)).answer()?;
        if answer.code != 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&answer.stdout);
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let password = field("password").and_then(Secret::new);
        Ok(password.map(|password| Login { username: field("username").unwrap_or_default().to_owned(), password }))
    }
}
