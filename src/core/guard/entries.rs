//! Rules about paths and kinds of entries: what is touched at all, before anybody reads a line.

use std::sync::LazyLock;

use super::globs::Globs;
use super::violation::{Rule, Violation, excerpt};
use crate::core::change::{Change, Entry, FileChange, Origin, is_binary};
use crate::core::names::RepoPath;
use crate::core::text::{Hidden, hidden};

/// Paths that a machine does not change unless its user says so. Each group names its reason.
const PROTECTED: &[&str] = &[
    // git reads these itself.
    ".gitmodules",
    ".gitattributes",
    ".lfsconfig",
    ".gitburn",
    // CI: runs with the repository's secrets.
    ".github/workflows/**",
    ".github/actions/**",
    ".github/dependabot.*",
    ".github/renovate.*",
    ".github/copilot-instructions.md",
    ".github/instructions/**",
    ".github/chatmodes/**",
    ".github/prompts/**",
    ".github/agents/**",
    ".gitea/workflows/**",
    ".gitea/actions/**",
    ".forgejo/workflows/**",
    ".forgejo/actions/**",
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    ".gitlab/ci/**",
    ".woodpecker/**",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    ".drone.yml",
    ".drone.yaml",
    ".drone.star",
    ".drone.jsonnet",
    ".circleci/**",
    ".travis.yml",
    "Jenkinsfile",
    "Jenkinsfile.*",
    "azure-pipelines.yml",
    "azure-pipelines.yaml",
    ".azure-pipelines/**",
    ".buildkite/**",
    "appveyor.yml",
    ".appveyor.yml",
    ".cirrus.yml",
    ".cirrus.star",
    "bitbucket-pipelines.yml",
    "cloudbuild.yaml",
    "cloudbuild.yml",
    ".semaphore/**",
    ".builds/**",
    ".build.yml",
    ".teamcity/**",
    ".tekton/**",
    "codemagic.yaml",
    "bitrise.yml",
    "wercker.yml",
    "buildspec.yml",
    ".mergify.yml",
    ".mergify/**",
    "renovate.json",
    "renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    "bors.toml",
    // Who has to agree.
    "CODEOWNERS",
    // Hooks.
    ".husky/**",
    "**/.husky/**",
    ".githooks/**",
    "**/.githooks/**",
    ".pre-commit-config.yaml",
    ".pre-commit-config.yml",
    ".pre-commit-hooks.yaml",
    "lefthook.yml",
    "lefthook.yaml",
    "lefthook.toml",
    ".lefthook.yml",
    ".lefthook/**",
    ".overcommit.yml",
    // Tools that run code when a folder is entered or opened.
    ".envrc",
    "mise.toml",
    ".mise.toml",
    "mise.local.toml",
    ".mise.local.toml",
    ".mise/**",
    ".config/mise/**",
    ".config/mise.toml",
    "mise/config.toml",
    ".rtx.toml",
    "**/.vscode/**",
    "**/.idea/**",
    "**/.devcontainer/**",
    ".devcontainer.json",
    "**/.zed/**",
    "**/.fleet/**",
    ".exrc",
    ".nvimrc",
    ".nvim.lua",
    ".vimrc",
    ".lvimrc",
    ".dir-locals.el",
    "*.code-workspace",
    ".gitpod.yml",
    ".tool-versions",
    // Instructions and settings of agents.
    "AGENTS.md",
    "AGENTS.override.md",
    "AGENT.md",
    "CLAUDE.md",
    "CLAUDE.local.md",
    "GEMINI.md",
    "QWEN.md",
    "CONVENTIONS.md",
    "WARP.md",
    "**/.claude/**",
    "**/.cursor/**",
    "**/.codex/**",
    "**/.gemini/**",
    "**/.windsurf/**",
    "**/.continue/**",
    "**/.aider*",
    "**/.roo/**",
    "**/.kiro/**",
    "**/.amazonq/**",
    "**/.clinerules/**",
    "**/.junie/**",
    "**/.opencode/**",
    "**/.agents/**",
    "**/.qwen/**",
    "**/.augment/**",
    ".cursorrules",
    ".windsurfrules",
    ".clinerules",
    ".roomodes",
    ".roorules",
    ".goosehints",
    ".rules",
    ".mcp.json",
    "mcp.json",
    "opencode.json",
    ".cursorignore",
    ".aiexclude",
    // Where packages come from, and credentials of package managers.
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".yarn/releases/**",
    ".yarn/plugins/**",
    ".pnpmfile.cjs",
    "bunfig.toml",
    ".cargo/config.toml",
    ".cargo/config",
    "**/.cargo/config.toml",
    "**/.cargo/config",
    "**/.cargo/credentials*",
    "pip.conf",
    "pip.ini",
    ".pypirc",
    ".netrc",
    "_netrc",
    ".condarc",
    ".gemrc",
    ".bundle/config",
    ".m2/settings.xml",
    ".git-credentials",
    ".gitconfig",
    ".dockercfg",
    ".docker/config.json",
    ".htpasswd",
    ".terraformrc",
    "terraform.rc",
    // Secrets and keys.
    ".env",
    ".env.*",
    "*.key",
    "*.pem",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.ppk",
    "*.kdbx",
    "*.gpg",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "**/.ssh/**",
    "**/.gnupg/**",
    "**/.aws/**",
    "**/.kube/**",
    "credentials.json",
    "secrets.yml",
    "secrets.yaml",
    "*.tfstate",
    "*.tfstate.*",
    // The seed's: data and production.
    "data/**",
    "backups/**",
    "var/lib/**",
    "*.sqlite",
    "*.sqlite3",
    "*.db",
    "docker-compose.prod.yml",
    "docker-compose.prod.yaml",
    "compose.prod.yml",
    "compose.prod.yaml",
    "docker-compose.production.yml",
    "docker-compose.production.yaml",
];

