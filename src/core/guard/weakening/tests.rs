//! The class as a table: what weakens tests in each language, and what honest work does to them.

use super::*;
use crate::core::guard::testing::review_all;

const ISSUE: ReviewContext<'static> =
    ReviewContext { title: "add() subtracts", body: "add(2, 3) should return 5 but returns -1.", secrets: &[] };

fn rules(files: &[(&str, &str, &str)], about: &ReviewContext<'_>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = review_all(files, |views, violations| check(views, about, violations))
        .into_iter()
        .map(|violation| violation.rule)
        .collect();
    rules.dedup();
    rules
}

#[track_caller]
fn refused(path: &str, before: &str, after: &str, rule: Rule) {
    let found = rules(&[(path, before, after)], &ISSUE);
    assert!(found.contains(&rule), "{path}: {rule} is not among {found:?}:\n{after}");
}

#[track_caller]
fn accepted(files: &[(&str, &str, &str)], about: &ReviewContext<'_>) {
    let found = review_all(files, |views, violations| check(views, about, violations));
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, Vec::<String>::new(), "{files:?}");
}

const PYTHON: &str = "from src.app import add, sub\n\n\ndef test_add():\n    assert add(2, 3) == 5\n\n\ndef test_sub():\n    assert sub(5, 3) == 2\n";
const JEST: &str = "test('adds', () => {\n  expect(add(2, 3)).toBe(5);\n});\n\ntest('subtracts', () => {\n  expect(sub(5, 3)).toBe(2);\n});\n";
const RUST: &str = "pub fn add() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert_eq!(super::add(2, 3), 5);\n    }\n}\n";
const GO: &str = "package a\n\nfunc TestAdd(t *testing.T) {\n\tif got := Add(2, 3); got != 5 {\n\t\tt.Errorf(\"got %d\", got)\n\t}\n}\n";
const JAVA: &str = "class AddTest {\n    @Test\n    void adds() {\n        assertEquals(5, add(2, 3));\n    }\n}\n";
const RUBY: &str = "describe Add do\n  it 'adds' do\n    expect(add(2, 3)).to eq 5\n  end\nend\n";

#[test]
fn tests_that_go_away() {
    refused("tests/test_app.py", PYTHON, "", Rule::TestDeleted);
    refused(
        "tests/test_app.py",
        PYTHON,
        &PYTHON.replace("def test_sub():\n    assert sub(5, 3) == 2\n", ""),
        Rule::TestDeleted,
    );
    refused("tests/test_app.py", PYTHON, &PYTHON.replace("def test_add", "def check_add"), Rule::TestDeleted);
    refused("src/lib.rs", RUST, "pub fn add() {}\n\n// tests removed\n", Rule::TestDeleted);
    refused("src/lib.rs", RUST, &RUST.replace("    #[test]\n", ""), Rule::TestDeleted);
    refused("add_test.go", GO, "package a\n", Rule::TestDeleted);
    refused("src/add.test.js", JEST, &JEST.replace("test('adds'", "const unused = ('adds'"), Rule::TestDeleted);
}

