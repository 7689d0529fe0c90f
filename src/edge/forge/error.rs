//! What went wrong at a forge, and the way out.

use std::fmt;
use std::time::Duration;

use crate::edge::http::{HttpError, HttpErrorKind};
use crate::edge::tape::NotRecorded;

/// A call to a forge that failed.
#[derive(Debug)]
pub struct ForgeError {
    /// The call as a clause: "read issue 42 of o/r".
    pub doing: String,
    /// The server or folder.
    pub place: String,
    pub trouble: Trouble,
    /// The exchange behind it, where there was one.
    pub http: Option<Box<HttpError>>,
}

/// What callers tell apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No credential, or one that the server does not know.
    Credentials,
    /// The credential lacks a right; which one, where the server says it.
    Forbidden { missing: Option<String> },
    /// Not there, or hidden: private things look missing to those without rights.
    Missing,
    /// Stay away, for how long where the server says it.
    RateLimited { wait: Option<Duration> },
    /// No connection, silence, or an error of the server itself.
    Unreachable,
    /// Something else answers there: a login page, a proxy, a redirect to another host.
    NotAnApi,
    /// Already there, or changed meanwhile.
    Conflict,
    /// The server understood and refused; its reason.
    Refused { message: String },
    /// A label that has to exist first.
    UnknownLabel { name: String },
    /// A person who cannot be assigned.
    NotAssignable { login: String },
    /// Another writer holds the folder of issues.
    Busy,
    /// A file or an answer that cannot be read; where and why.
    Malformed { problem: String },
}

impl ForgeError {
    pub(super) fn new(doing: impl Into<String>, place: impl Into<String>, trouble: Trouble) -> Self {
        Self { doing: doing.into(), place: place.into(), trouble, http: None }
    }

    pub(super) fn from_http(doing: impl Into<String>, place: impl Into<String>, http: HttpError) -> Self {
        Self { doing: doing.into(), place: place.into(), trouble: trouble(&http), http: Some(Box::new(http)) }
    }

    /// Whether a write may have taken effect all the same.
    pub(super) fn effect_unknown(&self) -> bool {
        self.http.as_ref().is_some_and(|http| http.effect_unknown())
    }

    /// The server's status, where it answered with one outside 200 to 299.
    pub fn status(&self) -> Option<u16> {
        self.http.as_ref().and_then(|http| http.status())
    }

    /// A rename on the server lets reads through and refuses writes.
    fn has_moved(&self) -> bool {
        self.http.as_ref().is_some_and(|http| matches!(http.kind, HttpErrorKind::Redirected { .. }))
    }

    fn way_out(&self) -> Option<String> {
        Some(match &self.trouble {
            Trouble::Credentials => format!("give a valid token for {}", self.place),
            Trouble::Forbidden { missing: Some(scopes) } => format!("the token needs one of: {scopes}"),
            Trouble::Forbidden { missing: None } => "the token lacks a permission for this".into(),
            Trouble::Missing => "check the name; private repositories look missing to a token without rights".into(),
            Trouble::RateLimited { wait: Some(wait) } => format!("try again in {} s", wait.as_secs_f64().ceil()),
            Trouble::RateLimited { wait: None } => "try again in a few minutes".into(),
            Trouble::Unreachable => "try again later, or check burn.url, the network and the proxy".into(),
            Trouble::NotAnApi if self.has_moved() => {
                "if the repository or the server has moved, set burn.repo, burn.url and the remote's URL".into()
            }
            Trouble::NotAnApi => {
                "set burn.url to the forge's base URL; a sub-path or a login may stand in between".into()
            }
            Trouble::UnknownLabel { name } => format!(
                "create the label `{name}` on the forge first; `git burn init --create-labels` makes git-burn's own"
            ),
            Trouble::NotAssignable { login } => format!("`{login}` needs access to the repository"),
            Trouble::Busy => "wait for the other git-burn to end".into(),
            Trouble::Conflict | Trouble::Refused { .. } | Trouble::Malformed { .. } => return None,
        })
    }
}

impl From<NotRecorded> for ForgeError {
    fn from(NotRecorded { asked, what }: NotRecorded) -> Self {
        Self::new(format!("replay `{asked}`"), "the record of a run", Trouble::Refused { message: what })
    }
}

fn trouble(http: &HttpError) -> Trouble {
    let refused = match &http.kind {
        HttpErrorKind::Status(refused) => refused,
        HttpErrorKind::Unreachable { .. } | HttpErrorKind::Untrusted { .. } | HttpErrorKind::Interrupted { .. } => {
            return Trouble::Unreachable;
        }
        HttpErrorKind::Redirected { .. } | HttpErrorKind::NotJson { .. } => return Trouble::NotAnApi,
        HttpErrorKind::TooLarge { .. } => return Trouble::Malformed { problem: "the answer is too large".into() },
    };
    match refused.status {
        _ if refused.rate_limited => Trouble::RateLimited { wait: refused.wait },
        401 | 407 => Trouble::Credentials,
        403 => Trouble::Forbidden { missing: refused.scopes.clone() },
        404 | 410 => Trouble::Missing,
        409 => Trouble::Conflict,
        408 | 500.. => Trouble::Unreachable,
        _ => Trouble::Refused { message: refused.message.clone() },
    }
}

impl fmt::Display for ForgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doing, place, trouble, http } = self;
        write!(f, "cannot {doing}: ")?;
        match (trouble, http) {
            (Trouble::Credentials, Some(http)) => write!(f, "credential rejected by {place} ({http})")?,
            (Trouble::UnknownLabel { name }, _) => write!(f, "there is no label `{name}` in {place}")?,
            (Trouble::NotAssignable { login }, _) => write!(f, "{place} did not assign `{login}`")?,
            (Trouble::Malformed { problem }, None) => f.write_str(problem)?,
            (Trouble::Busy, _) => write!(f, "{place} is locked by another writer")?,
            (Trouble::Missing, None) => write!(f, "not found in {place}")?,
            (Trouble::Refused { message }, None) => f.write_str(message)?,
            (_, Some(http)) => write!(f, "{http}")?,
            (
                Trouble::Credentials
                | Trouble::Forbidden { .. }
                | Trouble::RateLimited { .. }
                | Trouble::Unreachable
                | Trouble::NotAnApi
                | Trouble::Conflict,
                None,
            ) => write!(f, "{trouble:?} at {place}")?,
        }
        match self.way_out() {
            Some(way_out) => write!(f, "; {way_out}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ForgeError {}
