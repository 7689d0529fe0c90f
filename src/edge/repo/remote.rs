//! Remotes: their names and URLs, as configured and as git would use them.

use anyhow::{Context, Result, bail};
use gix::bstr::ByteSlice;
use gix::remote::Direction;

use super::Repo;

/// A configured remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    pub name: String,
    /// Where git fetches from, `insteadOf` applied: what names the forge.
    pub url: String,
    /// Where git pushes to, before `insteadOf` is applied: git applies it itself, once.
    pub push_url: String,
}

impl Remote {
    /// `https://host:port` of a URL over HTTP, for credentials; `None` for ssh and paths.
    pub fn http_origin(&self) -> Option<String> {
        let (scheme, rest) = self.url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let host = authority.rsplit('@').next()?;
        matches!(scheme, "http" | "https").then(|| format!("{scheme}://{host}"))
    }
}

impl Repo {
    /// All remotes, sorted by name.
    ///
    /// # Errors
    /// A URL cannot be read.
    pub fn remotes(&self) -> Result<Vec<Remote>> {
        self.gix.remote_names().iter().map(|name| self.remote_named(&name.to_str_lossy())).collect()
    }

    /// The remote to work with: the one that is asked for (`burn.remote`, `--remote`), else `origin`, else the only one.
    /// `None`: there is no remote at all.
    ///
    /// # Errors
    /// The asked one does not exist, or there are several and none is `origin`.
    pub fn remote(&self, asked: Option<&str>) -> Result<Option<Remote>> {
        let names: Vec<String> = self.gix.remote_names().iter().map(ToString::to_string).collect();
        let name = match (asked, &names[..]) {
            (Some(asked), _) if names.iter().any(|name| name == asked) => asked,
            (Some(asked), _) => bail!("no remote is called `{asked}`; there {}", listed(&names)),
            (None, []) => return Ok(None),
            (None, [only]) => only,
            (None, _) if names.iter().any(|name| name == "origin") => "origin",
            (None, _) => {
                bail!("none of the remotes is called `origin`; there {}\nhint: set burn.remote", listed(&names))
            }
        };
        self.remote_named(name).map(Some)
    }

    fn remote_named(&self, name: &str) -> Result<Remote> {
        let remote = self.gix.find_remote(name.as_bytes().as_bstr())?;
        let url = remote.url(Direction::Fetch).or_else(|| remote.url(Direction::Push));
        let url = url.with_context(|| format!("the remote `{name}` has no URL"))?.to_bstring().to_string();
        let config = self.gix.config_snapshot();
        let raw = |key: &str| config.string(format!("remote.{name}.{key}").as_str()).map(|value| value.to_string());
        let push_url = raw("pushurl").or_else(|| raw("url")).unwrap_or_else(|| url.clone());
        Ok(Remote { name: name.to_owned(), url, push_url })
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "is none".to_owned(),
        names => format!("are `{}`", names.join("`, `")),
    }
}
