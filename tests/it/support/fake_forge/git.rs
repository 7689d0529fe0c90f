//! git over HTTP by git's own `http-backend`, with a token.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::super::server::{Answer, Seen};
use super::TOKEN;

/// The commit that a branch points at.
pub(super) fn branch(bare: &Path, name: &str) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(bare).args(["rev-parse", "--verify", "-q", &format!("refs/heads/{name}^{{commit}}")]);
    let output = command.output().expect("git runs");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Answers clone, fetch and push.
pub(super) fn answer(seen: &Seen, bare: Option<&Path>, private: bool) -> Answer {
    let Some(bare) = bare else { return Answer::new(404, "no repository here") };
    let Some(rest) = seen.path().split_once(".git/").map(|(_, rest)| rest) else {
        return Answer::new(404, "not found");
    };
    let pushing = seen.target.contains("git-receive-pack");
    if (pushing || private) && !authorised(seen) {
        return Answer::new(401, "credentials needed").with("www-authenticate", "Basic realm=\"fake\"");
    }
    run(seen, bare, rest)
}

/// The token as password of any user, or as bearer.
fn authorised(seen: &Seen) -> bool {
    let Some(given) = seen.header("authorization") else { return false };
    match given.split_once(' ') {
        Some(("Basic", code)) => unbase64(code)
            .is_some_and(|pair| pair.split_once(':').is_some_and(|(name, secret)| secret == TOKEN || name == TOKEN)),
        Some((_, token)) => token == TOKEN,
        None => false,
    }
}

fn unbase64(code: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for c in code.trim_end_matches('=').bytes() {
        bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|there| *there == c)?).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

fn run(seen: &Seen, bare: &Path, rest: &str) -> Answer {
    let mut command = Command::new("git");
    command.args(["-c", "http.receivepack=true", "http-backend"]).env_clear();
    command.env("PATH", std::env::var_os("PATH").expect("PATH")).env("HOME", "/nonexistent");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_HTTP_EXPORT_ALL", "1").env("REMOTE_USER", "burner");
    command.env("GIT_PROJECT_ROOT", bare.parent().expect("a parent"));
    let name = bare.file_name().expect("a name").to_string_lossy();
    command.env("PATH_INFO", format!("/{name}/{rest}")).env("REQUEST_METHOD", &seen.method);
    command.env("QUERY_STRING", seen.target.split_once('?').map_or("", |(_, query)| query));
    command.env("CONTENT_LENGTH", seen.body.len().to_string()).env("REMOTE_ADDR", "127.0.0.1");
    let passed = [
        ("content-type", "CONTENT_TYPE"),
        ("content-encoding", "HTTP_CONTENT_ENCODING"),
        ("git-protocol", "GIT_PROTOCOL"),
    ];
    for (header, variable) in passed {
        if let Some(value) = seen.header(header) {
            command.env(variable, value);
        }
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("git runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let body = seen.body.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&body));
    let output = child.wait_with_output().expect("git ends");
    // git may end without reading everything; that is its own business.
    let _ = writer.join().expect("no panic");
    from_cgi(&output.stdout)
}

fn from_cgi(output: &[u8]) -> Answer {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(output.len());
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut answer = Answer::new(200, output.get(end + 4..).unwrap_or_default());
    for line in head.lines() {
        match line.split_once(':') {
            Some(("Status", value)) => answer.status = value.trim()[..3].parse().expect("a status"),
            Some((name, value)) => answer = answer.with(name, value.trim()),
            None => {}
        }
    }
    answer
}
