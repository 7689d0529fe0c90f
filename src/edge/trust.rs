//! Which contents of the team's file the user trusts: digests in git-burn's folder inside `.git`.

use std::fs;
use std::io;
use std::path::PathBuf;

use anyhow::Context;

use super::repo::Repo;

/// SHA-256 of a content, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(String);

impl Digest {
    /// Computes it.
    pub fn of(content: &[u8]) -> Self {
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha256);
        hasher.update(content);
        Self(hasher.try_finalize().expect("SHA-256 has no known collisions to refuse").to_string())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The file `burn/trust` of a repository, one digest a line.
pub struct TrustStore {
    file: PathBuf,
}

impl TrustStore {
    /// The store of this repository, shared by its worktrees.
    pub fn of(repo: &Repo) -> Self {
        Self { file: repo.burn_dir().join("trust") }
    }

    /// Whether the user trusts that content.
    pub fn contains(&self, digest: &Digest) -> anyhow::Result<bool> {
        Ok(self.lines()?.iter().any(|line| line == digest.as_str()))
    }

    /// Trusts it from now on.
    pub fn add(&self, digest: &Digest) -> anyhow::Result<()> {
        let mut lines = self.lines()?;
        if !lines.iter().any(|line| line == digest.as_str()) {
            lines.push(digest.as_str().to_owned());
        }
        self.write(&lines)
    }

    /// Trusts nothing any more. Says whether there was anything.
    pub fn clear(&self) -> anyhow::Result<bool> {
        match fs::remove_file(&self.file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot remove {}", self.file.display())),
        }
    }

    fn lines(&self) -> anyhow::Result<Vec<String>> {
        match fs::read_to_string(&self.file) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.file.display())),
        }
    }

    fn write(&self, lines: &[String]) -> anyhow::Result<()> {
        let folder = self.file.parent().context("the store has a folder")?;
        let write = || {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            io::Write::write_all(&mut file, (lines.join("\n") + "\n").as_bytes())?;
            file.persist(&self.file).map_err(|failed| failed.error)
        };
        write().with_context(|| format!("cannot write {}", self.file.display())).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_sha256() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
