//! What can go wrong with a request, told apart by what the caller may conclude from it.

use std::fmt;
use std::time::Duration;

use super::Method;

/// A request that did not end with a usable 2xx answer.
#[derive(Debug)]
pub struct HttpError {
    pub method: Method,
    /// Without user information; credentials are never part of a URL here.
    pub url: String,
    pub kind: HttpErrorKind,
}

/// See [`HttpError`].
#[derive(Debug)]
pub enum HttpErrorKind {
    /// The server answered with a status outside 200 to 299.
    Status(Box<Refused>),
    /// A redirect that is not followed: to another origin, of a write, or too many.
    Redirected { status: u16, to: String },
    /// No connection was made, so the server did nothing.
    Unreachable { problem: String },
    /// The server's certificate does not prove that it is the server; nothing was sent.
    Untrusted { problem: String },
    /// The connection broke or fell silent after the request may have arrived: its effect is unknown.
    Interrupted { problem: String },
    /// The answer is larger than this many bytes.
    TooLarge { limit: u64 },
    /// A 2xx answer that is not what an API sends: a login page, a proxy's page, broken JSON.
    NotJson { content_type: String, problem: String },
}

/// A status outside 200 to 299, with what the server said.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    /// The server's own message, shortened and free of control characters.
    pub message: String,
    /// The start of the body as it came, for readers of structured errors. Never print it.
    pub body: String,
    /// How long the server wants to be left alone.
    pub wait: Option<Duration>,
    /// Whether that is a rate limit: 429, or 403 with a wait or the words for it.
    pub rate_limited: bool,
    /// GitHub's `X-Accepted-OAuth-Scopes`, Gitea's named scope: what the token lacks.
    pub scopes: Option<String>,
    /// `x-should-retry`, as model providers send it.
    pub should_retry: Option<bool>,
}

impl HttpError {
    /// For a server that no client can be made for, such as one with an unencrypted URL.
    pub(crate) fn unusable(url: &str, problem: &anyhow::Error) -> Self {
        let kind = HttpErrorKind::Unreachable { problem: format!("{problem:#}") };
        Self { method: Method::Get, url: url.to_owned(), kind }
    }

    /// The status, where the server answered with one outside 200 to 299.
    pub fn status(&self) -> Option<u16> {
        match &self.kind {
            HttpErrorKind::Status(refused) => Some(refused.status),
            HttpErrorKind::Redirected { status, .. } => Some(*status),
            HttpErrorKind::Unreachable { .. }
            | HttpErrorKind::Untrusted { .. }
            | HttpErrorKind::Interrupted { .. }
            | HttpErrorKind::TooLarge { .. }
            | HttpErrorKind::NotJson { .. } => None,
        }
    }

    /// The refusal, where there is one.
    pub fn refused(&self) -> Option<&Refused> {
        match &self.kind {
            HttpErrorKind::Status(refused) => Some(refused),
            HttpErrorKind::Redirected { .. }
            | HttpErrorKind::Unreachable { .. }
            | HttpErrorKind::Untrusted { .. }
            | HttpErrorKind::Interrupted { .. }
            | HttpErrorKind::TooLarge { .. }
            | HttpErrorKind::NotJson { .. } => None,
        }
    }

    /// Whether the request may have taken effect although no success was reported: look before repeating it.
    pub fn effect_unknown(&self) -> bool {
        match &self.kind {
            HttpErrorKind::Status(refused) => refused.status >= 500,
            HttpErrorKind::Interrupted { .. } | HttpErrorKind::TooLarge { .. } | HttpErrorKind::NotJson { .. } => true,
            HttpErrorKind::Redirected { .. } | HttpErrorKind::Unreachable { .. } | HttpErrorKind::Untrusted { .. } => {
                false
            }
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, kind } = self;
        write!(f, "{method} {url}: ")?;
        match kind {
            HttpErrorKind::Status(refused) => write!(f, "{refused}"),
            HttpErrorKind::Redirected { status, to } => {
                write!(f, "answered with a redirect ({status}) to {to}, which is not followed")
            }
            HttpErrorKind::Unreachable { problem } => write!(f, "cannot be reached: {problem}"),
            HttpErrorKind::Untrusted { problem } => write!(
                f,
                "the server's certificate is not trusted: {problem} (SSL_CERT_FILE can name a private authority)"
            ),
            HttpErrorKind::Interrupted { problem } => write!(f, "no complete response: {problem}"),
            HttpErrorKind::TooLarge { limit } => write!(f, "the response is larger than the limit of {limit} bytes"),
            HttpErrorKind::NotJson { content_type, problem } => {
                write!(f, "not an API: got {content_type}, not JSON ({problem})")
            }
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.rate_limited { "rate limit reached, status" } else { "status" };
        write!(f, "{word} {}", self.status)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(wait) = self.wait {
            write!(f, " (the server asks to wait {} s)", wait.as_secs_f64().ceil())?;
        }
        Ok(())
    }
}

impl std::error::Error for HttpError {}
