//! How a policy is changed: anybody may tighten it, only the user may loosen it.

use std::fmt;

use serde::Serialize;

/// Sizes above which a change is not reviewed but refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limits {
    pub files: usize,
    /// Added and removed lines together.
    pub lines: usize,
    /// Bytes of added lines and of new binary content.
    pub bytes: usize,
    /// Bytes of one added line.
    pub line_bytes: usize,
}

impl Limits {
    /// 20 files, 2000 lines, 1 MiB, lines of 100 kB.
    pub const BUILTIN: Self = Self { files: 20, lines: 2000, bytes: 1 << 20, line_bytes: 100_000 };
}

/// What may come from anywhere, also from the repository's `.gitburn`: it only adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tightening {
    /// `burn.guard.protect`: more protected paths.
    pub protect: Vec<String>,
    /// `burn.guard.allow`: if there is any, other paths are refused. A second list narrows the first.
    pub allow: Vec<String>,
    /// `burn.guard.forbid`: regular expressions that no added line of code may match.
    pub forbid: Vec<String>,
    /// `burn.guard.maxFiles` and so on; the smaller of two values counts.
    pub max_files: Option<usize>,
    pub max_lines: Option<usize>,
    pub max_bytes: Option<usize>,
    pub max_line_bytes: Option<usize>,
}

/// What only the user's own configuration may say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loosening {
    /// `burn.guard.unprotect`: paths that are protected by default but may be changed.
    pub unprotect: Vec<String>,
    /// `burn.guard.permit`: `RULE` or `RULE:GLOB`, switched off everywhere or for these paths.
    pub permit: Vec<String>,
    /// Take the place of [`Limits::BUILTIN`].
    pub max_files: Option<usize>,
    pub max_lines: Option<usize>,
    pub max_bytes: Option<usize>,
    pub max_line_bytes: Option<usize>,
}

/// A value that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingError {
    /// As in `git config`: `burn.guard.forbid`.
    pub key: &'static str,
    pub value: String,
    pub problem: String,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.problem)
    }
}

impl std::error::Error for SettingError {}
