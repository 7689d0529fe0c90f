//! Manifests: the lines in which people say where a dependency comes from.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::pattern;
use super::{foreign_origin, known_origins, origins};
use crate::core::guard::view::View;
use crate::core::guard::violation::{Rule, Violation, excerpt};

/// Looks through a manifest, by the language of its name.
pub(super) fn check(view: &View<'_>, name: &str, violations: &mut Vec<Violation>) {
    let python = name.contains("requirements") || name.contains("constraints");
    match name {
        "package.json" | "composer.json" | "bower.json" | "deno.json" => json(view, violations),
        "cargo.toml" => sections(view, &CARGO, violations),
        "pyproject.toml" | "pipfile" => sections(view, &PYTHON, violations),
        "go.mod" | "go.work" => go_replacements(view, violations),
        "pom.xml" => maven_repositories(view, violations),
        "gradle-wrapper.properties" => gradle_wrapper(view, violations),
        "setup.py" | "setup.cfg" | "environment.yml" | "environment.yaml" | "tox.ini" => lines(view, &PIP, violations),
        _ if python => lines(view, &PIP, violations),
        _ => lines(view, &OTHER, violations),
    }
}

/// pip's options and direct references (PEP 508, PEP 440), setuptools' links, conda's channels.
static PIP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\s*[-'\x22]*\s*(?:--(?:extra-)?index-url|-i|--find-links|-f|--trusted-host|--pre-?fix-url)[\s=]+\S|(?:\b(?:git|hg|svn|bzr)\+\w+:)|\s@\s*(?:https?|file):|^\s*(?:-e\s+)?(?:https?|file|git|ssh)://|dependency_links|^\s*-\s+https?://\S+/(?:channel|conda)|\bindex[_-]url\s*=",
    )
});

/// Ruby, Gradle, Elixir, CocoaPods, Swift, NuGet, Nix: calls and attributes that name a source.
static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?ix)^\s*source\b\s*\(?\s*['"] | \b(?::?git|:?github|:?gist|:?bitbucket|:?hg|:?svn)\s*(?::|=>)\s*['"] | \bmaven(?:_?repo(?:sitory)?)?\s*[\{\(] | \burl\s*[=\(]?\s*(?:=\s*)?(?:uri\()?\s*['"]
        | \bivy\s*\{ | \.package\s*\([^)]*\burl\s*: | <add\s+key=[^>]*\bvalue\s*=\s*['"]https?: | \bRestore(?:Additional)?(?:Project)?Sources | \bhosted\s*:"#,
    )
});

/// Lines of a plain format: a pattern that names an origin, and an origin that is new here.
fn lines(view: &View<'_>, sources: &Regex, violations: &mut Vec<Violation>) {
    let known = known_origins(view);
    let before: HashSet<&str> = view.before.iter().map(|line| line.trim()).collect();
    for (index, line) in view.added() {
        let trimmed = line.trim();
        let comment = trimmed.starts_with('#') || trimmed.starts_with("//") || trimmed.starts_with("<!--");
        if comment || before.contains(trimmed) || !sources.is_match(line) {
            continue;
        }
        let from = foreign_origin(line, &known);
        let is_version_control = line.contains("git+") || line.to_lowercase().contains("git");
        let same_place = origins(line).next().is_some() && from.is_none();
        // A known host is a known registry, but not a known repository.
        if from.is_some()
            || (is_version_control && !is_known_repository(line, view))
            || (!same_place && !line.contains("://") && names_no_registry(line))
        {
            push(view, index, line, violations);
        }
    }
}

/// Options that need no URL to redirect an installation.
fn names_no_registry(line: &str) -> bool {
    let line = line.to_lowercase();
    ["--trusted-host", "dependency_links", "index-url", "github:", ":github", "gist:", "bitbucket:"]
        .iter()
        .any(|word| line.contains(word))
}

/// Whether the same repository, in whatever version, stood there before.
fn is_known_repository(line: &str, view: &View<'_>) -> bool {
    static REPOSITORY: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?:://|@|['\x22])([\w.-]+[:/][\w./-]+?)(?:\.git)?(?:['\x22@#,\s)\]}]|$)"));
    let repository = |line: &str| REPOSITORY.captures(line).map(|found| found[1].to_lowercase());
    let Some(wanted) = repository(line) else { return false };
    view.before.iter().any(|line| repository(line).is_some_and(|known| known == wanted))
}

fn push(view: &View<'_>, index: usize, line: &str, violations: &mut Vec<Violation>) {
    let what = format!("{} takes a dependency from another source than the registry in use", excerpt(line.trim()));
    violations.push(Violation::at(Rule::DependencySource, view.path, Some(index + 1), what));
}