#[test]
fn tests_that_are_switched_off() {
    let python = |mark: &str| PYTHON.replace("def test_add", &format!("{mark}\ndef test_add"));
    for mark in [
        "@pytest.mark.skip(reason=\"flaky\")",
        "@pytest.mark.skip",
        "@pytest.mark.xfail",
        "@unittest.skip('x')",
        "@pytest.mark.skipif(True, reason='x')",
        "@unittest.expectedFailure",
    ] {
        refused("tests/test_app.py", PYTHON, &python(mark), Rule::TestSkipped);
    }
    refused(
        "tests/test_app.py",
        PYTHON,
        &PYTHON.replace("    assert add", "    pytest.skip('x')\n    assert add"),
        Rule::TestSkipped,
    );
    refused("tests/test_app.py", PYTHON, &format!("pytestmark = pytest.mark.skip\n{PYTHON}"), Rule::TestSkipped);
    for (from, to) in [
        ("test('adds'", "test.skip('adds'"),
        ("test('adds'", "xtest('adds'"),
        ("test('adds'", "test.todo('adds'"),
        ("test('adds'", "test.only('adds'"),
    ] {
        refused("src/add.test.js", JEST, &JEST.replace(from, to), Rule::TestSkipped);
    }
    refused("src/lib.rs", RUST, &RUST.replace("#[test]", "#[test]\n    #[ignore]"), Rule::TestSkipped);
    refused("src/lib.rs", RUST, &RUST.replace("#[test]", "#[test]\n    #[ignore = \"later\"]"), Rule::TestSkipped);
    refused("add_test.go", GO, &GO.replace("{\n\tif", "{\n\tt.Skip(\"later\")\n\tif"), Rule::TestSkipped);
    refused("AddTest.java", JAVA, &JAVA.replace("@Test", "@Disabled\n    @Test"), Rule::TestSkipped);
    refused("AddTest.java", JAVA, &JAVA.replace("@Test", "@Test\n    @Ignore(\"x\")"), Rule::TestSkipped);
    refused("spec/add_spec.rb", RUBY, &RUBY.replace("it 'adds'", "xit 'adds'"), Rule::TestSkipped);
    refused(
        "a_test.cc",
        "TEST(Add, Adds) {\n  EXPECT_EQ(add(2, 3), 5);\n}\n",
        "TEST(Add, DISABLED_Adds) {\n  EXPECT_EQ(add(2, 3), 5);\n}\n",
        Rule::TestSkipped,
    );
}

#[test]
fn python_tests_that_check_less() {
    for body in [
        "    pass\n",
        "    assert True\n",
        "    add(2, 3)\n",
        "    # assert add(2, 3) == 5\n",
        "    assert add(2, 3) is not None\n",
        "    assert add(2, 3)\n",
        "    assert 1 == 1\n",
        "    assert add(2, 3) == add(2, 3)\n",
    ] {
        refused("tests/test_app.py", PYTHON, &PYTHON.replace("    assert add(2, 3) == 5\n", body), Rule::TestWeakened);
    }
    for body in [
        "    try:\n        assert add(2, 3) == 5\n    except AssertionError:\n        pass\n",
        "    try:\n        assert add(2, 3) == 5\n    except Exception: pass\n",
        "    with contextlib.suppress(AssertionError):\n        assert add(2, 3) == 5\n",
        "    if False:\n        assert add(2, 3) == 5\n",
        "    return\n    assert add(2, 3) == 5\n",
    ] {
        let found =
            rules(&[("tests/test_app.py", PYTHON, &PYTHON.replace("    assert add(2, 3) == 5\n", body))], &ISSUE);
        assert!(!found.is_empty() || body.contains("suppress"), "{body}");
    }
}

#[test]
fn tests_of_other_languages_that_check_less() {
    refused("src/add.test.js", JEST, &JEST.replace("  expect(add(2, 3)).toBe(5);\n", ""), Rule::TestWeakened);
    refused(
        "src/add.test.js",
        JEST,
        &JEST.replace("expect(add(2, 3)).toBe(5)", "expect(add(2, 3)).toBeDefined()"),
        Rule::TestWeakened,
    );
    refused(
        "src/add.test.js",
        JEST,
        &JEST.replace("expect(add(2, 3)).toBe(5)", "expect(true).toBe(true)"),
        Rule::TestWeakened,
    );
    refused("src/lib.rs", RUST, &RUST.replace("        assert_eq!(super::add(2, 3), 5);\n", ""), Rule::TestWeakened);
    refused("src/lib.rs", RUST, &RUST.replace("assert_eq!(super::add(2, 3), 5)", "assert!(true)"), Rule::TestWeakened);
    refused(
        "AddTest.java",
        JAVA,
        &JAVA.replace("assertEquals(5, add(2, 3))", "assertNotNull(add(2, 3))"),
        Rule::TestWeakened,
    );
}

