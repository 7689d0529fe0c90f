//! The lines of `show N --explain`: every point with its reason, and what follows from them.

use std::fmt::Write as _;

use super::{Assessment, Hold, Readiness, Score};

impl Assessment {
    /// Line by line, without colour; quotes the issue's own words, so the renderer sanitises them.
    pub fn explain(&self) -> Vec<String> {
        let mut lines = vec![format!("#{} {}", self.number, self.title)];
        for (name, score) in [("scope", &self.scope), ("acceptance", &self.acceptance), ("alignment", &self.alignment)]
        {
            lines.push(format!("  {name:<11} {} of 3", score.points));
            lines.extend(reasons(score).map(|reason| format!("    {reason}")));
        }
        lines.push(format!("  {:<11} {} of 9", "score", self.total));
        lines.push(format!("  {:<11} {}", "kind", self.kind));
        lines.push(format!("  {:<11} {} ({})", "tier", self.tier, self.tier_reason));
        if !self.tags.is_empty() {
            let tags: Vec<&str> = self.tags.iter().map(String::as_str).collect();
            lines.push(format!("  {:<11} {}", "tags", tags.join(", ")));
        }
        lines.push(format!("  {:<11} {} days", "age", self.age_days));
        if !self.depends_on.is_empty() {
            lines.push(format!("  {:<11} {}", "depends on", numbers(&self.depends_on)));
        }
        lines.push(format!("  {:<11} {}", "readiness", self.readiness));
        lines
    }
}

fn reasons(score: &Score) -> impl Iterator<Item = String> + '_ {
    let none = score.reasons.is_empty().then(|| "nothing found".to_owned());
    score.reasons.iter().map(ToString::to_string).chain(none)
}

fn numbers(numbers: &[crate::core::names::IssueNumber]) -> String {
    numbers.iter().map(|number| format!("#{number}")).collect::<Vec<_>>().join(", ")
}

impl std::fmt::Display for Readiness {
    /// A clause for people: "blocked by #3".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Reopened => f.write_str("reopened: the earlier fix is verified first"),
            Self::Unclear { questions } => write!(f, "unclear: {} to ask", count(questions.len(), "question")),
            Self::NotReady { total, threshold } => write!(f, "not ready: score {total} is below {threshold}"),
            Self::Blocked { by, label } => {
                let mut why: Vec<String> = Vec::new();
                why.extend((!by.is_empty()).then(|| format!("by {}", numbers(by))));
                why.extend(label.as_ref().map(|label| format!("by label `{label}`")));
                write!(f, "blocked {}", why.join(" and "))
            }
            Self::Excluded { label } => write!(f, "excluded: tagged `{label}`"),
            Self::Held(hold) => write!(f, "left to people: {hold}"),
        }
    }
}

impl std::fmt::Display for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => f.write_str("it is closed"),
            Self::Locked => f.write_str("its conversation is locked"),
            Self::Assigned { to } => write!(f, "assigned to {}", to.join(", ")),
            Self::AwaitingClarification => f.write_str("questions wait for an answer"),
            Self::Someday => f.write_str("P3 is never picked"),
            Self::Skipped { by } => write!(f, "{by} said to skip it"),
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    let mut text = format!("{number} {noun}");
    if number != 1 {
        let _ = text.write_char('s');
    }
    text
}
