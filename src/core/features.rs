//! A feature list in JSON: what is to be built, with a flag on each entry that says whether it passes.
//!
//! Accepted is an array, or an object with an array under `features`. An entry has a text (`title`, `name` or
//! `description`), a flag (`passes`, `pass`, `completed` or `done`), and may have `steps`, a `category` and an `id`.
//! Everything else in the file is kept as it is.

use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write as _;

use serde_json::Value;

const TITLES: &[&str] = &["title", "name", "description"];
const FLAGS: &[&str] = &["passes", "pass", "completed", "done"];

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureList {
    document: Value,
    pub features: Vec<Feature>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// One line.
    pub title: String,
    /// The description, and the steps as a checklist: the text of an issue.
    pub body: String,
    /// Becomes a tag.
    pub category: Option<String>,
    pub passes: bool,
}

/// Everything that is wrong with a list, entry by entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureError {
    pub problems: Vec<String>,
}

impl fmt::Display for FeatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a feature list: {}", self.problems.join("; "))
    }
}

impl std::error::Error for FeatureError {}

impl FeatureList {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self, FeatureError> {
        let fail = |problem: String| FeatureError { problems: vec![problem] };
        let document: Value = serde_json::from_str(text).map_err(|problem| fail(problem.to_string()))?;
        let entries =
            entries(&document).ok_or_else(|| fail("neither an array nor an object with `features`".into()))?;
        let mut features = Vec::new();
        let mut problems = Vec::new();
        for (entry, number) in entries.iter().zip(1..) {
            match feature(entry) {
                Ok(feature) => features.push(feature),
                Err(problem) => problems.push(format!("entry {number} {problem}")),
            }
        }
        if problems.is_empty() { Ok(Self { document, features }) } else { Err(FeatureError { problems }) }
    }

    /// Positions of what does not pass yet, in the order of the file.
    pub fn pending(&self) -> impl Iterator<Item = usize> + '_ {
        self.features.iter().enumerate().filter(|(_, feature)| !feature.passes).map(|(index, _)| index)
    }

    /// The file's text with the flags of these positions set; no flag is ever taken back.
    pub fn with_passing(&self, passing: &BTreeSet<usize>) -> String {
        let mut document = self.document.clone();
        let list = match &mut document {
            Value::Object(object) => object.get_mut("features").and_then(Value::as_array_mut),
            Value::Array(list) => Some(list),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        for (entry, index) in list.into_iter().flatten().zip(0..) {
            if let (true, Some(entry)) = (passing.contains(&index), entry.as_object_mut()) {
                let flag = FLAGS.iter().find(|flag| entry.contains_key(**flag)).unwrap_or(&FLAGS[0]);
                entry.insert((*flag).to_owned(), Value::Bool(true));
            }
        }
        format!("{document:#}\n")
    }
}

fn entries(document: &Value) -> Option<&Vec<Value>> {
    document.as_array().or_else(|| document.get("features")?.as_array())
}

fn feature(entry: &Value) -> Result<Feature, &'static str> {
    let entry = entry.as_object().ok_or("is no object")?;
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let title = TITLES.iter().find_map(|key| text(key)).ok_or("has neither `title` nor `name` nor `description`")?;
    let passes = match FLAGS.iter().find_map(|flag| entry.get(*flag)) {
        None => false,
        Some(flag) => flag.as_bool().ok_or("has a flag that is neither true nor false")?,
    };
    let mut body = text("description").unwrap_or(title).to_owned();
    let steps = entry.get("steps").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for (step, number) in steps.zip(1..) {
        let heading = if number == 1 { "\n\n## Acceptance\n" } else { "" };
        let _ = write!(body, "{heading}\n- [ ] {}", step.trim());
    }
    let title = title.lines().next().unwrap_or_default().to_owned();
    Ok(Feature { title, body, category: text("category").map(str::to_owned), passes })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"project": "x", "features": [
        {"category": "api", "description": "Export as CSV\nwith a header", "steps": ["click", "see the file"], "passes": false},
        {"name": "Login", "done": true, "owner": "ada"},
        {"title": "Logout"}]}"#;

    #[test]
    fn entries_become_issues_and_flags_stay_where_they_were() {
        let list = FeatureList::parse(LIST).unwrap();
        assert_eq!(list.pending().collect::<Vec<_>>(), [0, 2]);
        assert_eq!(list.features[0].title, "Export as CSV");
        assert_eq!(
            list.features[0].body,
            "Export as CSV\nwith a header\n\n## Acceptance\n\n- [ ] click\n- [ ] see the file"
        );
        let text = list.with_passing(&BTreeSet::from([0, 2]));
        let again = FeatureList::parse(&text).unwrap();
        assert_eq!(again.pending().count(), 0);
        assert!(text.find("project") < text.find("features"), "the order of keys is kept: {text}");
        assert!(text.contains(r#""owner": "ada""#) && text.contains(r#""passes": true"#), "{text}");
        assert_eq!(FeatureList::parse(&list.with_passing(&BTreeSet::new())).unwrap().features, list.features);
    }

    #[test]
    fn all_problems_are_told() {
        let problem = |text: &str| FeatureList::parse(text).unwrap_err().to_string();
        assert_eq!(problem("7"), "not a feature list: neither an array nor an object with `features`");
        assert_eq!(
            problem(r#"[7, {"name": "a", "passes": "yes"}, {"steps": []}]"#),
            "not a feature list: entry 1 is no object; entry 2 has a flag that is neither true nor false; entry 3 has \
             neither `title` nor `name` nor `description`"
        );
    }
}
