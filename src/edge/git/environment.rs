//! The process environment as a value: read once by the command line, handed down, never read again.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// Environment variables, as git-burn itself was started with, or as a test makes them up.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

/// What ties a git process to one repository (`git rev-parse --local-env-vars`, git 2.47): it must not reach a git that
/// works on another one. `GIT_CONFIG_PARAMETERS` and `GIT_CONFIG_COUNT` are of that list too, but carry the user's own
/// `git -c` settings, which are meant to last.
const LOCAL_VARIABLES: [&str; 13] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// What git would obey or print to without being asked by us.
const UNWANTED_VARIABLES: [&str; 13] = [
    "GIT_ATTR_SOURCE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_REDIRECT_STDOUT",
    "GIT_REDIRECT_STDERR",
    "LC_ALL",
    "LANGUAGE",
];

impl Environment {
    /// From pairs such as `std::env::vars_os()`.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The value, empty or not.
    pub(super) fn raw(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value as text; an empty one, or one that is not UTF-8, counts as unset.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// The same with one more variable, or another value of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// All variables.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// What a git process may inherit: everything but what ties it to a repository, what bends its behaviour, and the
    /// keys of model providers, which git has no use for.
    pub(super) fn for_git(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.iter().filter(|(name, _)| {
            let name = name.to_string_lossy();
            let dropped = LOCAL_VARIABLES.iter().chain(&UNWANTED_VARIABLES).any(|unwanted| *unwanted == name);
            !dropped && !name.starts_with("GIT_TRACE") && !name.ends_with("_API_KEY")
        })
    }
}

impl fmt::Debug for Environment {
    /// Names only: values hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
