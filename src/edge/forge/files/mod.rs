//! A folder of Markdown files as a forge: for people who keep their backlog beside the code.
//!
//! `42-empty-input.md` holds issue 42: front matter (`number`, `title`, `state`, `labels`, `assignees`, `author`,
//! `milestone`, `created`, `updated`, `closed`, `depends`), the text, and comments as marked sections below it.
//! `pulls/43.md` holds pull request 43; both kinds share one series of numbers. A comment in it whose marker says `review=`
//! or `path=` is part of a review. Backlog.md's folders can be read too.

mod document;
mod issue;
mod review;
mod store;
mod yaml;

use std::path::{Path, PathBuf};

use self::document::Document;
use self::store::{Page, Store};
use self::yaml::Value;
use super::{
    ForgeError, Found, Listing, Me, NewIssue, NewLabel, NewPull, Opened, PullFilter, Repository, Result, Trouble,
};
use crate::core::act::Ripeness;
use crate::core::issue::{Comment, Issue, Pick, Pull, PullState, Role, State};
use crate::core::names::{IssueNumber, Timestamp, slug};
use crate::core::review::Reading;
use crate::edge::http::Ambient;

/// Comments are numbered within a file; for the whole folder it is `issue * COMMENTS + comment`.
const COMMENTS: u64 = 100_000;

/// A folder of issues.
pub(super) struct Folder {
    store: Store,
    login: String,
}