/// How a TOML manifest names sources.
struct Toml {
    /// Sections that redirect as such: every new line in them counts.
    redirecting: Regex,
    /// Keys that name a source, in sections of dependencies.
    keys: Regex,
}

static CARGO: LazyLock<Toml> = LazyLock::new(|| Toml {
    redirecting: pattern(r"^\[\s*(?:patch|replace|source|registries)\b"),
    keys: pattern(r#"\b(?:git|registry|registry-index)\s*=\s*["']"#),
});

static PYTHON: LazyLock<Toml> = LazyLock::new(|| Toml {
    redirecting: pattern(r"^\[+\s*(?:tool\.(?:poetry|pdm|rye)\.sources?|tool\.uv\.(?:index|sources)|source)\b"),
    keys: pattern(
        r#"\b(?:git|hg|svn|url|index-url|extra-index-url|find-links)\s*=\s*["'\[]|\b(?:git|hg|svn|bzr)\+\w+:|[\w\]]\s*@\s*(?:https?|file):|\bindex\s*=\s*["']"#,
    ),
});

/// TOML, line by line with the section in mind.
fn sections(view: &View<'_>, toml: &Toml, violations: &mut Vec<Violation>) {
    let before: HashSet<&str> = view.before.iter().map(|line| line.trim()).collect();
    let mut section = "";
    for (index, line) in view.after.iter().enumerate() {
        let trimmed = line.trim();
        if trimmed.starts_with('[') && !trimmed.contains('=') && !trimmed.ends_with(',') {
            section = trimmed;
        }
        if trimmed.is_empty()
            || trimmed.starts_with('#')
            || before.contains(trimmed)
            || !view.touches(&(index..index + 1))
        {
            continue;
        }
        let local = trimmed.contains("path = ") || trimmed.contains("workspace = true");
        let redirects = toml.redirecting.is_match(section) && !trimmed.starts_with('[') && !local;
        let descriptive = section.contains("urls")
            || section == "[package]"
            || section == "[workspace.package]"
            || section == "[project]" && !trimmed.contains('@');
        if (redirects || (toml.keys.is_match(trimmed) && !descriptive)) && !is_known_repository(trimmed, view) {
            push(view, index, line, violations);
        }
    }
}

/// `replace A => B` with a B that is not in this repository.
fn go_replacements(view: &View<'_>, violations: &mut Vec<Violation>) {
    let parts = |line: &str| -> Option<(String, String)> {
        let (left, right) = line.split_once("=>")?;
        let left = left.trim().trim_start_matches("replace").split_whitespace().next()?.to_owned();
        Some((left, right.split_whitespace().next()?.to_owned()))
    };
    let known: HashSet<(String, String)> = view.before.iter().filter_map(|line| parts(line)).collect();
    for (index, line) in view.added().filter(|(_, line)| !line.trim().starts_with("//")) {
        let Some((left, right)) = parts(line) else { continue };
        let local = right.starts_with("./") || right.starts_with("../") || left == right;
        if !local && !known.contains(&(left, right)) {
            let what = format!("{} replaces a dependency by one from another source", excerpt(line.trim()));
            violations.push(Violation::at(Rule::DependencySource, view.path, Some(index + 1), what));
        }
    }
}

/// URLs inside of `<repositories>`, `<pluginRepositories>` and `<distributionManagement>`.
fn maven_repositories(view: &View<'_>, violations: &mut Vec<Violation>) {
    let known = known_origins(view);
    let mut inside = false;
    for (index, line) in view.after.iter().enumerate() {
        inside |= line.contains("<repositor") || line.contains("<pluginRepositor") || line.contains("<mirror");
        if inside
            && line.contains("<url>")
            && view.touches(&(index..index + 1))
            && foreign_origin(line, &known).is_some()
        {
            push(view, index, line, violations);
        }
        inside &= !(line.contains("</repositories>")
            || line.contains("</pluginRepositories>")
            || line.contains("</mirrors>"));
    }
}

/// The wrapper downloads and runs what this file names.
fn gradle_wrapper(view: &View<'_>, violations: &mut Vec<Violation>) {
    let value = |lines: &[&str], key: &str| {
        lines
            .iter()
            .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('=').map(|value| value.replace('\\', "")))
    };
    let [old_url, new_url] = [&view.before, &view.after].map(|lines| value(lines, "distributionUrl"));
    let [old_sum, new_sum] = [&view.before, &view.after].map(|lines| value(lines, "distributionSha256Sum"));
    let known: HashSet<String> = old_url.iter().flat_map(|url| origins(url)).collect();
    let mut add = |what: &str| violations.push(Violation::at(Rule::DependencySource, view.path, None, what));
    if new_url.as_ref().is_some_and(|url| foreign_origin(url, &known).is_some()) {
        add("the Gradle distribution comes from another source");
    }
    if old_sum.is_some() && (new_sum.is_none() || (new_sum != old_sum && old_url == new_url)) {
        add("the checksum of the Gradle distribution is gone, or changed for the same source");
    }
    if view.added().any(|(_, line)| line.replace(' ', "").contains("validateDistributionUrl=false")) {
        add("the Gradle distribution's source is no longer validated");
    }
}

