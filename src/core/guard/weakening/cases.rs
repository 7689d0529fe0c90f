//! Finds test cases in a file: where each begins and ends, what it is called, whether it is switched off.
//!
//! Line patterns for the frameworks in use, not parsers: a case is a line that declares it and what follows up to the
//! next declaration. That is enough to compare two versions of one file.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{indent, pattern};

use super::super::view::View;

/// One test case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    /// As declared; unique enough within a file.
    pub(super) name: String,
    /// The line of the declaration, from 0.
    pub(super) line: usize,
    /// With the attributes above it.
    pub(super) lines: Range<usize>,
}

/// The syntax that a file's tests have, by its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Python,
    Rust,
    Go,
    Script,
    Ruby,
    Annotated,
    C,
    Other,
}

fn syntax(path: &str) -> Syntax {
    match path.rsplit('.').next().unwrap_or("") {
        "py" | "pyi" => Syntax::Python,
        "rs" => Syntax::Rust,
        "go" => Syntax::Go,
        "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" | "svelte" | "coffee" => Syntax::Script,
        "rb" => Syntax::Ruby,
        "java" | "kt" | "kts" | "cs" | "scala" | "groovy" | "php" | "swift" | "fs" | "vb" | "dart" => Syntax::Annotated,
        "c" | "cc" | "cpp" | "cxx" | "h" | "hpp" | "m" | "mm" => Syntax::C,
        _ => Syntax::Other,
    }
}

/// Declarations; the first group that takes part is the name.
fn declaration(syntax: Syntax) -> &'static Regex {
    static PYTHON: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:async\s+)?def\s+(test\w*)\s*\("));
    static RUST: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:async\s+|unsafe\s+|const\s+)*fn\s+(\w+)"));
    static GO: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^func\s+(?:\([^)]*\)\s*)?((?:Test|Benchmark|Fuzz|Example)\w*)\s*\("));
    static SCRIPT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"^\s*(?:export\s+)?(?:await\s+)?(?:x|f)?(?:it|test|specify|deno\.test|Deno\.test)(?:\.\w+(?:\([^)]*\))?)*\s*\(\s*(?:'([^']*)'|"([^"]*)"|`([^`]*)`)"#,
        )
    });
    static RUBY: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"^\s*(?:x?it|x?specify|x?scenario|test|should|x?example)[\s(]+(?:'([^']*)'|"([^"]*)")|^\s*def\s+(test_\w+)"#,
        )
    });
    static ANNOTATED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"^\s*(?:public\s+|private\s+|protected\s+|internal\s+|open\s+|override\s+|final\s+|static\s+|async\s+|suspend\s+)*(?:void|Task|func|fun|function|def|Unit|\w+(?:<[^>]*>)?)\s+(?:`([^`]+)`|(\w+))\s*\(|^\s*(?:test|testWidgets|it|should|in)\s*\(\s*(?:'([^']*)'|"([^"]*)")"#,
        )
    });
    static C: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"^\s*(?:TYPED_)?TEST(?:_[FP])?\s*\(\s*(\w+\s*,\s*\w+)|^\s*(?:TEST_CASE|SCENARIO|SECTION)\s*\(\s*"([^"]*)"|^\s*(?:static\s+)?(?:void|int|bool|MunitResult)\s+(test\w*|\w+_test)\s*\(|^\s*-\s*\(void\)\s*(test\w*)"#,
        )
    });
    static OTHER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"^\s*(?:@test|test|it|describe|subtest|should|testset|@testset|property|prop|test_that|deftest|\(deftest|\(testing)[\s(]+(?:'([^']*)'|"([^"]*)")|^\s*(?:function\s+)?(test_\w+|test[A-Z]\w*)\s*(?:\(\)|=)|^\s*\(deftest\s+([\w-]+)|^\s*test\s+\{([^}]*)\}|^test_expect_(?:success|failure)\s+(?:\S+\s+)?'([^']*)'"#,
        )
    });
    match syntax {
        Syntax::Python => &PYTHON,
        Syntax::Rust => &RUST,
        Syntax::Go => &GO,
        Syntax::Script => &SCRIPT,
        Syntax::Ruby => &RUBY,
        Syntax::Annotated => &ANNOTATED,
        Syntax::C => &C,
        Syntax::Other => &OTHER,
    }
}

/// Whether the lines above a Rust function or a method make it a test.
fn is_marked(syntax: Syntax, name: &str, above: &[&str]) -> bool {
    static RUST: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"#\[(?:\w+::)*(?:test|rstest|quickcheck|wasm_bindgen_test|test_case|proptest|bench|track_caller_test|cargo_test|gpui::test)\b",
        )
    });
    static ANNOTATION: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"@(?:\w+\.)*(?:Test|ParameterizedTest|RepeatedTest|Theory|Property|test)\b|\[(?:\w+\(.*\),\s*)?(?:Fact|Theory|Test|TestMethod|TestCase|DataTestMethod|SkippableFact|ConditionalFact)\b|#\[Test\]|@dataProvider",
        )
    });
    match syntax {
        Syntax::Rust => above.iter().any(|line| RUST.is_match(line)),
        Syntax::Annotated => {
            name.to_lowercase().starts_with("test") || above.iter().any(|line| ANNOTATION.is_match(line))
        }
        Syntax::Python | Syntax::Go | Syntax::Script | Syntax::Ruby | Syntax::C | Syntax::Other => true,
    }
}

