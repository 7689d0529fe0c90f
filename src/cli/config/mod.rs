//! What is configured, from all places: `.gitburn`, git's configuration, environment, flags; later places win.
//!
//! This is only the pile of values with their origins. What they mean is up to [`super::settings`], one small struct
//! for each consumer.

pub mod keys;
pub mod shared;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::keys::{KEYS, Key, Name, Shape, Sharing};
use self::shared::Line;
use super::error::{Exit, Explained};
use super::values;
use crate::core::budget::Cost;
use crate::edge::git::Environment;
use crate::edge::repo::config as git_config;

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The committed file `.gitburn`, on this line.
    Shared { line: usize },
    /// git's configuration: a file, or `git -c` and its variables.
    Git(git_config::Origin),
    /// This environment variable.
    Variable(String),
    /// This flag.
    Flag(&'static str),
    /// The record of a run that is played again.
    Record(Place),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared { line } => write!(f, "{}:{line}", shared::FILE),
            Self::Git(origin) => write!(f, "{origin}"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
            Self::Record(_) => f.write_str("the record"),
        }
    }
}

/// Places in their order of precedence, without which file or line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Shared,
    Git,
    Variable,
    Flag,
}

impl Origin {
    fn place(&self) -> Place {
        match self {
            Self::Shared { .. } => Place::Shared,
            Self::Git(_) => Place::Git,
            Self::Variable(_) => Place::Variable,
            Self::Flag(_) => Place::Flag,
            Self::Record(place) => *place,
        }
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: Name,
    /// `None`: the key stands alone, which means true.
    pub value: Option<String>,
    pub origin: Origin,
}

impl Setting {
    /// The value as text; a key that stands alone is `true`.
    pub fn text(&self) -> &str {
        self.value.as_deref().unwrap_or("true")
    }

    /// An error about this value that says which and where.
    pub fn wrong(&self, problem: impl fmt::Display) -> anyhow::Error {
        let exit = match &self.origin {
            Origin::Flag(_) => Exit::Usage,
            Origin::Shared { .. } | Origin::Git { .. } | Origin::Variable(_) | Origin::Record(_) => Exit::Fatal,
        };
        Explained::new(exit, format!("{} ({}): {problem}", self.name, self.origin)).into()
    }

    /// Reads the value, or says which value could not be read and why.
    pub fn read<T>(&self, reader: impl FnOnce(&str) -> Result<T, String>) -> anyhow::Result<T> {
        reader(self.text()).map_err(|problem| self.wrong(problem))
    }
}

/// A value as it stands in the record of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    place: Place,
    /// As git spells it: `burn.check.test.command`.
    key: String,
    value: Option<String>,
}

/// Whose values: the team's file, or the user's own places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Team,
    Own,
}

/// Whether the keys of `.gitburn` that run programs or send data count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    Given,
    Missing,
}

/// All values that count, in order of precedence, the strongest last.
#[derive(Debug, Clone, Default)]
pub struct Config {
    settings: Vec<Setting>,
    untrusted: Vec<Setting>,
}