/// Scripts that npm, pnpm, yarn and Composer run without being asked.
const INSTALL_HOOKS: &[&str] = &[
    "preinstall",
    "install",
    "postinstall",
    "preprepare",
    "prepare",
    "postprepare",
    "prepublish",
    "prepack",
    "dependencies",
    "pre-install-cmd",
    "post-install-cmd",
    "pre-update-cmd",
    "post-update-cmd",
    "post-autoload-dump",
    "pre-autoload-dump",
    "post-root-package-install",
    "post-create-project-cmd",
    "post-package-install",
    "pnpm:devpreinstall",
];

/// package.json and its relatives. What is not JSON is judged line by line.
fn json(view: &View<'_>, violations: &mut Vec<Violation>) {
    let parse = |lines: &[&str]| serde_json::from_str::<Value>(&lines.join("\n")).ok();
    let before = parse(&view.before).unwrap_or(Value::Null);
    let Some(after) = parse(&view.after) else { return lines(view, &PIP, violations) };
    let line_of = |text: &str| view.added().find(|(_, line)| line.contains(text)).map(|(index, _)| index + 1);
    for (name, script) in object(&after["scripts"]) {
        if INSTALL_HOOKS.contains(&name.to_lowercase().as_str()) && before["scripts"].get(name) != Some(script) {
            let what = format!("the script `{name}` runs on every installation");
            violations.push(Violation::at(Rule::BuildScript, view.path, line_of(&format!("\"{name}\"")), what));
        }
    }
    for key in ["onlyBuiltDependencies", "trustedDependencies", "allowScripts", "allow-plugins"] {
        let value = [&after[key], &after["pnpm"][key], &after["config"][key], &after["lavamoat"][key]]
            .into_iter()
            .find(|value| !value.is_null());
        let old = [&before[key], &before["pnpm"][key], &before["config"][key], &before["lavamoat"][key]]
            .into_iter()
            .find(|value| !value.is_null());
        if value.is_some() && value != old {
            let what = format!("`{key}` lets more packages run scripts when they are installed");
            violations.push(Violation::at(Rule::BuildScript, view.path, line_of(key), what));
        }
    }
    let old: HashSet<String> = sources(&before).map(|(_, source)| source).collect();
    for (name, source) in sources(&after) {
        if is_elsewhere(&source) && !old.contains(&source) {
            let what = format!("`{name}` comes from another source: {}", excerpt(&source));
            violations.push(Violation::at(Rule::DependencySource, view.path, line_of(&source), what));
        }
    }
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Names and versions of all dependencies, overrides and repositories.
fn sources(manifest: &Value) -> impl Iterator<Item = (String, String)> {
    let keys = [
        "dependencies",
        "devDependencies",
        "peerDependencies",
        "optionalDependencies",
        "overrides",
        "resolutions",
        "publishConfig",
        "imports",
        "require",
        "require-dev",
        "repositories",
    ];
    let mut found = Vec::new();
    let overrides = &manifest["pnpm"]["overrides"];
    for part in keys.iter().map(|key| &manifest[*key]).chain([overrides]) {
        strings("", part, &mut found);
    }
    found.into_iter()
}

/// Every string of a value with the key that it stands under.
fn strings(key: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((key.to_owned(), text.clone())),
        Value::Object(parts) => parts.iter().for_each(|(key, value)| strings(key, value, found)),
        Value::Array(parts) => parts.iter().for_each(|value| strings(key, value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a version is no version but a place outside of the registry and of this repository.
fn is_elsewhere(source: &str) -> bool {
    static PLACE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^(?:git(?:\+|:|@)|(?:https?|ssh|ftp)://|github:|gitlab:|bitbucket:|gist:|file:(?:/|~|\.\./\.\.)|[a-z0-9][\w.-]*/[\w.-]+(?:#\S+)?$)",
        )
    });
    PLACE.is_match(source) && foreign(source)
}

/// A URL on a public registry is no other source, unless it is not encrypted.
fn foreign(source: &str) -> bool {
    let none = HashSet::new();
    origins(source).next().is_none() || foreign_origin(source, &none).is_some()
}
