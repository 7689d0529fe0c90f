//! A JSON feature list as a backlog: each feature that does not pass becomes an issue in a folder inside `.git`.
//!
//! The list itself is never written: it may be a tracked file. A copy with the pass flags set stands beside the folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::context::Context;
use crate::core::features::{Feature, FeatureList};
use crate::core::issue::{Issue, Pick};
use crate::core::names::fnv1a;
use crate::edge::forge::{Forge, NewIssue};
use crate::edge::http::Ambient;

/// A list, and the folder of its issues.
pub struct Features {
    list: FeatureList,
    /// What `burn.url` is for the sprint.
    pub issues: PathBuf,
    /// Where the copy with the flags is written.
    copy: PathBuf,
}

impl Features {
    /// Reads the list and makes an issue of every pending feature that has none yet.
    pub fn open(file: &Path, context: &Context, ready_label: &str) -> anyhow::Result<Self> {
        let file = context.cwd.join(file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let list = FeatureList::parse(&text).with_context(|| file.display().to_string())?;
        let name = format!("{:016x}", fnv1a(file.as_os_str().as_encoded_bytes()));
        let folder = context.open_repo()?.burn_dir().join("features").join(name);
        let features = Self { list, issues: folder.join("issues"), copy: folder.join("feature_list.json") };
        fs::create_dir_all(&features.issues).with_context(|| format!("cannot make {}", features.issues.display()))?;
        features.file_issues(ready_label)?;
        Ok(features)
    }

    fn forge(&self) -> Forge {
        Forge::files(self.issues.clone(), "git-burn".into(), Ambient::system())
    }

    fn file_issues(&self, ready_label: &str) -> anyhow::Result<()> {
        let forge = self.forge();
        let there: BTreeSet<String> = self.filed(&forge)?.into_iter().map(|issue| issue.title).collect();
        for index in self.list.pending() {
            let Feature { body, category, .. } = &self.list.features[index];
            let title = self.title(index);
            if there.contains(&title) {
                continue;
            }
            let labels: Vec<String> =
                [ready_label, "feature"].into_iter().map(str::to_owned).chain(category.clone()).collect();
            forge.open_issue(&NewIssue { title: &title, body, labels: &labels })?;
        }
        Ok(())
    }

    fn filed(&self, forge: &Forge) -> anyhow::Result<Vec<Issue>> {
        Ok(forge.issues(&Pick::default(), usize::MAX)?.issues)
    }

    /// A feature's title, with its place where another one has the same.
    fn title(&self, index: usize) -> String {
        let title = &self.list.features[index].title;
        let twins = self.list.features.iter().filter(|feature| feature.title == *title).count();
        if twins > 1 { format!("{title} ({})", index + 1) } else { title.clone() }
    }

    /// Sets the flag of every feature whose issue is under review, and returns the copy's path, passing and all.
    pub fn finish(&self, review_label: &str) -> anyhow::Result<(PathBuf, usize, usize)> {
        let issues = self.filed(&self.forge())?;
        let reviewed = |title: &str| issues.iter().any(|issue| issue.title == title && issue.has_label(review_label));
        let count = self.list.features.len();
        let passing: BTreeSet<usize> =
            (0..count).filter(|index| self.list.features[*index].passes || reviewed(&self.title(*index))).collect();
        fs::write(&self.copy, self.list.with_passing(&passing))
            .with_context(|| format!("cannot write {}", self.copy.display()))?;
        Ok((self.copy.clone(), passing.len(), count))
    }
}
