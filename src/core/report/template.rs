//! Templates with `{placeholders}`, built in or from the base tree (`burn.templates`).

use std::fmt;

/// The texts that can be replaced by files of the same name in the folder `burn.templates` of the base tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates {
    pub analysis: String,
    pub clarification: String,
    pub proof: String,
    pub pull: String,
    pub failed: String,
    pub held: String,
    pub already_fixed: String,
    pub verification: String,
    pub closed: String,
    pub revision: String,
}

impl Default for Templates {
    fn default() -> Self {
        Self {
            analysis: include_str!("templates/analysis.md").to_owned(),
            clarification: include_str!("templates/clarification.md").to_owned(),
            proof: include_str!("templates/proof.md").to_owned(),
            pull: include_str!("templates/pull.md").to_owned(),
            failed: include_str!("templates/failed.md").to_owned(),
            held: include_str!("templates/held.md").to_owned(),
            already_fixed: include_str!("templates/already-fixed.md").to_owned(),
            verification: include_str!("templates/verification.md").to_owned(),
            closed: include_str!("templates/closed.md").to_owned(),
            revision: include_str!("templates/revision.md").to_owned(),
        }
    }
}

impl Templates {
    /// File names that [`Templates::replace`] takes.
    pub const NAMES: [&'static str; 10] = [
        "analysis.md",
        "clarification.md",
        "proof.md",
        "pull.md",
        "failed.md",
        "held.md",
        "already-fixed.md",
        "verification.md",
        "closed.md",
        "revision.md",
    ];

    /// Puts the team's own text in the place of the built-in one of that file name.
    ///
    /// Fails on a placeholder that the built-in text of that name does not have: it would never be filled.
    pub fn replace(&mut self, name: &str, text: &str) -> Result<(), TemplateError> {
        let slot = match name {
            "analysis.md" => &mut self.analysis,
            "clarification.md" => &mut self.clarification,
            "proof.md" => &mut self.proof,
            "pull.md" => &mut self.pull,
            "failed.md" => &mut self.failed,
            "held.md" => &mut self.held,
            "already-fixed.md" => &mut self.already_fixed,
            "verification.md" => &mut self.verification,
            "closed.md" => &mut self.closed,
            "revision.md" => &mut self.revision,
            _ => return Err(TemplateError::UnknownName(name.to_owned())),
        };
        let known: Vec<String> = placeholders(slot).map(str::to_owned).collect();
        if let Some(unknown) = placeholders(text).find(|used| !known.iter().any(|name| name == used)) {
            return Err(TemplateError::UnknownPlaceholder { file: name.to_owned(), used: unknown.to_owned(), known });
        }
        text.clone_into(slot);
        Ok(())
    }
}

/// Why a team's template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateError {
    UnknownName(String),
    UnknownPlaceholder { file: String, used: String, known: Vec<String> },
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName(name) => {
                write!(f, "template `{name}` is not one of {}", Templates::NAMES.join(", "))
            }
            Self::UnknownPlaceholder { file, used, known } => {
                write!(f, "template `{file}` uses {{{used}}}; it can use {{{}}}", known.join("}, {"))
            }
        }
    }
}

impl std::error::Error for TemplateError {}

/// Names between braces, in order; braces around anything but a plain name are text.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| {
        let name = &rest[..rest.find('}')?];
        is_name(name).then_some(name)
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Puts values in one pass, so that a value that looks like a placeholder stays text. Names without a value stay.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + values.iter().map(|(_, value)| value.len()).sum::<usize>());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let value = rest.find('}').and_then(|close| {
            let (_, value) = values.iter().find(|(name, _)| *name == &rest[1..close])?;
            Some((close, value))
        });
        match value {
            Some((close, value)) => {
                out.push_str(value);
                rest = &rest[close + 1..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    collapse_blank_lines(&out)
}

/// At most one blank line in a row: an empty value leaves no hole.
fn collapse_blank_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blanks = 0;
    for line in text.trim().lines() {
        blanks = if line.trim().is_empty() { blanks + 1 } else { 0 };
        if blanks < 2 {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_once_and_never_read_as_templates() {
        let filled = fill("a {x} {y} {z} {", &[("x", "{y}"), ("y", "2")]);
        assert_eq!(filled, "a {y} 2 {z} {\n");
        assert_eq!(fill("a\n\n{x}\n\nb", &[("x", "")]), "a\n\nb\n");
    }

    #[test]
    fn a_template_with_an_unknown_placeholder_is_refused_by_name() {
        let mut templates = Templates::default();
        let error = templates.replace("held.md", "{reason} {secret}").expect_err("refused");
        assert!(error.to_string().contains("`held.md` uses {secret}"), "{error}");
        assert!(templates.replace("held.md", "{reason} { not one }").is_ok());
        assert!(templates.replace("other.md", "").is_err());
        for name in Templates::NAMES {
            assert!(templates.replace(name, "plain").is_ok(), "{name}");
        }
    }
}
