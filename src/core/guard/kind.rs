//! What a file is, by its name: code, configuration, lock file, prose, translation; test or not; run by checks or not.

use crate::core::names::RepoPath;

/// How content is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Programs, scripts, migrations, and everything that is not known to be something else.
    Code,
    /// Settings and build descriptions: what they say is done.
    Config,
    /// Written by a package manager.
    Lock,
    /// Read by people: only credentials and hidden text matter.
    Prose,
    /// Text of a program in many languages.
    Translation,
}

/// What the rules ask about a path; all comparisons are without regard to case.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) kind: Kind,
    /// Holds tests by the conventions of its language.
    pub(super) is_test: bool,
    /// Is executed while a change is built or tested, before any test asks for it.
    pub(super) runs_during_checks: bool,
    /// Names dependencies.
    pub(super) is_manifest: bool,
}

/// Whether a file holds tests by the conventions of its language.
pub fn is_test_file(path: &RepoPath) -> bool {
    Role::of(path).is_test
}

impl Role {
    pub(super) fn of(path: &RepoPath) -> Self {
        let path = path.to_text().to_lowercase();
        let name = path.rsplit('/').next().unwrap_or(&path);
        Self {
            kind: kind(&path, name),
            is_test: is_test(&path, name),
            runs_during_checks: runs_during_checks(&path, name),
            is_manifest: is_manifest(name),
        }
    }
}

/// The part after the last dot, if the name has one that is not its first character.
fn extension(name: &str) -> &str {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or("", |(_, extension)| extension)
}

fn kind(path: &str, name: &str) -> Kind {
    let extension = extension(name);
    let folders = || path.rsplit('/').skip(1);
    if is_lock(name) {
        return Kind::Lock;
    }
    let in_languages = || folders().any(|part| LANGUAGE_FOLDERS.contains(&part) || part.starts_with("values-"));
    if TRANSLATED.contains(&extension) || (TEXTS.contains(&extension) && in_languages()) {
        return Kind::Translation;
    }
    if PROSE.contains(&extension) || is_prose_name(name) {
        return Kind::Prose;
    }
    // Manual pages: `git.1`, `git-burn.1.in`.
    if extension.len() == 1 && extension.bytes().all(|byte| byte.is_ascii_digit()) {
        return Kind::Prose;
    }
    let plain_text = ["txt", "text", ""].contains(&extension) && !is_manifest(name) && name != "cmakelists.txt";
    if plain_text && (!extension.is_empty() || folders().any(|part| part == "docs" || part == "doc")) {
        return Kind::Prose;
    }
    if CONFIG.contains(&extension) || is_manifest(name) { Kind::Config } else { Kind::Code }
}

fn is_prose_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let plain = ["", "txt"].contains(&extension(name));
    let known = [
        "readme",
        "license",
        "licence",
        "copying",
        "changelog",
        "changes",
        "news",
        "authors",
        "contributors",
        "contributing",
        "notice",
        "history",
        "todo",
        "maintainers",
        "security",
        "thanks",
        "install",
        "unlicense",
        "copyright",
    ];
    plain && (known.contains(&stem) || known.iter().any(|known| stem.starts_with(&format!("{known}-"))))
}

/// Lock files: generated, long, and the place where a dependency's origin is pinned.
pub(super) fn is_lock(name: &str) -> bool {
    [
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "cargo.lock",
        "go.sum",
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "pipfile.lock",
        "pylock.toml",
        "gemfile.lock",
        "composer.lock",
        "flake.lock",
        "mix.lock",
        "podfile.lock",
        "package.resolved",
        "gradle.lockfile",
        "packages.lock.json",
        "pubspec.lock",
        "deno.lock",
        "conda-lock.yml",
    ]
    .contains(&name)
}

/// Files in which people write down dependencies.
pub(super) fn is_manifest(name: &str) -> bool {
    let python =
        (name.starts_with("requirements") || name.starts_with("constraints") || name.ends_with("requirements.txt"))
            && [".txt", ".in", ".pip"].iter().any(|end| name.ends_with(end));
    MANIFESTS.contains(&name)
        || python
        || [".csproj", ".fsproj", ".gemspec", ".podspec", ".cabal"].iter().any(|end| name.ends_with(end))
}

