//! One careful HTTP client: bound to one origin, no redirects to elsewhere, every timeout set, sizes limited, polite.
//!
//! ureq's defaults are unsafe for this program: on a redirect it sends `x-api-key` along to the other host, a
//! redirected POST becomes a GET that looks like success, and nothing ever times out. So redirects are off here and
//! every status outside 200 to 299 is an [`HttpError`].

mod answer;
mod error;
mod options;
mod origin;
mod pace;
mod request;
mod stream;

use std::fmt;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::de::DeserializeOwned;
use ureq::http::HeaderMap;

use self::answer::{parse, printable, read_limited};

pub use error::{HttpError, HttpErrorKind, Refused};
pub use options::{Ambient, Credential, CredentialHeader, HttpOptions, Observer, PlainHttp, Timeouts};
pub use origin::{Origin, Proxies};
pub use pace::{Pace, Pacer, Pacers, Toll};
pub use request::{Method, Repeat, Request, encode};
pub use stream::Stream;

/// A failure after so long is no hiccup; it is tried once more and not four times.
const SLOW: Duration = Duration::from_secs(20);

type RawResponse = ureq::http::Response<ureq::Body>;

/// The client. Cheap to call from several threads; they share its pace.
pub struct Http {
    agent: ureq::Agent,
    options: HttpOptions,
    origin: Origin,
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
        Ok(Self { agent, options, origin })
    }

    /// Where all requests of this client go.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The clock and the rest, for those who wait for the same server.
    pub fn ambient(&self) -> Ambient {
        self.options.ambient
    }

    /// Sends, and reads an answer that does not matter to its end.
    pub fn send(&self, request: &Request) -> Result<(), HttpError> {
        self.repeat(request, |raw| self.read_body(raw.into_body()).map(drop))
    }

    /// Sends and reads the answer as JSON. An answer that breaks off is repeated like a lost connection.
    pub fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<(T, HeaderMap), HttpError> {
        self.repeat(request, |raw| {
            let (parts, body) = raw.into_parts();
            let body = self.read_body(body)?;
            Ok((parse(&parts.headers, &body)?, parts.headers))
        })
    }

    /// Sends and hands out the answer as it arrives. Repeats only up to the start of the answer.
    pub fn stream(&self, request: &Request) -> Result<Stream, HttpError> {
        let limit = self.options.body_limit;
        let url = format!("{}{}", self.options.base, request.path);
        self.repeat(request, |raw| Ok(Stream::new(raw, request.method, url.clone(), limit)))
    }

    fn read_body(&self, body: ureq::Body) -> Result<Vec<u8>, HttpErrorKind> {
        read_limited(body.into_reader(), self.options.body_limit)
    }

    /// The loop around one request: pace, try, look at the failure, wait.
    fn repeat<T>(
        &self,
        request: &Request,
        read: impl Fn(RawResponse) -> Result<T, HttpErrorKind>,
    ) -> Result<T, HttpError> {
        let Ambient { elapsed, sleep, random, .. } = self.options.ambient;
        let start = elapsed();
        let mut done = 0;
        loop {
            self.take_turn(request);
            let begun = elapsed();
            let error = match self.exchange(request, &read) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            done += 1;
            let slow = elapsed() - begun >= SLOW && done >= 2;
            if slow || !may_repeat(request, &error, done) {
                return Err(error);
            }
            let asked = error.refused().and_then(|refused| refused.wait);
            let Some(wait) = self.options.retry.delay(done, elapsed() - start, asked, random()) else {
                return Err(error);
            };
            self.tell(wait);
            sleep(wait);
        }
    }

    fn take_turn(&self, request: &Request) {
        let now = (self.options.ambient.elapsed)();
        let wait = self.options.pace.book(request.toll, now);
        if !wait.is_zero() {
            if wait >= Duration::from_secs(2) {
                self.tell(wait);
            }
            (self.options.ambient.sleep)(wait);
        }
    }

    /// One try, redirects on the same origin included.
    fn exchange<T>(
        &self,
        request: &Request,
        read: &impl Fn(RawResponse) -> Result<T, HttpErrorKind>,
    ) -> Result<T, HttpError> {
        let mut url = format!("{}{}", self.options.base, request.path);
        let raw = self.follow(request, &mut url)?;
        read(raw).map_err(|kind| HttpError { method: request.method, url, kind })
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
                return Err(fail(url, HttpErrorKind::Status(Box::new(self.refused(raw)))));
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

    fn refused(&self, raw: RawResponse) -> Refused {
        answer::refusal(raw, (self.options.ambient.wall)(), |text| self.redact(text))
    }

    fn tell(&self, wait: Duration) {
        if let Some(observer) = &self.options.observer {
            observer(wait);
        }
    }

    /// A server may echo the credential; nothing that leaves this client repeats it. A short one is a word that stands
    /// in for a key where a server wants any, and cutting it out would garble everything.
    fn redact(&self, text: &str) -> String {
        match &self.options.credential {
            Some(credential) if credential.secret.reveal().len() >= 8 => {
                text.replace(credential.secret.reveal(), "[credential]")
            }
            Some(_) | None => text.to_owned(),
        }
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
        // A server that is not there is seldom back in seconds; a wrong URL should be told soon.
        HttpErrorKind::Unreachable { .. } => return request.repeat != Repeat::Never && done < 3,
        HttpErrorKind::Interrupted { .. } => return request.repeat == Repeat::Idempotent,
        HttpErrorKind::Redirected { .. }
        | HttpErrorKind::Untrusted { .. }
        | HttpErrorKind::TooLarge { .. }
        | HttpErrorKind::NotJson { .. } => return false,
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
#[expect(clippy::wildcard_enum_match_arm, reason = "ureq's list is open")]
fn kind_of(error: &ureq::Error) -> HttpErrorKind {
    use ureq::{Error, Timeout};
    let problem = printable(&error.to_string(), 300);
    // rustls' verdict comes as an I/O error from within the handshake.
    if problem.contains("invalid peer certificate") {
        return HttpErrorKind::Untrusted { problem };
    }
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
        // Whatever else there is may have happened after the request left.
        _ => false,
    };
    if never_sent { HttpErrorKind::Unreachable { problem } } else { HttpErrorKind::Interrupted { problem } }
}
