//! What comes back: bodies within limits, JSON or not, and what a refusal says.

use std::io::Read;

use serde::de::DeserializeOwned;
use ureq::http::HeaderMap;

use super::{HttpErrorKind, RawResponse, Refused};
use crate::core::names::Timestamp;
use crate::core::retry::{UNREADABLE_WAIT, WaitHeaders};

/// Reads a refusal; `redact` cuts the credential out of texts, `now` is used where the server sends no clock.
pub(super) fn refusal(raw: RawResponse, now: Timestamp, redact: impl Fn(&str) -> String) -> Refused {
    let (parts, body) = raw.into_parts();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let status = parts.status.as_u16();
    let wait = WaitHeaders {
        retry_after: header("retry-after"),
        retry_after_ms: header("retry-after-ms"),
        remaining: header("x-ratelimit-remaining"),
        reset: header("x-ratelimit-reset"),
        date: header("date"),
    }
    .wait(now);
    let mut bytes = Vec::new();
    // What could be read of an error's body is better than nothing, so a break in it is no error of its own.
    let _ = body.into_reader().take(64 << 10).read_to_end(&mut bytes);
    let body = redact(&String::from_utf8_lossy(&bytes));
    let html = header("content-type").is_some_and(|kind| kind.contains("html"));
    let message = if html { "(an HTML page, not an API's answer)".to_owned() } else { message_in(&body) };
    let limited = status == 429 || status == 403 && (wait.is_some() || message.contains("rate limit"));
    // GitHub's second kind of limit comes without a time; its documentation asks for a minute.
    let wait = wait.or_else(|| message.contains("secondary rate limit").then_some(UNREADABLE_WAIT));
    let scopes = header("x-accepted-oauth-scopes").or_else(|| header("x-accepted-github-permissions"));
    Refused {
        status,
        rate_limited: limited,
        wait: wait.filter(|_| limited || matches!(status, 408 | 413 | 500..)),
        scopes: scopes.filter(|scopes| !scopes.is_empty()).map(|scopes| printable(scopes, 200)),
        should_retry: header("x-should-retry").and_then(|value| value.parse().ok()),
        message,
        body,
    }
}

/// Reads everything, but at most `limit` bytes of it.
pub(super) fn read_limited(reader: impl Read, limit: u64) -> Result<Vec<u8>, HttpErrorKind> {
    let mut bytes = Vec::new();
    let read = reader.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| HttpErrorKind::Interrupted { problem: printable(&error.to_string(), 300) })?;
    if bytes.len() as u64 > limit { Err(HttpErrorKind::TooLarge { limit }) } else { Ok(bytes) }
}

pub(super) fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, HttpErrorKind> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = header("content-type");
    let not_json = |problem: String| HttpErrorKind::NotJson { content_type: named_type(content_type), problem };
    if content_type.contains("html") || body.trim_ascii_start().starts_with(b"<") {
        return Err(not_json("a page for people; is the URL right, or does a login stand in between".into()));
    }
    if !matches!(header("content-encoding"), "" | "identity") {
        return Err(not_json(format!(
            "compressed as {} without being asked to",
            printable(header("content-encoding"), 40)
        )));
    }
    serde_json::from_slice(body).map_err(|error| {
        if error.is_eof() && !body.is_empty() {
            return HttpErrorKind::Interrupted { problem: format!("truncated JSON: {error}") };
        }
        not_json(printable(&error.to_string(), 200))
    })
}

fn named_type(content_type: &str) -> String {
    if content_type.is_empty() { "an answer without a type".to_owned() } else { printable(content_type, 80) }
}

/// The message of an error's body: forges and model providers have it in different places.
fn message_in(body: &str) -> String {
    let value: serde_json::Value = match serde_json::from_str(body) {
        Ok(value) => value,
        Err(_) => return printable(body, 300),
    };
    let places = ["/message", "/error/message", "/error", "/detail", "/errors/0/message"];
    let found = places.iter().find_map(|place| value.pointer(place).and_then(|text| text.as_str()));
    let mut message = found.map_or_else(|| printable(body, 300), |text| printable(text, 300));
    // GitHub's 422 says "Validation Failed" and keeps the reason in a list.
    for detail in value.get("errors").and_then(|list| list.as_array()).into_iter().flatten().take(5) {
        let text = detail.as_str().or_else(|| detail.get("message").and_then(|text| text.as_str()));
        if let Some(text) = text.filter(|text| !message.contains(*text)) {
            message = format!("{message}: {}", printable(text, 200));
        }
    }
    message
}

/// One line without anything that drives a terminal, cut to `limit` characters.
pub(super) fn printable(text: &str, limit: usize) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let words: Vec<&str> = text.split(char::is_whitespace).filter(|word| !word.is_empty()).collect();
    let line: String = words.join(" ").chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect();
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
