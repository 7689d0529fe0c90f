//! Where dependencies come from: other registries, repositories and hosts, changed checksums, new install scripts.
//!
//! An ordinary dependency from the registry that is already used is allowed and flagged. What is refused is a change of
//! origin or of content that a reviewer would have to find in thousands of generated lines.

mod locks;
mod manifests;

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::kind::{Kind, is_manifest};
use super::pattern::pattern;
use super::view::View;
use super::violation::Violation;

/// Looks through a manifest or a lock file.
pub(super) fn check(view: &View<'_>, violations: &mut Vec<Violation>) {
    let name = file_name(view);
    if view.role.kind == Kind::Lock {
        locks::check(view, &name, violations);
    } else if is_manifest(&name) || name == "manifest" || name.ends_with(".gradle") || name.ends_with(".gradle.kts") {
        manifests::check(view, &name, violations);
    }
}

/// The last component in lower case.
fn file_name(view: &View<'_>) -> String {
    String::from_utf8_lossy(view.path.name()).to_lowercase()
}

/// Hosts of the registries that package managers use by default, and where they keep files.
const REGISTRIES: &[&str] = &[
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "npm.jsr.io",
    "jsr.io",
    "deno.land",
    "esm.sh",
    "crates.io",
    "index.crates.io",
    "static.crates.io",
    "pypi.org",
    "pypi.python.org",
    "files.pythonhosted.org",
    "rubygems.org",
    "index.rubygems.org",
    "packagist.org",
    "repo.packagist.org",
    "api.github.com",
    "repo1.maven.org",
    "repo.maven.apache.org",
    "plugins.gradle.org",
    "services.gradle.org",
    "downloads.gradle.org",
    "maven.google.com",
    "dl.google.com",
    "repo.gradle.org",
    "proxy.golang.org",
    "sum.golang.org",
    "api.nuget.org",
    "nuget.org",
    "www.nuget.org",
    "hex.pm",
    "repo.hex.pm",
    "pub.dev",
    "pub.dartlang.org",
    "cdn.cocoapods.org",
    "trunk.cocoapods.org",
    "repo.anaconda.com",
    "hackage.haskell.org",
    "repo.clojars.org",
    "opam.ocaml.org",
    "download.pytorch.org",
];

/// Hosts of URLs, also of `git@host:path` and `git+ssh://user@host/path`, in lower case. `http:` is kept as a mark: going
/// from https to http is a change of origin too.
fn origins(text: &str) -> impl Iterator<Item = String> + '_ {
    static URL: LazyLock<Regex> = LazyLock::new(|| {
        let text = r"(?i)\b(?:[a-z]+\+)?(https?|ssh|git|svn|hg|ftp|sparse)(?:\+https?)?://(?:[^\s/@'\x22]*@)?([a-z0-9.-]+)|\bgit@([a-z0-9.-]+):";
        pattern(text)
    });
    URL.captures_iter(text).map(|found| {
        let scheme = found.get(1).map_or("ssh", |scheme| scheme.as_str()).to_lowercase();
        let host = found.get(2).or(found.get(3)).map_or("", |host| host.as_str()).trim_end_matches('.').to_lowercase();
        if scheme == "http" { format!("http://{host}") } else { host }
    })
}

/// All origins of the old text.
fn known_origins(view: &View<'_>) -> HashSet<String> {
    view.before.iter().flat_map(|line| origins(line)).collect()
}

