//! What is sent: method, path, body, and when it may be sent again.

use std::fmt;
use std::time::Duration;

use super::{Refused, Toll};

/// The methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        })
    }
}

/// When a failed request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It has the same effect once or twice: after every failure that may pass.
    Idempotent,
    /// It creates something: only where the server surely did nothing (no connection, rate limit).
    IfRefused,
    /// A question to a model: costs, but changes nothing. After 408, 429, 500, 502, 503, 504, 529, and three tries
    /// where there is no connection; [`Request::is_final`] can say no. Not after a lost connection: the question may
    /// have been billed, so that asking again is a decision about money.
    Question,
    Never,
}

/// One request below [`super::HttpOptions::base`].
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// From the slash after the base, with the query, already encoded (see [`encode`]).
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Option<Vec<u8>>,
    pub repeat: Repeat,
    pub toll: Toll,
    /// Replaces [`super::Timeouts::total`], for instance by what is left of a budget.
    pub total: Option<Duration>,
    /// Looks at a refusal and says whether repeating is pointless although the status suggests it.
    pub is_final: fn(&Refused) -> bool,
}

impl Request {
    /// A read.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            path: path.into(),
            headers: Vec::new(),
            body: None,
            repeat: Repeat::Idempotent,
            toll: Toll::Read,
            total: None,
            is_final: |_| false,
        }
    }

    /// A write. Only a POST is taken to create something; the others may be repeated.
    pub fn write(method: Method, path: impl Into<String>, body: Option<&serde_json::Value>) -> Self {
        let repeat = if method == Method::Post { Repeat::IfRefused } else { Repeat::Idempotent };
        let body = body.map(|value| value.to_string().into_bytes());
        Self { method, body, repeat, toll: Toll::Write, ..Self::get(path) }
    }

    /// A question to a model: a POST that changes nothing.
    pub fn question(path: impl Into<String>, body: &serde_json::Value) -> Self {
        let body = Some(body.to_string().into_bytes());
        Self { method: Method::Post, body, repeat: Repeat::Question, ..Self::get(path) }
    }
}

/// Percent-encodes one path segment or query value: everything but letters, digits and `-._~`.
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
