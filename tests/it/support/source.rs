//! The crate's own source text, with comments, literals and test modules blanked out, for the tests of its structure.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// One source file of `src/`.
pub struct Source {
    /// Relative to `src/`, with `/`.
    pub path: String,
    /// As it is on disk.
    pub text: String,
    /// The same number of lines; comments, string contents and `#[cfg(test)]` items are blanks.
    pub code: String,
    /// Number of lines that are not part of a `#[cfg(test)]` item.
    pub lines_without_tests: usize,
}

impl Source {
    /// The layer's name: `core` for `core/patch/mod.rs`, empty for files above the layers.
    pub fn layer(&self) -> &str {
        self.path.split_once('/').map_or("", |(layer, _)| layer)
    }

    /// The part of the layer that the file belongs to: `patch` for `core/patch/mod.rs`, `None` for `core/mod.rs`.
    pub fn module(&self) -> Option<&str> {
        let (_, rest) = self.path.split_once('/')?;
        let module = rest.split('/').next()?.trim_end_matches(".rs");
        (module != "mod").then_some(module)
    }

    /// How many `super::` lead from this file's module to its layer's.
    pub fn depth(&self) -> usize {
        self.path.trim_end_matches("/mod.rs").split('/').count() - 1
    }

    /// `path:line` for the byte `at` of `code`.
    pub fn place(&self, at: usize) -> String {
        format!("src/{}:{}", self.path, self.code[..at].matches('\n').count() + 1)
    }
}

/// Every `.rs` file below `src/`, in order of path.
pub fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(read_all);
    &SOURCES
}

fn read_all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let with_tests = blank_comments_and_literals(&text);
        let code = blank_tests(&with_tests);
        let blanked = with_tests.lines().zip(code.lines()).filter(|(before, after)| before != after).count();
        let lines_without_tests = text.lines().count() - blanked;
        let path = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        Source { path, text, code, lines_without_tests }
    };
    let tests: Vec<PathBuf> = paths.iter().flat_map(|path| test_modules(path)).collect();
    paths.into_iter().filter(|path| !tests.iter().any(|test| path.starts_with(test))).map(read).collect()
}

/// Files and folders of the modules that a file declares as `#[cfg(test)] mod NAME;`.
fn test_modules(path: &Path) -> Vec<PathBuf> {
    let declaration = regex::Regex::new(r"#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))? )?mod (\w+);").expect("a pattern");
    let text = std::fs::read_to_string(path).expect("a source file");
    let is_root = path.ends_with("mod.rs") || path.ends_with("lib.rs");
    let folder = if is_root { path.with_file_name("") } else { path.with_extension("") };
    let names = declaration.captures_iter(&text).map(|capture| capture[1].to_owned()).collect::<Vec<_>>();
    names.iter().flat_map(|name| [folder.join(format!("{name}.rs")), folder.join(name)]).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Replaces every byte of comments and of the inside of string and character literals by a blank, except line ends.
fn blank_comments_and_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = skip(bytes, at);
        match end {
            Some(end) => out.extend(bytes[at..end].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' })),
            None => out.push(bytes[at]),
        }
        at = end.unwrap_or(at + 1);
    }
    String::from_utf8(out).expect("only whole characters were replaced")
}

/// The end of the comment or literal that begins at `at`, if one does.
fn skip(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let find = |needle: &[u8], from: usize| {
        let found = rest[from..].windows(needle.len()).position(|window| window == needle);
        at + found.map_or(rest.len(), |position| from + position + needle.len())
    };
    let after_name = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => Some(at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())),
        [b'/', b'*', ..] => Some(find(b"*/", 2)),
        [b'r', b'"' | b'#', ..] if !after_name => {
            let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
            let closing = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
            (rest.get(1 + hashes) == Some(&b'"')).then(|| find(&closing, 2 + hashes))
        }
        [b'"', ..] => Some(at + quoted(rest, b'"')),
        [b'\'', b'\\', ..] => Some(at + quoted(rest, b'\'')),
        [b'\'', ..] => {
            // The first character, one to four bytes; a lifetime has no quote behind it.
            let width = match rest.get(1) {
                Some(0xf0..) => 4,
                Some(0xe0..) => 3,
                Some(0xc0..) => 2,
                Some(_) | None => 1,
            };
            (rest.get(1 + width) == Some(&b'\'')).then_some(at + 2 + width)
        }
        _ => None,
    }
}

/// Length of a literal with backslash escapes.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// Replaces each item under `#[cfg(test)]` by blanks.
fn blank_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = out.find("#[cfg(test)]") {
        let semicolon = out[start..].find(';').map(|position| start + position);
        let brace = out[start..].find('{').map(|position| start + position);
        let end = match (semicolon, brace) {
            (Some(semicolon), Some(brace)) if semicolon < brace => semicolon + 1,
            (_, Some(brace)) => closing(&out, brace),
            (Some(semicolon), None) => semicolon + 1,
            (None, None) => out.len(),
        };
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { '~' }).collect();
        out.replace_range(start..end, &blank.replace('~', " "));
    }
    out
}

/// The byte after the bracket that closes the one at `open`.
pub fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return offset + 1;
        }
    }
    code.len()
}

#[test]
fn comments_literals_and_tests_are_blanked() {
    let text = "fn a() { let s = \"}\\\"{\"; } // }\nfn b<'a>(c: char) -> bool { c == '{' || c == '\\'' }\nconst R: &str = r#\"\"{\"#;\n#[cfg(test)]\nmod tests {\n    fn x() {}\n}\nfn c() {}\n";
    let code = blank_tests(&blank_comments_and_literals(text));
    assert_eq!(code.matches('{').count(), code.matches('}').count(), "{code}");
    assert_eq!(code.lines().count(), text.lines().count());
    assert!(code.contains("fn c() {}") && !code.contains("fn x"), "{code}");
}
