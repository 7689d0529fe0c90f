//! One careful HTTP client: bound to one origin, no redirects to elsewhere, every timeout set, sizes limited, polite.
//!
//! ureq's defaults are unsafe for this program: on a redirect it sends `x-api-key` along to the other host, a
//! redirected POST becomes a GET that looks like success, and nothing ever times out. So redirects are off here and
//! every status outside 200 to 299 is an [`HttpError`].

mod error;
mod origin;
mod pace;
mod stream;

use std::fmt;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::de::DeserializeOwned;
use ureq::http::HeaderMap;

use crate::core::names::{Secret, Timestamp};
use crate::core::retry::{RetryPolicy, WaitHeaders};

pub use error::{HttpError, HttpErrorKind, Refused};
pub use origin::{Origin, Proxies};
pub use pace::{Pace, Toll};
pub use stream::Stream;

/// Everything that a client needs to know; nothing is read from the environment.
#[derive(Clone)]
pub struct HttpOptions {
    /// The URL below which all requests go, without a slash at its end: `https://git.example.org/api/v1`.
    pub base: String,
    /// Sent with every request, and only to the origin of `base`.
    pub credential: Option<Credential>,
    pub plain: PlainHttp,
    pub proxies: Proxies,
    /// Sent with every request, such as `anthropic-version`.
    pub headers: Vec<(&'static str, String)>,
    pub timeouts: Timeouts,
    pub retry: RetryPolicy,
    pub pace: Pace,
    /// Largest answer, in bytes as they are handed on.
    pub body_limit: u64,
    pub ambient: Ambient,
    pub observer: Option<Observer>,
}

impl HttpOptions {
    /// A client as forges want it: 30 requests a minute, answers up to 64 MiB, a minute for each.
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            credential: None,
            plain: PlainHttp::LoopbackOnly,
            proxies: Proxies::default(),
            headers: Vec::new(),
            timeouts: Timeouts::FORGE,
            retry: RetryPolicy::STANDARD,
            pace: Pace::FORGE,
            body_limit: 64 << 20,
            ambient: Ambient::system(),
            observer: None,
        }
    }
}

/// A secret and the header that carries it.
#[derive(Clone)]
pub struct Credential {
    pub header: CredentialHeader,
    pub secret: Secret,
}

/// How a server wants to be shown the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialHeader {
    /// `Authorization: token SECRET` (Gitea, GitHub).
    Token,
    /// `Authorization: Bearer SECRET`.
    Bearer,
    /// `x-api-key: SECRET` (Anthropic).
    ApiKey,
}

impl Credential {
    fn header(&self) -> (&'static str, String) {
        let secret = self.secret.reveal();
        match self.header {
            CredentialHeader::Token => ("authorization", format!("token {secret}")),
            CredentialHeader::Bearer => ("authorization", format!("Bearer {secret}")),
            CredentialHeader::ApiKey => ("x-api-key", secret.to_owned()),
        }
    }
}

/// Whether an unencrypted connection may be used beyond this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    LoopbackOnly,
    /// The user said so for this server.
    Allowed,
}

/// Time limits of one try.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// From the name look-up to the end of the TLS handshake.
    pub connect: Duration,
    /// Longest silence: before the first byte of the answer and between any two reads.
    pub silence: Duration,
    /// From start to the last byte.
    pub total: Duration,
}

impl Timeouts {
    /// 10 s to connect, 30 s of silence, a minute in all.
    pub const FORGE: Self =
        Self { connect: Duration::from_secs(10), silence: Duration::from_secs(30), total: Duration::from_secs(60) };
}

/// Clock, sleep and chance as plain functions, so that tests can bring their own.
#[derive(Debug, Clone, Copy)]
pub struct Ambient {
    /// Time since any fixed start; never goes back.
    pub elapsed: fn() -> Duration,
    pub wall: fn() -> Timestamp,
    pub sleep: fn(Duration),
    /// Any number, evenly spread.
    pub random: fn() -> u64,
}

impl Ambient {
    /// The real ones.
    pub fn system() -> Self {
        Self { elapsed: system::elapsed, wall: system::wall, sleep: std::thread::sleep, random: system::random }
    }
}

/// Told about every exchange and every wait; see [`HttpEvent`].
pub type Observer = Arc<dyn Fn(&HttpEvent<'_>) + Send + Sync>;

/// What an [`Observer`] hears. Holds no header, and the credential is cut out of all texts.
#[derive(Debug)]
pub enum HttpEvent<'a> {
    Exchange {
        method: Method,
        url: &'a str,
        request: &'a str,
        /// `None` when no answer came.
        status: Option<u16>,
        /// Body of a complete answer, or what went wrong; empty for a stream.
        response: &'a str,
        took: Duration,
    },
    /// A pause before the next try, or because of the pace.
    Waiting { url: &'a str, wait: Duration, reason: &'a str },
}