impl Folder {
    pub(super) fn new(folder: PathBuf, login: String, ambient: Ambient) -> Self {
        // As the marker of a comment can hold it.
        let login = login.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '<' | '>')).collect();
        Self { store: Store::new(folder, ambient), login }
    }

    fn place(&self) -> String {
        self.store.root().display().to_string()
    }

    fn missing(&self, doing: &str) -> ForgeError {
        ForgeError::new(doing, self.place(), Trouble::Missing)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the same signature as for servers")]
    pub(super) fn me(&self) -> Result<Me> {
        Ok(Me { id: None, login: self.login.clone() })
    }

    pub(super) fn repository(&self) -> Result<Repository> {
        self.store.names("read the folder of issues", self.store.root())?;
        Ok(Repository {
            name: self.place(),
            default_branch: None,
            owner: String::new(),
            archived: false,
            my_role: Role::Writer,
            url: String::new(),
        })
    }

    pub(super) fn issues(&self, pick: &Pick, limit: usize) -> Result<Listing> {
        let mut listing = Listing::default();
        for page in self.pages("list the open issues")? {
            match page.and_then(|page| self.to_issue("list the open issues", &page)) {
                Ok(issue) if issue.state == State::Open && pick.admits(&issue) => listing.issues.push(issue),
                Ok(_) => {}
                Err(error) => listing.remarks.push(error.to_string()),
            }
        }
        listing.issues.sort_by_key(|issue| issue.number);
        for twins in listing.issues.windows(2).filter(|pair| pair[0].number == pair[1].number) {
            listing.remarks.push(format!("two files have the number {}", twins[0].number));
        }
        listing.issues.dedup_by_key(|issue| issue.number);
        listing.issues.truncate(limit);
        Ok(listing)
    }

    /// Every file that is an issue, or the reason why it cannot be read.
    fn pages(&self, doing: &str) -> Result<Vec<Result<Page>>> {
        let mut pages = Vec::new();
        for folder in self.store.issue_folders() {
            for path in self.store.names(doing, &folder)? {
                match self.store.read(doing, &path) {
                    Ok(page) if issue::number(&page).is_none() && !issue::claims_to_be_one(&page) => {}
                    page => pages.push(page),
                }
            }
        }
        Ok(pages)
    }

    fn to_issue(&self, doing: &str, page: &Page) -> Result<Issue> {
        let what = "has no `number` in its front matter, and none at the start of its name";
        let number = issue::number(page).ok_or_else(|| self.store.malformed(doing, &page.path, Some(1), what))?;
        Ok(issue::read(page, number))
    }

    pub(super) fn issue(&self, number: IssueNumber) -> Result<Found> {
        let doing = format!("read issue {number}");
        match self.find(&doing, number)? {
            Some(page) => Ok(Found::Issue(self.to_issue(&doing, &page)?)),
            None if self.pull_path(number.get()).exists() => Ok(Found::PullRequest),
            None => Ok(Found::Missing),
        }
    }

    /// The file of an issue: by its name, or else by the front matter of all.
    fn find(&self, doing: &str, number: IssueNumber) -> Result<Option<Page>> {
        let mut found = Vec::new();
        let mut others = Vec::new();
        for folder in self.store.issue_folders() {
            for path in self.store.names(doing, &folder)? {
                let fits = issue::number_in_name(&path) == Some(number);
                if fits { found.push(path) } else { others.push(path) }
            }
        }
        let is_it = |page: &Page| issue::number(page) == Some(number);
        let mut pages = found.iter().map(|path| self.store.read(doing, path)).collect::<Result<Vec<_>>>()?;
        pages.retain(is_it);
        if pages.is_empty() {
            // A broken file among the others cannot be said to be this one.
            pages = others.iter().filter_map(|path| self.store.read(doing, path).ok()).filter(is_it).collect();
        }
        match pages.len() {
            0 | 1 => Ok(pages.pop()),
            _ => {
                let other = pages[1].path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let what = format!("has the same number as {other}: {number}");
                Err(self.store.malformed(doing, &pages[0].path, Some(1), &what))
            }
        }
    }

    /// The file behind a number, issue or pull request.
    fn page(&self, doing: &str, number: IssueNumber) -> Result<Page> {
        if let Some(page) = self.find(doing, number)? {
            return Ok(page);
        }
        let path = self.pull_path(number.get());
        if path.exists() { self.store.read(doing, &path) } else { Err(self.missing(doing)) }
    }

    pub(super) fn comments(&self, number: IssueNumber) -> Result<Vec<Comment>> {
        let page = self.page(&format!("read the comments of issue {number}"), number)?;
        Ok(issue::comments(&page.document, number))
    }

    /// A file keeps no record of its states.
    #[expect(clippy::unnecessary_wraps, reason = "the same signature as for servers")]
    pub(super) fn reopened(&self, _number: IssueNumber) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    pub(super) fn recent_comments(&self, since: Timestamp, limit: usize) -> Result<Vec<(IssueNumber, Comment)>> {
        let mut found = Vec::new();
        for page in self.pages("read the latest comments")?.into_iter().flatten() {
            let Some(number) = issue::number(&page) else { continue };
            let comments = issue::comments(&page.document, number).into_iter();
            found.extend(comments.filter(|comment| comment.updated >= since).map(|comment| (number, comment)));
        }
        found.truncate(limit);
        Ok(found)
    }

    pub(super) fn own_comment(&self, number: IssueNumber, marker: &str) -> Result<Option<Comment>> {
        let mut comments = self.comments(number)?.into_iter();
        Ok(comments.rfind(|comment| comment.author == self.login && comment.body.contains(marker)))
    }

    pub(super) fn labels(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for page in self.pages("list the labels")?.into_iter().flatten() {
            for name in page.document.list(issue::LABELS) {
                if !names.iter().any(|there| there.eq_ignore_ascii_case(&name)) {
                    names.push(name);
                }
            }
        }
        names.sort();
        Ok(names)
    }

    /// Who can write into the folder can write into the repository.
    #[expect(clippy::unnecessary_wraps, reason = "the same signature as for servers")]
    pub(super) fn permission(&self, _login: &str) -> Result<Role> {
        Ok(Role::Writer)
    }

    /// Reads a file under the lock, changes it and writes it back if that made a difference.
    fn change(&self, doing: &str, number: IssueNumber, change: impl FnOnce(&mut Document)) -> Result<Document> {
        let _locked = self.store.lock(doing)?;
        let mut page = self.page(doing, number)?;
        let before = page.document.text().to_owned();
        change(&mut page.document);
        if page.document.text() != before {
            self.store.write(doing, &page.path, page.document.text())?;
        }
        Ok(page.document)
    }

    pub(super) fn comment(&self, number: IssueNumber, body: &str) -> Result<Comment> {
        let doing = format!("comment on issue {number}");
        let now = self.store.now();
        let document = self.change(&doing, number, |document| {
            document.append(&self.login, &now, body);
        })?;
        issue::comments(&document, number).pop().ok_or_else(|| self.missing(&doing))
    }

    pub(super) fn edit_comment(&self, id: u64, body: &str) -> Result<Comment> {
        let doing = format!("edit comment {id}");
        let number = IssueNumber::new(id / COMMENTS).ok_or_else(|| self.missing(&doing))?;
        let mut there = false;
        let document = self.change(&doing, number, |document| there = document.edit_section(id % COMMENTS, body))?;
        let edited = issue::comments(&document, number).into_iter().find(|comment| there && comment.id == id);
        edited.ok_or_else(|| self.missing(&doing))
    }

    pub(super) fn add_label(&self, number: IssueNumber, name: &str) -> Result<()> {
        self.change_list(&format!("add the label `{name}` to issue {number}"), number, issue::LABELS, Change::Add(name))
    }

    pub(super) fn remove_label(&self, number: IssueNumber, name: &str) -> Result<()> {
        let doing = format!("remove the label `{name}` from issue {number}");
        self.change_list(&doing, number, issue::LABELS, Change::Remove(name))
    }

    pub(super) fn assign(&self, number: IssueNumber, login: &str) -> Result<()> {
        self.change_list(&format!("assign `{login}` to issue {number}"), number, issue::ASSIGNEES, Change::Add(login))
    }

    fn change_list(&self, doing: &str, number: IssueNumber, keys: &[&str], change: Change<'_>) -> Result<()> {
        let edit = |document: &mut Document| {
            let mut items = document.list(keys);
            let position = |name: &str| items.iter().position(|item| issue::same_name(item, name));
            match change {
                Change::Add(name) if position(name).is_none() => items.push(name.to_owned()),
                Change::Remove(name) if position(name).is_some() => items.retain(|item| !issue::same_name(item, name)),
                Change::Add(_) | Change::Remove(_) => return,
            }
            document.set(keys, &Value::List(items));
        };
        self.change(doing, number, edit).map(drop)
    }

    /// Labels need no creating here: one exists as soon as an issue carries it.
    #[expect(clippy::unnecessary_wraps, reason = "the same signature as for servers")]
    pub(super) fn create_label(&self, _label: &NewLabel<'_>) -> Result<()> {
        Ok(())
    }

    pub(super) fn open_issue(&self, new: &NewIssue<'_>) -> Result<Issue> {
        let doing = "open an issue";
        let _locked = self.store.lock(doing)?;
        let number = self.next_number(doing)?;
        let fields = [
            ("number", Value::Text(number.to_string())),
            ("title", Value::Text(new.title.to_owned())),
            ("state", Value::Text("open".into())),
            ("labels", Value::List(new.labels.to_vec())),
            ("assignees", Value::List(Vec::new())),
            ("author", Value::Text(self.login.clone())),
            ("created", Value::Text(self.store.now())),
        ];
        let document = Document::write(&fields, new.body);
        let name = format!("{number}-{}", slug(new.title));
        let folder = self.store.issue_folders().swap_remove(0);
        let path = folder.join(format!("{}.md", name.trim_end_matches('-')));
        self.store.write(doing, &path, document.text())?;
        self.to_issue(doing, &Page { path, document })
    }

    /// One more than any number in use, of issues and pull requests alike, also in names of files that cannot be read.
    fn next_number(&self, doing: &str) -> Result<u64> {
        let mut largest = 0;
        for page in self.pages(doing)?.iter().flatten() {
            largest = largest.max(issue::number(page).map_or(0, IssueNumber::get));
        }
        let mut folders = self.store.issue_folders();
        folders.push(self.store.pull_folder());
        for folder in folders {
            for path in self.store.names(doing, &folder)? {
                largest = largest.max(issue::number_in_name(&path).map_or(0, IssueNumber::get));
            }
        }
        Ok(largest + 1)
    }

    pub(super) fn close_issue(&self, number: IssueNumber) -> Result<()> {
        let now = self.store.now();
        self.change(&format!("close issue {number}"), number, |document| {
            if issue::state(document) == State::Open {
                let word = if document.field(&["status"]).is_some() { "Done" } else { "closed" };
                document.set(issue::STATE, &Value::Text(word.into()));
                document.set(&["closed"], &Value::Text(now));
            }
        })
        .map(drop)
    }

    fn pull_path(&self, number: u64) -> PathBuf {
        self.store.pull_folder().join(format!("{number}.md"))
    }

    fn read_pull(&self, doing: &str, path: &Path) -> Result<Pull> {
        let page = self.store.read(doing, path)?;
        let what = "a pull request's file is named by its number: `43.md`";
        let number = issue::number(&page).ok_or_else(|| self.store.malformed(doing, path, Some(1), what))?;
        Ok(self.pull_of(&page.document, number.get()))
    }

    /// A pull request's address is its file.
    fn pull_of(&self, document: &Document, number: u64) -> Pull {
        let url = self.pull_path(number).display().to_string();
        Pull { url, ..issue::read_pull(document, number) }
    }

    pub(super) fn pulls(&self, filter: PullFilter, limit: usize) -> Result<Vec<Pull>> {
        let doing = "list the pull requests";
        let paths = self.store.names(doing, &self.store.pull_folder())?;
        let mut pulls = paths.iter().map(|path| self.read_pull(doing, path)).collect::<Result<Vec<_>>>()?;
        pulls.retain(|pull| filter.admits(pull.state));
        pulls.sort_by_key(|pull| std::cmp::Reverse(pull.number));
        pulls.truncate(limit);
        Ok(pulls)
    }

    pub(super) fn pull(&self, number: u64) -> Result<Option<Pull>> {
        let path = self.pull_path(number);
        if !path.exists() {
            return Ok(None);
        }
        self.read_pull(&format!("read pull request {number}"), &path).map(Some)
    }

    pub(super) fn reviews(&self, number: u64) -> Result<Reading> {
        let doing = format!("read the reviews of pull request {number}");
        let path = self.pull_path(number);
        if !path.exists() {
            return Err(self.missing(&doing));
        }
        Ok(review::read(&self.store.read(&doing, &path)?.document, number))
    }

    pub(super) fn pull_for_branch(&self, head: &str, base: &str) -> Result<Option<Pull>> {
        let mut pulls = self.pulls(PullFilter::All, usize::MAX)?;
        pulls.retain(|pull| pull.head == head && pull.base == base);
        let open = pulls.iter().position(|pull| pull.state == PullState::Open).unwrap_or(0);
        Ok((!pulls.is_empty()).then(|| pulls.swap_remove(open)))
    }

    pub(super) fn open_pull(&self, new: &NewPull<'_>) -> Result<Opened> {
        let doing = format!("open a pull request from `{}`", new.head);
        let _locked = self.store.lock(&doing)?;
        let there = self.pull_for_branch(new.head, new.base)?;
        if let Some(there) = there.filter(|pull| pull.state == PullState::Open) {
            return Ok(Opened::Existed(there));
        }
        let number = self.next_number(&doing)?;
        let text = |text: &str| Value::Text(text.to_owned());
        let fields = [
            ("number", text(&number.to_string())),
            ("title", text(new.title)),
            ("state", text("open")),
            ("head", text(new.head)),
            ("base", text(new.base)),
            ("draft", Value::Flag(new.ripeness == Ripeness::Draft)),
            ("author", text(&self.login)),
            ("reviewers", Value::List(Vec::new())),
            ("created", Value::Text(self.store.now())),
        ];
        let document = Document::write(&fields, new.body);
        self.store.write(&doing, &self.pull_path(number), document.text())?;
        Ok(Opened::Created(self.pull_of(&document, number)))
    }

    pub(super) fn edit_pull(&self, number: u64, body: &str) -> Result<()> {
        let doing = format!("edit pull request {number}");
        let number = IssueNumber::new(number).ok_or_else(|| self.missing(&doing))?;
        self.change(&doing, number, |document| document.set_body(body)).map(drop)
    }

    pub(super) fn request_reviewer(&self, pull: u64, login: &str) -> Result<()> {
        let doing = format!("ask `{login}` to review pull request {pull}");
        let number = IssueNumber::new(pull).ok_or_else(|| self.missing(&doing))?;
        self.change_list(&doing, number, &["reviewers"], Change::Add(login))
    }
}

/// What happens to a list in the front matter.
#[derive(Clone, Copy)]
enum Change<'a> {
    Add(&'a str),
    Remove(&'a str),
}
