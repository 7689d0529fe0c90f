//! From a git remote's URL to a forge: which server, which repository, which dialect.

use super::{Dialect, ForgeError, Result, Trouble};
use crate::core::names::Slug;
use crate::core::retry::RetryPolicy;
use crate::edge::http::{Credential, Http, HttpError, HttpOptions, Request};

/// What a remote's URL says about the forge behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Where people would look: scheme, host, port and sub-path, without a slash at the end.
    pub web: String,
    pub slug: Slug,
}

/// A forge that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    pub dialect: Dialect,
    /// Base URL of the API, as [`super::Forge::server`] wants it.
    pub api: String,
}

/// Reads `https://`, `http://`, `ssh://` and `git://` URLs and `user@host:owner/name`. `None` for a local path, or
/// when the path is not OWNER/NAME at its end.
///
/// The user information is dropped, and so is the port of ssh, which says nothing about the web server.
pub fn remote(url: &str) -> Option<Remote> {
    let url = url.trim().trim_end_matches('/');
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest.to_owned()),
        None => ("ssh".to_owned(), scp_like(url)?),
    };
    let (authority, path) = rest.split_once('/')?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_ascii_lowercase();
    let (prefix, slug) = slug_at_end(path)?;
    let web = match scheme.as_str() {
        "https" | "http" => format!("{scheme}://{host}{prefix}"),
        "ssh" | "git" | "git+ssh" | "ssh+git" => format!("https://{}", web_host(&host)),
        _ => return None,
    };
    (!host.is_empty()).then_some(Remote { web, slug })
}

/// `git@host:owner/name` as `git@host/owner/name`; a drive letter or a plain path is none.
fn scp_like(url: &str) -> Option<String> {
    let start = url.find(']').unwrap_or(0);
    let colon = start + url[start..].find(':')?;
    let (host, path) = (&url[..colon], &url[colon + 1..]);
    let local = host.len() < 2 || host.contains('/') || host.contains('\\');
    (!local).then(|| format!("{host}/{}", path.trim_start_matches('/')))
}

fn slug_at_end(path: &str) -> Option<(String, Slug)> {
    let path = path.strip_suffix(".git").unwrap_or(path);
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != "~").collect();
    let (name, owner) = (parts.pop()?, parts.pop()?);
    let prefix: String = parts.iter().map(|part| format!("/{part}")).collect();
    Some((prefix, format!("{owner}/{name}").parse().ok()?))
}

/// The web server's name for an ssh server's: without its port, and GitHub's door for firewalled networks undone.
fn web_host(host: &str) -> &str {
    let bare = match host.rfind(']') {
        Some(end) => &host[..=end],
        None => host.split(':').next().unwrap_or(host),
    };
    bare.strip_prefix("ssh.").filter(|rest| *rest == "github.com").unwrap_or(bare)
}

/// The API's base URL for a forge whose dialect is known. `web` may be the API's URL already.
pub fn api(dialect: Dialect, web: &str) -> String {
    let web = web.trim_end_matches('/');
    let host = web.split_once("://").map_or(web, |(_, rest)| rest);
    match dialect {
        Dialect::Gitea if web.ends_with("/api/v1") => web.to_owned(),
        Dialect::Gitea => format!("{web}/api/v1"),
        Dialect::Github if matches!(host, "github.com" | "www.github.com" | "api.github.com") => {
            "https://api.github.com".into()
        }
        Dialect::Github if host.starts_with("api.") || web.ends_with("/api/v3") => web.to_owned(),
        Dialect::Github if host.ends_with(".ghe.com") => format!("https://api.{host}"),
        Dialect::Github => format!("{web}/api/v3"),
    }
}

/// Asks the server what it is. `options` gives timeouts, proxies and the rest; its credential is not used, since a
/// credential is only for a server that is known.
pub fn probe(web: &str, options: &HttpOptions) -> Result<Detected> {
    let doing = format!("find out which forge {web} is");
    let host = web.split_once("://").map_or(web, |(_, rest)| rest);
    if matches!(host, "github.com" | "www.github.com" | "api.github.com") || host.ends_with(".ghe.com") {
        return Ok(Detected { dialect: Dialect::Github, api: api(Dialect::Github, web) });
    }
    let mut first = None;
    for (dialect, question) in QUESTIONS {
        let base = api(*dialect, web);
        let base = base.strip_suffix("/api/v1").unwrap_or(&base).to_owned();
        let base = base.strip_suffix("/api/v3").unwrap_or(&base).to_owned();
        match ask(&base, question, options) {
            Ok(true) => return Ok(Detected { dialect: *dialect, api: api(*dialect, web) }),
            Ok(false) => {}
            Err(error) => {
                let error = ForgeError::from_http(&doing, web, *error);
                if error.trouble == Trouble::Unreachable {
                    return Err(error);
                }
                first = first.or(Some(error));
            }
        }
    }
    Err(first.unwrap_or_else(|| {
        let problem = "neither Gitea, Forgejo nor GitHub answers there; set burn.forge and burn.url".to_owned();
        ForgeError::new(doing, web, Trouble::Malformed { problem })
    }))
}

