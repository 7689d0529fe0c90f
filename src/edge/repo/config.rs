//! git's configuration as an owned list with origins, and files in its syntax that are read from a tree.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use gix::bstr::ByteSlice;

use super::Repo;
use super::commit::from_latin_1;

/// Settings in the order in which git reads them: the last one of a name wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    entries: Vec<Setting>,
}

/// One line of configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `section.name` or `section.Sub.Section.name`: section and name in lower case, the part between as it was written.
    pub key: String,
    /// `None`: a name without `=`, which means true.
    pub value: Option<String>,
    pub origin: Origin,
}

/// Where a setting was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// For all users of the machine.
    System(Option<PathBuf>),
    /// For all repositories of the user.
    Global(Option<PathBuf>),
    /// In the repository or the worktree.
    Local(Option<PathBuf>),
    /// `GIT_CONFIG_KEY_n`.
    Environment,
    /// `git -c`, or an option of the program.
    CommandLine,
    /// A committed file, with the line, from 1.
    Committed { file: &'static str, line: usize },
}

/// Where git looks for hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HooksDir {
    /// In the repository's own folder.
    Own(PathBuf),
    /// In a folder that may serve other repositories too, or be a part of the working tree.
    Elsewhere(PathBuf),
    /// `core.hooksPath` is empty: no hook is run.
    Nowhere,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scope, file) = match self {
            Self::System(file) => ("system", file),
            Self::Global(file) => ("global", file),
            Self::Local(file) => ("local", file),
            Self::Environment => return f.write_str("environment"),
            Self::CommandLine => return f.write_str("command line"),
            Self::Committed { file, line } => return write!(f, "{file}:{line}"),
        };
        match file {
            Some(file) => write!(f, "{scope} {}", file.display()),
            None => f.write_str(scope),
        }
    }
}

impl Config {
    /// Every setting of this name, weakest first. The key is compared as git does: the middle part with its case.
    pub fn all<'a>(&'a self, key: &'a str) -> impl DoubleEndedIterator<Item = &'a Setting> {
        self.entries.iter().filter(move |setting| same_key(&setting.key, key))
    }

    /// The setting that counts.
    pub fn last<'a>(&'a self, key: &'a str) -> Option<&'a Setting> {
        self.all(key).next_back()
    }

    /// Everything whose name starts with `section.`, in order.
    pub fn section<'a>(&'a self, section: &'a str) -> impl DoubleEndedIterator<Item = &'a Setting> {
        self.entries.iter().filter(move |setting| {
            let (head, rest) = setting.key.split_at_checked(section.len()).unwrap_or(("", ""));
            head.eq_ignore_ascii_case(section) && rest.starts_with('.')
        })
    }

    /// All settings.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Setting> {
        self.entries.iter()
    }

    /// Reads a committed file in git-config syntax, `.gitburn` for one. Includes are not followed, `~` not expanded.
    ///
    /// # Errors
    /// A line is not of that syntax; the error names it.
    pub fn parse(file: &'static str, bytes: &[u8]) -> Result<Self, ConfigFileError> {
        let events = gix::config::parse::Events::from_bytes(bytes, None)
            .map_err(|error| ConfigFileError { file, line: error.line_number() })?;
        let mut reader = Reader { file, line: 1, section: String::new(), name: None, value: None, entries: Vec::new() };
        for event in events.iter() {
            reader.take(event);
        }
        reader.finish_setting();
        Ok(Self { entries: reader.entries })
    }
}

/// `a.B.c` equals `A.B.C`, but not `a.b.c`.
fn same_key(left: &str, right: &str) -> bool {
    let parts = |key: &str| {
        let first = key.find('.').unwrap_or(key.len());
        let last = key.rfind('.').unwrap_or(first);
        (key[..first].to_ascii_lowercase(), key[first..last.max(first)].to_owned(), key[last..].to_ascii_lowercase())
    };
    left.eq_ignore_ascii_case(right) && parts(left) == parts(right)
}

fn joined(section: &[u8], subsection: Option<&[u8]>) -> String {
    let section = section.to_str_lossy().to_ascii_lowercase();
    match subsection {
        Some(subsection) => format!("{section}.{}", subsection.to_str_lossy()),
        None => section,
    }
}

/// A committed configuration file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFileError {
    pub file: &'static str,
    /// From 1.
    pub line: usize,
}

impl fmt::Display for ConfigFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: not in the syntax of git's configuration", self.file, self.line)
    }
}

impl std::error::Error for ConfigFileError {}

/// Puts the parser's events together to settings, counting lines on the way.
struct Reader {
    file: &'static str,
    line: usize,
    section: String,
    name: Option<(String, usize)>,
    value: Option<Vec<u8>>,
    entries: Vec<Setting>,
}

