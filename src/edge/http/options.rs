//! What a client is made with: where to, as whom, how fast, how long.

use std::sync::Arc;
use std::time::Duration;

use super::{Pace, Pacer, Proxies};
use crate::core::names::{Secret, Timestamp};
use crate::core::retry::RetryPolicy;

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
    pub pace: Pacer,
    /// Largest answer, in bytes as they are handed on.
    pub body_limit: u64,
    pub ambient: Ambient,
    pub observer: Option<Observer>,
}

impl HttpOptions {
    /// A client as forges want it: 30 requests a minute, answers up to 64 MiB, 45 s for each.
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            credential: None,
            plain: PlainHttp::LoopbackOnly,
            proxies: Proxies::default(),
            headers: Vec::new(),
            timeouts: Timeouts::FORGE,
            retry: RetryPolicy::STANDARD,
            pace: Pace::FORGE.into(),
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
    pub(super) fn header(&self) -> (&'static str, String) {
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
    /// 10 s to connect, 30 s of silence, 45 s in all.
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

/// Told of every pause that can be felt, before the next try or because of the pace.
pub type Observer = Arc<dyn Fn(Duration) + Send + Sync>;

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