/// What only the real thing answers with JSON.
const QUESTIONS: &[(Dialect, &str)] = &[
    (Dialect::Gitea, "/api/v1/version"),
    (Dialect::Gitea, "/api/forgejo/v1/version"),
    (Dialect::Github, "/api/v3/meta"),
];

/// Whether the server knows the question; one that wants to know who asks does.
fn ask(base: &str, question: &str, options: &HttpOptions) -> std::result::Result<bool, Box<HttpError>> {
    let retry = RetryPolicy { tries: 2, ..RetryPolicy::STANDARD };
    let options = HttpOptions { base: base.to_owned(), credential: None::<Credential>, retry, ..options.clone() };
    let http = Http::new(options).map_err(|error| Box::new(HttpError::unusable(base, &error)))?;
    match http.json::<serde_json::Value>(&Request::get(question)) {
        Ok((answer, _)) => Ok(answer.get("version").or_else(|| answer.get("installed_version")).is_some()),
        Err(error) => match error.refused() {
            // Gitea behind REQUIRE_SIGNIN_VIEW and GitHub in private mode answer so, in JSON.
            Some(refused) if matches!(refused.status, 401 | 403) => Ok(refused.body.trim_start().starts_with('{')),
            Some(refused) if refused.status == 404 => Ok(false),
            Some(_) | None => Err(Box::new(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(url: &str, expected: Option<(&str, &str)>) {
        let found = remote(url).map(|remote| (remote.web, remote.slug.to_string()));
        assert_eq!(found, expected.map(|(web, slug)| (web.to_owned(), slug.to_owned())), "{url}");
    }

    #[test]
    fn remotes_of_all_spellings_name_server_and_repository() {
        let github = Some(("https://github.com", "octo/cat"));
        reads("https://github.com/octo/cat.git", github);
        reads("https://user:secret@github.com/octo/cat/", github);
        reads("git@github.com:octo/cat.git", github);
        reads("ssh://git@ssh.github.com:443/octo/cat.git", github);
        reads("git://github.com/octo/cat", github);
        reads("GitHub.com:octo/cat", github);
        reads("ssh://git@git.example.org:2222/o/r.git", Some(("https://git.example.org", "o/r")));
        reads("https://git.example.org:3000/o/r.git", Some(("https://git.example.org:3000", "o/r")));
        reads("https://example.org/code/git/o/r.git", Some(("https://example.org/code/git", "o/r")));
        reads("http://127.0.0.1:3000/o/r", Some(("http://127.0.0.1:3000", "o/r")));
        reads("ssh://git@[::1]:22/o/r.git", Some(("https://[::1]", "o/r")));
        reads("git@[::1]:o/r.git", Some(("https://[::1]", "o/r")));
    }

    #[test]
    fn local_paths_and_other_things_are_no_forge() {
        for url in [
            "/srv/git/o/r.git",
            "../r.git",
            "file:///srv/o/r.git",
            "C:\\src\\r",
            "r",
            "",
            "https://h/r",
            "ext::sh -c x/y",
        ] {
            reads(url, None);
        }
    }

    #[test]
    fn api_urls_are_made_from_what_people_configure() {
        let cases = [
            (Dialect::Github, "https://github.com", "https://api.github.com"),
            (Dialect::Github, "https://api.github.com/", "https://api.github.com"),
            (Dialect::Github, "https://octo.ghe.com", "https://api.octo.ghe.com"),
            (Dialect::Github, "https://git.corp.example", "https://git.corp.example/api/v3"),
            (Dialect::Github, "https://git.corp.example/api/v3", "https://git.corp.example/api/v3"),
            (Dialect::Gitea, "https://example.org/git/", "https://example.org/git/api/v1"),
            (Dialect::Gitea, "https://example.org/api/v1", "https://example.org/api/v1"),
        ];
        for (dialect, web, expected) in cases {
            assert_eq!(api(dialect, web), expected);
        }
    }
}