/// The first origin of a line that is neither known nor a public registry.
fn foreign_origin(line: &str, known: &HashSet<String>) -> Option<String> {
    origins(line).find(|origin| !known.contains(origin) && !REGISTRIES.contains(&origin.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::guard::testing::review_one;

    fn found(path: &str, before: &str, after: &str) -> Vec<String> {
        let all = |views: &[View<'_>], found: &mut Vec<Violation>| views.iter().for_each(|view| check(view, found));
        review_one(path, before, after, all).iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn refused(path: &str, before: &str, after: &str) {
        assert!(!found(path, before, after).is_empty(), "{path} was accepted: {after}");
    }

    #[track_caller]
    fn accepted(path: &str, before: &str, after: &str) {
        assert_eq!(found(path, before, after), Vec::<String>::new(), "{path}: {after}");
    }

    #[test]
    fn cargo_manifests() {
        let manifest =
            "[package]\nname = \"demo\"\nrepository = \"https://x.example/a\"\n\n[dependencies]\nserde = \"1\"\n";
        accepted("Cargo.toml", manifest, &format!("{manifest}itoa = \"1\"\nlocal = {{ path = \"../local\" }}\n"));
        accepted("Cargo.toml", manifest, &manifest.replace("x.example/a", "y.example/b"));
        refused(
            "Cargo.toml",
            manifest,
            &format!("{manifest}\n[patch.crates-io]\nserde = {{ git = \"https://evil.example/serde\" }}\n"),
        );
        refused(
            "Cargo.toml",
            manifest,
            &manifest.replace("serde = \"1\"", "serde = { git = \"https://github.com/evil/serde\" }"),
        );
        refused("Cargo.toml", manifest, &manifest.replace("serde = \"1\"", "serde.registry = \"mine\""));
    }

    #[test]
    fn cargo_locks() {
        let lock = |name: &str, source: &str, sum: &str| {
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"{source}\"\nchecksum = \"{sum}\"\n\n"
            )
        };
        let crates = "registry+https://github.com/rust-lang/crates.io-index";
        accepted("Cargo.lock", &lock("a", crates, "11"), &(lock("a", crates, "11") + &lock("b", crates, "22")));
        accepted("Cargo.lock", &lock("a", crates, "11"), &lock("a", crates, "22").replace("1.0.0", "1.0.1"));
        refused("Cargo.lock", &lock("a", crates, "11"), &lock("a", crates, "22"));
        refused("Cargo.lock", &lock("a", crates, "11"), &lock("a", "registry+https://evil.example/index", "11"));
        refused("Cargo.lock", &lock("a", crates, "11"), &lock("a", "git+https://github.com/evil/a#123", "11"));
    }

    #[test]
    fn npm_manifests() {
        let manifest = "{\n  \"name\": \"demo\",\n  \"scripts\": {\n    \"test\": \"jest\"\n  },\n  \"dependencies\": {\n    \"left-pad\": \"1.3.0\"\n  }\n}\n";
        accepted("package.json", manifest, &manifest.replace("1.3.0", "^1.4.0"));
        accepted("package.json", manifest, &manifest.replace("\"jest\"", "\"jest\",\n    \"fmt\": \"prettier -w .\""));
        accepted("package.json", manifest, &manifest.replace("\"1.3.0\"", "\"1.3.0\",\n    \"ws\": \"workspace:*\""));
        for hook in ["preinstall", "install", "postinstall", "prepare", "prepublish", "preprepare"] {
            refused(
                "package.json",
                manifest,
                &manifest.replace("\"test\"", &format!("\"{hook}\": \"node x.js\",\n    \"test\"")),
            );
        }
        for source in [
            "git+https://evil.example/a.git",
            "https://evil.example/a.tgz",
            "evil/left-pad",
            "github:evil/left-pad",
            "git@evil.example:a/b.git",
            "http://registry.npmjs.org/a.tgz",
        ] {
            refused("package.json", manifest, &manifest.replace("1.3.0", source));
        }
    }

    const NPM: &str = "https://registry.npmjs.org/a/-/a-1.0.0.tgz";

    #[test]
    fn npm_locks() {
        let lock = |url: &str, sum: &str, more: &str| {
            format!(
                "{{\n \"packages\": {{\n  \"node_modules/a\": {{\n   \"version\": \"1.0.0\",\n   \"resolved\": \"{url}\",\n   \"integrity\": \"{sum}\"{more}\n  }}\n }}\n}}\n"
            )
        };
        accepted(
            "package-lock.json",
            &lock(NPM, "sha512-a", ""),
            &lock(NPM, "sha512-b", "").replace("1.0.0\"", "1.0.1\""),
        );
        refused("package-lock.json", &lock(NPM, "sha512-a", ""), &lock(NPM, "sha512-b", ""));
        refused(
            "package-lock.json",
            &lock(NPM, "sha512-a", ""),
            &lock("https://evil.example/a-1.0.0.tgz", "sha512-a", ""),
        );
        refused(
            "package-lock.json",
            &lock(NPM, "sha512-a", ""),
            &lock(NPM, "sha512-a", ",\n   \"hasInstallScript\": true"),
        );
        refused(
            "package-lock.json",
            &lock(NPM, "sha512-a", ""),
            &lock("http://registry.npmjs.org/a/-/a-1.0.0.tgz", "sha512-a", ""),
        );
    }

    #[test]
    fn yarn_and_pnpm_locks() {
        let yarn = |url: &str, sum: &str| {
            format!("a@^1.0.0:\n  version \"1.0.0\"\n  resolved \"{url}#00\"\n  integrity {sum}\n")
        };
        refused("yarn.lock", &yarn(NPM, "sha512-a"), &yarn(NPM, "sha512-b"));
        refused("yarn.lock", &yarn(NPM, "sha512-a"), &yarn("https://evil.example/a.tgz", "sha512-a"));
        accepted("yarn.lock", &yarn(NPM, "sha512-a"), &yarn(NPM, "sha512-b").replace("1.0.0\"", "1.2.0\""));
        let pnpm = |sum: &str| format!("packages:\n\n  a@1.0.0:\n    resolution: {{integrity: {sum}}}\n");
        refused("pnpm-lock.yaml", &pnpm("sha512-a"), &pnpm("sha512-b"));
        accepted("pnpm-lock.yaml", &pnpm("sha512-a"), &pnpm("sha512-b").replace("1.0.0", "1.0.1"));
    }

    #[test]
    fn pip_lists() {
        let list = "requests==2.32.3\n";
        accepted("requirements.txt", list, "requests==2.32.4\nflask>=3\n# see https://example.org\n-r base.txt\n");
        for line in [
            "--index-url http://pypi.evil.example/simple",
            "--extra-index-url https://evil.example/simple",
            "-i https://evil.example/simple",
            "--trusted-host evil.example",
            "-f https://evil.example/wheels",
            "requests @ git+https://evil.example/requests.git",
            "requests @ https://evil.example/r.whl",
            "https://evil.example/r.tar.gz",
            "-e git+ssh://git@evil.example/r.git#egg=r",
        ] {
            refused("requirements.txt", list, &format!("{line}\n{list}"));
        }
    }

    #[test]
    fn python_projects() {
        let project = "[project]\ndependencies = [\"requests\"]\n[project.urls]\nhome = \"https://a.example\"\n";
        accepted(
            "pyproject.toml",
            project,
            &project.replace("\"requests\"", "\"requests\", \"flask>=3\"").replace("a.example", "b.example"),
        );
        refused(
            "pyproject.toml",
            project,
            &project.replace("\"requests\"", "\"requests @ git+https://evil.example/r\""),
        );
        refused(
            "pyproject.toml",
            project,
            &format!("{project}[[tool.uv.index]]\nurl = \"https://evil.example/simple\"\n"),
        );
        refused(
            "pyproject.toml",
            project,
            &format!("{project}[tool.poetry.dependencies]\nx = {{ git = \"https://github.com/evil/x\" }}\n"),
        );
        refused("Pipfile", "[packages]\n", "[[source]]\nurl = \"https://evil.example/simple\"\n[packages]\n");
        refused("setup.py", "setup()\n", "setup(dependency_links=['https://evil.example/x'])\n");
        let lock = |sum: &str| {
            format!(
                "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [\n    {{file = \"a.whl\", hash = \"sha256:{sum}\"}},\n]\n"
            )
        };
        refused("poetry.lock", &lock("00"), &lock("11"));
        accepted("poetry.lock", &lock("00"), &lock("00\"},\n    {file = \"b.whl\", hash = \"sha256:22"));
    }

    #[test]
    fn go() {
        let module = "module demo\n\ngo 1.22\n\nrequire github.com/pkg/errors v0.9.1\n";
        accepted("go.mod", module, &module.replace("0.9.1", "0.9.2"));
        accepted("go.mod", module, &format!("{module}\nreplace example.com/sub => ./sub\n"));
        refused("go.mod", module, &format!("{module}\nreplace github.com/pkg/errors => evil.example/errors v0.9.1\n"));
        refused(
            "go.mod",
            module,
            &format!("{module}\nreplace (\n\tgithub.com/pkg/errors => evil.example/errors v0.9.1\n)\n"),
        );
        let replaced = format!("{module}replace a.example/x => b.example/x v1.0.0\n");
        accepted("go.mod", &replaced, &replaced.replace("x v1.0.0", "x v1.1.0"));
        refused("go.sum", "a.example/x v1.0.0 h1:aaaa=\n", "a.example/x v1.0.0 h1:bbbb=\n");
        accepted(
            "go.sum",
            "a.example/x v1.0.0 h1:aaaa=\n",
            "a.example/x v1.0.0 h1:aaaa=\na.example/x v1.1.0 h1:cccc=\n",
        );
    }

    #[test]
    fn ruby_and_php() {
        refused("Gemfile", "source 'https://rubygems.org'\n", "source 'https://evil.example'\n");
        refused("Gemfile", "gem 'a'\n", "gem 'a', git: 'https://github.com/evil/a'\n");
        accepted("Gemfile", "gem 'a'\n", "gem 'a', '~> 2'\ngem 'b'\n");
        refused("Gemfile.lock", "GEM\n  remote: https://rubygems.org/\n", "GEM\n  remote: https://evil.example/\n");
        refused(
            "composer.json",
            "{}\n",
            "{\n  \"repositories\": [{\"type\": \"vcs\", \"url\": \"https://evil.example/x\"}]\n}\n",
        );
        refused("composer.json", "{}\n", "{\n  \"scripts\": {\n    \"post-install-cmd\": \"sh x.sh\"\n  }\n}\n");
    }

    #[test]
    fn java_and_dotnet() {
        refused(
            "build.gradle",
            "repositories { mavenCentral() }\n",
            "repositories { mavenCentral(); maven { url 'https://evil.example/m2' } }\n",
        );
        refused(
            "pom.xml",
            "<project>\n</project>\n",
            "<project>\n<repositories>\n<repository>\n<url>https://evil.example/m2</url>\n</repository>\n</repositories>\n</project>\n",
        );
        accepted("pom.xml", "<project>\n</project>\n", "<project>\n<url>https://home.example</url>\n</project>\n");
        let wrapper = "distributionUrl=https\\://services.gradle.org/distributions/gradle-8.5-bin.zip\ndistributionSha256Sum=aa\n";
        accepted(
            "gradle/wrapper/gradle-wrapper.properties",
            wrapper,
            &wrapper.replace("8.5", "8.6").replace("=aa", "=bb"),
        );
        refused(
            "gradle/wrapper/gradle-wrapper.properties",
            wrapper,
            &wrapper.replace("services.gradle.org", "evil.example"),
        );
        refused(
            "gradle/wrapper/gradle-wrapper.properties",
            wrapper,
            &wrapper.replace("distributionSha256Sum=aa\n", ""),
        );
        refused("gradle/wrapper/gradle-wrapper.properties", wrapper, &wrapper.replace("=aa", "=bb"));
        refused(
            "nuget.config",
            "<configuration>\n",
            "<configuration>\n<add key=\"x\" value=\"https://evil.example/v3/index.json\" />\n",
        );
    }
}
