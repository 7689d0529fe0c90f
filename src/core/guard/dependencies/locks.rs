//! Lock files: hosts that were not there before, content that changed under the same version, new install scripts.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::pattern;
use super::{foreign_origin, known_origins};
use crate::core::guard::view::View;
use crate::core::guard::violation::{Rule, Violation, excerpt};

/// Looks through a lock file.
pub(super) fn check(view: &View<'_>, name: &str, violations: &mut Vec<Violation>) {
    let known = known_origins(view);
    let urls: HashSet<&str> = view.before.iter().flat_map(|line| git_urls(line)).collect();
    for (index, line) in view.added() {
        if !is_source_line(line, name) {
            continue;
        }
        let new_repository = name != "flake.lock" && git_urls(line).any(|url| !urls.contains(url));
        if new_repository || foreign_origin(line, &known).is_some() {
            let what = format!("{} is another source than the registry in use", excerpt(line.trim()));
            violations.push(Violation::at(Rule::DependencySource, view.path, Some(index + 1), what));
        }
    }
    if view.before.is_empty() {
        return;
    }
    let (before, after) = (Packages::read(&view.before, name), Packages::read(&view.after, name));
    for (package, sums) in &after.sums {
        let Some(old) = before.sums.get(package) else { continue };
        if !old.is_empty() && sums.is_disjoint(old) {
            let line = after.lines.get(package).map(|line| line + 1);
            let what = format!("`{}` has another checksum than before for the same version", package.trim());
            violations.push(Violation::at(Rule::DependencySource, view.path, line, what));
        }
    }
    for package in after.scripted.difference(&before.scripted) {
        let line = after.lines.get(package).map(|line| line + 1);
        let what = format!("`{}` brings a script that runs when it is installed", package.trim());
        violations.push(Violation::at(Rule::DependencySource, view.path, line, what));
    }
}

/// Repositories that a line names as a source.
fn git_urls(line: &str) -> impl Iterator<Item = &str> {
    static URL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bgit\+\w+://[^\s\x22'#?]+"));
    URL.find_iter(line).map(|found| found.as_str())
}

/// Lines that say where something is fetched, not where its home page is or who pays for it.
fn is_source_line(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let key =
        line.trim_start_matches(['"', '-', ' ', '{']).split(['"', ':', '=', ' ']).next().unwrap_or("").to_lowercase();
    match name {
        "package-lock.json" | "npm-shrinkwrap.json" | "bun.lock" | "deno.lock" => {
            key == "resolved"
                || key == "version"
                || name == "bun.lock"
                || (name == "deno.lock" && key.starts_with("http"))
        }
        "yarn.lock" => key == "resolved" || key == "resolution",
        "pnpm-lock.yaml" => line.contains("tarball:") || line.contains("repo:") || key == "specifier",
        "composer.lock" => key == "url" || key == "reference",
        "gemfile.lock" | "podfile.lock" => key == "remote" || line.contains("http"),
        "cargo.lock" => key == "source",
        _ => line.contains("://"),
    }
}

/// What a lock file pins: checksums by name and version.
#[derive(Debug, Default)]
struct Packages {
    sums: BTreeMap<String, BTreeSet<String>>,
    scripted: BTreeSet<String>,
    /// Where each is, from 0.
    lines: BTreeMap<String, usize>,
}

impl Packages {
    fn read(lines: &[&str], name: &str) -> Self {
        match name {
            "go.sum" => Self::go(lines),
            "package-lock.json" | "npm-shrinkwrap.json" => Self::npm(lines),
            _ => Self::blocks(lines),
        }
    }

    fn add(&mut self, package: String, sum: Option<&str>, line: usize) {
        self.lines.entry(package.clone()).or_insert(line);
        self.sums.entry(package).or_default().extend(sum.map(str::to_owned));
    }

    /// `MODULE VERSION[/go.mod] HASH`.
    fn go(lines: &[&str]) -> Self {
        let mut packages = Self::default();
        for (index, line) in lines.iter().enumerate() {
            if let [module, version, sum] = line.split_whitespace().collect::<Vec<_>>()[..] {
                packages.add(format!("{module} {version}"), Some(sum), index);
            }
        }
        packages
    }