impl Reader {
    fn take(&mut self, event: gix::config::parse::EventRef<'_>) {
        use gix::config::parse::EventRef;
        match event {
            EventRef::SectionHeader { name, subsection_name, .. } => {
                self.finish_setting();
                self.section = joined(name, subsection_name.map(|name| name.as_bytes()));
            }
            EventRef::SectionValueName(name) => {
                self.finish_setting();
                self.name = Some((name.to_str_lossy().to_ascii_lowercase(), self.line));
            }
            EventRef::KeyValueSeparator => self.value = Some(Vec::new()),
            EventRef::Value(part) | EventRef::ValueNotDone(part) | EventRef::ValueDone(part) => {
                if let Some(value) = &mut self.value {
                    value.extend_from_slice(part);
                }
            }
            EventRef::Newline(ends) => self.line += ends.find_iter("\n").count(),
            EventRef::Comment { .. } | EventRef::Whitespace(_) => {}
        }
    }

    fn finish_setting(&mut self) {
        let Some((name, line)) = self.name.take() else { return };
        let value = self.value.take();
        let value = value.map(|raw| gix::config::value::normalize(raw.as_bstr()).to_str_lossy().into_owned());
        let key = format!("{}.{name}", self.section);
        self.entries.push(Setting { key, value, origin: Origin::Committed { file: self.file, line } });
    }
}

impl Repo {
    /// All configuration that is in force here.
    pub fn config(&self) -> Config {
        let snapshot = self.gix.config_snapshot();
        let mut entries = Vec::new();
        for section in snapshot.plumbing().sections() {
            let Some(origin) = origin(section.meta()) else { continue };
            let header = section.header();
            let prefix = joined(header.name(), header.subsection_name().map(|name| name.as_bytes()));
            let mut seen = std::collections::BTreeSet::new();
            for name in section.value_names() {
                let name = name.to_ascii_lowercase();
                if !seen.insert(name.clone()) {
                    continue;
                }
                for value in section_values(&section, &name) {
                    entries.push(Setting { key: format!("{prefix}.{name}"), value, origin: origin.clone() });
                }
            }
        }
        Config { entries }
    }

    /// Who works in this clone (`user.name`).
    pub fn user_name(&self) -> Option<String> {
        self.gix.config_snapshot().string("user.name").map(|name| from_latin_1(&name))
    }

    /// Who makes commits here: `GIT_COMMITTER_NAME`, `committer.name`, or [`Repo::user_name`].
    pub fn committer_name(&self) -> Option<String> {
        let named = self.gix.config_snapshot().string("committer.name");
        named.map(|name| from_latin_1(&name)).or_else(|| self.user_name())
    }

    /// Where git looks for hooks: `core.hooksPath`, else [`Repo::own_hooks`].
    ///
    /// # Errors
    /// `core.hooksPath` begins with the home of somebody who has none.
    pub fn hooks_dir(&self) -> anyhow::Result<HooksDir> {
        let own = self.own_hooks();
        // gix takes an empty value for none; git goes on to look for the hook `/pre-commit`.
        if self.config().last("core.hooksPath").is_some_and(|setting| setting.value.as_deref() == Some("")) {
            return Ok(HooksDir::Nowhere);
        }
        let configured =
            self.gix.config_snapshot().trusted_path("core.hooksPath").context("core.hooksPath is no path")?;
        let Some(folder) = configured.map(|path| self.top().join(path)) else { return Ok(HooksDir::Own(own)) };
        Ok(if folder == own { HooksDir::Own(own) } else { HooksDir::Elsewhere(folder) })
    }

    /// The folder for hooks that all worktrees of this repository share, and nobody else.
    pub fn own_hooks(&self) -> PathBuf {
        self.common_dir().join("hooks")
    }

    /// What a git process in another repository must know of this clone's configuration to reach the same servers in
    /// the same way. Read before any check has run, so that a check cannot bend a later push.
    pub(super) fn carried_settings(&self) -> Vec<(String, String)> {
        let config = self.config();
        let wanted = |setting: &&Setting| {
            let key = setting.key.as_str();
            let local = matches!(setting.origin, Origin::Local(_));
            let section = key.split('.').next().unwrap_or_default();
            (local && matches!(section, "http" | "url" | "credential" | "ssh" | "protocol")) || key == "core.sshcommand"
        };
        let carried = config.iter().filter(wanted);
        carried
            .map(|setting| (setting.key.clone(), setting.value.clone().unwrap_or_else(|| "true".to_owned())))
            .collect()
    }
}

