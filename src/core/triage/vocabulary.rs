//! Which words count: file names, functions, tests and statements of what must hold, in all common languages.

/// Words in lower case, with tables that turn nearly every other word away at two looks.
pub(super) struct List {
    words: &'static [&'static str],
    /// For each first byte the lengths, as bits, that a word of the list has.
    lengths: [u32; 256],
    /// The same for each last byte.
    endings: [u32; 256],
}

impl List {
    const fn new(words: &'static [&'static str]) -> Self {
        let (mut lengths, mut endings) = ([0; 256], [0; 256]);
        let mut at = 0;
        while at < words.len() {
            let word = words[at].as_bytes();
            assert!(word.len() < 32, "lengths are bits of a u32");
            lengths[word[0] as usize] |= 1 << word.len();
            lengths[word[0].to_ascii_uppercase() as usize] |= 1 << word.len();
            let last = word[word.len() - 1];
            endings[last as usize] |= 1 << word.len();
            endings[last.to_ascii_uppercase() as usize] |= 1 << word.len();
            at += 1;
        }
        Self { words, lengths, endings }
    }

    /// Compares without regard to ASCII case.
    pub(super) fn has(&self, word: &[u8]) -> bool {
        let (Some(first), Some(last)) = (word.first(), word.last()) else { return false };
        let possible = |table: &[u32; 256], byte: u8| table[usize::from(byte)] >> word.len() & 1 == 1;
        word.len() < 32
            && possible(&self.lengths, *first)
            && possible(&self.endings, *last)
            && self.words.iter().any(|listed| listed.as_bytes().eq_ignore_ascii_case(word))
    }
}

/// Endings of source, markup and configuration files.
pub(super) static EXTENSIONS: List = List::new(&[
    "c",
    "h",
    "r",
    "d",
    "v",
    "m",
    "s",
    "rs",
    "py",
    "go",
    "js",
    "ts",
    "cc",
    "hh",
    "cs",
    "fs",
    "rb",
    "pl",
    "pm",
    "kt",
    "hs",
    "ml",
    "ex",
    "sh",
    "md",
    "vb",
    "jl",
    "el",
    "cl",
    "mm",
    "nf",
    "tf",
    "db",
    "po",
    "mk",
    "cr",
    "cpp",
    "cxx",
    "hpp",
    "hxx",
    "jsx",
    "tsx",
    "mjs",
    "cjs",
    "vue",
    "php",
    "kts",
    "erl",
    "exs",
    "clj",
    "lua",
    "nim",
    "zig",
    "sql",
    "css",
    "htm",
    "xml",
    "yml",
    "ini",
    "cfg",
    "txt",
    "csv",
    "bat",
    "ps1",
    "fsx",
    "fsi",
    "mli",
    "pas",
    "f90",
    "asm",
    "pyi",
    "pyx",
    "rst",
    "tex",
    "svg",
    "tcl",
    "sol",
    "bzl",
    "nix",
    "hcl",
    "env",
    "rkt",
    "scm",
    "elm",
    "gql",
    "jsp",
    "erb",
    "mod",
    "sum",
    "java",
    "html",
    "yaml",
    "toml",
    "json",
    "scss",
    "sass",
    "less",
    "bash",
    "fish",
    "dart",
    "cljs",
    "lock",
    "conf",
    "adoc",
    "vert",
    "frag",
    "wgsl",
    "glsl",
    "swift",
    "scala",
    "proto",
    "cmake",
    "ipynb",
    "jinja",
    "jsonc",
    "svelte",
    "groovy",
    "gradle",
    "csproj",
    "thrift",
    "properties",
]);

/// Products that are written like a file (`Node.js`), by the word before the dot.
pub(super) static PRODUCTS: List = List::new(&[
    "node", "vue", "next", "nuxt", "express", "react", "three", "d3", "chart", "moment", "angular", "ember",
    "backbone", "socket", "p5", "discord", "require", "alpine", "asp", "knockout", "stimulus",
]);

