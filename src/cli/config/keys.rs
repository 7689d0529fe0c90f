//! The table of all configuration keys: where each may be set, and whether it holds one value or many.

use std::fmt;

/// One key or one family of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Without `burn.`; `*` stands for a name that the user chose (`check.*.command`).
    pub pattern: &'static str,
    pub shape: Shape,
    pub sharing: Sharing,
}

/// How values from several places come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The last place wins.
    One,
    /// A list; the last place that sets any wins as a whole.
    List,
    /// A list; all places add up, and an empty value empties what came before.
    Sum,
}

/// What the committed file `.gitburn` may do with the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Set it: it does no harm.
    Shared,
    /// Only make it stricter than the built-in value.
    Tighten,
    /// Set it, but that counts only after `git burn trust`: it runs programs, sends data or spends money.
    Trusted,
    /// Never.
    Personal,
}

const fn key(pattern: &'static str, shape: Shape, sharing: Sharing) -> Key {
    Key { pattern, shape, sharing }
}

/// Every key. gitburn(5) documents them; a test compares.
pub const KEYS: &[Key] = &[
    key("forge", Shape::One, Sharing::Trusted),
    key("url", Shape::One, Sharing::Trusted),
    key("repo", Shape::List, Sharing::Trusted),
    key("remote", Shape::One, Sharing::Trusted),
    key("base", Shape::One, Sharing::Shared),
    key("tokenFile", Shape::One, Sharing::Personal),
    key("allowHttp", Shape::Sum, Sharing::Personal),
    key("model", Shape::List, Sharing::Trusted),
    key("provider.*.url", Shape::One, Sharing::Trusted),
    key("provider.*.wire", Shape::One, Sharing::Trusted),
    key("provider.*.keyEnv", Shape::One, Sharing::Trusted),
    key("provider.*.context", Shape::One, Sharing::Trusted),
    key("provider.*.inputPrice", Shape::One, Sharing::Trusted),
    key("provider.*.outputPrice", Shape::One, Sharing::Trusted),
    key("provider.*.run", Shape::One, Sharing::Trusted),
    key("check.*.command", Shape::One, Sharing::Trusted),
    key("check.*.timeout", Shape::One, Sharing::Trusted),
    key("check.*.when", Shape::List, Sharing::Trusted),
    key("check.*.required", Shape::One, Sharing::Trusted),
    key("branch", Shape::One, Sharing::Shared),
    key("label.ready", Shape::One, Sharing::Shared),
    key("label.review", Shape::One, Sharing::Shared),
    key("label.clarify", Shape::One, Sharing::Shared),
    key("label.blocked", Shape::One, Sharing::Shared),
    key("label.reopened", Shape::One, Sharing::Shared),
    key("exclude", Shape::Sum, Sharing::Shared),
    key("reviewer", Shape::List, Sharing::Shared),
    key("owner", Shape::One, Sharing::Shared),
    key("route.*.match", Shape::List, Sharing::Shared),
    key("route.*.assign", Shape::One, Sharing::Shared),
    key("route.*.label", Shape::One, Sharing::Shared),
    key("guard.protect", Shape::Sum, Sharing::Tighten),
    key("guard.allow", Shape::Sum, Sharing::Tighten),
    key("guard.forbid", Shape::Sum, Sharing::Tighten),
    key("guard.unprotect", Shape::Sum, Sharing::Personal),
    key("guard.permit", Shape::Sum, Sharing::Personal),
    key("guard.maxFiles", Shape::One, Sharing::Tighten),
    key("guard.maxLines", Shape::One, Sharing::Tighten),
    key("guard.maxBytes", Shape::One, Sharing::Tighten),
    key("guard.maxLineBytes", Shape::One, Sharing::Tighten),
    key("sandbox", Shape::One, Sharing::Tighten),
    key("network", Shape::One, Sharing::Tighten),
    key("maxTurns", Shape::One, Sharing::Tighten),
    key("maxTokens", Shape::One, Sharing::Tighten),
    key("contextTokens", Shape::One, Sharing::Tighten),
    key("maxCost", Shape::One, Sharing::Tighten),
    key("maxIssues", Shape::One, Sharing::Tighten),
    key("maxAttempts", Shape::One, Sharing::Tighten),
    key("timeout", Shape::One, Sharing::Tighten),
    key("rate", Shape::One, Sharing::Tighten),
    key("pause", Shape::One, Sharing::Personal),
    key("close", Shape::One, Sharing::Personal),
    key("closeSummaries", Shape::One, Sharing::Personal),
    key("keepRuns", Shape::One, Sharing::Personal),
    key("keepLogs", Shape::One, Sharing::Personal),
    key("templates", Shape::One, Sharing::Shared),
];

/// The name of a key as it stands in a configuration: section `burn`, subsection, variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Case counts, as in git.
    pub subsection: Option<String>,
    /// Case does not count; kept as it was written.
    pub variable: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // git gives variables in lower case; people know them as the manual spells them.
        let canonical = self.key().and_then(|key| key.pattern.rsplit('.').next());
        let variable = canonical.unwrap_or(&self.variable);
        match &self.subsection {
            Some(subsection) => write!(f, "burn.{subsection}.{variable}"),
            None => write!(f, "burn.{variable}"),
        }
    }
}

impl Name {
    /// Splits `check.test.command` as git does: the last part is the variable, all before it the subsection.
    pub fn of(dotted: &str) -> Self {
        match dotted.rsplit_once('.') {
            Some((subsection, variable)) => Self { subsection: Some(subsection.into()), variable: variable.into() },
            None => Self { subsection: None, variable: dotted.into() },
        }
    }

    /// Splits git's own spelling, `burn.check.test.command`; `None` for another section.
    pub fn of_git_key(key: &str) -> Option<Self> {
        let (section, rest) = key.split_once('.')?;
        section.eq_ignore_ascii_case("burn").then(|| Self::of(rest))
    }

