//! Leads: candidates that a pack has no room to show, by name, with the definitions to look at first. A name costs a
//! hundredth of what the file would, and saves the turn in which the model would search for it.

use std::fmt;
use std::ops::Range;

use super::definitions::Kind;
use super::outline::Outline;
use super::ranking::Ranked;
use crate::core::names::RepoPath;
use crate::core::text::one_line;

/// Definitions that are named of each.
const DEFINITIONS: usize = 2;

/// A candidate that is named, not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    pub path: RepoPath,
    /// Its definitions that fit the issue best, best first: each with its lines, from 0, end exclusive.
    pub definitions: Vec<(String, Range<usize>)>,
}

impl fmt::Display for Lead {
    /// `src/a.rs: parse 10-31, Reader.next 80-95`, lines from 1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.path.to_text()))?;
        for (at, (name, lines)) in self.definitions.iter().enumerate() {
            let before = if at == 0 { ": " } else { ", " };
            write!(f, "{before}{} {}-{}", one_line(name), lines.start + 1, lines.end)?;
        }
        Ok(())
    }
}

/// The candidates that are not shown, best first, as many as fit so many bytes, a line each.
pub(super) fn leads<'a>(others: impl Iterator<Item = (&'a Ranked, &'a Outline)>, mut bytes: usize) -> Vec<Lead> {
    let mut leads = Vec::new();
    for (one, outline) in others {
        let lead = Lead { path: one.path.clone(), definitions: definitions(one, outline) };
        let price = lead.to_string().len() + 1;
        if price > bytes {
            break;
        }
        bytes -= price;
        leads.push(lead);
    }
    leads
}

/// What the best pieces define, each once.
fn definitions(one: &Ranked, outline: &Outline) -> Vec<(String, Range<usize>)> {
    let mut found: Vec<(String, Range<usize>)> = Vec::new();
    for (lines, _) in &one.pieces {
        let piece = outline.pieces.iter().find(|piece| piece.lines.start == lines.start);
        let Some(at) = piece.and_then(|piece| piece.definition) else { continue };
        let name = qualified(outline, one.content(), at);
        if !found.iter().any(|(known, _)| *known == name) {
            found.push((name, lines.clone()));
        }
        if found.len() == DEFINITIONS {
            break;
        }
    }
    found
}

/// `Type.name` for what stands in a type.
fn qualified(outline: &Outline, text: &[u8], at: usize) -> String {
    let name = |at: usize| String::from_utf8_lossy(&text[outline.definitions[at].name.clone()]).into_owned();
    let line = outline.definitions[at].line;
    let is_around =
        |other: &usize| *other != at && matches!(outline.definitions[*other].kind, Kind::Type | Kind::Block);
    match outline.enclosing(line).filter(is_around).last() {
        Some(around) => format!("{}.{}", name(around), name(at)),
        None => name(at),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::rank::candidates::{Candidates, MOST};
    use crate::core::rank::language::{Language, Role};
    use crate::core::rank::signals::Values;

    const TEXT: &str = "import os\n\nclass Reader:\n    def next(self):\n        pass\n\n    def close(self):\n        pass\n\ndef parse(text):\n    pass\n";

    fn ranked(path: &str, text: Option<&str>) -> Ranked {
        Ranked {
            path: RepoPath::parse(path).unwrap(),
            language: Language::of(path.as_bytes()),
            role: Role::Source,
            score: 1.0,
            values: Values::NONE,
            pieces: vec![(0..2, 4.0), (6..9, 3.0), (9..11, 2.0), (3..6, 1.0)],
            text: text.map(|text| Arc::from(text.as_bytes())),
        }
    }

    fn lines(ranked: &[Ranked], shown: &[&str], bytes: usize) -> Vec<String> {
        let candidates = Candidates::of(ranked);
        let is_shown = |file: usize| shown.contains(&&*candidates.files[file].path.to_text());
        leads(candidates.others(is_shown), bytes).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_lead_names_the_best_definitions_with_their_lines() {
        assert_eq!(lines(&[ranked("a.py", Some(TEXT))], &[], 1000), ["a.py: Reader.close 7-9, parse 10-11"]);
    }

    #[test]
    fn what_is_shown_or_was_not_read_is_no_lead() {
        let files = [ranked("a.py", Some(TEXT)), ranked("b.py", None), ranked("c.py", Some(TEXT))];
        assert_eq!(lines(&files, &["a.py"], 1000), ["c.py: Reader.close 7-9, parse 10-11"]);
    }

    #[test]
    fn leads_keep_to_their_bytes() {
        let files: Vec<Ranked> = (0..60).map(|at| ranked(&format!("src/{at}.py"), Some(TEXT))).collect();
        assert_eq!(lines(&files, &[], 100_000).len(), MOST);
        for bytes in [0, 39, 40, 100, 333] {
            let needed: usize = lines(&files, &[], bytes).iter().map(|line| line.len() + 1).sum();
            assert!(needed <= bytes && needed + 45 > bytes, "{needed} of {bytes}");
        }
    }
}
