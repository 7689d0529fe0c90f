//! The modules that a file imports, by light patterns, in one `/`-separated form for all languages.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::language::Language;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

static PYTHON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?m)^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+\(?([^\n#)]*)|import[ \t]+([\w., \t]+))")
});
static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?m)^.*?(?:\bimport\b|\bfrom\b|\brequire(?:_relative|_once)?\b|\bexport\b|#[ \t]*include|\binclude(?:_once)?\b|\bpart\b)[^'"<\n]*['"<]([\w@./-]+)['">]"#,
    )
});
static GO: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?m)^(?:import)?[ \t]*(?:\w+[ \t]+)?"([\w./-]+)"[ \t]*$"#));
static DOTTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)^[ \t]*(?:pub(?:\([a-z]+\))?[ \t]+)?(?:import|use|using|mod|alias|library)[ \t]+(?:static[ \t]+)?([A-Za-z_\\][\w.:\\]*)",
    )
});

/// Imports are looked for in this many bytes, and this many are kept.
const HEAD: usize = 64 << 10;
const LIMIT: usize = 200;

/// Module names as written, separators turned to `/`; relative ones keep their leading dots.
pub fn imports(language: Language, text: &[u8]) -> Vec<String> {
    use Language as L;
    let text = &text[..text.len().min(HEAD)];
    let mut found = match language {
        L::Python => python(text),
        L::Go => captured(&GO, text),
        L::JavaScript | L::TypeScript | L::C | L::Cpp | L::Ruby | L::Dart | L::Lua | L::Shell => {
            captured(&QUOTED, text)
        }
        L::Php => [captured(&QUOTED, text), dotted(text)].concat(),
        L::Rust
        | L::Java
        | L::CSharp
        | L::Kotlin
        | L::Scala
        | L::Swift
        | L::Elixir
        | L::Haskell
        | L::Julia
        | L::R
        | L::Perl
        | L::Zig => dotted(text),
        L::Sql | L::Other => Vec::new(),
    };
    found.sort_unstable();
    found.dedup();
    found.truncate(LIMIT);
    found
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn captured(pattern: &Regex, text: &[u8]) -> Vec<String> {
    pattern.captures_iter(text).filter_map(|captures| captures.get(1)).map(|found| text_of(found.as_bytes())).collect()
}

fn dotted(text: &[u8]) -> Vec<String> {
    let slashed = |name: String| name.replace("::", "/").replace(['.', '\\'], "/").trim_matches('/').to_owned();
    captured(&DOTTED, text).into_iter().map(slashed).collect()
}

/// `from a.b import c, d` gives `a/b/c`, `a/b/d`; leading dots stay dots.
fn python(text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for captures in PYTHON.captures_iter(text) {
        if let Some(module) = captures.get(1) {
            let module = text_of(module.as_bytes());
            let dots = module.len() - module.trim_start_matches('.').len();
            let base = format!("{}{}", &module[..dots], module[dots..].replace('.', "/"));
            let names = captures.get(2).map(|names| text_of(names.as_bytes())).unwrap_or_default();
            let named = names
                .split(',')
                .filter_map(|name| name.split_whitespace().next())
                .filter(|name| *name != "*" && *name != "\\");
            let separator = if module.len() == dots { "" } else { "/" };
            let before = found.len();
            found.extend(named.map(|name| format!("{base}{separator}{name}")));
            if found.len() == before {
                found.push(base);
            }
        } else if let Some(modules) = captures.get(3) {
            let modules = text_of(modules.as_bytes());
            found.extend(
                modules.split(',').filter_map(|name| name.split_whitespace().next()).map(|name| name.replace('.', "/")),
            );
        }
    }
    found
}

/// Turns a relative import of a file into a path from the top: `./x`, `../x` by folders, `.x`, `..x` as Python counts.
pub fn from_the_top(importer: &str, import: &str) -> String {
    let dots = import.len() - import.trim_start_matches('.').len();
    if dots == 0 {
        return import.to_owned();
    }
    let mut folders: Vec<&str> = importer.split('/').collect();
    folders.pop();
    let mut rest = import;
    if import.starts_with("./") || import.starts_with("../") {
        while let Some((step, after)) = rest.split_once('/').filter(|(step, _)| *step == "." || *step == "..") {
            if step == ".." {
                folders.pop();
            }
            rest = after;
        }
    } else {
        folders.truncate((folders.len() + 1).saturating_sub(dots));
        rest = import.trim_start_matches('.');
    }
    folders.push(rest);
    folders.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_each_family() {
        let of = |language, text: &str| imports(language, text.as_bytes());
        assert_eq!(
            of(Language::Python, "from a.b import c as d, e\nimport os.path, re\nfrom . import x\nfrom ..y import z"),
            ["..y/z", ".x", "a/b/c", "a/b/e", "os/path", "re"]
        );
        assert_eq!(
            of(Language::Go, "import (\n\t\"code.gitea.io/gitea/modules/git\"\n\tx \"fmt\"\n)"),
            ["code.gitea.io/gitea/modules/git", "fmt"]
        );
        assert_eq!(
            of(Language::TypeScript, "import { a } from './b/c'\nconst d = require(\"../e\")"),
            ["../e", "./b/c"]
        );
        assert_eq!(of(Language::C, "#include \"util/str.h\"\n#include <stdio.h>"), ["stdio.h", "util/str.h"]);
        assert_eq!(
            of(Language::Rust, "use crate::core::names::RepoPath;\npub mod words;"),
            ["crate/core/names/RepoPath", "words"]
        );
        assert_eq!(of(Language::Java, "import static com.google.gson.Gson;"), ["com/google/gson/Gson"]);
        assert_eq!(of(Language::Php, "use Composer\\Package\\Link;"), ["Composer/Package/Link"]);
    }

    #[test]
    fn relative_imports_start_at_the_importer() {
        assert_eq!(from_the_top("a/b/c.py", ".d/e"), "a/b/d/e");
        assert_eq!(from_the_top("a/b/c.py", "..d"), "a/d");
        assert_eq!(from_the_top("a/b/c.ts", "../d/e"), "a/d/e");
        assert_eq!(from_the_top("a/b/c.ts", "./d"), "a/b/d");
        assert_eq!(from_the_top("a/b.py", "x/y"), "x/y");
    }
}
