//! The program against servers that answer badly: each trouble has its exit status, its words and its way out.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::support::burn::Ended;
use crate::support::git::{Repo, Room};

/// A server that gives the same answer to every request and remembers what it was asked.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn answering(status: &'static str, headers: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
                let mut request = String::new();
                while reader.read_line(&mut request).is_ok_and(|bytes| bytes > 2) {}
                seen.lock().expect("no panic").push(request);
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nContent-Type: application/json\r\n{headers}Connection: close\r\n\r\n{body}"
                );
                // A client that went away is the client's business.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { url, requests }
    }

    fn heard(&self) -> String {
        self.requests.lock().expect("no panic").join("\n").to_lowercase()
    }
}

/// A repository whose forge is that server.
fn on<'room>(room: &'room Room, server: &Server, forge: Option<&str>) -> Repo<'room> {
    let repo = room.init("work");
    repo.commit("start");
    repo.git(&["config", "burn.url", &server.url]);
    repo.git(&["config", "burn.repo", "o/r"]);
    if let Some(forge) = forge {
        repo.git(&["config", "burn.forge", forge]);
    }
    repo
}

#[test]
fn a_wrong_token_exits_with_4_and_never_shows_it() {
    let room = Room::new();
    let server = Server::answering("401 Unauthorized", "", r#"{"message":"token is not valid"}"#);
    let repo = on(&room, &server, Some("gitea"));
    let mut command = room.git_with_burn(&repo.path, &["burn", "list"]);
    let ended = Ended::of(command.env("GITEA_TOKEN", "wrong-token-0123456789")).exits(4).tells(&["token"]);
    assert!(!ended.stderr.contains("wrong-token-0123456789"), "{}", ended.stderr);
    assert!(server.heard().contains("authorization: token wrong-token-0123456789"));
}

#[test]
fn a_token_for_another_server_is_not_sent() {
    let room = Room::new();
    let server = Server::answering("401 Unauthorized", "", r#"{"message":"who are you"}"#);
    let repo = on(&room, &server, Some("gitea"));
    let mut command = room.git_with_burn(&repo.path, &["burn", "list"]);
    command.env("GITHUB_TOKEN", "for-github-0123456789").env("GITEA_TOKEN", "for-home-0123456789");
    let _ = Ended::of(command.env("GITEA_SERVER_URL", "https://git.example.org")).exits(4);
    assert!(!server.heard().contains("authorization"), "{}", server.heard());
}

#[test]
fn git_credential_helpers_are_asked_last() {
    let room = Room::new();
    let server = Server::answering("401 Unauthorized", "", r#"{"message":"no"}"#);
    let repo = on(&room, &server, Some("gitea"));
    let helper = "!f() { test $1 = get && echo username=ada && echo password=from-helper-0123456789; }; f";
    repo.git(&["config", "credential.helper", helper]);
    let _ = repo.burn(&["list"]).exits(4);
    assert!(server.heard().contains("authorization: token from-helper-0123456789"), "{}", server.heard());
}

#[test]
fn a_rate_limit_exits_with_8_never_with_0() {
    let room = Room::new();
    let server = Server::answering("429 Too Many Requests", "Retry-After: 7200\r\n", r#"{"message":"slow down"}"#);
    let _ = on(&room, &server, Some("gitea")).burn(&["list"]).exits(8).tells(&["slow down"]);
}

#[test]
fn a_server_that_is_not_there_exits_with_8() {
    let room = Room::new();
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let server = Server { url: format!("http://{port}"), requests: Arc::default() };
    let repo = on(&room, &server, Some("gitea"));
    let _ = repo.burn(&["list"]).exits(8).tells(&[&port.to_string()]);
}

#[test]
fn a_server_that_is_no_forge_is_told_with_the_way_out() {
    let room = Room::new();
    let server = Server::answering("404 Not Found", "", "<html>nothing here</html>");
    let _ = on(&room, &server, None).burn(&["list"]).exits(128).tells(&["burn.forge", "burn.url"]);
}

#[test]
fn a_redirect_elsewhere_is_not_followed() {
    let room = Room::new();
    let other = Server::answering("200 OK", "", "[]");
    let to: &'static str = Box::leak(format!("Location: {}/stolen\r\n", other.url).into_boxed_str());
    let server = Server::answering("302 Found", to, "");
    let repo = on(&room, &server, Some("gitea"));
    let mut command = room.git_with_burn(&repo.path, &["burn", "list"]);
    let _ = Ended::of(command.env("GITEA_TOKEN", "wrong-token-0123456789")).exits(128).tells(&["redirect"]);
    assert_eq!(other.heard(), "");
}

#[test]
fn what_a_server_says_cannot_drive_the_terminal() {
    let room = Room::new();
    let server = Server::answering("403 Forbidden", "", "{\"message\":\"no \\u001b[2J\\u202e way\"}");
    let ended = on(&room, &server, Some("gitea")).burn(&["list"]).exits(4);
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stderr.contains('\u{202e}'), "{:?}", ended.stderr);
}
