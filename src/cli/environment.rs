//! The process environment, read once: everything else gets what it needs from here as an argument.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::values;

/// All variables of the process, as they were when it started.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl std::fmt::Debug for Environment {
    /// Values may be credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

impl<Name: Into<OsString>, Value: Into<OsString>> FromIterator<(Name, Value)> for Environment {
    fn from_iter<Pairs: IntoIterator<Item = (Name, Value)>>(pairs: Pairs) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Environment {
    /// Reads the environment of the process.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The value as the system has it; an empty one counts as unset, as in most programs.
    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The value as text. One that is not UTF-8 counts as unset: no variable that git-burn reads can be that.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.raw(name)?.to_str()
    }

    /// The value as a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.raw(name).map(PathBuf::from)
    }

    /// A switch, spelled as git spells booleans (`1`, `yes`, `on`, `true`); unset and empty are "no".
    pub fn flag(&self, name: &str) -> anyhow::Result<bool> {
        match self.text(name) {
            None => Ok(false),
            Some(text) => values::boolean(Some(text)).map_err(|problem| anyhow::anyhow!("{name}: {problem}")),
        }
    }

    /// Names and values that are text, in order of name.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
    }

    /// All variables, for programs that are to see them.
    pub fn all(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_read_as_git_reads_booleans() {
        let environment: Environment =
            [("A", "1"), ("B", "yes"), ("C", ""), ("D", "off"), ("E", "maybe")].into_iter().collect();
        assert!(environment.flag("A").unwrap() && environment.flag("B").unwrap());
        assert!(!environment.flag("C").unwrap() && !environment.flag("D").unwrap() && !environment.flag("Z").unwrap());
        assert_eq!(environment.flag("E").unwrap_err().to_string(), "E: `maybe` is not true or false");
        assert_eq!(environment.text("C"), None);
    }
}
