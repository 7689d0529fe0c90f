//! Which language a path is written in, and what part the file plays: source, test, documentation, vendored, generated, data.

/// A language with its own patterns for definitions and imports. The twenty most used for code in forges' and surveys'
/// lists of 2025, plus what commonly stands beside them; every other text file is `Other`, ranked by its words alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Language {
    Other = 0,
    C,
    CSharp,
    Cpp,
    Dart,
    Elixir,
    Go,
    Haskell,
    Java,
    JavaScript,
    Julia,
    Kotlin,
    Lua,
    Perl,
    Php,
    Python,
    R,
    Ruby,
    Rust,
    Scala,
    Shell,
    Sql,
    Swift,
    TypeScript,
    Zig,
}

impl Language {
    /// By extension; `Other` for what is not program text.
    pub fn of(path: &[u8]) -> Self {
        let name = file_name(path);
        let Some(dot) = name.iter().rposition(|byte| *byte == b'.') else {
            return Self::Other;
        };
        let extension = name[dot + 1..].to_ascii_lowercase();
        let known = EXTENSIONS.iter().find(|(_, extensions)| extensions.iter().any(|one| one.as_bytes() == extension));
        known.map_or(Self::Other, |(language, _)| *language)
    }
}

/// Extensions, lower case.
const EXTENSIONS: &[(Language, &[&str])] = &[
    (Language::Python, &["py", "pyi", "pyx", "pxd"]),
    (Language::JavaScript, &["js", "jsx", "mjs", "cjs", "vue", "svelte"]),
    (Language::TypeScript, &["ts", "tsx", "mts", "cts"]),
    (Language::Go, &["go"]),
    (Language::Rust, &["rs"]),
    (Language::Java, &["java", "groovy"]),
    (Language::C, &["c", "h", "m"]),
    (Language::Cpp, &["cc", "cpp", "cxx", "hpp", "hh", "hxx", "inl", "ipp", "mm", "cu", "ino"]),
    (Language::CSharp, &["cs"]),
    (Language::Php, &["php", "phtml"]),
    (Language::Ruby, &["rb", "rake", "gemspec"]),
    (Language::Kotlin, &["kt", "kts"]),
    (Language::Swift, &["swift"]),
    (Language::Scala, &["scala", "sc"]),
    (Language::Dart, &["dart"]),
    (Language::Lua, &["lua"]),
    (Language::Perl, &["pl", "pm"]),
    (Language::Shell, &["sh", "bash", "zsh", "ksh", "fish"]),
    (Language::R, &["r"]),
    (Language::Julia, &["jl"]),
    (Language::Elixir, &["ex", "exs"]),
    (Language::Haskell, &["hs"]),
    (Language::Zig, &["zig"]),
    (Language::Sql, &["sql"]),
];

/// What part a file plays, as far as its path tells. Only `Source` is not demoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Source,
    /// By file name (`test_x.py`, `x_test.go`, `XTest.java`) or a folder of tests (`tests/`, `spec/`).
    Test,
    /// Inside a folder `test` or `testing` without a test's file name: often a library's own support for testing.
    TestSupport,
    /// Documentation, examples, benchmarks, build and maintenance tools.
    Documentation,
    /// Copied from elsewhere, or made by a program, or a lock file.
    Foreign,
    /// Not program text: configuration, translations, fixtures, markup.
    Data,
}

impl Role {
    /// Judges the path alone.
    pub fn of(path: &[u8]) -> Self {
        let lower = path.to_ascii_lowercase();
        let name = file_name(path);
        if is_foreign(&lower) {
            return Self::Foreign;
        }
        if is_test_name(name) || has_folder(&lower, TEST_FOLDERS) {
            return Self::Test;
        }
        if has_folder(&lower, &["test", "testing"]) {
            return Self::TestSupport;
        }
        let top = lower.split(|byte| *byte == b'/').next().unwrap_or_default();
        let side = has_folder(&lower, SIDE_FOLDERS) || TOP_SIDE_FOLDERS.iter().any(|folder| folder.as_bytes() == top);
        if side || is_document(&lower) {
            return Self::Documentation;
        }
        if Language::of(path) == Language::Other && !is_template(&lower) { Self::Data } else { Self::Source }
    }
}

/// Whether the name promises content without words (pictures, fonts, archives, programs): not worth unpacking. Only
/// formats that [`crate::core::change::is_binary`] recognises by their first bytes: the answer stays the same.
pub fn is_opaque(path: &[u8]) -> bool {
    let name = file_name(path);
    let extension = name.iter().rposition(|byte| *byte == b'.').map_or(&[][..], |dot| &name[dot + 1..]);
    OPAQUE.iter().any(|one| one.as_bytes().eq_ignore_ascii_case(extension))
}

const OPAQUE: &[&str] = &[
    "png", "gif", "jpg", "jpeg", "ico", "webp", "woff", "woff2", "ttf", "otf", "zip", "xz", "7z", "jar", "class",
    "pyc", "so", "dylib", "dll", "exe", "wasm", "mo",
];

