//! Where compilers, interpreters and their package caches are: what checks must be able to read to run at all.

use std::path::{Path, PathBuf};

use crate::edge::git::Environment;

/// Folders that are mounted read-only, and variables that name them.
#[derive(Debug)]
pub(super) struct Toolchains {
    pub read: Vec<PathBuf>,
    /// Package caches of the user's HOME, and where they belong in the private one.
    pub caches: Vec<(PathBuf, &'static str)>,
    /// Cargo's own folder, of which only the parts without credentials are shown.
    pub cargo_home: Option<PathBuf>,
    variables: Vec<(&'static str, PathBuf)>,
}

/// A variable that names a toolchain's folder, and where the folder is, below HOME, when the variable is not set.
const HOMES: [(&str, &str); 13] = [
    ("RUSTUP_HOME", ".rustup"),
    ("PYENV_ROOT", ".pyenv"),
    ("NVM_DIR", ".nvm"),
    ("VOLTA_HOME", ".volta"),
    ("RBENV_ROOT", ".rbenv"),
    ("SDKMAN_DIR", ".sdkman"),
    ("ASDF_DATA_DIR", ".asdf"),
    ("BUN_INSTALL", ".bun"),
    ("DENO_INSTALL", ".deno"),
    ("GHCUP_INSTALL_BASE_PREFIX", ".ghcup"),
    ("OPAMROOT", ".opam"),
    ("ELAN_HOME", ".elan"),
    ("MISE_DATA_DIR", ".local/share/mise"),
];

/// Package caches that tools look for below HOME. Tools do with reading them, so one check cannot poison another's.
const CACHES: [&str; 6] =
    [".npm/_cacache", ".cache/yarn", ".yarn/berry/cache", ".local/share/pnpm/store", ".m2/repository", ".ivy2/cache"];

/// Read where they are, but named by no variable that a tool would follow, or by one that is set only if it was.
const PLAIN: [&str; 7] =
    [".local/bin", ".local/lib", ".local/share/uv", ".gem", ".nix-profile", ".npm-global", "go/bin"];

impl Toolchains {
    /// Looks into the usual places of this environment.
    pub(super) fn find(environment: &Environment, more: Vec<PathBuf>) -> Self {
        let home = environment.get("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let below_home = |part: &str| home.as_ref().map(|home| home.join(part));
        let named = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let mut found = Self { read: more, caches: Vec::new(), cargo_home: None, variables: Vec::new() };
        for (variable, part) in HOMES {
            found.add_named(variable, named(variable).or_else(|| below_home(part)));
        }
        for variable in ["GOROOT", "JAVA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX"] {
            found.add_named(variable, named(variable));
        }
        let caches = CACHES.iter().filter_map(|part| Some((below_home(part)?, *part)));
        found.caches = caches.filter(|(folder, _)| folder.is_dir()).collect();
        let modules = named("GOMODCACHE").or_else(|| below_home("go/pkg/mod"));
        found.add_named("GOMODCACHE", modules);
        found.read.extend(PLAIN.iter().filter_map(|part| below_home(part)));
        if below_home(".local/lib").is_some_and(|lib| lib.is_dir()) {
            found.variables.extend(below_home(".local").map(|base| ("PYTHONUSERBASE", base)));
        }
        let cargo_home = named("CARGO_HOME").or_else(|| below_home(".cargo"));
        found.cargo_home = cargo_home.filter(|folder| folder.is_dir());
        if let Some(path) = environment.get("PATH") {
            let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
            found.read.extend(folders);
        }
        let is_project = |folder: &Path| folder.parent().is_none() || home.as_deref() == Some(folder);
        found.read.retain(|folder| folder.is_dir() && !is_project(folder));
        found
    }

    fn add_named(&mut self, variable: &'static str, folder: Option<PathBuf>) {
        if let Some(folder) = folder.filter(|folder| folder.is_dir()) {
            self.read.push(folder.clone());
            self.variables.push((variable, folder));
        }
    }

    /// For a check in the sandbox: Cargo gets a folder of its own, into which the registry is mounted.
    pub(super) fn variables_inside(&self) -> Vec<(&'static str, PathBuf)> {
        self.with_cargo(Path::new(super::mounts::HOME).join(".cargo"))
    }

    /// For a check without a sandbox.
    pub(super) fn variables_outside(&self) -> Vec<(&'static str, PathBuf)> {
        match &self.cargo_home {
            Some(folder) => self.with_cargo(folder.clone()),
            None => self.variables.clone(),
        }
    }

    fn with_cargo(&self, folder: PathBuf) -> Vec<(&'static str, PathBuf)> {
        let cargo = self.cargo_home.as_ref().map(|_| ("CARGO_HOME", folder));
        self.variables.iter().cloned().chain(cargo).collect()
    }
}