/// Whether a file may hold tests at all: by its name, or Rust's tests beside the code.
pub(super) fn holds_tests(view: &View<'_>) -> bool {
    let marked = |lines: &[&str]| lines.iter().any(|line| line.contains("#[") && line.contains("test"));
    view.role.is_test || (syntax(&view.path.to_text()) == Syntax::Rust && (marked(&view.before) || marked(&view.after)))
}

/// The test cases of a text, in order.
pub(super) fn cases(path: &str, lines: &[&str]) -> Vec<Case> {
    let syntax = syntax(path);
    let declaration = declaration(syntax);
    let mut cases: Vec<Case> = Vec::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.len() < 1000) {
        let Some(found) = declaration.captures(line) else { continue };
        let name = found.iter().skip(1).flatten().next().map_or("", |name| name.as_str());
        let start = attributes_start(lines, index);
        let keyword = ["if", "for", "while", "switch", "catch", "return", "new", "else"].contains(&name);
        if keyword || !is_marked(syntax, name, &lines[start..index]) {
            continue;
        }
        if let Some(last) = cases.last_mut().filter(|case| case.lines.end > start) {
            last.lines.end = start;
        }
        let end = if syntax == Syntax::Other { lines.len() } else { block_end(lines, index) };
        cases.push(Case { name: name.to_owned(), line: index, lines: start..end });
    }
    cases
}

/// Whether a file without any case holds tests all the same, because its framework is not known.
pub(super) fn is_of_unknown_framework(path: &str) -> bool {
    syntax(path) == Syntax::Other
}

/// Whether tests compare by `if` and fail by hand there.
pub(super) fn compares_by_hand(path: &str) -> bool {
    matches!(syntax(path), Syntax::Go | Syntax::C)
}

/// Where the attributes, decorators and comments directly above a declaration begin.
fn attributes_start(lines: &[&str], declaration: usize) -> usize {
    let mut start = declaration;
    while let Some(above) = start.checked_sub(1) {
        let line = lines[above].trim();
        let continued = line.ends_with([',', '(', ')', ']']) && !line.ends_with(");") && line.len() > 1;
        let attribute = line.starts_with(['@', '#', '[']) || line.starts_with("//") || line.starts_with("xit");
        if !(attribute || (continued && start - above < 8 && attribute_within(lines, above))) {
            break;
        }
        start = above;
    }
    start
}

/// Whether one of the eight lines from here upwards starts an attribute that this line may end.
fn attribute_within(lines: &[&str], line: usize) -> bool {
    let first = line.saturating_sub(8);
    lines[first..=line]
        .iter()
        .rev()
        .take_while(|line| !line.trim().is_empty())
        .any(|line| line.trim().starts_with(['@', '#', '[']))
}

/// The first line after a declaration that stands no deeper than it and is not blank or its closing brace.
fn block_end(lines: &[&str], declaration: usize) -> usize {
    let own = indent(lines[declaration]);
    let mut last = declaration + 1;
    for (index, line) in lines.iter().enumerate().skip(declaration + 1) {
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            continue;
        }
        let part_of_it = indent(line) > own
            || trimmed.starts_with([')', '}', ']', '{'])
            || trimmed.starts_with("end")
            || trimmed.starts_with('#');
        if !part_of_it {
            break;
        }
        if !trimmed.starts_with('#') || indent(line) > own {
            last = index + 1;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(path: &str, text: &str) -> Vec<String> {
        let lines: Vec<&str> = text.lines().collect();
        cases(path, &lines).into_iter().map(|case| format!("{} {:?}", case.name, case.lines)).collect()
    }

    #[test]
    fn cases_of_many_frameworks() {
        assert_eq!(
            names(
                "test_a.py",
                "@mark\ndef test_a():\n    assert 1\n\nX = 1\nclass T:\n    def test_b(self):\n        pass\n"
            ),
            ["test_a 0..3", "test_b 6..8"]
        );
        assert_eq!(
            names("a.rs", "fn f() {}\n#[test]\n#[ignore]\nfn a() {\n}\nfn g() {}\n#[tokio::test]\nasync fn b() {}\n"),
            ["a 1..5", "b 6..8"]
        );
        assert_eq!(names("a_test.go", "func TestA(t *testing.T) {\n\tx()\n}\n\nfunc helper() {}\n"), ["TestA 0..3"]);
        assert_eq!(
            names("a.test.ts", "describe('x', () => {\n  it('a', () => {\n  });\n  test.skip(\"b\", f);\n});\n"),
            ["a 1..3", "b 3..5"]
        );
        assert_eq!(names("a_spec.rb", "it 'a' do\nend\ndef test_b\nend\n"), ["a 0..2", "test_b 2..4"]);
        assert_eq!(names("FooTest.java", "@Test\npublic void adds() {\n}\nprivate int helper() {\n}\n"), ["adds 0..3"]);
        assert_eq!(names("FooTests.cs", "[Fact(Skip = \"x\")]\npublic async Task Adds()\n{\n}\n"), ["Adds 0..4"]);
        assert_eq!(names("a_test.cc", "TEST_F(Foo, Bar) {\n}\nTEST_CASE(\"x\") {\n}\n"), ["Foo, Bar 0..2", "x 2..4"]);
        assert_eq!(names("FooTest.php", "public function testAdd(): void\n{\n}\n"), ["testAdd 0..3"]);
        assert_eq!(names("t/x.bats", "@test \"adds\" {\n}\n"), ["adds 0..2"]);
    }
}