/// Examples of environment files hold names, not values.
const UNPROTECTED: &[&str] = &[
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    ".env.defaults",
    ".env.example.*",
    ".env.*.example",
    ".env.*.sample",
    ".env.*.template",
];

/// [`PROTECTED`], compiled once.
pub(super) static BUILTIN_PROTECTED: LazyLock<Globs> =
    LazyLock::new(|| Globs::parse(PROTECTED).expect("the built-in patterns are constants that the tests compile"));

/// [`UNPROTECTED`], compiled once.
static BUILTIN_UNPROTECTED: LazyLock<Globs> =
    LazyLock::new(|| Globs::parse(UNPROTECTED).expect("the built-in patterns are constants that the tests compile"));

/// Which paths may be touched.
#[derive(Debug, Clone, Default)]
pub(super) struct PathRules {
    /// On top of [`PROTECTED`].
    pub(super) protect: Globs,
    /// The user's exceptions from [`PROTECTED`].
    pub(super) unprotect: Globs,
    /// Exclusive lists; a path has to be on all of them.
    pub(super) allow: Vec<Globs>,
}

impl PathRules {
    /// The pattern that protects a path. What a repository or the user protects explicitly, no exception opens.
    fn protector(&self, path: &RepoPath) -> Option<&str> {
        if let Some(pattern) = self.protect.find(path) {
            return Some(pattern);
        }
        let exempt = BUILTIN_UNPROTECTED.matches(path) || self.unprotect.matches(path);
        BUILTIN_PROTECTED.find(path).filter(|_| !exempt)
    }

    /// Protected paths, paths outside of the allow-list, and names that mislead.
    pub(super) fn check(&self, change: &Change, violations: &mut Vec<Violation>) {
        for path in change.paths() {
            if let Some(pattern) = self.protector(path) {
                let by = if pattern.eq_ignore_ascii_case(&path.to_text()) {
                    String::new()
                } else {
                    format!(" (by `{pattern}`)")
                };
                let what = format!("`{path}` is protected{by}: people change it, not git-burn");
                violations.push(
                    Violation::at(Rule::ProtectedPath, path, None, what)
                        .allowed_by(Some(format!("burn.guard.unprotect = {path}"))),
                );
            }
            if self.allow.iter().any(|list| !list.matches(path)) {
                let lists: Vec<String> =
                    self.allow.iter().flat_map(Globs::patterns).map(|pattern| format!("`{pattern}`")).collect();
                let what = format!("only {} may be changed", lists.join(", "));
                violations.push(
                    Violation::at(Rule::AllowList, path, None, what)
                        .allowed_by(Some(format!("burn.guard.allow = {path}"))),
                );
            }
            let is_new = change.files.get(path).is_some_and(|file| file.before.is_none() || file.origin.is_some());
            if let Some(problem) = odd_name(path).filter(|_| is_new) {
                violations.push(Violation::at(Rule::OddPath, path, None, problem));
            }
        }
        for (path, file) in &change.files {
            self.check_link_target(path, file, violations);
        }
    }

