//! Labels: by number on Gitea, by name on GitHub; one at a time, and never created by accident.

use std::sync::PoisonError;

use serde_json::json;

use super::super::{Dialect, NewLabel, Result, Trouble};
use super::Rest;
use super::pages::Listed;
use super::wire::{Label, WireIssue};
use crate::core::names::IssueNumber;
use crate::edge::http::{Method, Request, encode};

/// A label that exists, of the repository or of its organisation.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: Option<i64>,
    pub(super) name: String,
}

/// Where labels are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shelf {
    Repository,
    Organisation,
}

impl Rest {
    pub(in super::super) fn labels(&self) -> Result<Vec<String>> {
        let mut known = self.known_labels(Shelf::Repository)?;
        known.extend(self.known_labels(Shelf::Organisation)?);
        Ok(known.into_iter().map(|label| label.name).collect())
    }

    /// Each shelf is asked once; [`Rest::create_label`] forgets them.
    fn known_labels(&self, shelf: Shelf) -> Result<Vec<Known>> {
        if let Some(known) = self.labels.lock().unwrap_or_else(PoisonError::into_inner).get(&shelf) {
            return Ok(known.clone());
        }
        let known = match (shelf, self.dialect) {
            (Shelf::Repository, _) => self.list_labels(self.path("/labels"))?,
            (Shelf::Organisation, Dialect::Gitea) => self.organisation_labels()?,
            (Shelf::Organisation, Dialect::Github) => Vec::new(),
        };
        self.labels.lock().unwrap_or_else(PoisonError::into_inner).insert(shelf, known.clone());
        Ok(known)
    }

    fn list_labels(&self, path: String) -> Result<Vec<Known>> {
        let key = |label: &Label| (label.id(), label.name().to_owned());
        let labels: Vec<Label> = self.all_pages(&Listed::of("list the labels", path), key)?;
        Ok(labels.into_iter().map(|label| Known { id: label.id(), name: label.name().to_owned() }).collect())
    }

    /// Gitea's organisations have labels of their own, which the repository's list leaves out. A person's account has
    /// none and answers 404; a token without the right for organisations answers 403.
    fn organisation_labels(&self) -> Result<Vec<Known>> {
        match self.list_labels(format!("/orgs/{}/labels", encode(&self.slug.owner))) {
            Err(error) if matches!(error.trouble, Trouble::Missing | Trouble::Forbidden { .. }) => Ok(Vec::new()),
            labels => labels,
        }
    }

    /// The label in the forge's own spelling. GitHub would create an unknown one, Gitea would ignore it and say 200.
    pub(super) fn known_label(&self, doing: &str, name: &str) -> Result<Known> {
        for shelf in [Shelf::Repository, Shelf::Organisation] {
            let labels = self.known_labels(shelf)?;
            let exact = labels.iter().find(|label| label.name == name);
            let found = exact.or_else(|| labels.iter().find(|label| label.name.eq_ignore_ascii_case(name)));
            if let Some(found) = found {
                return Ok(found.clone());
            }
        }
        Err(self.trouble(doing, Trouble::UnknownLabel { name: name.to_owned() }))
    }

    pub(in super::super) fn add_label(&self, number: IssueNumber, name: &str) -> Result<()> {
        let doing = format!("add the label `{name}` to issue {number}");
        let label = self.known_label(&doing, name)?;
        // Numbers reach an organisation's labels too; Gitea takes numbers or names, never both.
        let body = match (self.dialect, label.id) {
            (Dialect::Gitea, Some(id)) => json!({ "labels": [id] }),
            (Dialect::Gitea, None) | (Dialect::Github, _) => json!({ "labels": [label.name] }),
        };
        let path = self.path(&format!("/issues/{number}/labels"));
        // Adding the same label twice is adding it once.
        let repeat = crate::edge::http::Repeat::Idempotent;
        let request = Request { repeat, ..Request::write(Method::Post, path, Some(&body)) };
        let now: Option<Vec<Label>> = self.call(&doing, &request)?;
        let there = now.iter().flatten().any(|there| there.name().eq_ignore_ascii_case(name));
        if there { Ok(()) } else { Err(self.trouble(&doing, Trouble::UnknownLabel { name: name.to_owned() })) }
    }

    pub(in super::super) fn remove_label(&self, number: IssueNumber, name: &str) -> Result<()> {
        let doing = format!("remove the label `{name}` from issue {number}");
        let which = match self.dialect {
            Dialect::Github => encode(name),
            Dialect::Gitea => match self.label_on(&doing, number, name)? {
                Some(id) => id.to_string(),
                None => return Ok(()),
            },
        };
        let path = self.path(&format!("/issues/{number}/labels/{which}"));
        match self.tell(&doing, &Request::write(Method::Delete, path, None)) {
            Err(error) if error.trouble == Trouble::Missing => Ok(()),
            result => result,
        }
    }

    /// The number of a label that an issue carries.
    fn label_on(&self, doing: &str, number: IssueNumber, name: &str) -> Result<Option<i64>> {
        let issue: WireIssue = self.call(doing, &self.issue_request(number))?;
        let mut labels = issue.labels.into_iter().flatten();
        Ok(labels.find(|label| label.name().eq_ignore_ascii_case(name)).and_then(|label| label.id()))
    }

    pub(in super::super) fn create_label(&self, label: &NewLabel<'_>) -> Result<()> {
        let doing = format!("create the label `{}`", label.name);
        // Gitea creates a second label of the same name without a word.
        if self.known_label(&doing, label.name).is_ok() {
            return Ok(());
        }
        let color = match self.dialect {
            Dialect::Gitea => format!("#{}", label.color),
            Dialect::Github => label.color.to_owned(),
        };
        let body = json!({ "name": label.name, "color": color, "description": label.description });
        let result = self.tell(&doing, &Request::write(Method::Post, self.path("/labels"), Some(&body)));
        self.labels.lock().unwrap_or_else(PoisonError::into_inner).clear();
        match result {
            Err(error) if self.known_label(&doing, label.name).is_err() => Err(error),
            _ => Ok(()),
        }
    }
}
