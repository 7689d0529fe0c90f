//! Which words count: file names, functions, tests and statements of what must hold, in all common languages.

/// Endings of source, markup and configuration files, without the dot, lower case.
pub(super) fn is_extension(word: &[u8]) -> bool {
    match word.len() {
        1 => matches!(word, b"c" | b"h" | b"r" | b"d" | b"v" | b"m" | b"s"),
        2 => matches!(
            word,
            b"rs"
                | b"py"
                | b"go"
                | b"js"
                | b"ts"
                | b"cc"
                | b"hh"
                | b"cs"
                | b"fs"
                | b"rb"
                | b"pl"
                | b"pm"
                | b"kt"
                | b"hs"
                | b"ml"
                | b"ex"
                | b"sh"
                | b"md"
                | b"vb"
                | b"jl"
                | b"el"
                | b"cl"
                | b"mm"
                | b"nf"
                | b"tf"
                | b"db"
                | b"po"
                | b"mk"
                | b"cr"
                | b"as"
                | b"vy"
        ),
        3 => matches!(
            word,
            b"cpp"
                | b"cxx"
                | b"c++"
                | b"hpp"
                | b"hxx"
                | b"jsx"
                | b"tsx"
                | b"mjs"
                | b"cjs"
                | b"vue"
                | b"php"
                | b"kts"
                | b"erl"
                | b"exs"
                | b"clj"
                | b"lua"
                | b"nim"
                | b"zig"
                | b"sql"
                | b"css"
                | b"htm"
                | b"xml"
                | b"yml"
                | b"ini"
                | b"cfg"
                | b"txt"
                | b"csv"
                | b"bat"
                | b"ps1"
                | b"fsx"
                | b"fsi"
                | b"mli"
                | b"pas"
                | b"f90"
                | b"asm"
                | b"pyi"
                | b"pyx"
                | b"rst"
                | b"tex"
                | b"svg"
                | b"tcl"
                | b"sol"
                | b"bzl"
                | b"nix"
                | b"hcl"
                | b"env"
                | b"rkt"
                | b"scm"
                | b"elm"
                | b"gql"
                | b"jsp"
                | b"erb"
                | b"mod"
                | b"sum"
        ),
        4 => matches!(
            word,
            b"java"
                | b"html"
                | b"yaml"
                | b"toml"
                | b"json"
                | b"scss"
                | b"sass"
                | b"less"
                | b"bash"
                | b"fish"
                | b"dart"
                | b"cljs"
                | b"hack"
                | b"lock"
                | b"conf"
                | b"adoc"
                | b"vert"
                | b"frag"
                | b"wgsl"
                | b"glsl"
                | b"cuda"
        ),
        5 => matches!(word, b"swift" | b"scala" | b"proto" | b"cmake" | b"shtml" | b"ipynb" | b"jinja" | b"jsonc"),
        6 => matches!(word, b"svelte" | b"groovy" | b"gradle" | b"csproj" | b"thrift" | b"elixir"),
        10 => word == b"properties",
        _ => false,
    }
}

/// Products that are written like a file (`Node.js`), by the word before the dot, lower case.
pub(super) fn is_product(stem: &[u8]) -> bool {
    const PRODUCTS: &[&[u8]] = &[
        b"node",
        b"vue",
        b"next",
        b"nuxt",
        b"express",
        b"react",
        b"three",
        b"d3",
        b"chart",
        b"moment",
        b"angular",
        b"ember",
        b"backbone",
        b"socket",
        b"p5",
        b"discord",
        b"require",
        b"alpine",
        b"asp",
        b"knockout",
        b"stimulus",
    ];
    PRODUCTS.contains(&stem)
}

/// Folders that hold code in most repositories.
pub(super) fn is_code_folder(word: &[u8]) -> bool {
    const FOLDERS: &[&[u8]] = &[
        b"src",
        b"tests",
        b"test",
        b"scripts",
        b"lib",
        b"libs",
        b"docs",
        b"crates",
        b"pkg",
        b"cmd",
        b"internal",
        b"app",
        b"include",
        b"examples",
        b"packages",
        b"spec",
        b"bin",
        b"tools",
        b"modules",
        b"components",
    ];
    FOLDERS.contains(&word)
}