    /// The row of the table that this name belongs to.
    pub fn key(&self) -> Option<&'static Key> {
        KEYS.iter().find(|key| self.matches(key.pattern))
    }

    /// The user's part of a name of a family: `test` of `check.test.command` under `check`.
    pub fn member_of(&self, family: &str) -> Option<&str> {
        self.subsection.as_deref()?.strip_prefix(family)?.strip_prefix('.').filter(|name| !name.is_empty())
    }

    fn matches(&self, pattern: &str) -> bool {
        let wanted = Self::of(pattern);
        let same_subsection = match wanted.subsection.as_deref().map(|section| (section, section.strip_suffix(".*"))) {
            None => self.subsection.is_none(),
            Some((_, Some(family))) => self.member_of(family).is_some(),
            Some((exact, None)) => self.subsection.as_deref() == Some(exact),
        };
        same_subsection && wanted.variable.eq_ignore_ascii_case(&self.variable)
    }

    /// Whether this is that key; `dotted` as in the table, with the user's name in place of `*`.
    pub fn is(&self, dotted: &str) -> bool {
        let wanted = Self::of(dotted);
        wanted.subsection == self.subsection && wanted.variable.eq_ignore_ascii_case(&self.variable)
    }

    /// The most similar key of the table, if one is near enough to be a slip of the pen.
    pub fn nearest(&self) -> Option<String> {
        let typed = self.to_string().to_ascii_lowercase();
        let distance = |key: &Key| edit_distance(&typed, &format!("burn.{}", key.pattern).to_ascii_lowercase());
        let nearest = KEYS.iter().min_by_key(|key| distance(key))?;
        (distance(nearest) <= 3).then(|| format!("burn.{}", nearest.pattern))
    }
}

/// The environment variable that sets the key for one run; families have none.
pub fn variable(key: &Key) -> Option<String> {
    if key.pattern.contains('*') {
        return None;
    }
    let mut name = String::from("GIT_BURN_");
    for letter in key.pattern.chars() {
        match letter {
            '.' => name.push('_'),
            upper if upper.is_ascii_uppercase() => name.extend(['_', upper]),
            lower => name.push(lower.to_ascii_uppercase()),
        }
    }
    Some(name)
}

/// Variables that are no keys: switches, the token, and what git-burn itself gives to its own processes.
const OTHER_VARIABLES: [&str; 7] = ["OFFLINE", "NO_INPUT", "TRUST", "TOKEN", "CHECK", "USERNAME", "PASSWORD"];

/// A variable that looks as if it were to set a key, and the one that it is near enough to; others belong to somebody else.
pub fn misspelt(name: &str) -> Option<(String, String)> {
    let typed = name.strip_prefix("GIT_BURN_").filter(|typed| !OTHER_VARIABLES.contains(typed))?;
    let known: Vec<String> = KEYS.iter().filter_map(variable).collect();
    if known.iter().any(|variable| variable == name) {
        return None;
    }
    let switches = OTHER_VARIABLES[..4].iter().map(|other| format!("GIT_BURN_{other}"));
    let near = |variable: &String| edit_distance(name, variable);
    // In a short name three letters are another word.
    let most = if typed.len() < 8 { 1 } else { 3 };
    let nearest = known.into_iter().chain(switches).min_by_key(near).filter(|variable| near(variable) <= most)?;
    Some((name.to_owned(), nearest))
}

/// Levenshtein's distance, for short names.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, r) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_are_slips_of_the_pen_are_told_from_those_of_others() {
        let meant = |name: &str| misspelt(name).map(|(_, meant)| meant);
        assert_eq!(meant("GIT_BURN_MAXCOST").as_deref(), Some("GIT_BURN_MAX_COST"));
        assert_eq!(meant("GIT_BURN_MAX_TRNS").as_deref(), Some("GIT_BURN_MAX_TURNS"));
        assert_eq!(meant("GIT_BURN_OFLINE").as_deref(), Some("GIT_BURN_OFFLINE"));
        for fine in ["GIT_BURN_MAX_COST", "GIT_BURN_TOKEN", "GIT_BURN_CHECK", "GIT_BURN_SHARED", "GIT_DIR"] {
            assert_eq!(meant(fine), None);
        }
    }

    #[test]
    fn names_find_their_row() {
        let pattern = |name: &str| Name::of(name).key().map(|key| key.pattern);
        assert_eq!(pattern("maxturns"), Some("maxTurns"));
        assert_eq!(pattern("check.unit.fast.command"), Some("check.*.command"));
        assert_eq!(pattern("guard.MAXFILES"), Some("guard.maxFiles"));
        assert_eq!(pattern("check.command"), None, "a check needs a name");
        assert_eq!(pattern("Guard.maxFiles"), None, "git's subsections mind case");
        assert_eq!(Name::of("check.unit.fast.command").member_of("check"), Some("unit.fast"));
    }

    #[test]
    fn slips_of_the_pen_are_recognised() {
        assert_eq!(Name::of("gaurd.maxFiles").nearest().as_deref(), Some("burn.guard.maxFiles"));
        assert_eq!(Name::of("modle").nearest().as_deref(), Some("burn.model"));
        assert_eq!(Name::of("somethingElseEntirely").nearest(), None);
    }

    #[test]
    fn variables_are_spelled_from_keys() {
        let of = |name: &str| variable(Name::of(name).key().unwrap());
        assert_eq!(of("guard.maxFiles").as_deref(), Some("GIT_BURN_GUARD_MAX_FILES"));
        assert_eq!(of("model").as_deref(), Some("GIT_BURN_MODEL"));
        assert_eq!(of("check.test.command"), None);
    }
}