impl Config {
    /// Adds what git's configuration says, in git's own order. Unknown keys of the section `burn` are errors: a slip
    /// in the name of a limit must not go unnoticed.
    pub fn add_git(&mut self, config: &git_config::Config) -> anyhow::Result<()> {
        let mut problems = Vec::new();
        for git_config::Setting { key, value, origin } in config.section("burn") {
            let Some(name) = Name::of_git_key(key) else { continue };
            let setting = Setting { name, value: value.clone(), origin: Origin::Git(origin.clone()) };
            match setting.name.key() {
                Some(_) => self.insert(setting),
                None => problems.push(shared::unknown(&setting.name, &setting.origin.to_string())),
            }
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Explained::new(Exit::Fatal, problems.join("\n")).hint("gitburn(5) lists all keys").into()),
        }
    }

    /// Adds the lines of `.gitburn`. Keys that need trust and lack it are left out and remembered.
    pub fn add_shared(&mut self, lines: Vec<Line>, trust: Trust) -> anyhow::Result<()> {
        let mut problems = Vec::new();
        for Line { name, value, line } in lines {
            let setting = Setting { name, value, origin: Origin::Shared { line } };
            match (setting.name.key().map(|key| key.sharing), trust) {
                (Some(Sharing::Trusted), Trust::Missing) => self.untrusted.push(setting),
                (Some(Sharing::Shared | Sharing::Tighten | Sharing::Trusted), _) => self.insert(setting),
                (Some(Sharing::Personal), _) => {
                    problems.push(format!("{}: `{}` cannot be set there", setting.origin, setting.name));
                }
                (None, _) => problems.push(shared::unknown(&setting.name, &setting.origin.to_string())),
            }
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Explained::new(Exit::Fatal, problems.join("\n"))
                .hint("that is for each person to decide: git config burn.KEY VALUE")
                .into()),
        }
    }

    /// Adds `GIT_BURN_*`. Lists are separated by commas or line ends, lists of patterns by line ends only.
    ///
    /// # Errors
    /// A variable is a slip of the pen: it would be a limit that nobody notices is not there.
    pub fn add_environment(&mut self, environment: &Environment) -> anyhow::Result<()> {
        if let Some((typed, meant)) = environment.iter().find_map(|(name, _)| keys::misspelt(name.to_str()?)) {
            let problem = format!("environment: `{typed}` sets nothing (did you mean `{meant}`?)");
            return Err(Explained::new(Exit::Fatal, problem).hint("gitburn(5) lists all keys").into());
        }
        for key in KEYS {
            let Some(variable) = keys::variable(key) else { continue };
            let Some(text) = environment.text(&variable) else { continue };
            for value in split(key, text) {
                let origin = Origin::Variable(variable.clone());
                self.insert(Setting { name: Name::of(key.pattern), value: Some(value.trim().to_owned()), origin });
            }
        }
        Ok(())
    }

    /// Adds a flag.
    pub fn add_flag(&mut self, flag: &'static str, key: &str, value: impl Into<String>) {
        self.insert(Setting { name: Name::of(key), value: Some(value.into()), origin: Origin::Flag(flag) });
    }

    /// Keeps the order of places, whatever order they are added in.
    /// Everything that counts, for the record of a run.
    pub fn kept(&self) -> Vec<Kept> {
        let kept = |Setting { name, value, origin }: &Setting| Kept {
            place: origin.place(),
            key: name.to_string(),
            value: value.clone(),
        };
        self.settings.iter().map(kept).collect()
    }

    /// What counted in a recorded run, and nothing of today.
    pub fn of_record(kept: Vec<Kept>) -> Self {
        let mut config = Self::default();
        for Kept { place, key, value } in kept {
            if let Some(name) = Name::of_git_key(&key) {
                config.insert(Setting { name, value, origin: Origin::Record(place) });
            }
        }
        config
    }

    fn insert(&mut self, setting: Setting) {
        let place = setting.origin.place();
        let at = self.settings.partition_point(|other| other.origin.place() <= place);
        self.settings.insert(at, setting);
    }

    /// What `.gitburn` says that does not count for want of trust.
    pub fn untrusted(&self) -> &[Setting] {
        &self.untrusted
    }

    /// The value that counts of a key with one value.
    pub fn one(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().rev().find(|setting| setting.name.is(key))
    }

    /// The values that count of a key with many, in order; an empty value takes back those before it.
    pub fn many(&self, key: &str) -> Vec<&Setting> {
        let all = || self.settings.iter().filter(|setting| setting.name.is(key));
        let strongest = all().map(|setting| setting.origin.place()).max();
        let sums = Name::of(key).key().is_some_and(|row| row.shape == Shape::Sum);
        let counting = all().filter(|setting| sums || Some(setting.origin.place()) == strongest);
        counting.fold(Vec::new(), |mut list, setting| {
            if setting.text().is_empty() {
                list.clear();
            } else {
                list.push(setting);
            }
            list
        })
    }

    /// The values of a list that come from `.gitburn`, or those that come from everywhere else.
    pub fn texts_of(&self, key: &str, side: Side) -> Vec<String> {
        let is_wanted = |setting: &&Setting| (setting.origin.place() == Place::Shared) == (side == Side::Team);
        self.many(key).into_iter().filter(is_wanted).map(|setting| setting.text().to_owned()).collect()
    }

    /// A number that `.gitburn` sets, or that the strongest other place sets.
    pub fn number_of(&self, key: &str, side: Side) -> anyhow::Result<Option<u64>> {
        let is_wanted = |setting: &&Setting| (setting.origin.place() == Place::Shared) == (side == Side::Team);
        let strongest = self.settings.iter().rev().filter(|setting| setting.name.is(key)).find(is_wanted);
        strongest.map(|setting| setting.read(values::number)).transpose()
    }

    /// Whether some place says that what a list holds by default shall not count.
    pub fn is_emptied(&self, key: &str) -> bool {
        self.settings.iter().any(|setting| setting.name.is(key) && setting.text().is_empty())
    }

    /// The names that users gave in a family, in the order in which they first appear: `test` for `check.test.command`.
    pub fn members(&self, family: &str) -> Vec<&str> {
        let names = self.settings.iter().filter_map(|setting| setting.name.member_of(family));
        names.fold(Vec::new(), |mut seen, name| {
            if !seen.contains(&name) {
                seen.push(name);
            }
            seen
        })
    }

    /// A text, if it is set to something.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.one(key).map(Setting::text).filter(|text| !text.is_empty())
    }

    /// The texts of a list.
    pub fn texts(&self, key: &str) -> Vec<String> {
        self.many(key).into_iter().map(|setting| setting.text().to_owned()).collect()
    }

    /// A switch.
    pub fn boolean(&self, key: &str) -> anyhow::Result<Option<bool>> {
        let read = |setting: &Setting| values::boolean(setting.value.as_deref()).map_err(|wrong| setting.wrong(wrong));
        self.one(key).map(read).transpose()
    }

    /// A whole number.
    pub fn number(&self, key: &str) -> anyhow::Result<Option<u64>> {
        self.one(key).map(|setting| setting.read(values::number)).transpose()
    }

    /// A span of time.
    pub fn duration(&self, key: &str) -> anyhow::Result<Option<Duration>> {
        self.one(key).map(|setting| setting.read(values::duration)).transpose()
    }

    /// An amount of money.
    pub fn cost(&self, key: &str) -> anyhow::Result<Option<Cost>> {
        self.one(key).map(|setting| setting.read(Cost::parse)).transpose()
    }

    /// A limit whose built-in value `.gitburn` may lower but not raise.
    pub fn limit<T: PartialOrd + Copy>(
        &self,
        key: &str,
        builtin: T,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> anyhow::Result<T> {
        let Some(setting) = self.one(key) else { return Ok(builtin) };
        let value = setting.read(read)?;
        match setting.origin.place() == Place::Shared && value > builtin {
            true => Err(setting.wrong("can only be made stricter there; to raise it, use your own git configuration")),
            false => Ok(value),
        }
    }
}

