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
fn a_file_of_tests_goes_with_what_the_issue_asks_to_remove() {
    let asks = |title| ReviewContext { title, body: "", secrets: &[] };
    accepted(&[("test/res.header.js", JEST, "")], &asks("Remove `res.header(field, value)`"));
    let found = rules(&[("test/res.header.js", JEST, "")], &asks("Remove `res.cookie(name)`"));
    assert_eq!(found, [Rule::TestDeleted]);
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

#[test]
fn what_a_failure_says_is_free_but_not_what_it_demands() {
    let rust = RUST.replace(", 5)", ", 5, \"adds\")");
    accepted(&[("src/lib.rs", &rust, &rust.replace("\"adds\"", "\"adds two numbers\""))], &ISSUE);
    refused("src/lib.rs", &rust, &rust.replace("5, \"adds\"", "6, \"adds\""), Rule::ExpectedValue);
    accepted(&[("add_test.go", GO, &GO.replace("got %d", "add gives %d"))], &ISSUE);
    accepted(&[("add_test.go", GO, &GO.replace("t.Errorf(\"got", "t.Fatalf(\"no: got"))], &ISSUE);
    refused("add_test.go", GO, &GO.replace("t.Errorf", "t.Logf"), Rule::TestWeakened);
    let plain = GO.replace("t.Errorf(\"got %d\", got)", "t.Error(\"no\")");
    accepted(&[("add_test.go", &plain, &plain.replace("t.Error", "t.Fatal"))], &ISSUE);
    refused(
        "add_test.go",
        &plain.replace("t.Error", "t.Fatal"),
        &plain.replace("t.Error", "t.Log"),
        Rule::TestWeakened,
    );
    let testify = "func TestAdd(t *testing.T) {\n\trequire.True(t, small(2), \"is small\")\n\tassert.Equal(t, \"5\", Add(2, 3), \"adds\")\n}\n";
    accepted(&[("add_test.go", testify, &testify.replace("is small", "two is small"))], &ISSUE);
    refused("add_test.go", testify, &testify.replace("\"5\"", "\"6\""), Rule::ExpectedValue);
    // Here the message is first, and the text behind it a value.
    let junit = JAVA.replace("assertEquals(5, add(2, 3))", "assertEquals(\"adds\", add(2, 3), \"5\")");
    refused("AddTest.java", &junit, &junit.replace("\"5\"", "\"6\""), Rule::ExpectedValue);
}

#[test]
fn tests_of_one_name_are_told_apart() {
    let case = |value: &str| format!("    SECTION(\"null\")\n    {{\n        CHECK({value});\n    }}\n");
    let file = |cases: &[&str]| format!("TEST_CASE(\"x\")\n{{\n{}}}\n", cases.concat());
    let (one, two, three) = (case("f(1) == 2"), case("g(3) == 4"), case("h(5) == 6"));
    accepted(&[("test/unit.cpp", &file(&[&one, &two]), &file(&[&three, &one, &two]))], &ISSUE);
    let weaker = case("f(1) != 7");
    refused("test/unit.cpp", &file(&[&one, &two]), &file(&[&weaker.replace("CHECK", "use"), &two]), Rule::TestWeakened);
    let js = |body: &str| format!("describe('a', () => {{\n{body}}});\n");
    let works = |call: &str| format!("  it('works', () => {{\n    expect({call}).toBe(5);\n  }});\n");
    let both = js(&(works("add(2, 3)") + &works("sum(4, 1)")));
    refused("src/add.test.js", &both, &js(&works("sum(4, 1)")), Rule::TestDeleted);
}

#[test]
fn what_takes_a_tests_place_has_to_run_and_demand_something() {
    let sub = "\n\ndef test_sub():\n    assert sub(5, 3) == 2\n";
    let file = |test: &str| format!("import pytest\n\n\n{test}{sub}");
    let old = file("def test_add():\n    assert add(2, 3) == 5\n");
    accepted(&[("tests/test_app.py", &old, &file("def test_adds():\n    assert add(2, 3) == 5\n"))], &ISSUE);
    for test in [
        "@pytest.mark.skip(reason='later')\ndef test_adds():\n    assert add(2, 3) == 5\n",
        "def test_adds():\n    add(2, 3)\n",
        "def test_adds():\n    assert True\n",
        "def test_adds():\n    if False:\n        assert add(2, 3) == 5\n",
    ] {
        refused("tests/test_app.py", &old, &file(test), Rule::TestDeleted);
    }
    // What was without effect before, here in a text, does not hinder a rename.
    let guard =
        file("def test_add():\n    code = \"\"\"\n    if False:\n        x\n    \"\"\"\n    assert run(code) == 5\n");
    accepted(&[("tests/test_app.py", &guard, &guard.replace("test_add", "test_adds"))], &ISSUE);
    let moved = |body: &str| {
        let test = format!("def test_add():\n    {body}\n");
        rules(&[("tests/test_app.py", &old, &file("")), ("tests/test_add.py", "", &test)], &ISSUE)
    };
    assert_eq!(moved("assert add(2, 3) == 5"), []);
    assert_eq!(moved("pass"), [Rule::TestDeleted]);
}

#[test]
fn an_assertion_that_moves_has_to_be_reached() {
    let old = "def test_add():\n    assert add(2, 3) == 5\n    assert add(0, 0) == 0\n";
    let kept = "def test_add():\n    assert add(0, 0) == 0\n\n\n";
    let into = |rest: &str| format!("{kept}{rest}");
    accepted(&[("tests/test_app.py", old, &into("def test_more():\n    assert add(2, 3) == 5\n"))], &ISSUE);
    refused("tests/test_app.py", old, &into("def check_add():\n    assert add(2, 3) == 5\n"), Rule::TestWeakened);
    refused(
        "tests/test_app.py",
        old,
        &into("@pytest.mark.skip\ndef test_more():\n    assert add(2, 3) == 5\n"),
        Rule::TestWeakened,
    );
    // A function that asserts something else takes nothing over.
    let helper = "def test_add():\n    assert add(2, 3) == 5\n\n\ndef check(x):\n    assert x is not y\n";
    refused("tests/test_app.py", helper, &helper.replace("assert add(2, 3) == 5", "check(7)"), Rule::TestWeakened);
    refused(
        "tests/test_app.py",
        old,
        "def check(a):\n    assert True\n\n\ndef test_add():\n    check(add(2, 3))\n",
        Rule::TestWeakened,
    );
}

#[test]
fn a_comparison_by_hand_and_its_failure_are_one_assertion() {
    let old = "func TestAdd(t *testing.T) {\n\tgot, err := Add(2, 3)\n\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n\tif got != 5 {\n\t\tt.Errorf(\"got %d\", got)\n\t}\n}\n";
    let block = "\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n";
    accepted(&[("add_test.go", old, &old.replace(block, "\trequire.NoError(t, err)\n"))], &ISSUE);
    refused("add_test.go", old, &old.replace(block, ""), Rule::TestWeakened);
    refused("add_test.go", old, &old.replace("\t\tt.Errorf(\"got %d\", got)\n", ""), Rule::TestWeakened);
    // One of the two is left for both.
    let one = "func TestAdd(t *testing.T) {\n\tgot, err := Add(2, 3)\n\trequire.NoError(t, err)\n}\n";
    refused("add_test.go", old, one, Rule::TestWeakened);
}

#[test]
fn a_new_block_may_expect_an_exception_but_take_no_old_assertion_in() {
    let block =
        |body: &str| format!("try {{\n            {body}\n        }} catch (ArithmeticException e) {{\n        }}");
    let old = "assertEquals(5, add(2, 3));";
    accepted(
        &[(
            "AddTest.java",
            JAVA,
            &JAVA.replace(old, &format!("{old}\n        {}", block("add(MAX, 1);\n            fail();"))),
        )],
        &ISSUE,
    );
    refused("AddTest.java", JAVA, &JAVA.replace(old, &block(old)), Rule::TestWeakened);
    refused("AddTest.java", JAVA, &JAVA.replace(old, &block("assertEquals(5, add(2, 3) + 0);")), Rule::TestWeakened);
}

#[test]
fn programs_that_a_new_test_writes_may_skip_their_tests() {
    let old = "def test_one(t):\n    assert run(t) == 0\n";
    let new = "\n\ndef test_two(t):\n    t.write(\n        \"\"\"\n        def test_a(x):\n            pass\n        def x():\n            pytest.skip(\"no\")\n        \"\"\"\n    )\n    assert run(t) == 1\n";
    accepted(&[("tests/test_app.py", old, &format!("{old}{new}"))], &ISSUE);
    refused(
        "tests/test_app.py",
        old,
        &old.replace("    assert", "    def x():\n        pytest.skip('no')\n    x()\n    assert"),
        Rule::TestSkipped,
    );
    refused("tests/test_app.py", old, &format!("{new}{old}\n\npytestmark = pytest.mark.skip\n"), Rule::TestSkipped);
}

#[test]
fn any_true_value_is_less_than_the_right_one() {
    for call in ["math.add(2, 3)", "str(add(2, 3)).startswith('5')", "add(2, 3).real"] {
        let bare = PYTHON.replace("add(2, 3) == 5", call);
        refused("tests/test_app.py", PYTHON, &bare, Rule::TestWeakened);
    }
    let old = "def test_zone():\n    assert aware(now).zone is pytz.utc\n";
    accepted(&[("tests/test_app.py", old, &old.replace("pytz.utc", "ZoneInfo(\"UTC\")"))], &ISSUE);
    let close = PYTHON.replace("add(2, 3) == 5", "math.isclose(add(2, 3), five)");
    accepted(&[("tests/test_app.py", &close, &close.replace("math.isclose", "np.allclose"))], &ISSUE);
}

#[test]
fn a_method_that_is_called_should_is_no_assertion() {
    let old = JEST.replace(
        "  expect(sub",
        "  class A {\n    shouldUpdate(next, state) {\n      return x;\n    }\n  }\n  expect(sub",
    );
    accepted(&[("src/add.test.js", &old, JEST)], &ISSUE);
    let shoulda = RUBY.replace("expect(add(2, 3)).to eq 5", "should_equal(add(2, 3), 5)");
    refused("spec/add_spec.rb", &shoulda, &shoulda.replace("    should_equal(add(2, 3), 5)\n", ""), Rule::TestWeakened);
}

#[test]
fn a_refusal_names_the_test() {
    let after = PYTHON.replace("== 5", "== -1");
    let found = review_all(&[("tests/test_app.py", PYTHON, &after)], |views, found| check(views, &ISSUE, found));
    expect_test::expect!["tests/test_app.py:5: expected value of a test changed: `assert add(2, 3) == -1` expected `5` before; the issue does not state `-1`, in the test `test_add`; keep the old value [expected-value]"]
        .assert_eq(&found[0].to_string());
}

#[test]
fn tests_may_be_joined_with_all_that_they_assert() {
    let joined =
        "from src.app import add, sub\n\n\ndef test_add():\n    assert add(2, 3) == 5\n    assert sub(5, 3) == 2\n";
    accepted(&[("tests/test_app.py", PYTHON, joined)], &ISSUE);
    refused("tests/test_app.py", PYTHON, &joined.replace("== 2", "== 3"), Rule::TestDeleted);
    // The same words about something else.
    let old = "def test_add():\n    n = add(2, 3)\n    assert n == 5\n\n\ndef test_one():\n    assert one() == 1\n";
    let other = "def test_one():\n    n = 5\n    assert n == 5\n    assert one() == 1\n";
    refused("tests/test_app.py", old, other, Rule::TestDeleted);
}

#[test]
fn what_takes_a_tests_place_is_about_the_same() {
    let python = |test: &str| PYTHON.replace("def test_add():\n    assert add(2, 3) == 5\n", test);
    let gone = |test: &str| refused("tests/test_app.py", PYTHON, &python(test), Rule::TestDeleted);
    for test in [
        "def test_length():\n    assert len('abc') == 3\n",
        "def test_add_works():\n    assert len('abc') == 3\n",
        "def test_add_works():\n    # add(2, 3) is 5\n    assert sorted([9, 8]) == [8, 9]\n",
        "def test_add_works():\n    \"\"\"\n    add(2, 3) is 5\n    \"\"\"\n    assert sorted([9, 8]) == [8, 9]\n",
        "def test_add_works():\n    name = 'add(2, 3) == 5'\n    assert name.count('=') == 7\n",
        "def test_add_works():\n    unused = add(2, 3)\n    assert sorted([9, 8]) == [8, 9]\n",
        "def test_add_works():\n    add(2, 3)\n    assert sorted([9, 8]) == [8, 9]\n",
        "def test_add_works():\n    x = 7\n    assert x + x == 14\n",
        "def test_add_works():\n    assert sorted([9, 8]) == [8, 9]\n\n    add(2, 3)\n",
        "def test_add_works():\n    x = add(2, 3)\n    assert x == x\n",
        "class TestAdd:\n    def test_add_works(self):\n        self.assertEqual(upper('a'), 'A')\n",
    ] {
        gone(test);
    }
    let other = |path: &str, test: &str| {
        let found = rules(&[("tests/test_app.py", PYTHON, &python("")), (path, "", test)], &ISSUE);
        assert_eq!(found, [Rule::TestDeleted], "{test}");
    };
    other("tests/test_more.py", "def test_length():\n    assert len('abc') == 3\n");
    // The name alone has moved.
    other("tests/test_more.py", "def test_add():\n    assert len('abc') == 3\n");
    other("tests/more.test.js", "it('adds', () => {\n  expect([9, 8].sort()).toEqual([8, 9]);\n});\n");
}

#[test]
fn what_takes_the_place_is_about_the_same_in_each_language() {
    let easy = |path: &str, before: &str, from: &str, to: &str| {
        assert!(before.contains(from), "{from}");
        refused(path, before, &before.replace(from, to), Rule::TestDeleted);
    };
    let js = "  expect(add(2, 3)).toBe(5);";
    easy(
        "src/add.test.js",
        JEST,
        &format!("test('adds', () => {{\n{js}"),
        "test('sorts', () => {\n  expect(sort('ba')).toBe('ab');",
    );
    let it = JEST.replace("test('", "it('");
    easy(
        "src/add.test.js",
        &it,
        &format!("it('adds', () => {{\n{js}"),
        "describe('adds', () => {\n  it('is fine', () => {\n    expect('b'.length).toBe(1);\n  });",
    );
    easy(
        "src/lib.rs",
        RUST,
        "fn adds() {\n        assert_eq!(super::add(2, 3), 5);",
        "fn sorts() {\n        assert_eq!(\"ab\".len(), 7);",
    );
    easy(
        "add_test.go",
        GO,
        "TestAdd(t *testing.T) {\n\tif got := Add(2, 3); got != 5 {",
        "TestLen(t *testing.T) {\n\tif got := len(\"ab\"); got != 7 {",
    );
    easy(
        "AddTest.java",
        JAVA,
        "void adds() {\n        assertEquals(5, add(2, 3));",
        "void sorts() {\n        assertEquals(\"AB\", \"ab\".toUpperCase());",
    );
    easy(
        "spec/add_spec.rb",
        RUBY,
        "it 'adds' do\n    expect(add(2, 3)).to eq 5",
        "it 'sorts' do\n    expect('ab'.upcase).to eq 'AB'",
    );
}

#[test]
fn a_test_stands_for_one_that_is_gone_only() {
    let test = |name: &str, body: &str| format!("def test_{name}():\n    assert {body}\n\n\n");
    let old = test("add", "add(2, 3) == 5") + &test("add_more", "add(20, 30) == 50");
    let easy = test("add", "add(2, 3) == 5").replace("test_add", "test_adds") + &test("length", "size('abc') == 9");
    refused("tests/test_app.py", &old, &easy, Rule::TestDeleted);
    accepted(&[("tests/test_app.py", &old, &old.replace("test_add", "test_sum"))], &ISSUE);
}

#[test]
fn a_test_may_be_written_anew_about_the_same() {
    for test in [
        "class TestAdd(unittest.TestCase):\n    def test_adds_two_numbers(self):\n        self.assertEqual(add(2, 3), 5)\n",
        "@pytest.mark.parametrize('a, b, c', [(2, 3, 5), (0, 0, 0)])\ndef test_sums(a, b, c):\n    assert add(a, b) == c\n",
        "def test_adds_small():\n    total = add(1, 1)\n    assert total == 2\n",
        "def test_add_refuses_texts():\n    with pytest.raises(TypeError):\n        add('2', 3)\n",
    ] {
        let after = PYTHON.replace("def test_add():\n    assert add(2, 3) == 5\n", test);
        accepted(&[("tests/test_app.py", PYTHON, &after)], &ISSUE);
    }
}

#[test]
fn values_alone_carry_no_test_on() {
    let test = |name: &str, body: &str| format!("def test_{name}():\n    {body}\n\n\n");
    let rest = test("more", "assert add(20, 30) == 50") + &test("most", "assert add(7, 8) == 15");
    let old = test("large", "assert add(2000, 3000) == 5000") + &rest;
    for body in [
        "assert 2000 + 3000 == 5000",
        "assert sum([2000, 3000]) == 5000",
        "add(2000, 3000)\n    assert 2000 + 3000 == 5000",
        "five = 5000\n    assert five == 2000 + 3000",
        "text = 'add'\n    assert text and 2000 + 3000 == 5000",
    ] {
        refused("tests/test_app.py", &old, &(test("larger", body) + &rest), Rule::TestDeleted);
    }
    let honest = test("larger", "total = add(2000, 3000)\n    assert total == 5000") + &rest;
    accepted(&[("tests/test_app.py", &old, &honest)], &ISSUE);
}

/// With the square of their lengths this would take hours.
#[test]
fn long_tests_and_long_lines_are_read_once() {
    let with = |body: &str| PYTHON.replace("def test_add():\n    assert add(2, 3) == 5\n", body);
    for body in [
        format!("def test_sum():\n    assert a(7) == 9\n    x = {}\n", "/*a".repeat(200_000)),
        format!("def test_sum():\n    assert a(7) == 9\n    x = {}\n", r#"\"a"#.repeat(200_000)),
        format!("def test_sum():\n    assert a(7) == 9\n{}", "\n    b()\n".repeat(50_000)),
        format!("def test_sum():\n    a()\n{}", "    .should(7)\n".repeat(50_000)),
    ] {
        refused("tests/test_app.py", PYTHON, &with(&body), Rule::TestDeleted);
    }
}

#[test]
fn a_test_of_one_line_demands_what_it_asserts() {
    for (path, before) in [
        (
            "src/add.test.js",
            "describe('add', () => {\n  it('adds', () => { expect(add(2, 3)).toBe(5); });\n  it('is', () => expect(one()).toBe(1));\n});\n",
        ),
        (
            "src/add.test.ts",
            "test(\"adds\", async function () { assert.equal(await add(2, 3), 5) });\ntest('is', t => t.is(one(), 1));\n",
        ),
        ("tests/test_app.py", "def test_adds(): assert add(2, 3) == 5\n\ndef test_is(): assert one() == 1\n"),
        (
            "src/lib.rs",
            "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() { assert_eq!(add(2, 3), 5); }\n    #[test]\n    fn is() { assert_eq!(one(), 1) }\n}\n",
        ),
        (
            "AddTest.java",
            "class AddTest {\n    @Test\n    public void adds() { assertEquals(5, add(2, 3)); }\n    @Test\n    void is() { assertEquals(1, one()); }\n}\n",
        ),
        (
            "AddTest.kt",
            "class AddTest {\n    @Test\n    fun adds() = assertEquals(5, add(2, 3))\n\n    @Test\n    fun is() = assertEquals(1, one())\n}\n",
        ),
        (
            "spec/add_spec.rb",
            "describe Add do\n  it('adds') { expect(add(2, 3)).to eq 5 }\n  it('is') { expect(one()).to eq 1 }\nend\n",
        ),
    ] {
        refused(path, before, &before.replace('5', "6"), Rule::ExpectedValue);
        let renamed = before.replace("adds", "sums");
        accepted(&[(path, before, &renamed)], &ISSUE);
        refused(path, before, &renamed.replace("add(2, 3)", "upper('b')").replace('5', "7"), Rule::TestDeleted);
    }
    let long = "describe('add', () => {\n  it('adds', () => {\n    expect(add(2, 3)).toBe(5);\n  });\n});\n";
    let short = "describe('add', () => {\n  it('adds', () => { expect(add(2, 3)).toBe(5); });\n});\n";
    accepted(&[("src/add.test.js", long, short)], &ISSUE);
    accepted(&[("src/add.test.js", short, long)], &ISSUE);
}
