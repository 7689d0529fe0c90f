//! What a line of a test demands: which value of what, and how strictly.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern;

/// One assertion, as far as a line shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assertion {
    /// The line, trimmed.
    pub(super) text: String,
    pub(super) strength: Strength,
    /// What is looked at, as tokens without spaces; everything but the literal side of a comparison.
    pub(super) subject: String,
    /// The literal values that are demanded, in order; empty when none is a literal.
    pub(super) expected: Vec<String>,
}

/// How much an assertion excludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// True whatever the program does: `assert True`, `expect(1).toBe(1)`.
    Trivial,
    /// Only that there is something, or that it is of a kind: not null, defined, truthy, an instance, in a range.
    Loose,
    /// Everything else.
    Exact,
}

/// The beginning of an assertion, in the frameworks in use.
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)^\s*(?:await\s+|return\s+|\#\s*)?(?:
            assert\b | (?:self|this|cls|\$this|\$test|\$self|\$that|Assert(?:ions)?|t|assert|require|qt|c|chai|tap|Expect|StringAssert|CollectionAssert|is|test|harness)(?:\.|->|::)
              (?:assert\w*|\w*[eE]qual\w*|Nil|NotNil|True|False|Error\w*|NoError|Contains|NotContains|Len|Empty|NotEmpty|Panics\w*|Is\w*|That\w*|Throws\w*|Zero|Greater\w*|Less\w*|Regexp|fail\w*|Fail\w*|ok|notOk|same|not|throws|rejects|strictSame|deepEqual|match|JSONEq\w*|ElementsMatch|InDelta\w*|Same|NotSame|WithinDuration|Subset|Implements|Eventually\w*|Assert|Check|Errorf|Fatal\w*)\s*\(?
            | (?:debug_)?assert\w*!? \s*\( | assert_\w+\s+\S | prop_assert\w*!\s*\( | (?:insta::)?assert_\w*snapshot!\s* | expect\w*!?\s*[\(\[{.] | expect\b
            | (?:EXPECT|ASSERT|CHECK|REQUIRE|VERIFY|BOOST_\w+|STRCMP|DOUBLES|LONGS|UNSIGNED|FAIL|XCTAssert\w*|XCTUnwrap|TEST_ASSERT\w*|ck_assert\w*|g_assert\w*|zassert\w*|munit_assert\w*|cmp_ok|is_deeply|is|isnt|like|ok)(?:_\w+)?\s*\(
            | (?:must|should)_?\w*\b | \w[\w.()\[\]]*\.(?:should|must)(?:_\w+|\.\w+)?\b | with\s+(?:self\.assert\w+|pytest\.(?:raises|warns))\b | pytest\.(?:raises|warns|fail)\b
            | (?:verify|verifyNoMoreInteractions|assertThat|assertThrows|assertSoftly|shouldThrow|testthat)\s*[\({] | matches\? | refute\w*\b | flunk\b
            | test_cmp\b | test_must_fail\b | test_grep\b | \[\s\S | is_equal
        )",
    )
});

/// Go's and C's way to fail by hand: a comparison in an `if` with a failing call behind it.
static COMPARISON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^\s*if\s.*(?:!=|==|!\w+\.(?:Equal|DeepEqual|Is|Contains)|reflect\.DeepEqual|cmp\.Diff|err\b)")
});

/// How tests of a language fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// By calling something that asserts.
    ByCall,
    /// Also by hand, behind an `if` that compares.
    ByHand,
}

/// Reads a line; `None` when it asserts nothing. Of a whole test in one line its body is read.
pub(super) fn assertion(line: &str, manner: Manner) -> Option<Assertion> {
    let line = line.trim();
    let text = body_in_line(line).unwrap_or(line);
    let comment = text.starts_with("//") || text.starts_with('#') || text.starts_with("/*") || text.starts_with("--");
    // What a stub receives is how it works, not what comes out.
    if text.contains("to receive") || text.contains("to_receive") {
        return None;
    }
    let by_hand = || manner == Manner::ByHand && text.starts_with("if ") && COMPARISON.is_match(text);
    if text.len() < 5 || text.len() > 2000 || comment || is_method(text) || !(ASSERTION.is_match(text) || by_hand()) {
        return None;
    }
    let tokens = tokens(text);
    let (subject, expected) = if fails(text) { ("fail".to_owned(), Vec::new()) } else { split(&tokens) };
    Some(Assertion { text: text.to_owned(), strength: strength(text, &tokens, &subject, &expected), subject, expected })
}

/// What stands between the brackets of a test that begins and ends in this line.
pub(super) fn body_in_line(line: &str) -> Option<&str> {
    static HEAD: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?x)^(?:
                (?:await\s+)?(?:it|test|specify|[dD]eno\.test)(?:\.\w+)*\s*\(\s*(?:'[^']*'|"[^"]*"|`[^`]*`)\s*,\s*
                  (?:async\s+)?(?:function\b\s*\w*\s*\([^()]*\)|(?:\w+|\([^()]*\))\s*=>)\s*\{?
                | (?:it|specify|example|scenario)\b\s*\(?\s*(?:'[^']*'|"[^"]*")?\s*\)?\s*\{
                | (?:async\s+)?def\s+test\w*\([^()]*\)\s*(?:->\s*\w+\s*)?:
                | (?:\w+\s+)*(?:fn|void|fun|func|function|Task)\s+(?:`[^`]*`|\w+)\s*\([^()]*\)\s*[\w\s:<>-]*[{=]
            )\s*(\S.*)$"#,
        )
    });
    let mut body = HEAD.captures(line).filter(|_| line.len() <= 2000)?.get(1)?.as_str();
    if depth(&tokens(line)) != 0 {
        return None;
    }
    while depth(&tokens(body)) < 0 {
        body = body.trim_end_matches(|c: char| c == ';' || c.is_whitespace()).strip_suffix([')', '}'])?;
    }
    Some(body.trim_end())
}

/// `shouldUpdate(next, state) {` begins a method of a class that a test is about.
fn is_method(text: &str) -> bool {
    static METHOD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:should|must)[A-Z]\w*\([\w\s,]*\)\s*\{$"));
    METHOD.is_match(text)
}

/// Whether a line fails whatever is; all that it has besides is a message.
fn fails(text: &str) -> bool {
    static FAIL: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"^(?:[tbc]\.(?:Errorf?|Fatalf?|FailNow|Fail)|(?:self\.|\$this->|Assert\.)?[fF]ail)\(")
    });
    FAIL.is_match(text)
}

impl Assertion {
    /// Whether it is a call that fails whatever is, as behind a comparison by hand.
    pub(super) fn is_failure(&self) -> bool {
        self.subject == "fail"
    }
}

/// The assertion that begins in a line, with the lines that it goes on in: as rustfmt and black write long ones.
pub(super) fn assertion_at(lines: &[&str], manner: Manner) -> Option<Assertion> {
    /// Longer ones are compared by their first line.
    const LONGEST: usize = 15;
    let first = assertion(lines.first()?, manner)?;
    let mut open = 0;
    let mut text = String::new();
    for line in lines.iter().take(LONGEST) {
        open += depth(&tokens(line));
        text.push_str(line.trim());
        if open <= 0 || first.text.ends_with('{') {
            return if text.len() == first.text.len() { Some(first) } else { assertion(&text, manner).or(Some(first)) };
        }
        text.push(' ');
    }
    Some(first)
}

/// The smallest parts of a line: names, numbers with their sign, strings, operators.
fn tokens(text: &str) -> Vec<&str> {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"[rbfu]?"(?:[^"\\]|\\.)*"|[rbfu]?'(?:[^'\\]|\\.)*'|`[^`]*`|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\w*|[A-Za-z_$]\w*|[=!<>]=+|&&|\|\||->|::|[^\s\w]"#,
        )
    });
    TOKEN.find_iter(text).map(|token| token.as_str()).collect()
}

fn is_literal(token: &str) -> bool {
    let word = ["True", "False", "true", "false", "None", "null", "nil", "undefined", "NaN", "NULL", "nullptr"]
        .contains(&token);
    word || token.starts_with(|c: char| c.is_ascii_digit()) || is_string(token)
}

fn is_string(token: &str) -> bool {
    token.len() > 1 && token.ends_with(['"', '\'', '`'])
}

/// Parts an assertion into sides; a side of literals alone is what is expected, the rest is the subject.
fn split(tokens: &[&str]) -> (String, Vec<String>) {
    let (around, sides) = sides(tokens);
    let mut subject = around;
    let mut expected = Vec::new();
    for side in sides {
        if is_pure(side) {
            expected.extend(values(side));
            subject.push('□');
            subject.extend(side.iter().filter(|token| !is_literal(token) && **token != "-").copied());
        } else {
            subject.extend(side.iter().copied());
        }
        subject.push('¦');
    }
    (subject, expected)
}

/// Literals, their signs and the brackets around lists of them.
fn is_pure(side: &[&str]) -> bool {
    let sign = ["(", "[", "{", ")", "]", "}", ",", "-", ":", "&", ";"];
    side.iter().any(|token| is_literal(token)) && side.iter().all(|token| is_literal(token) || sign.contains(token))
}

const COMPARISONS: [&str; 6] = ["==", "===", "!=", "!==", ">=", "<="];

/// What is compared, and everything around it as one text.
fn sides<'t, 'a>(tokens: &'t [&'a str]) -> (String, Vec<&'t [&'a str]>) {
    let end = tokens.iter().rposition(|token| ![";", "{"].contains(token)).map_or(0, |last| last + 1);
    let tokens = &tokens[..end];
    let open = tokens.iter().position(|token| *token == "(");
    // `name(...)`: the arguments are the sides, or hold the comparison.
    if let Some(open) =
        open.filter(|open| *open > 0 && closing(tokens, *open) == Some(tokens.len() - 1) && is_path(&tokens[..*open]))
    {
        let inner = &tokens[open + 1..tokens.len() - 1];
        let name = tokens[..open].concat();
        return match comparison(inner) {
            Some((left, operator, right)) => (name + operator, vec![left, before_comma(right)]),
            None => {
                let sides = without_message(&name, at_commas(inner));
                (name, sides)
            }
        };
    }
    let rest = &tokens[1.min(tokens.len())..];
    if let Some((left, operator, right)) = comparison(rest) {
        return (tokens[0].to_owned() + operator, vec![left, before_comma(right)]);
    }
    let parts = without_message(tokens[0], at_commas(rest));
    if parts.len() > 1 {
        return (tokens[0].to_owned(), parts);
    }
    // `expect(x).toBe(5)`, `expect(x).to eq 5`: the last call or the last word has the value.
    let groups: Vec<usize> = (0..tokens.len()).filter(|at| tokens[*at] == "(" && depth(&tokens[..*at]) == 0).collect();
    if let [_, .., last] = groups[..]
        && let Some(close) = closing(tokens, last)
    {
        return (tokens[close..].concat(), vec![&tokens[..last], &tokens[last + 1..close]]);
    }
    let literals = tokens.iter().rev().take_while(|token| is_literal(token) || **token == "-").count();
    (String::new(), vec![&tokens[..tokens.len() - literals], &tokens[tokens.len() - literals..]])
}

/// Without the words that people are told when an assertion fails: a text behind all that it looks at.
///
/// Only where its place is certain. JUnit has its messages first, so what is behind a text may be a value there.
fn without_message<'t, 'a>(name: &str, mut sides: Vec<&'t [&'a str]>) -> Vec<&'t [&'a str]> {
    const ONE: [&str; 10] =
        ["True", "False", "Nil", "NotNil", "NoError", "Error", "Empty", "NotEmpty", "Zero", "NotZero"];
    const TWO: [&str; 9] =
        ["Equal", "NotEqual", "EqualValues", "Same", "NotSame", "Contains", "NotContains", "Len", "ErrorIs"];
    let last = name.rsplit('.').next().unwrap_or(name);
    let testify = (name.starts_with("assert.") || name.starts_with("require."))
        && sides.first().is_some_and(|first| first.len() == 1 && ["t", "c"].contains(&first[0]));
    let looks_at = match last {
        "assert!" | "debug_assert!" | "assert_nil" | "assert_not_nil" | "refute_nil" | "assert_true"
        | "assert_false" => 1,
        "assert_eq!" | "assert_ne!" | "debug_assert_eq!" | "debug_assert_ne!" | "assert_equal" | "assert_not_equal" => {
            2
        }
        one if testify && ONE.contains(&one) => 2,
        two if testify && TWO.contains(&two) => 3,
        _ => return sides,
    };
    if sides.get(looks_at).is_some_and(|side| side.first().is_some_and(|token| is_string(token))) {
        sides.truncate(looks_at);
    }
    sides
}

/// One name with its path: `self.assertEqual`, `assert_eq!`, `assert.Equal`; not `assert add`.
fn is_path(tokens: &[&str]) -> bool {
    let is_name = |token: &str| token.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
    let connected = tokens.windows(2).all(|pair| !(is_name(pair[0]) && is_name(pair[1])));
    connected && tokens.iter().all(|token| [".", "::", "->", "!", "$"].contains(token) || is_name(token))
}

/// Open brackets minus closed ones.
fn depth(tokens: &[&str]) -> i32 {
    tokens
        .iter()
        .map(|token| i32::from(matches!(*token, "(" | "[" | "{")) - i32::from(matches!(*token, ")" | "]" | "}")))
        .sum()
}

/// Where the bracket that opens here is closed.
fn closing(tokens: &[&str], open: usize) -> Option<usize> {
    (open + 1..=tokens.len()).find(|end| depth(&tokens[open..*end]) == 0).map(|end| end - 1)
}

/// The first comparison outside of brackets, with both its sides.
fn comparison<'t, 'a>(tokens: &'t [&'a str]) -> Option<(&'t [&'a str], &'a str, &'t [&'a str])> {
    let mut open = 0;
    for (index, token) in tokens.iter().enumerate() {
        open += depth(&[token]);
        if open == 0 && COMPARISONS.contains(token) {
            return Some((&tokens[..index], token, &tokens[index + 1..]));
        }
    }
    None
}

/// Without the message that may follow.
fn before_comma<'t, 'a>(tokens: &'t [&'a str]) -> &'t [&'a str] {
    at_commas(tokens).first().copied().unwrap_or(tokens)
}