/// Folders that hold code in most repositories.
pub(super) static CODE_FOLDERS: List = List::new(&[
    "src",
    "tests",
    "test",
    "scripts",
    "lib",
    "libs",
    "docs",
    "crates",
    "pkg",
    "cmd",
    "internal",
    "app",
    "include",
    "examples",
    "packages",
    "spec",
    "bin",
    "tools",
    "modules",
    "components",
]);

/// Files known by their whole name.
pub(super) static FILE_NAMES: List = List::new(&[
    "makefile",
    "dockerfile",
    "readme",
    "changelog",
    "rakefile",
    "gemfile",
    "jenkinsfile",
    "procfile",
    "justfile",
    "cmakelists",
    "vagrantfile",
    "codeowners",
]);

/// Keywords that announce a name and are no English words: any name may follow (`fn parse`, `def run`).
pub(super) static KEYWORDS: List = List::new(&[
    "fn",
    "def",
    "func",
    "defn",
    "defun",
    "defp",
    "proc",
    "struct",
    "enum",
    "impl",
    "typedef",
    "subroutine",
]);

/// English words that announce a name: only what looks like code may follow or precede (`class Parser`).
pub(super) static NOUNS: List = List::new(&[
    "function",
    "functions",
    "method",
    "methods",
    "class",
    "classes",
    "trait",
    "interface",
    "fun",
    "sub",
    "macro",
    "module",
    "constructor",
    "procedure",
    "callback",
    "hook",
]);

/// Words by which people say what must hold.
pub(super) static STATEMENTS: List = List::new(&[
    "should",
    "shouldn",
    "must",
    "mustn",
    "expect",
    "expects",
    "expected",
    "expecting",
    "expectation",
    "expectations",
    "verify",
    "verifies",
    "verified",
    "verifying",
    "assert",
    "asserts",
    "asserted",
    "assertion",
    "assertions",
    "acceptance",
    "criteria",
    "criterion",
    "testcase",
    "testcases",
    "passes",
    "passing",
    "fails",
    "failing",
    "return",
    "returns",
    "returned",
    "returning",
    "raise",
    "raises",
    "raised",
    "throws",
    "panics",
    "ensures",
]);

/// Test frameworks, and words of tests.
static TEST_WORDS: List = List::new(&[
    "pytest",
    "tox",
    "jest",
    "vitest",
    "mocha",
    "junit",
    "rspec",
    "ctest",
    "gtest",
    "phpunit",
    "xunit",
    "nunit",
    "cypress",
    "playwright",
    "doctest",
    "unittest",
    "nextest",
    "googletest",
    "minitest",
    "proptest",
    "assert",
    "assert_eq",
    "assertequal",
    "assertequals",
    "asserttrue",
    "testcase",
]);

/// A word of a test, or the name of one (`test_parse`, `parse_test`, `parse_spec`).
pub(super) fn is_test_word(word: &[u8]) -> bool {
    let named = || word.starts_with(b"test_") || word.ends_with(b"_test") || word.ends_with(b"_spec");
    TEST_WORDS.has(word) || (word.len() > 5 && named())
}

/// Words that make a following `test` a test to run or to write rather than a verb.
pub(super) static TEST_QUALIFIERS: List = List::new(&[
    "unit",
    "integration",
    "regression",
    "cargo",
    "go",
    "npm",
    "mvn",
    "make",
    "gradle",
    "yarn",
    "pnpm",
    "dotnet",
    "mix",
    "failing",
    "acceptance",
    "snapshot",
    "smoke",
    "swift",
    "bazel",
]);

/// First words of a heading that structures a report.
pub(super) static SECTIONS: List = List::new(&[
    "problem",
    "solution",
    "expected",
    "actual",
    "steps",
    "reproduce",
    "reproduction",
    "reproducing",
    "acceptance",
    "definition",
    "proposal",
    "proposed",
    "observed",
    "current",
]);

/// Words that begin a dependency: `blocked by #1`, `depends on #1`.
pub(super) static WAITING: List = List::new(&["blocked", "depends", "dependent"]);

/// Words that take the beginning of a dependency back: `no longer blocked by #1`, `isn't blocked by #1`.
pub(super) static DENIALS: List = List::new(&["not", "longer", "never", "was", "t"]);