/// The methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
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

/// One request below [`HttpOptions::base`].
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
    /// Replaces [`Timeouts::total`], for instance by what is left of a budget.
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

type RawResponse = ureq::http::Response<ureq::Body>;

/// A complete answer with a status from 200 to 299.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// The client. Cheap to call from several threads; they share its pace.
pub struct Http {
    agent: ureq::Agent,
    options: HttpOptions,
    origin: Origin,
    meter: Mutex<pace::Meter>,
}

impl Http {
    /// Checks the base URL and sets everything up; connects to nothing.
    pub fn new(options: HttpOptions) -> anyhow::Result<Self> {
        let mut options = options;
        options.base.truncate(options.base.trim_end_matches('/').len());
        let origin = Origin::of(&options.base)?;
        let safe = origin.scheme == "https" || origin.is_loopback() || options.plain == PlainHttp::Allowed;
        ensure!(safe, "{origin} is not encrypted: use https, or allow plain http for this server");
        ensure!(!options.base.contains(['?', '#']), "`{}` must not have a query", options.base);
        let agent = agent(&options, &origin)?;
        let meter = Mutex::new(pace::Meter::new(options.pace));
        Ok(Self { agent, options, origin, meter })
    }

    /// Where all requests of this client go.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The base URL, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.options.base
    }

    /// The clock and the rest, for those who wait for the same server.
    pub fn ambient(&self) -> Ambient {
        self.options.ambient
    }

    /// Sends and reads the whole answer.
    pub fn send(&self, request: &Request) -> Result<Response, HttpError> {
        self.repeat(request, |raw, heard| {
            let (parts, body) = raw.into_parts();
            let body = self.read_body(body, heard)?;
            Ok(Response { status: parts.status.as_u16(), headers: parts.headers, body })
        })
    }

    /// Sends and reads the answer as JSON. An answer that breaks off is repeated like a lost connection.
    pub fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<(T, HeaderMap), HttpError> {
        self.repeat(request, |raw, heard| {
            let (parts, body) = raw.into_parts();
            let body = self.read_body(body, heard)?;
            Ok((parse(&parts.headers, &body)?, parts.headers))
        })
    }

    /// Sends and hands out the answer as it arrives. Repeats only up to the start of the answer.
    pub fn stream(&self, request: &Request) -> Result<Stream, HttpError> {
        let limit = self.options.body_limit;
        let url = format!("{}{}", self.options.base, request.path);
        self.repeat(request, |raw, _| Ok(Stream::new(raw, request.method, url.clone(), limit)))
    }

    fn read_body(&self, body: ureq::Body, heard: &mut String) -> Result<Vec<u8>, HttpErrorKind> {
        let bytes = read_limited(body.into_reader(), self.options.body_limit)?;
        if self.options.observer.is_some() {
            *heard = self.redact(&String::from_utf8_lossy(&bytes));
        }
        Ok(bytes)
    }

    /// The loop around one request: pace, try, look at the failure, wait.
    fn repeat<T>(
        &self,
        request: &Request,
        read: impl Fn(RawResponse, &mut String) -> Result<T, HttpErrorKind>,
    ) -> Result<T, HttpError> {
        let Ambient { elapsed, sleep, random, .. } = self.options.ambient;
        let start = elapsed();
        let mut done = 0;
        loop {
            self.take_turn(request);
            let error = match self.exchange(request, &read) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            done += 1;
            if !may_repeat(request, &error, done) {
                return Err(error);
            }
            let asked = error.refused().and_then(|refused| refused.wait);
            let Some(wait) = self.options.retry.delay(done, elapsed() - start, asked, random()) else {
                return Err(error);
            };
            self.tell(&HttpEvent::Waiting { url: &error.url, wait, reason: &error.kind_in_words() });
            sleep(wait);
        }
    }

    fn take_turn(&self, request: &Request) {
        let now = (self.options.ambient.elapsed)();
        let wait = self.meter.lock().unwrap_or_else(PoisonError::into_inner).book(request.toll, now);
        if !wait.is_zero() {
            if wait >= Duration::from_secs(2) {
                let url = &self.options.base;
                self.tell(&HttpEvent::Waiting { url, wait, reason: "pace of requests (burn.rate)" });
            }
            (self.options.ambient.sleep)(wait);
        }
    }

    /// One try, redirects on the same origin included.
    fn exchange<T>(
        &self,
        request: &Request,
        read: &impl Fn(RawResponse, &mut String) -> Result<T, HttpErrorKind>,
    ) -> Result<T, HttpError> {
        let mut url = format!("{}{}", self.options.base, request.path);
        let start = (self.options.ambient.elapsed)();
        let result = self.follow(request, &mut url);
        let status = match &result {
            Ok(raw) => Some(raw.status().as_u16()),
            Err(error) => error.status(),
        };
        let mut heard = String::new();
        let result = result.and_then(|raw| {
            read(raw, &mut heard).map_err(|kind| HttpError { method: request.method, url: url.clone(), kind })
        });
        if let Err(error) = &result {
            heard = error.kind_in_words();
        }
        let sent = request.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        self.tell(&HttpEvent::Exchange {
            method: request.method,
            url: &url,
            request: &self.redact(&sent),
            status,
            response: &heard,
            took: (self.options.ambient.elapsed)() - start,
        });
        result
    }

    /// Follows at most three redirects of a GET on the same origin (a renamed repository), and no other.
    fn follow(&self, request: &Request, url: &mut String) -> Result<RawResponse, HttpError> {
        let fail = |url: &str, kind| HttpError { method: request.method, url: url.to_owned(), kind };
        for hops in 0.. {
            let raw = self.once(request, url).map_err(|kind| fail(url, kind))?;
            let status = raw.status().as_u16();
            if (200..300).contains(&status) {
                return Ok(raw);
            }
            let location = raw.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
            let Some(location) = location.filter(|_| (300..400).contains(&status)) else {
                return Err(fail(url, HttpErrorKind::Status(Box::new(self.refusal(raw)))));
            };
            let next = self.same_origin(&location);
            let allowed = request.method == Method::Get && matches!(status, 301 | 307 | 308) && hops < 3;
            match next.filter(|_| allowed) {
                Some(next) => *url = next,
                None => return Err(fail(url, HttpErrorKind::Redirected { status, to: printable(&location, 200) })),
            }
        }
        unreachable!("the fourth redirect is refused")
    }

    /// The absolute form of a redirect's target, if it stays on this client's origin.
    fn same_origin(&self, location: &str) -> Option<String> {
        if location.starts_with('/') && !location.starts_with("//") {
            return Some(format!("{}{location}", self.origin));
        }
        Origin::of(location).is_ok_and(|origin| origin == self.origin).then(|| location.to_owned())
    }

    fn once(&self, request: &Request, url: &str) -> Result<RawResponse, HttpErrorKind> {
        let mut builder = ureq::http::Request::builder().method(request.method.to_string().as_str()).uri(url);
        let credential = self.options.credential.as_ref().map(Credential::header);
        for (name, value) in self.options.headers.iter().chain(&request.headers).chain(&credential) {
            builder = builder.header(*name, value);
        }
        if request.body.is_some() {
            builder = builder.header("content-type", "application/json");
        }
        let unsendable = |error: &dyn fmt::Display| HttpErrorKind::Unreachable {
            problem: format!("the request cannot be written: {error}"),
        };
        let body = request.body.as_deref();
        let answer = match body {
            Some(body) => self.run(builder.body(body).map_err(|error| unsendable(&error))?, request.total),
            None => self.run(builder.body(()).map_err(|error| unsendable(&error))?, request.total),
        };
        answer.map_err(|error| kind_of(&error))
    }

    fn run<S: ureq::AsSendBody>(
        &self,
        request: ureq::http::Request<S>,
        total: Option<Duration>,
    ) -> Result<RawResponse, ureq::Error> {
        let request = match total {
            Some(total) => self.agent.configure_request(request).timeout_global(Some(total)).build(),
            None => request,
        };
        self.agent.run(request)
    }

    fn refusal(&self, raw: RawResponse) -> Refused {
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
        .wait((self.options.ambient.wall)());
        let mut bytes = Vec::new();
        // What could be read of an error's body is better than nothing, so a break in it is no error of its own.
        let _ = body.into_reader().take(64 << 10).read_to_end(&mut bytes);
        let body = self.redact(&String::from_utf8_lossy(&bytes));
        let html = header("content-type").is_some_and(|kind| kind.contains("html"));
        let message = if html { "(an HTML page, not an API's answer)".to_owned() } else { message_in(&body) };
        let limited = status == 429 || status == 403 && (wait.is_some() || message.contains("rate limit"));
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

    fn tell(&self, event: &HttpEvent<'_>) {
        if let Some(observer) = &self.options.observer {
            observer(event);
        }
    }

    /// A server may echo the credential; nothing that leaves this client repeats it.
    fn redact(&self, text: &str) -> String {
        match &self.options.credential {
            Some(credential) => text.replace(credential.secret.reveal(), "[credential]"),
            None => text.to_owned(),
        }
    }
}

