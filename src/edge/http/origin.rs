//! Origins: which server a URL means, and whether a credential or a plain connection may go there.

use std::net::IpAddr;

use anyhow::{Context, bail, ensure};
use ureq::http::Uri;

/// Scheme, host and port of a URL: what a credential is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `https` or `http`.
    pub scheme: String,
    /// Lower case; IPv6 in brackets.
    pub host: String,
    pub port: u16,
}

impl Origin {
    /// The origin of a URL. Refuses what is not http(s), and user information, which would end up in logs.
    pub fn of(url: &str) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("`{}` is not a URL", url.escape_debug()))?;
        let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
        let default = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => bail!("`{}` is not an http or https URL", url.escape_debug()),
        };
        let authority = uri.authority().with_context(|| format!("`{url}` names no host"))?;
        ensure!(!authority.as_str().contains('@'), "a URL with user information is refused; give the token separately");
        let port = authority.port_u16().unwrap_or(default);
        Ok(Self { scheme, host: authority.host().to_ascii_lowercase(), port })
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost" || bare.ends_with(".localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let usual = matches!((self.scheme.as_str(), self.port), ("https", 443) | ("http", 80));
        write!(f, "{}://{}", self.scheme, self.host)?;
        if usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// Proxies by scheme, as the environment names them; the caller reads the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    https: Option<String>,
    http: Option<String>,
    /// Hosts that are reached directly.
    direct: Vec<String>,
}

impl Proxies {
    /// Reads `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, small letters first, as curl and git do.
    /// `HTTP_PROXY` in capitals is not read: a CGI server sets it from a request header ("httpoxy").
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
        let hosts = first(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
        Self {
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            http: first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            direct: hosts
                .split([',', ' '])
                .map(str::trim)
                .filter(|host| !host.is_empty())
                .map(str::to_lowercase)
                .collect(),
        }
    }

    /// The proxy for an origin; never one for this machine.
    pub fn for_origin(&self, origin: &Origin) -> Option<&str> {
        if origin.is_loopback() || self.direct.iter().any(|pattern| covers(pattern, &origin.host)) {
            return None;
        }
        if origin.scheme == "https" { self.https.as_deref() } else { self.http.as_deref() }
    }
}

/// `example.com`, `.example.com` and `*.example.com` all mean the domain and everything below it, as for curl.
fn covers(pattern: &str, host: &str) -> bool {
    let domain = pattern.trim_start_matches('*').trim_start_matches('.');
    pattern == "*" || host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_tell_servers_apart() {
        let origin = |url| Origin::of(url).unwrap();
        assert_eq!(origin("https://Git.Example.com/x").to_string(), "https://git.example.com");
        assert_eq!(origin("https://git.example.com:443/x"), origin("https://git.example.com"));
        assert_ne!(origin("http://git.example.com:443"), origin("https://git.example.com"));
        for loopback in ["http://localhost:1", "http://127.9.9.9", "http://[::1]:80", "http://a.localhost"] {
            assert!(origin(loopback).is_loopback(), "{loopback}");
        }
        for elsewhere in ["http://localhost.evil.example", "http://10.0.0.1", "http://127.0.0.1.nip.io"] {
            assert!(!origin(elsewhere).is_loopback(), "{elsewhere}");
        }
        for bad in ["", "git.example.com", "ftp://x", "https://me:secret@git.example.com/", "https://"] {
            assert!(Origin::of(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn proxies_go_by_scheme_and_spare_named_hosts_and_this_machine() {
        let proxies = Proxies::from_variables(|name| match name {
            "HTTPS_PROXY" => Some("http://proxy:1".into()),
            "HTTP_PROXY" => Some("http://httpoxy:1".into()),
            "NO_PROXY" => Some("corp.example, .inner.example".into()),
            _ => None,
        });
        let chosen = |url| proxies.for_origin(&Origin::of(url).unwrap());
        assert_eq!(chosen("https://api.github.com"), Some("http://proxy:1"));
        assert_eq!(chosen("http://api.github.com"), None);
        assert_eq!(chosen("https://localhost:8443"), None);
        assert_eq!(chosen("https://git.corp.example"), None);
        assert_eq!(chosen("https://a.inner.example"), None);
        assert_eq!(chosen("https://evilcorp.example"), Some("http://proxy:1"));
    }
}