/// The values in an environment variable.
fn split<'a>(key: &Key, text: &'a str) -> Vec<&'a str> {
    let patterns = key.pattern.starts_with("guard.");
    match key.shape {
        Shape::One => vec![text],
        Shape::List | Shape::Sum if patterns => text.lines().collect(),
        Shape::List | Shape::Sum => text.split([',', '\n']).filter(|part| !part.trim().is_empty()).collect(),
    }
}

/// Made-up configurations for tests.
#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// Lines of a git configuration file, as if they were the user's.
    pub(in crate::cli) fn git(pairs: &[(&str, &str)]) -> git_config::Config {
        let line = |(name, value): &(&str, &str)| {
            let Name { subsection, variable } = Name::of(name);
            let section = subsection.map_or_else(|| "[burn]".into(), |name| format!("[burn \"{name}\"]"));
            format!("{section}\n{variable} = {value}\n")
        };
        git_config::Config::parse("config", pairs.iter().map(line).collect::<String>().as_bytes()).unwrap()
    }

    /// A team file without trust, and the user's own settings.
    pub(in crate::cli) fn config(team: &str, own: &[(&str, &str)]) -> Config {
        let mut config = Config::default();
        config.add_git(&git(own)).unwrap();
        config.add_shared(shared::parse(team.as_bytes()).unwrap(), Trust::Missing).unwrap();
        config
    }
}