    /// npm's JSON, one key a line as npm writes it: a path, then `version`, `resolved`, `integrity`, `hasInstallScript`.
    fn npm(lines: &[&str]) -> Self {
        let mut packages = Self::default();
        let (mut path, mut version) = (String::new(), String::new());
        for (index, line) in lines.iter().enumerate() {
            let trimmed = line.trim();
            let Some((key, value)) = trimmed.trim_start_matches('"').split_once("\":") else { continue };
            let value = value.trim().trim_end_matches(',').trim_matches('"');
            match key {
                _ if value == "{" => {
                    let inner = [
                        "dependencies",
                        "devDependencies",
                        "engines",
                        "bin",
                        "peerDependencies",
                        "optionalDependencies",
                        "funding",
                        "peerDependenciesMeta",
                        "requires",
                        "packages",
                    ];
                    if !inner.contains(&key) {
                        path = key.to_owned();
                        version.clear();
                    }
                }
                "version" if version.is_empty() => version = value.to_owned(),
                "integrity" => packages.add(format!("{path} {version}"), Some(value), index),
                "hasInstallScript" if value == "true" => {
                    // The package alone: npm moves packages between folders.
                    let package = path.rsplit("node_modules/").next().unwrap_or(&path).to_owned();
                    packages.lines.entry(package.clone()).or_insert(index);
                    packages.scripted.insert(package);
                }
                _ => {}
            }
        }
        packages
    }

    /// TOML, YAML and yarn's own format: blocks that begin at a lesser indent, with a name, a version and checksums.
    fn blocks(lines: &[&str]) -> Self {
        static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s*(?:-\s+)?"?name"?\s*[:=]\s*"([^"]+)""#));
        static VERSION: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s*"?version"?\s*[:=]?\s+"?([^",\s]+)"?"#));
        // `a@1.0.0:` (pnpm), `"@b/c@^1.0.0", "@b/c@^1.1.0":` (yarn), `/a@1.0.0:` (old pnpm).
        static HEADER: LazyLock<Regex> =
            LazyLock::new(|| pattern(r#"^ {0,2}["'/]?(@?[\w./-]+@[^:]+(?::[^\s:]+)*)["']?:\s*$"#));
        static SUM: LazyLock<Regex> = LazyLock::new(|| {
            pattern(
                r#"(?:checksum|hash|sha256|shasum|integrity|narHash|sha1|sha512)"?\s*[:=]?\s*"?((?:sha\d+[-:])?[A-Za-z0-9+/=_-]{2,})|"(sha(?:256|512|384)[-:][A-Za-z0-9+/=]{2,})""#,
            )
        });
        static SCRIPT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:requiresBuild|hasInstallScript)\W+true"));
        let mut packages = Self::default();
        let (mut name, mut version) = (String::new(), String::new());
        for (index, line) in lines.iter().enumerate() {
            if line.starts_with("[[") {
                (name, version) = (String::new(), String::new());
            }
            if let Some(found) = NAME.captures(line) {
                name = found[1].to_owned();
                version.clear();
            } else if let Some(found) = HEADER.captures(line) {
                name = found[1].to_owned();
                version.clear();
            } else if let Some(found) = VERSION.captures(line).filter(|_| version.is_empty()) {
                version = found[1].to_owned();
            }
            let package = || format!("{name} {version}");
            for found in SUM.captures_iter(line).filter(|_| !name.is_empty()) {
                packages.add(package(), found.get(1).or(found.get(2)).map(|sum| sum.as_str()), index);
            }
            if SCRIPT.is_match(line) && !name.is_empty() {
                // Without the version, so that an update of a package that always had a script is no news.
                let bare =
                    name.rsplit_once('@').filter(|(bare, _)| !bare.is_empty()).map_or(name.as_str(), |(bare, _)| bare);
                packages.scripted.insert(bare.to_owned());
            }
        }
        packages
    }
}
