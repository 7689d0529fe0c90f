//! Findings of the guard for people, programs, GitHub Actions and code scanning.

use serde_json::{Value, json};

use super::super::terminal::{Paint, Style};
use super::json;
use crate::core::guard::{Flag, FlagKind, Rule, Violation};
use crate::core::text::{for_ci_log, one_line};

/// GitHub shows ten annotations of a step and drops the rest without a word.
const ANNOTATIONS: usize = 9;

/// For people: one finding, then how to allow it.
pub fn text(violations: &[Violation], paint: Paint) -> String {
    let one = |violation: &Violation| {
        let way = violation.setting.as_ref().map_or_else(String::new, |setting| {
            let (key, value) = setting.split_once(" = ").unwrap_or((setting, ""));
            let command = format!("to allow it: git config --add {key} {}", quoted(value));
            format!("    {}\n", paint.paint(Style::Faint, &one_line(&command)))
        });
        format!("{}\n{way}", paint.paint(Style::Bad, &one_line(&violation.to_string())))
    };
    violations.iter().map(one).collect()
}

/// A word for the shell.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,".contains(&byte);
    match !value.is_empty() && value.bytes().all(plain) {
        true => value.to_owned(),
        false => format!("'{}'", value.replace('\'', r"'\''")),
    }
}

/// One line about something that a reviewer should look at.
pub fn flag(flag: &Flag) -> String {
    let why = match flag.kind {
        FlagKind::RunsDuringChecks => "runs while the change is checked",
        FlagKind::Dependency => "changes dependencies",
        FlagKind::TestsChanged => "changes existing tests",
    };
    format!("{}: {why}", one_line(&flag.path.to_string()))
}

/// One JSON object for each finding.
pub fn json(violations: &[Violation]) -> String {
    violations.iter().map(|violation| json::line("violation", violation)).collect()
}

/// Workflow commands of GitHub Actions, the gravest first.
pub fn github(violations: &[Violation]) -> String {
    let mut sorted: Vec<&Violation> = violations.iter().collect();
    sorted.sort_by_key(|violation| std::cmp::Reverse(violation.ending));
    let mut out: String = sorted.iter().take(ANNOTATIONS).map(|violation| annotation(violation)).collect();
    if let Some(more) = sorted.len().checked_sub(ANNOTATIONS).filter(|more| *more > 0) {
        out += &format!("::error title=git-burn::{more} more findings, see the log\n");
        let rest = sorted.iter().skip(ANNOTATIONS).map(|violation| for_ci_log(&violation.to_string()) + "\n");
        out.extend(rest);
    }
    out
}

fn annotation(violation: &Violation) -> String {
    let path = violation.path.as_ref().map(|path| format!("file={},", property(&path.to_string())));
    let line = violation.line.map(|line| format!("line={line},"));
    let title = property(&format!("git-burn {}", violation.rule));
    let message = format!("{}: {}", violation.rule.title(), violation.what);
    format!("::error {}{}title={title}::{}\n", path.unwrap_or_default(), line.unwrap_or_default(), data(&message))
}

/// What GitHub's toolkit escapes in a message.
fn data(text: &str) -> String {
    one_line(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What it escapes in a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// SARIF 2.1.0, one run.
pub fn sarif(violations: &[Violation]) -> String {
    let rules: Vec<Value> = Rule::ALL
        .iter()
        .map(|rule| json!({ "id": rule.name(), "shortDescription": { "text": rule.title() } }))
        .collect();
    let results: Vec<Value> = violations.iter().map(result).collect();
    let driver = json!({
        "name": "git-burn guard",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    });
    format!("{log:#}\n")
}

fn result(violation: &Violation) -> Value {
    let mut result = json!({
        "ruleId": violation.rule.name(),
        "level": "error",
        "message": { "text": format!("{}: {}", violation.rule.title(), violation.what) },
    });
    if let Some(path) = &violation.path {
        let uri = path.as_bytes().iter().map(|byte| uri_byte(*byte)).collect::<String>();
        let region = violation.line.map_or_else(|| json!({ "startLine": 1 }), |line| json!({ "startLine": line }));
        let place = json!({ "artifactLocation": { "uri": uri, "uriBaseId": "%SRCROOT%" }, "region": region });
        result["locations"] = json!([{ "physicalLocation": place }]);
    }
    result
}

/// A byte of a path in a URI.
fn uri_byte(byte: u8) -> String {
    match byte {
        b'/' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::guard::Ending;
    use crate::core::names::RepoPath;

    fn violations() -> Vec<Violation> {
        let violation = |rule: Rule, path: &str, line| Violation {
            rule,
            path: Some(RepoPath::parse(path).unwrap()),
            line,
            what: "`rm -rf /`, 100%".into(),
            setting: Some("burn.guard.permit = forbidden:a b.sh".into()),
            ending: Ending::Abort,
        };
        vec![violation(Rule::Forbidden, "a b.sh", Some(3)), violation(Rule::ProtectedPath, ".github/x,y.yml", None)]
    }

    #[test]
    fn people_read_the_finding_and_the_way_to_allow_it() {
        expect_test::expect![[r"
            a b.sh:3: forbidden content: `rm -rf /`, 100% [forbidden]
                to allow it: git config --add burn.guard.permit 'forbidden:a b.sh'
        "]]
        .assert_eq(&text(&violations()[..1], Paint::Plain));
    }

    #[test]
    fn annotations_are_escaped_and_limited() {
        expect_test::expect![[r"
            ::error file=a b.sh,line=3,title=git-burn forbidden::forbidden content: `rm -rf /`, 100%25
            ::error file=.github/x%2Cy.yml,title=git-burn protected-path::protected path: `rm -rf /`, 100%25
        "]]
        .assert_eq(&github(&violations()));
        let many: Vec<Violation> = (0..12).flat_map(|_| violations().into_iter().take(1)).collect();
        let told = github(&many);
        assert_eq!(told.matches("::error").count(), 10);
        assert!(told.contains("3 more findings"));
    }

    #[test]
    fn sarif_names_rule_place_and_uri() {
        let log: Value = serde_json::from_str(&sarif(&violations())).unwrap();
        let first = &log["runs"][0]["results"][0];
        assert_eq!(first["ruleId"], "forbidden");
        let place = &first["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b.sh");
        assert_eq!(place["region"]["startLine"], 3);
        let lines = json(&violations());
        assert!(
            lines.starts_with(r#"{"v":1,"event":"violation","rule":"forbidden","path":"a b.sh","line":3"#),
            "{lines}"
        );
    }
}