const TEST_FOLDERS: &[&str] = &[
    "tests",
    "__tests__",
    "spec",
    "specs",
    "testdata",
    "fixtures",
    "e2e",
    "__mocks__",
    "mocks",
    "snapshots",
    "testcases",
];
const SIDE_FOLDERS: &[&str] = &[
    "doc",
    "docs",
    "documentation",
    "example",
    "examples",
    "tutorial",
    "tutorials",
    "galleries",
    "benchmark",
    "benchmarks",
    "asv_bench",
    "bench",
    "benches",
    ".github",
    "samples",
    "demos",
    "playground",
];
/// Only at the top: deeper down these are ordinary names.
const TOP_SIDE_FOLDERS: &[&str] = &[
    "ci",
    "tools",
    "scripts",
    "script",
    "release",
    "build_tools",
    "contrib",
    "demo",
    "hack",
    "dev",
    "extra",
    "extras",
];
const FOREIGN_FOLDERS: &[&str] = &[
    "vendor",
    "_vendor",
    "vendored",
    "extern",
    "externals",
    "external",
    "third_party",
    "thirdparty",
    "node_modules",
    "site-packages",
    "dist",
    "deps",
    "locale",
    "locales",
];
const FOREIGN_ENDS: &[&str] = &[
    ".min.js",
    ".min.css",
    ".lock",
    "-lock.json",
    "lock.yaml",
    ".pb.go",
    "_pb2.py",
    ".g.dart",
    ".designer.cs",
    ".map",
    ".snap",
    ".svg",
    ".po",
    "go.sum",
    ".generated.ts",
    "_generated.go",
    ".gen.go",
];

/// The last component.
pub fn file_name(path: &[u8]) -> &[u8] {
    &path[path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1)..]
}

/// The last component without its last extension.
pub fn file_stem(path: &[u8]) -> &[u8] {
    let name = file_name(path);
    match name.iter().rposition(|byte| *byte == b'.') {
        Some(dot) if dot > 0 => &name[..dot],
        _ => name,
    }
}

fn has_folder(lower: &[u8], folders: &[&str]) -> bool {
    let mut components: Vec<&[u8]> = lower.split(|byte| *byte == b'/').collect();
    components.pop();
    components.iter().any(|component| folders.iter().any(|folder| folder.as_bytes() == *component))
}

fn is_foreign(lower: &[u8]) -> bool {
    has_folder(lower, FOREIGN_FOLDERS) || FOREIGN_ENDS.iter().any(|end| lower.ends_with(end.as_bytes()))
}

fn is_document(lower: &[u8]) -> bool {
    [".md", ".rst", ".txt", ".adoc", ".html.markdown"].iter().any(|end| lower.ends_with(end.as_bytes()))
}

/// Markup that is part of a program: page templates, styles, schemas.
fn is_template(lower: &[u8]) -> bool {
    const ENDS: &[&str] = &[
        ".html", ".tmpl", ".erb", ".jinja", ".j2", ".css", ".scss", ".less", ".proto", ".graphql", ".twig", ".xaml",
        ".hbs",
    ];
    ENDS.iter().any(|end| lower.ends_with(end.as_bytes()))
}

/// Test file names of the usual runners.
fn is_test_name(name: &[u8]) -> bool {
    let stem = file_stem(name);
    let lower = stem.to_ascii_lowercase();
    let starts = |prefix: &str| lower.starts_with(prefix.as_bytes());
    let ends = |suffix: &str| lower.ends_with(suffix.as_bytes());
    let hump = |suffix: &str| stem.ends_with(suffix.as_bytes());
    starts("test_")
        || lower == b"test"
        || lower == b"tests"
        || lower == b"conftest"
        || ends("_test")
        || ends("_tests")
        || ends("_spec")
        || ends(".test")
        || ends(".spec")
        || ends("-test")
        || hump("Test")
        || hump("Tests")
        || hump("TestCase")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_follow_the_path() {
        for (path, role) in [
            ("django/db/models/query.py", Role::Source),
            ("src/latest/contest.rs", Role::Source),
            ("tests/queries/tests.py", Role::Test),
            ("pkg/run/run_test.go", Role::Test),
            ("packages/core/src/x.spec.ts", Role::Test),
            ("gson/src/test/java/com/google/gson/JsonTest.java", Role::Test),
            ("django/test/client.py", Role::TestSupport),
            ("docs/conf.py", Role::Documentation),
            ("tools/release.py", Role::Documentation),
            ("django/contrib/admin/checks.py", Role::Source),
            ("README.md", Role::Documentation),
            ("vendor/a/b.go", Role::Foreign),
            ("web/app.min.js", Role::Foreign),
            ("Cargo.lock", Role::Foreign),
            ("config/app.yml", Role::Data),
            ("templates/repo/home.tmpl", Role::Source),
        ] {
            assert_eq!(Role::of(path.as_bytes()), role, "{path}");
        }
    }

    #[test]
    fn pictures_and_archives_are_not_unpacked() {
        assert!(is_opaque(b"docs/Logo.PNG") && is_opaque(b"a.tar.xz"));
        assert!(!is_opaque(b"png") && !is_opaque(b"a/png.py") && !is_opaque(b"a.png/b.svg"));
    }

    #[test]
    fn extensions_name_the_language() {
        assert_eq!(Language::of(b"a/b.PY"), Language::Python);
        assert_eq!(Language::of(b"a.d/Makefile"), Language::Other);
        assert_eq!(Language::of(b"x.test.tsx"), Language::TypeScript);
    }
}