/// Files known by their whole name, lower case.
pub(super) fn is_whole_file_name(word: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"makefile",
        b"dockerfile",
        b"readme",
        b"changelog",
        b"rakefile",
        b"gemfile",
        b"jenkinsfile",
        b"procfile",
        b"justfile",
        b"cmakelists",
        b"vagrantfile",
        b"codeowners",
    ];
    NAMES.contains(&word)
}

/// How surely a word announces the name of a function or type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announces {
    /// No English word: any name may follow (`fn parse`, `def run`).
    AnyName,
    /// An English word too: only what looks like code may follow or precede (`class Parser`, `` function `f` ``).
    CodeLike,
    Nothing,
}

/// See [`Announces`]; `word` in lower case.
pub(super) fn announces(word: &[u8]) -> Announces {
    match word {
        b"fn" | b"def" | b"func" | b"defn" | b"defun" | b"defp" | b"proc" | b"struct" | b"enum" | b"impl"
        | b"typedef" | b"subroutine" => Announces::AnyName,
        b"function" | b"functions" | b"method" | b"methods" | b"class" | b"classes" | b"trait" | b"interface"
        | b"fun" | b"sub" | b"macro" | b"module" | b"constructor" | b"procedure" | b"callback" | b"hook" => {
            Announces::CodeLike
        }
        _ => Announces::Nothing,
    }
}

/// A word by which people say what must hold; lower case.
pub(super) fn is_statement(word: &[u8]) -> bool {
    match word.len() {
        4 => matches!(word, b"must"),
        5 => matches!(word, b"fails" | b"raise"),
        6 => matches!(
            word,
            b"should"
                | b"expect"
                | b"verify"
                | b"assert"
                | b"passes"
                | b"raises"
                | b"return"
                | b"throws"
                | b"mustn"
                | b"panics"
        ),
        7 => matches!(word, b"expects" | b"asserts" | b"passing" | b"failing" | b"returns" | b"shouldn" | b"ensures"),
        8 => matches!(
            word,
            b"expected" | b"verifies" | b"verified" | b"asserted" | b"returned" | b"criteria" | b"testcase"
        ),
        9 => matches!(word, b"assertion" | b"expecting" | b"returning" | b"verifying" | b"criterion" | b"testcases"),
        10 => matches!(word, b"acceptance" | b"assertions"),
        11 => matches!(word, b"expectation"),
        12 => matches!(word, b"expectations"),
        _ => false,
    }
}

/// A test framework or a word of one; lower case.
pub(super) fn is_test_word(word: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"pytest",
        b"tox",
        b"jest",
        b"vitest",
        b"mocha",
        b"junit",
        b"rspec",
        b"ctest",
        b"gtest",
        b"phpunit",
        b"xunit",
        b"nunit",
        b"cypress",
        b"playwright",
        b"doctest",
        b"unittest",
        b"nextest",
        b"googletest",
        b"minitest",
        b"proptest",
        b"assert",
        b"assert_eq",
        b"assertequal",
        b"assertequals",
        b"asserttrue",
        b"testcase",
    ];
    WORDS.contains(&word) || word.starts_with(b"test_") || word.ends_with(b"_test") || word.ends_with(b"_spec")
}

/// Words that make a following `test` a test to run or to write rather than a verb; lower case.
pub(super) fn qualifies_test(word: &[u8]) -> bool {
    matches!(
        word,
        b"unit"
            | b"integration"
            | b"regression"
            | b"cargo"
            | b"go"
            | b"npm"
            | b"mvn"
            | b"make"
            | b"gradle"
            | b"yarn"
            | b"pnpm"
            | b"dotnet"
            | b"mix"
            | b"failing"
            | b"acceptance"
            | b"snapshot"
            | b"smoke"
            | b"swift"
            | b"bazel"
    )
}

/// First word of a heading that structures a report; lower case.
pub(super) fn is_section(word: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"problem",
        b"solution",
        b"expected",
        b"actual",
        b"steps",
        b"reproduce",
        b"reproduction",
        b"reproducing",
        b"acceptance",
        b"definition",
        b"proposal",
        b"proposed",
        b"observed",
        b"current",
    ];
    WORDS.contains(&word)
}