    /// A link to a protected path is a door to it.
    fn check_link_target(&self, path: &RepoPath, file: &FileChange, violations: &mut Vec<Violation>) {
        let Some(Entry::Symlink(target)) = &file.after else { return };
        let Some(target) = resolve(path, target) else { return };
        if let Some(pattern) = self.protector(&target) {
            let what = format!("the link leads to `{target}`, which is protected (by `{pattern}`)");
            violations.push(
                Violation::at(Rule::ProtectedPath, path, None, what)
                    .allowed_by(Some(format!("burn.guard.unprotect = {target}"))),
            );
        }
    }
}

/// Where a link in the repository leads, if it stays inside.
fn resolve(link: &RepoPath, target: &[u8]) -> Option<RepoPath> {
    let target = std::str::from_utf8(target).ok()?;
    let folder = link.parent().map(|parent| parent.to_text().into_owned()).unwrap_or_default();
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    RepoPath::parse(parts.join("/")).ok()
}

/// What is wrong with the name of a new file, as a clause.
fn odd_name(path: &RepoPath) -> Option<String> {
    let text = path.to_text();
    if let Some(bad) = text.chars().find(|c| {
        matches!(hidden(*c), Some(Hidden::Bidi | Hidden::Control | Hidden::Tag | Hidden::ZeroWidth | Hidden::Filler))
    }) {
        return Some(format!(
            "{} has the hidden or reordering unicode character U+{:04X}",
            excerpt(&text),
            u32::from(bad)
        ));
    }
    if text.contains('\\') {
        return Some(format!("{} has a backslash, which separates folders on Windows", excerpt(&text)));
    }
    let drive = text.as_bytes().get(1) == Some(&b':') && text.starts_with(|c: char| c.is_ascii_alphabetic());
    if drive || text.split('/').next().is_some_and(|first| first.starts_with('~')) {
        return Some(format!(
            "{} reads as a path outside of the repository (a home folder or a drive)",
            excerpt(&text)
        ));
    }
    if text.split('/').any(|part| part.len() > 255) {
        return Some("a name is longer than the 255 bytes that file systems allow".to_owned());
    }
    text.split('/')
        .any(|part| part.ends_with(' '))
        .then(|| format!("{} has a name that ends with a space", excerpt(&text)))
}

/// Links, submodules and binary content, one violation a file each.
pub(super) fn check_entries(change: &Change, violations: &mut Vec<Violation>) {
    for (path, file) in &change.files {
        let changes_something = file.before != file.after || file.origin.is_some();
        for entry in [&file.before, &file.after].into_iter().flatten().filter(|_| changes_something) {
            let found = match entry {
                Entry::Symlink(target) => Some((
                    Rule::Symlink,
                    format!("{} leads to {}", verb(file), excerpt(&String::from_utf8_lossy(target))),
                )),
                Entry::Submodule(commit) => Some((Rule::Submodule, format!("{} a submodule at {commit}", verb(file)))),
                Entry::Directory => Some((Rule::OddPath, "is a directory".to_owned())),
                Entry::File(_) | Entry::Large(_) => None,
            };
            if let Some((rule, what)) = found {
                violations.push(Violation::at(rule, path, None, what));
                break;
            }
        }
        let what = match file.after.as_ref().filter(|_| file.has_new_content()) {
            Some(Entry::File(content)) if is_binary(&content.bytes) => format!("{} binary file", verb(file)),
            Some(Entry::Large(_)) => format!("{} file, too large to be looked at", verb(file)),
            Some(Entry::File(_) | Entry::Symlink(_) | Entry::Submodule(_) | Entry::Directory) | None => continue,
        };
        violations.push(Violation::at(Rule::Binary, path, None, what));
    }
}

/// What happens to a file, for messages.
fn verb(file: &FileChange) -> &'static str {
    match (&file.before, &file.after, &file.origin) {
        (None, _, _) | (_, Some(_), Some(Origin::Copied(_))) => "new",
        (Some(_), None, _) => "deleted",
        (Some(_), Some(_), Some(Origin::Renamed(_))) => "moved",
        (Some(_), Some(_), None) => "changed",
    }
}