/// Parts between commas outside of brackets.
fn at_commas<'t, 'a>(tokens: &'t [&'a str]) -> Vec<&'t [&'a str]> {
    let mut open = 0;
    tokens
        .split(|token| {
            open += depth(&[token]);
            open == 0 && *token == ","
        })
        // The comma before the closing bracket of a long call ends nothing.
        .filter(|part| !part.is_empty())
        .collect()
}

/// Literals with the minus before them.
fn values(part: &[&str]) -> Vec<String> {
    let mut values = Vec::new();
    for (index, token) in part.iter().enumerate().filter(|(_, token)| is_literal(token)) {
        let minus = index > 0 && part[index - 1] == "-";
        values.push(format!("{}{token}", if minus { "-" } else { "" }));
    }
    values
}

/// `assert add(2, 3)`, `assertTrue(name.startswith("x"))`: any value that is true will do.
fn is_bare(text: &str, tokens: &[&str]) -> bool {
    static TRUTH: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^(?:assert\s+[A-Za-z_]|self\.assertTrue\(|assert_true[\s(])"));
    /// Words in the names of functions that compare all the same.
    const COMPARES: [&str; 7] = ["close", "equal", "eq", "same", "match", "cmp", "compare"];
    let compares = |token: &&str| {
        let operator = COMPARISONS.contains(token) || ["<", ">", "is", "in", "not", "and"].contains(token);
        operator || COMPARES.iter().any(|word| token.to_lowercase().contains(word))
    };
    TRUTH.is_match(text) && !tokens.iter().skip(1).filter(|token| !is_string(token)).any(compares)
}

fn strength(text: &str, tokens: &[&str], subject: &str, expected: &[String]) -> Strength {
    static TRIVIAL: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?x)^(?:assert|self\.assertTrue|assert_?[tT]rue|assert!|assert\.(?:ok|True)|t\.true)\s*[\(\s]\s*(?:t\s*,\s*)?(?:True|true|1|"[^"]+"|'[^']+'|not\s+False|!false)\s*[,\)]*;?\s*(?:\#.*|//.*)?$
              | ^expect\(\s*(?:true|1|!?!0)\s*\)\.(?:toBe|toEqual|toBeTruthy|to\.be|toBeTrue)\b | \s(?:or|\|\|)\s+(?:True|true|1)\s*\)?;?$ | ^(?:EXPECT|ASSERT)_TRUE\(\s*true\s*\)"#,
        )
    });
    static LOOSE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?x)\bis\s+not\s+None\b | assertIsNotNone | assertIsInstance | \bisinstance\( | toBeDefined | toBeTruthy | not\.toBeNull | not\.toBeUndefined | toBeInstanceOf | \.to\.exist | assertNotNull | NotNull\( | NotNil\( | NotEmpty\(
              | \.is_(?:some|ok)\(\) | assertTrue\(\s*\w+\s*\) | ^assert\s+\w+\s*$ | anything\(\) | expect\.any\( | assertGreater | assertLess | \bin\s*[\(\[] | (?:>=|<=)\s*-?\d | toBeGreaterThan | toBeLessThan | \btypeof\b | be_truthy | not_to\s+be_nil | be_a\b | !=\s*(?:None|null|nil)\b",
        )
    });
    let parts: Vec<&str> = subject.split('¦').collect();
    let compares =
        ["==", "Equal", "equal", "assert_eq", "_EQ", "toBe", "toEqual"].iter().any(|word| subject.contains(word));
    let same = compares
        && parts.len() == 3
        && parts[1] != "□"
        && !parts[1].is_empty()
        && parts[0].ends_with(&format!("=={}", parts[1]));
    let constants = compares && expected.len() == 2 && expected[0] == expected[1] && subject.matches('□').count() == 2;
    if TRIVIAL.is_match(text) || same || constants {
        Strength::Trivial
    } else if LOOSE.is_match(text) || is_bare(text, tokens) {
        Strength::Loose
    } else {
        Strength::Exact
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, strength: Strength, expected: &[&str]) {
        let found = assertion(line, Manner::ByHand).unwrap_or_else(|| panic!("{line} is an assertion"));
        assert_eq!(
            (found.strength, found.expected),
            (strength, expected.iter().map(|value| (*value).to_owned()).collect()),
            "{line}: {}",
            found.subject
        );
    }

    #[test]
    fn assertions_show_what_they_expect() {
        use Strength::{Exact, Loose, Trivial};
        check("    assert add(2, 3) == 5", Exact, &["5"]);
        check("assert add(2, 3) == -1", Exact, &["-1"]);
        check("self.assertEqual(add(2, 3), 5)", Exact, &["5"]);
        check("assert_eq!(super::add(2, 3), 5);", Exact, &["5"]);
        check("expect(add(2, 3)).toBe(5);", Exact, &["5"]);
        check("expect(name()).toEqual('x y');", Exact, &["'x y'"]);
        check("assertEquals(5, add(2, 3));", Exact, &["5"]);
        check("EXPECT_EQ(add(2, 3), 5);", Exact, &["5"]);
        check("if got != 5 {", Exact, &["5"]);
        check("assert.Equal(t, 5, Add(2, 3))", Exact, &["5"]);
        check("assert True", Trivial, &["True"]);
        check("assertTrue(True)", Trivial, &["True"]);
        check("assert!(true);", Trivial, &["true"]);
        check("expect(true).toBe(true);", Trivial, &["true"]);
        check("assertEqual(1, 1)", Trivial, &["1", "1"]);
        check("assert_equal 5, add(2, 3)", Exact, &["5"]);
        check("expect(add(2, 3)).to eq 5", Exact, &["5"]);
        check("expect(add(2, 3)).to eq(5)", Exact, &["5"]);
        check("assert(add(2, 3) == 5, \"adds\")", Exact, &["5"]);
        check("assert f(x)[0] == [1, 2]", Exact, &["1", "2"]);
        check("assert x == x", Trivial, &[]);
        check("assert 1 == 1", Trivial, &["1", "1"]);
        check("assert add(2, 3) is not None", Loose, &["None"]);
        check("expect(add(2, 3)).toBeDefined();", Loose, &[]);
        check("assert add(2, 3)", Loose, &[]);
        for line in ["x = add(2, 3)", "# assert add(2, 3) == 5", "fn assertion() {}", "return 5", "let expected = 5;"] {
            assert_eq!(assertion(line, Manner::ByHand), None, "{line}");
        }
    }

    #[test]
    fn the_subject_is_the_same_whatever_is_expected() {
        let subject = |line: &str| assertion(line, Manner::ByHand).unwrap().subject;
        assert_eq!(subject("assert add(2, 3) == 5"), subject("assert add(2, 3) == -1"));
        assert_eq!(subject("expect(add(2, 3)).toBe(5);"), subject("expect(add(2, 3)).toBe(-1);"));
        assert_ne!(subject("assert add(2, 3) == 5"), subject("assert add(2, 4) == 5"));
    }
}