impl Repo {
    /// The repository's configuration without anything that could hold a secret or run a program: enough for git to
    /// read the repository.
    pub(in crate::edge) fn public_config(&self) -> String {
        let plain = ["repositoryformatversion", "filemode", "symlinks", "ignorecase", "autocrlf", "eol", "longpaths"];
        let mut core = String::from("[core]\n\tbare = false\n");
        let mut extensions = String::from("[extensions]\n");
        for setting in self.config().iter().filter(|setting| matches!(setting.origin, Origin::Local(_))) {
            let value = setting.value.as_deref().unwrap_or("true");
            let harmless = value.bytes().all(|byte| byte.is_ascii_alphanumeric());
            match setting.key.split_once('.') {
                Some(("core", name)) if harmless && plain.contains(&name) => core += &format!("\t{name} = {value}\n"),
                Some(("extensions", name)) if harmless && name != "worktreeconfig" => {
                    extensions += &format!("\t{name} = {value}\n");
                }
                _ => {}
            }
        }
        core + &extensions
    }
}

/// The values of one name in one section, in order; a name without `=` has none.
fn section_values(section: &gix::config::file::SectionRef<'_>, name: &str) -> Vec<Option<String>> {
    let values = section.values(name);
    if values.len() <= 1 && section.value_implicit(name) == Some(None) {
        return vec![None];
    }
    values.into_iter().map(|value| Some(value.to_str_lossy().into_owned())).collect()
}

/// `None` for what gix itself adds.
fn origin(meta: &gix::config::file::Metadata) -> Option<Origin> {
    use gix::config::Source;
    let file = || meta.path.clone();
    match meta.source {
        Source::GitInstallation | Source::System => Some(Origin::System(file())),
        Source::Git | Source::User => Some(Origin::Global(file())),
        Source::Local | Source::Worktree => Some(Origin::Local(file())),
        Source::Env => Some(Origin::Environment),
        Source::Cli => Some(Origin::CommandLine),
        Source::Api | Source::EnvOverride => None,
    }
}

/// Undoes the quoting of `GIT_CONFIG_PARAMETERS`: `'key'='value'` or, from older git, `'key=value'`, separated by
/// blanks. `None`: a quote is not closed.
pub(super) fn dequote(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next()? {
                        b'\'' => break,
                        quoted => word.push(quoted),
                    }
                }
            }
            b'\\' => word.get_or_insert_default().push(bytes.next()?),
            b' ' => words.extend(word.take()),
            // `'key'=` with nothing behind it is a name without a value, which means true; `'key'=''` is an empty value.
            b'=' if bytes.peek().is_none_or(|next| *next == b' ') => {}
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let shown = match Config::parse(".gitburn", text.as_bytes()) {
            Ok(config) => config.iter().map(|s| format!("{} = {:?} ({})\n", s.key, s.value, s.origin)).collect(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn committed_files_keep_their_lines() {
        check(
            "# ours\n[burn]\n\tmodel = a\n\n\tmodel = \"b # c\" ; note\n[burn \"check.Unit\"]\n  command = one \\\n    two\n  required\n",
            expect![[r#"
                burn.model = Some("a") (.gitburn:3)
                burn.model = Some("b # c") (.gitburn:5)
                burn.check.Unit.command = Some("one     two") (.gitburn:7)
                burn.check.Unit.required = None (.gitburn:9)
            "#]],
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        check("[burn]\nmodel = a\n[burn\n", expect![".gitburn:3: not in the syntax of git's configuration"]);
    }

    #[test]
    fn keys_keep_the_case_of_the_middle_part_only() {
        let config = Config::parse("f", b"[Burn \"check.Unit\"]\nCommand = x\n").unwrap();
        assert!(config.last("burn.check.Unit.command").is_some());
        assert!(config.last("BURN.check.Unit.COMMAND").is_some());
        assert!(config.last("burn.check.unit.command").is_none());
        assert_eq!(config.section("burn.check").count(), 1);
        assert_eq!(config.section("bur").count(), 0);
    }

    #[test]
    fn git_c_is_dequoted() {
        let words = |text: &str| {
            dequote(text.as_bytes()).map(|w| w.into_iter().map(|w| String::from_utf8(w).unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(words("'burn.x'='a b' 'burn.y'="), Some(vec!["burn.x=a b".into(), "burn.y".into()]));
        assert_eq!(words("'burn.x'='' 'burn.y='"), Some(vec!["burn.x=".into(), "burn.y=".into()]));
        assert_eq!(words("'burn.x=it'\\''s'"), Some(vec!["burn.x=it's".into()]));
        assert_eq!(words("'burn.x'='open"), None);
    }
}