fn is_test(path: &str, name: &str) -> bool {
    let extension = extension(name);
    let stem = name.strip_suffix(extension).map_or(name, |stem| stem.trim_end_matches('.'));
    let folder = path.rsplit('/').skip(1).any(|part| {
        [
            "test",
            "tests",
            "__tests__",
            "spec",
            "specs",
            "testing",
            "e2e",
            "integration-tests",
            "functional-tests",
            "unittests",
        ]
        .contains(&part)
            || part.ends_with("_test")
            || part.ends_with("_tests")
            || part.ends_with("-tests")
            || part.ends_with(".tests")
    });
    let named = stem.starts_with("test_")
        || stem.starts_with("test-")
        || ["_test", "-test", ".test", "_spec", "-spec", ".spec", "_tests", "-tests", ".cy", ".e2e"]
            .iter()
            .any(|end| stem.ends_with(end))
        || ["test", "tests", "conftest"].contains(&stem);
    // `FooTest.java`, `FooTests.cs`, `FooSpec.scala`: the capital is gone, so only in these languages.
    let camel = ["java", "kt", "kts", "cs", "scala", "groovy", "php", "swift", "vb", "fs"].contains(&extension)
        && ["test", "tests", "spec", "testcase"].iter().any(|end| stem.ends_with(end));
    let prose = ["md", "rst", "txt", "adoc"].contains(&extension) && !folder;
    (folder || named || camel) && !prose
}

fn runs_during_checks(path: &str, name: &str) -> bool {
    let configured = |tool: &&str| {
        let rest = name.trim_start_matches('.').strip_prefix(*tool);
        rest.is_some_and(|rest| rest.starts_with(".config.") || rest.starts_with(".setup.") || rest.starts_with("rc"))
    };
    RUN_BY_CHECKS.contains(&name)
        || name.ends_with(".mk")
        || name.ends_with(".pth")
        || name.ends_with(".cmake")
        || TOOLS.iter().any(configured)
        || path == "cargo.toml"
        || path.ends_with("/cargo.toml")
}

/// Names of files that tools execute or obey while a change is built or tested.
const RUN_BY_CHECKS: &[&str] = &[
    "build.rs",
    "conftest.py",
    "setup.py",
    "noxfile.py",
    "tasks.py",
    "package.json",
    "makefile",
    "gnumakefile",
    "justfile",
    "taskfile.yml",
    "taskfile.yaml",
    "cmakelists.txt",
    "meson.build",
    "rakefile",
    "gulpfile.js",
    "gruntfile.js",
    "tox.ini",
    "pytest.ini",
    "setup.cfg",
    "pyproject.toml",
    "dangerfile",
    "sitecustomize.py",
    "usercustomize.py",
    "build.gradle",
    "build.gradle.kts",
    "settings.gradle",
    "settings.gradle.kts",
    "pom.xml",
    "build.sbt",
    "build.zig",
    "dockerfile",
    "configure",
    "configure.ac",
    "autogen.sh",
    "gradlew",
    "mvnw",
    "extconf.rb",
    "binding.gyp",
    "mix.exs",
    "build.xml",
    "directory.build.props",
    "directory.build.targets",
    "spec_helper.rb",
    "rails_helper.rb",
    "test_helper.rb",
    ".rspec",
    "karma.conf.js",
    "phpunit.xml",
    "phpunit.xml.dist",
    "composer.json",
    "nextest.toml",
    "wscript",
    "sconstruct",
];

/// Tools whose `NAME.config.*`, `NAME.setup.*` and `.NAMErc` files are programs or name programs.
const TOOLS: &[&str] = &[
    "vite",
    "vitest",
    "jest",
    "webpack",
    "rollup",
    "babel",
    "eslint",
    "playwright",
    "cypress",
    "postcss",
    "tailwind",
    "next",
    "nuxt",
    "svelte",
    "astro",
    "metro",
    "tsup",
    "esbuild",
    "mocharc",
    "ava",
    "wdio",
];

/// Names of files in which people write down dependencies.
const MANIFESTS: &[&str] = &[
    "package.json",
    "pnpm-workspace.yaml",
    "cargo.toml",
    "go.mod",
    "go.work",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "pipfile",
    "environment.yml",
    "environment.yaml",
    "gemfile",
    "composer.json",
    "build.gradle",
    "build.gradle.kts",
    "settings.gradle",
    "settings.gradle.kts",
    "gradle-wrapper.properties",
    "libs.versions.toml",
    "pom.xml",
    "flake.nix",
    "mix.exs",
    "podfile",
    "package.swift",
    "pubspec.yaml",
    "deno.json",
    "deno.jsonc",
    "nuget.config",
    "directory.packages.props",
    "conanfile.txt",
    "conanfile.py",
    "vcpkg.json",
    "rebar.config",
    "stack.yaml",
    "cabal.project",
    "dub.json",
    "elm.json",
    "bower.json",
    "pip.conf",
];

