//! Guesses a project's own test command from the files at its top.

use std::fs;
use std::path::Path;

/// A check that a project seems to have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) name: &'static str,
    pub(super) command: String,
    /// The file that suggests it.
    pub(super) because: String,
}

/// Files whose presence alone says how tests are run, the most telling first.
const BY_FILE: [(&str, &str); 11] = [
    ("Cargo.lock", "cargo test --locked"),
    ("Cargo.toml", "cargo test"),
    ("go.mod", "go test ./..."),
    ("pytest.ini", "python3 -m pytest -q"),
    ("tox.ini", "python3 -m pytest -q"),
    ("mix.exs", "mix test"),
    ("pom.xml", "mvn -q test"),
    ("gradlew", "./gradlew test"),
    ("Package.swift", "swift test"),
    ("composer.json", "composer test"),
    ("Rakefile", "rake test"),
];

/// The first command that fits; a `make test` or `npm test` that somebody wrote says more than a file's presence.
pub(super) fn detect(top: &Path) -> Option<Guess> {
    let guess = |command: &str, because: &str| Guess {
        name: "test",
        command: command.into(),
        because: format!("there is {because}"),
    };
    let read = |name: &str| fs::read_to_string(top.join(name)).ok();
    if read("Makefile").or_else(|| read("makefile")).is_some_and(|text| has_make_target(&text)) {
        return Some(guess("make test", "a target `test` in the Makefile"));
    }
    if let Some(runner) = read("package.json").and_then(|text| npm_runner(&text, top)) {
        return Some(guess(runner, "a script `test` in package.json"));
    }
    if read("pyproject.toml").or_else(|| read("setup.cfg")).is_some_and(|text| text.contains("pytest")) {
        return Some(guess("python3 -m pytest -q", "pytest in the project's settings"));
    }
    if let Some((file, command)) = BY_FILE.into_iter().find(|(file, _)| top.join(file).is_file()) {
        return Some(guess(command, file));
    }
    has_python_tests(top).then(|| guess("python3 -m pytest -q", "a folder `tests` with test_*.py"))
}

fn has_make_target(makefile: &str) -> bool {
    makefile.lines().any(|line| {
        line.strip_prefix("test").is_some_and(|rest| rest.trim_start().starts_with(':') && !rest.contains(":="))
    })
}

/// `None` without a real test script: npm writes a failing one into every new package.
fn npm_runner(package: &str, top: &Path) -> Option<&'static str> {
    let package: serde_json::Value = serde_json::from_str(package).ok()?;
    let script = package.get("scripts")?.get("test")?.as_str()?;
    if script.contains("no test specified") {
        return None;
    }
    Some(match () {
        () if top.join("pnpm-lock.yaml").is_file() => "pnpm test",
        () if top.join("yarn.lock").is_file() => "yarn test",
        () if top.join("bun.lockb").is_file() => "bun run test",
        () => "npm test",
    })
}

fn has_python_tests(top: &Path) -> bool {
    let entries = fs::read_dir(top.join("tests")).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .any(|name| name.starts_with("test_") && name.ends_with(".py"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(files: &[(&str, &str)], expected: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        assert_eq!(detect(folder.path()).map(|guess| guess.command).as_deref(), expected, "{files:?}");
    }

    #[test]
    fn test_commands_are_guessed_from_what_projects_have() {
        finds(&[], None);
        finds(&[("Cargo.toml", "")], Some("cargo test"));
        finds(&[("Cargo.toml", ""), ("Cargo.lock", "")], Some("cargo test --locked"));
        finds(&[("Makefile", "all:\n\ttrue\ntest: all\n\ttrue\n"), ("go.mod", "")], Some("make test"));
        finds(&[("Makefile", "tests := a b\n"), ("go.mod", "")], Some("go test ./..."));
        finds(&[("package.json", r#"{"scripts":{"test":"vitest run"}}"#)], Some("npm test"));
        finds(&[("package.json", r#"{"scripts":{"test":"vitest"}}"#), ("pnpm-lock.yaml", "")], Some("pnpm test"));
        finds(&[("package.json", r#"{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}"#)], None);
        finds(&[("package.json", "not json")], None);
        finds(&[("pyproject.toml", "[tool.pytest.ini_options]\n")], Some("python3 -m pytest -q"));
        finds(&[("tests/test_a.py", "")], Some("python3 -m pytest -q"));
        finds(&[("tests/run.sh", "")], None);
    }
}
