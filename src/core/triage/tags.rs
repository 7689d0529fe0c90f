//! Tags of an issue: its labels and the `[brackets]` in its title, and what they say about kind and urgency.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Kind, Tier};

const BUG: &[&str] = &["bug", "broken", "crash", "error", "fix", "regression", "hotfix", "defect"];
const FEATURE: &[&str] = &["feature", "feat", "enhancement", "capability", "feature-request", "improvement"];
const REFACTOR: &[&str] = &[
    "refactor",
    "refactoring",
    "cleanup",
    "tech-debt",
    "technical-debt",
    "optimization",
    "perf",
    "performance",
    "chore",
    "docs",
    "documentation",
    "test",
    "tests",
    "testing",
];
const META: &[&str] = &["philosophy", "soul-gap", "discussion", "question", "rfc", "meta"];
const RESEARCH: &[&str] = &["research", "kimi-ready", "investigation", "spike"];
const P0: &[&str] = &["security", "data-loss", "dataloss", "blocking", "blocker", "p0", "critical"];
/// Set by agents that file issues themselves.
const LOOP: &str = "loop-generated";

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Tags {
    set: BTreeSet<String>,
    labels: Vec<(String, Vec<String>)>,
    title: String,
}

impl Tags {
    /// Reads labels as the forge spells them and brackets wherever they stand as words of the title.
    pub(super) fn of(title: &str, labels: &[String]) -> Self {
        let (title, brackets) = split_title(title);
        let labels: Vec<_> = labels.iter().map(|label| (label.clone(), parts(label))).collect();
        let from_labels = labels.iter().flat_map(|(_, parts)| parts.iter().cloned());
        let from_title = brackets.iter().flat_map(|tag| parts(tag));
        Self { set: from_labels.chain(from_title).collect(), labels, title }
    }

    /// The title without its tags.
    pub(super) fn clean_title(&self) -> &str {
        &self.title
    }

    /// Whether a label or a title tag is called so, or ends so after its scope (`status/blocked`).
    pub(super) fn has(&self, name: &str) -> bool {
        self.set.contains(normal(name).as_ref())
    }

    /// The label that is called so, as the forge spells it. Titles are not looked at: anybody can write one.
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let name = normal(name);
        self.labels.iter().find(|(_, parts)| parts.iter().any(|part| *part == name)).map(|(label, _)| label.as_str())
    }

    pub(super) fn into_set(self) -> BTreeSet<String> {
        self.set
    }

    /// A bug before research before a feature, as people tag a researched bug as a bug.
    pub(super) fn kind(&self) -> Kind {
        let order = [
            (BUG, Kind::Bug),
            (RESEARCH, Kind::Research),
            (FEATURE, Kind::Feature),
            (REFACTOR, Kind::Refactor),
            (META, Kind::Meta),
        ];
        order.into_iter().find(|(words, _)| self.any(words).is_some()).map_or(Kind::Unknown, |(_, kind)| kind)
    }

    /// The tier that somebody set with a tag, and the tag.
    pub(super) fn explicit_tier(&self) -> Option<(Tier, &str)> {
        let high = ["p1", "priority/high", "priority:high", "priority-high", "prio/high", "severity/high"];
        let middle = ["p2", "priority/medium", "priority:medium", "priority/low", "priority:low"];
        let order = [(P0, Tier::P0), (&high[..], Tier::P1), (&middle[..], Tier::P2), (&["p3"][..], Tier::P3)];
        order.into_iter().find_map(|(words, tier)| Some((tier, self.any(words)?)))
    }

    pub(super) fn bug(&self) -> Option<&str> {
        self.any(BUG)
    }

    pub(super) fn feature(&self) -> Option<&str> {
        self.any(FEATURE)
    }

    pub(super) fn refactor(&self) -> Option<&str> {
        self.any(REFACTOR)
    }

    pub(super) fn meta(&self) -> Option<&str> {
        self.any(META)
    }

    pub(super) fn loop_tag(&self) -> Option<&str> {
        self.any(&[LOOP])
    }

    fn any(&self, words: &[&str]) -> Option<&str> {
        words.iter().find_map(|word| self.set.get(*word)).map(String::as_str)
    }
}