/// Extensions of text for people.
const PROSE: &[&str] = &[
    "md", "markdown", "mdx", "mdown", "rst", "adoc", "asciidoc", "org", "textile", "pod", "rdoc", "tex", "me",
    "creole", "wiki",
];

/// Extensions of settings.
const CONFIG: &[&str] = &[
    "json",
    "json5",
    "jsonc",
    "yml",
    "yaml",
    "toml",
    "ini",
    "cfg",
    "conf",
    "properties",
    "xml",
    "plist",
    "env",
    "lock",
    "csproj",
    "sln",
];

/// Formats of translations.
const TRANSLATED: &[&str] = &["po", "pot", "xlf", "xliff", "arb", "ftl", "strings", "stringsdict", "resx", "mo", "qm"];

/// Folders that hold a program's texts in many languages.
const LANGUAGE_FOLDERS: &[&str] = &[
    "locale",
    "locales",
    "lang",
    "langs",
    "languages",
    "i18n",
    "l10n",
    "intl",
    "translations",
    "translation",
    "lc_messages",
    "messages",
];

/// Formats that hold texts where they stand in such a folder.
const TEXTS: &[&str] = &["json", "yml", "yaml", "toml", "ini", "properties", "xml", "php", "js", "ts", "txt", "html"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, kind: Kind, marks: &str) {
        let role = Role::of(&RepoPath::parse(path).unwrap());
        let mut have = String::new();
        for (is, mark) in [(role.is_test, 't'), (role.runs_during_checks, 'r'), (role.is_manifest, 'm')] {
            if is {
                have.push(mark);
            }
        }
        assert_eq!((role.kind, have.as_str()), (kind, marks), "{path}");
    }

    #[test]
    fn files_are_told_apart_by_name() {
        check("src/app.py", Kind::Code, "");
        check("scripts/setup.sh", Kind::Code, "");
        check("migrations/0002.sql", Kind::Code, "");
        check("docs/conf.py", Kind::Code, "");
        check("docs/safety.md", Kind::Prose, "");
        check("docs/http/HEAD", Kind::Prose, "");
        check("README", Kind::Prose, "");
        check("LICENSE-MIT", Kind::Prose, "");
        check("man/git-burn.1", Kind::Prose, "");
        check("src/k.txt", Kind::Prose, "");
        check("requirements-dev.txt", Kind::Config, "m");
        check("CMakeLists.txt", Kind::Code, "r");
        check("Makefile", Kind::Code, "r");
        check("package.json", Kind::Config, "rm");
        check("Cargo.toml", Kind::Config, "rm");
        check("Cargo.lock", Kind::Lock, "");
        check("build.rs", Kind::Code, "r");
        check("tests/conftest.py", Kind::Code, "tr");
        check("locales/fa.json", Kind::Translation, "");
        check("app/src/main/res/values-fa/strings.xml", Kind::Translation, "");
        check("po/de.po", Kind::Translation, "");
        check("config/app.yml", Kind::Config, "");
        check("vite.config.ts", Kind::Code, "r");
    }

    #[test]
    fn tests_are_known_in_many_languages() {
        for test in [
            "tests/test_app.py",
            "pkg/add_test.go",
            "src/add.test.ts",
            "src/add.spec.js",
            "spec/models/user_spec.rb",
            "src/test/java/a/FooTest.java",
            "a/__tests__/x.jsx",
            "Foo.Tests/Bar.cs",
            "t/FooTests.swift",
            "tests/it/main.rs",
        ] {
            assert!(Role::of(&RepoPath::parse(test).unwrap()).is_test, "{test}");
        }
        for other in [
            "src/latest.py",
            "src/contest.java.txt",
            "docs/testing.md",
            "src/attest.rs",
            "src/inspect.go",
            "src/protest.c",
        ] {
            assert!(!Role::of(&RepoPath::parse(other).unwrap()).is_test, "{other}");
        }
    }
}