#[cfg(test)]
mod tests {
    use super::testing::git;
    use super::*;

    fn config(team: &str, personal: &[(&str, &str)], environment: &[(&str, &str)]) -> Config {
        let mut config = Config::default();
        config.add_environment(&Environment::new(environment.iter().copied())).unwrap();
        config.add_git(&git(personal)).unwrap();
        config.add_shared(shared::parse(team.as_bytes()).unwrap(), Trust::Missing).unwrap();
        config
    }

    #[test]
    fn later_places_win_and_lists_add_up_or_replace() {
        let team = "[burn]\nbase = trunk\nexclude = wip\nreviewer = ann\n";
        let personal = [("base", "develop"), ("exclude", "later"), ("reviewer", "bob"), ("reviewer", "cy")];
        let config = config(team, &personal, &[("GIT_BURN_BASE", "release"), ("GIT_BURN_MODEL", "a/x, b/y")]);
        assert_eq!(config.text("base"), Some("release"));
        assert_eq!(config.texts("exclude"), ["wip", "later"]);
        assert_eq!(config.texts("reviewer"), ["bob", "cy"]);
        assert_eq!(config.texts("model"), ["a/x", "b/y"]);
    }

    #[test]
    fn an_empty_value_takes_back_what_came_before() {
        let config = config("[burn]\nexclude = wip\n", &[("exclude", ""), ("exclude", "mine")], &[]);
        assert_eq!(config.texts("exclude"), ["mine"]);
        assert!(config.is_emptied("exclude"));
    }

    #[test]
    fn the_team_file_can_tighten_but_neither_loosen_nor_run_programs() {
        let team = "[burn]\nmodel = evil/x\nmaxTurns = 99\n[burn \"guard\"]\nmaxFiles = 5\n";
        let mut config = config(team, &[], &[]);
        assert_eq!(config.text("model"), None);
        assert_eq!(config.untrusted().len(), 1);
        assert_eq!(config.limit("guard.maxFiles", 20, values::number).unwrap(), 5);
        let problem = config.limit("maxTurns", 20, values::number).unwrap_err().to_string();
        assert!(problem.starts_with("burn.maxTurns (.gitburn:3): can only be made stricter"), "{problem}");
        config.add_flag("--max-turns", "maxTurns", "50");
        assert_eq!(config.limit("maxTurns", 20, values::number).unwrap(), 50);
    }

    #[test]
    fn personal_keys_in_the_team_file_and_unknown_keys_anywhere_are_errors() {
        let mut config = Config::default();
        let lines = shared::parse(b"[burn]\nclose = after-merge\n").unwrap();
        let problem = config.add_shared(lines, Trust::Given).unwrap_err().to_string();
        assert_eq!(problem, ".gitburn:2: `burn.close` cannot be set there");
        let problem = config.add_git(&git(&[("gaurd.maxFiles", "3")])).unwrap_err().to_string();
        assert_eq!(problem, "config:2: unknown key `burn.gaurd.maxfiles` (did you mean `burn.guard.maxFiles`?)");
    }
}