/// Lower case, words joined by `-`, no emoji shortcuts or pictures around it: `🐛 Data loss` is `data-loss`.
fn normal(tag: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'/' || byte == b'-';
    if tag.bytes().all(plain) {
        return Cow::Borrowed(tag);
    }
    let mut out = String::with_capacity(tag.len());
    for c in tag.trim().chars() {
        match c {
            ' ' | '_' | '\t' => out.push('-'),
            c if c.is_alphanumeric() || "-/:.+#!".contains(c) => out.extend(c.to_lowercase()),
            _ => {}
        }
    }
    Cow::Owned(out.trim_matches(['-', ':']).replace("::", ":").replace(":-", ":").replace("-/-", "/"))
}

/// The tag and, for a scoped one (`kind/bug`, `type: bug`, `priority::p0`), its last part as well.
fn parts(tag: &str) -> Vec<String> {
    let whole = normal(tag).into_owned();
    let last = whole.rsplit(['/', ':']).next().unwrap_or_default().trim_matches('-');
    let last = (last.len() < whole.len()).then(|| last.to_owned());
    [whole].into_iter().chain(last).filter(|part| !part.is_empty()).collect()
}

/// Takes `[tag]` and `[one, two]` out of a title; leaves `array[0]`, `[link](url)` and `[ ]` alone.
fn split_title(title: &str) -> (String, Vec<String>) {
    let mut clean = String::with_capacity(title.len());
    let mut tags = Vec::new();
    let mut rest = title;
    while let Some(open) = rest.find('[') {
        let (before, bracket) = rest.split_at(open);
        clean.push_str(before);
        let Some(close) = bracket.find(']') else {
            rest = bracket;
            break;
        };
        let (inside, after) = (&bracket[1..close], &bracket[close + 1..]);
        let glued = clean.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '`');
        if glued || inside.trim().is_empty() || after.starts_with('(') {
            clean.push_str(&bracket[..=close]);
        } else {
            tags.extend(inside.split([',', '|', ';']).map(|tag| tag.trim().to_owned()));
        }
        rest = after;
    }
    clean.push_str(rest);
    (clean.split_whitespace().collect::<Vec<_>>().join(" "), tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_tags_where_they_stand_as_words() {
        let cases = [
            ("[Bug] [P0, Data loss] save() drops `a[0]`", "save() drops `a[0]`", "bug data-loss p0"),
            ("[see](http://x) the [spike]", "[see](http://x) the", "spike"),
            ("no [end", "no [end", ""),
            ("[ ] open box", "[ ] open box", ""),
        ];
        for (title, clean, expected) in cases {
            let tags = Tags::of(title, &[]);
            assert_eq!(tags.clean_title(), clean);
            assert_eq!(tags.into_set().into_iter().collect::<Vec<_>>().join(" "), expected, "{title}");
        }
    }

    #[test]
    fn scoped_and_decorated_labels_count_by_their_last_part() {
        let tags = |label: &str| Tags::of("", &[label.to_owned()]);
        assert_eq!(tags("Kind/Bug").kind(), Kind::Bug);
        assert_eq!(tags("type: feature").kind(), Kind::Feature);
        assert_eq!(tags("🐛 bug").kind(), Kind::Bug);
        assert_eq!(tags("Priority::Critical").explicit_tier(), Some((Tier::P0, "critical")));
        assert_eq!(tags("priority/high").explicit_tier(), Some((Tier::P1, "priority/high")));
        assert!(tags("Status/Blocked").has("blocked"));
        assert_eq!(tags("Status/Blocked").label("blocked"), Some("Status/Blocked"));
        assert!(!tags("unblocked").has("blocked"));
        assert_eq!(tags("not-a-bug").kind(), Kind::Unknown);
    }
}