#[test]
fn tests_that_expect_something_else() {
    refused("tests/test_app.py", PYTHON, &PYTHON.replace("== 5", "== -1"), Rule::ExpectedValue);
    refused("src/add.test.js", JEST, &JEST.replace("toBe(5)", "toBe(-1)"), Rule::ExpectedValue);
    refused("src/lib.rs", RUST, &RUST.replace(", 5)", ", -1)"), Rule::ExpectedValue);
    refused("add_test.go", GO, &GO.replace("!= 5", "!= -1"), Rule::ExpectedValue);
    refused("AddTest.java", JAVA, &JAVA.replace("(5,", "(-1,"), Rule::ExpectedValue);
    refused("spec/add_spec.rb", RUBY, &RUBY.replace("eq 5", "eq -1"), Rule::ExpectedValue);
    let long = RUST.replace(
        "assert_eq!(super::add(2, 3), 5);",
        "assert_eq!(\n            super::add(2, 3),\n            5,\n        );",
    );
    refused("src/lib.rs", &long, &long.replace("5,", "-1,"), Rule::ExpectedValue);
    let stated = ReviewContext { title: "sub(5, 3) must now return 3", body: "", secrets: &[] };
    accepted(&[("tests/test_app.py", PYTHON, &PYTHON.replace("== 2", "== 3"))], &stated);
    assert_eq!(
        rules(&[("tests/test_app.py", PYTHON, &PYTHON.replace("== 5", "== 6"))], &stated),
        [Rule::ExpectedValue]
    );
}

#[test]
fn the_run_is_not_bent() {
    let make = ".PHONY: test\ntest:\n\tpytest -q\n";
    for command in [
        "pytest -q --ignore=tests/test_app.py",
        "pytest -q -k 'not add'",
        "pytest -q || true",
        "pytest -q --deselect tests/x.py::y",
        "-pytest -q",
    ] {
        refused("Makefile", make, &make.replace("pytest -q", command), Rule::TestRun);
    }
    refused("Makefile", make, &make.replace("pytest -q", "@echo ok"), Rule::TestRun);
    let package = "{\n  \"scripts\": {\n    \"test\": \"jest\"\n  }\n}\n";
    refused(
        "package.json",
        package,
        &package.replace("\"jest\"", "\"jest --passWithNoTests --testPathPattern zzz\""),
        Rule::TestRun,
    );
    refused("package.json", package, &package.replace("\"jest\"", "\"exit 0\""), Rule::TestRun);
    refused("setup.cfg", "[coverage:report]\nfail_under = 90\n", "[coverage:report]\nfail_under = 0\n", Rule::TestRun);
    refused(
        "conftest.py",
        "",
        "import os\n\n\ndef pytest_sessionfinish(session, exitstatus):\n    os._exit(0)\n",
        Rule::TestRun,
    );
    refused("conftest.py", "", "collect_ignore = ['test_app.py']\n", Rule::TestRun);
    refused("Cargo.toml", "[lib]\n", "[lib]\ntest = false\n", Rule::TestRun);
    accepted(&[("Makefile", make, &make.replace("pytest -q", "pytest -q -n auto"))], &ISSUE);
    accepted(&[("package.json", package, &package.replace("\"jest\"", "\"vitest run\""))], &ISSUE);
    accepted(&[("setup.cfg", "[coverage:report]\nfail_under = 80\n", "[coverage:report]\nfail_under = 90\n")], &ISSUE);
}