impl HttpError {
    fn kind_in_words(&self) -> String {
        let whole = self.to_string();
        let prefix = format!("{} {}: ", self.method, self.url);
        whole.strip_prefix(&prefix).unwrap_or(&whole).to_owned()
    }
}

fn agent(options: &HttpOptions, origin: &Origin) -> anyhow::Result<ureq::Agent> {
    let proxy = match options.proxies.for_origin(origin) {
        Some(url) => Some(ureq::Proxy::new(url).context("the proxy named in the environment cannot be used")?),
        None => None,
    };
    let tls = ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build();
    let Timeouts { connect, silence, total } = options.timeouts;
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .https_only(origin.scheme == "https")
        .proxy(proxy)
        .tls_config(tls)
        .user_agent(concat!("git-burn/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(connect))
        .timeout_connect(Some(connect))
        .timeout_per_read(Some(silence))
        .timeout_per_write(Some(silence))
        .timeout_global(Some(total))
        .build();
    Ok(config.new_agent())
}

/// Whether repeating can help and cannot hurt.
fn may_repeat(request: &Request, error: &HttpError, done: u32) -> bool {
    let (status, refused) = match &error.kind {
        HttpErrorKind::Status(refused) => (refused.status, refused),
        HttpErrorKind::Unreachable { .. } if request.repeat == Repeat::Question => return done < 3,
        HttpErrorKind::Unreachable { .. } => return request.repeat != Repeat::Never,
        HttpErrorKind::Interrupted { .. } => return request.repeat == Repeat::Idempotent,
        HttpErrorKind::Redirected { .. } | HttpErrorKind::TooLarge { .. } | HttpErrorKind::NotJson { .. } => {
            return false;
        }
    };
    if (request.is_final)(refused) || refused.should_retry == Some(false) {
        return false;
    }
    match request.repeat {
        Repeat::Idempotent => refused.rate_limited || matches!(status, 408 | 500 | 502 | 503 | 504),
        Repeat::IfRefused => refused.rate_limited,
        Repeat::Question => refused.rate_limited || matches!(status, 408 | 500 | 502 | 503 | 504 | 529),
        Repeat::Never => false,
    }
}

/// Sorts ureq's errors by whether the request can have arrived.
fn kind_of(error: &ureq::Error) -> HttpErrorKind {
    use ureq::{Error, Timeout};
    let problem = printable(&error.to_string(), 300);
    let never_sent = match error {
        Error::HostNotFound
        | Error::ConnectionFailed
        | Error::ConnectProxyFailed(_)
        | Error::InvalidProxyUrl
        | Error::BadUri(_)
        | Error::Http(_)
        | Error::Tls(_)
        | Error::Rustls(_)
        | Error::RequireHttpsOnly(_)
        | Error::TlsRequired
        | Error::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        Error::Io(error) => matches!(
            error.kind(),
            std::io::ErrorKind::ConnectionRefused
                | std::io::ErrorKind::HostUnreachable
                | std::io::ErrorKind::NetworkUnreachable
                | std::io::ErrorKind::AddrNotAvailable
                | std::io::ErrorKind::NetworkDown
        ),
        // ureq's list is open; whatever else there is may have happened after the request left.
        _ => false,
    };
    if never_sent { HttpErrorKind::Unreachable { problem } } else { HttpErrorKind::Interrupted { problem } }
}

/// Reads everything, but at most `limit` bytes of it.
fn read_limited(reader: impl Read, limit: u64) -> Result<Vec<u8>, HttpErrorKind> {
    let mut bytes = Vec::new();
    let read = reader.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| HttpErrorKind::Interrupted { problem: printable(&error.to_string(), 300) })?;
    if bytes.len() as u64 > limit { Err(HttpErrorKind::TooLarge { limit }) } else { Ok(bytes) }
}

fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, HttpErrorKind> {
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
fn printable(text: &str, limit: usize) -> String {
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

mod system {
    //! The real clock and a random number without a crate.

    use std::hash::{BuildHasher, Hasher};
    use std::sync::LazyLock;
    use std::time::{Duration, Instant, SystemTime};

    use crate::core::names::Timestamp;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    pub(super) fn elapsed() -> Duration {
        START.elapsed()
    }

    pub(super) fn wall() -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    /// std seeds its hash maps from the system's randomness: good enough to spread retries.
    pub(super) fn random() -> u64 {
        std::collections::hash_map::RandomState::new().build_hasher().finish()
    }
}
