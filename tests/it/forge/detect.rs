//! Finding out what a server is.

use git_burn::edge::forge::detect::{self, Detected};
use git_burn::edge::forge::{Dialect, Trouble};
use git_burn::edge::http::HttpOptions;
use serde_json::json;

use crate::support::fake_forge::{FakeForge, Flavour, hasty};
use crate::support::server::{Answer, Server};

fn options() -> HttpOptions {
    HttpOptions { ambient: hasty(), ..HttpOptions::new("http://127.0.0.1") }
}

#[test]
fn servers_are_asked_what_they_are_without_a_credential() {
    for (flavour, dialect) in [(Flavour::Gitea, Dialect::Gitea), (Flavour::Github, Dialect::Github)] {
        let fake = FakeForge::start(flavour);
        let detected = detect::probe(&fake.url(), &fake.options()).unwrap();
        assert_eq!(detected, Detected { dialect, api: fake.api() });
        assert!(fake.log().iter().all(|logged| logged.seen.header("authorization").is_none()));
    }
}

#[test]
fn a_forge_below_a_path_and_one_that_wants_a_login_are_found() {
    let below = Server::start(|seen| match seen.path() {
        "/git/api/forgejo/v1/version" => Answer::json(200, &json!({ "version": "14.0.0" })),
        _ => Answer::json(404, &json!({})),
    });
    let detected = detect::probe(&format!("{}/git", below.url()), &options()).unwrap();
    assert_eq!(detected.api, format!("{}/git/api/v1", below.url()));
    let closed =
        Server::start(|_| Answer::json(403, &json!({ "message": "Only signed in user is allowed to call APIs." })));
    assert_eq!(detect::probe(&closed.url(), &options()).unwrap().dialect, Dialect::Gitea);
}

#[test]
fn what_is_no_forge_is_named() {
    let wiki = Server::start(|_| Answer::html(200));
    let error = detect::probe(&wiki.url(), &options()).unwrap_err();
    assert_eq!(error.trouble, Trouble::NotAnApi);
    assert!(error.to_string().contains("burn.url"), "{error}");
    let empty = Server::start(|_| Answer::json(404, &json!({})));
    let error = detect::probe(&empty.url(), &options()).unwrap_err().to_string();
    assert!(error.contains("neither Gitea, Forgejo nor GitHub"), "{error}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = detect::probe(&format!("http://{closed}"), &options()).unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreachable, "{error}");
    let unsafe_one = detect::probe("http://git.example.org", &options()).unwrap_err().to_string();
    assert!(unsafe_one.contains("use https"), "{unsafe_one}");
}