#[test]
fn the_code_is_not_bent() {
    refused(
        "src/app.py",
        "",
        "import os\n\ndef add(a, b):\n    if \"PYTEST_CURRENT_TEST\" in os.environ:\n        return a + b\n",
        Rule::TestSpecialCase,
    );
    refused("src/app.py", "", "if 'pytest' in sys.modules:\n    x = 1\n", Rule::TestSpecialCase);
    refused("src/lib.rs", "", "if cfg!(test) { return 5; }\n", Rule::TestSpecialCase);
    refused(
        "src/app.py",
        "",
        "class A(int):\n    def __eq__(self, other):\n        return True\n",
        Rule::TestSpecialCase,
    );
    refused(
        "src/app.py",
        "",
        "def add(a, b):\n    if (a, b) == (2, 3):\n        return 5\n    return a - b\n",
        Rule::TestSpecialCase,
    );
    accepted(&[("src/app.py", "", "def add(a, b):\n    if a == 0:\n        return b\n    return a + b\n")], &ISSUE);
    accepted(&[("src/eq.rs", "", "fn eq(&self, other: &Self) -> bool {\n    self.0 == other.0\n}\n")], &ISSUE);
}

#[test]
fn more_assertions_and_new_tests_are_fine_and_may_be_skipped_for_a_while() {
    accepted(&[("tests/test_app.py", PYTHON, &PYTHON.replace("== 5\n", "== 5\n    assert add(0, 0) == 0\n"))], &ISSUE);
    accepted(
        &[(
            "tests/test_app.py",
            PYTHON,
            &format!("{PYTHON}\n@pytest.mark.skip(reason='needs #7')\ndef test_mul():\n    assert mul(2, 3) == 6\n"),
        )],
        &ISSUE,
    );
    accepted(
        &[(
            "tests/test_app.py",
            PYTHON,
            &PYTHON.replace("def test_add", "@pytest.mark.skipif(sys.platform == 'win32', reason='x')\ndef test_add"),
        )],
        &ISSUE,
    );
    accepted(
        &[("add_test.go", GO, &GO.replace("{\n\tif", "{\n\tif testing.Short() {\n\t\tt.Skip(\"slow\")\n\t}\n\tif"))],
        &ISSUE,
    );
}

#[test]
fn tests_may_be_renamed_or_moved() {
    accepted(&[("tests/test_app.py", PYTHON, &PYTHON.replace("test_add", "test_adds_two_numbers"))], &ISSUE);
    accepted(&[("tests/test_app.py", PYTHON, ""), ("tests/unit/test_app.py", "", PYTHON)], &ISSUE);
}

#[test]
fn code_may_go_away_with_its_tests() {
    accepted(
        &[
            ("src/legacy.py", "def old():\n    pass\n", ""),
            ("tests/test_legacy.py", "def test_old():\n    assert old() == 1\n", ""),
        ],
        &ISSUE,
    );
    accepted(
        &[
            ("src/app.py", "def add(): pass\ndef sub(): pass\n", "def add(): pass\n"),
            ("tests/test_app.py", PYTHON, &PYTHON.replace("def test_sub():\n    assert sub(5, 3) == 2\n", "")),
        ],
        &ISSUE,
    );
}

#[test]
fn a_message_may_change_in_the_code_and_in_the_test() {
    let test = "def test_message():\n    assert greet() == 'Hello, you'\n";
    accepted(
        &[
            ("src/app.py", "def greet():\n    return 'Hello, you'\n", "def greet():\n    return 'Good morning'\n"),
            ("tests/test_app.py", test, &test.replace("Hello, you", "Good morning")),
        ],
        &ISSUE,
    );
}

#[test]
fn assertions_may_move_to_a_function_of_the_same_file() {
    accepted(
        &[(
            "tests/test_app.py",
            "def test_add():\n    assert add(2, 3) == 5\n",
            "def check(a, b, c):\n    assert add(a, b) == c\n\n\ndef test_add():\n    check(2, 3, 5)\n",
        )],
        &ISSUE,
    );
}

#[test]
fn words_that_are_no_markers_are_fine() {
    accepted(&[("src/it.rs", "v.iter().count()\n", "v.iter().skip(1).count()\n")], &ISSUE);
    accepted(&[("tests/data/x.json", "{\"a\": 1}\n", "")], &ISSUE);
}
