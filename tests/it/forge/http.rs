//! The HTTP client: redirects, retries, limits, pace, streams.

use std::cell::RefCell;
use std::io::BufRead;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use git_burn::core::names::Secret;
use git_burn::core::retry::RetryPolicy;
use git_burn::edge::http::{
    Ambient, Credential, CredentialHeader, Http, HttpError, HttpErrorKind, HttpOptions, Method, Pace, Request, Timeouts,
};
use serde_json::{Value, json};

use crate::support::git::{Room, text};
use crate::support::server::{Answer, Manner, Server, on};

const SECRET: &str = "s3cret-0123456789";

thread_local! {
    static SLEPT: RefCell<Vec<Duration>> = const { RefCell::new(Vec::new()) };
}

/// Notes the pauses of this thread and takes none.
fn noting() -> Ambient {
    fn sleep(wait: Duration) {
        SLEPT.with_borrow_mut(|slept| slept.push(wait));
    }
    Ambient { sleep, random: || u64::MAX, ..Ambient::system() }
}

fn slept() -> Vec<f64> {
    SLEPT.with_borrow_mut(|slept| slept.drain(..).map(|wait| wait.as_secs_f64()).collect())
}

fn client(server: &Server, change: impl FnOnce(&mut HttpOptions)) -> Http {
    let mut options = HttpOptions {
        credential: Some(Credential { header: CredentialHeader::Token, secret: Secret::new(SECRET).unwrap() }),
        pace: Pace::FREE.into(),
        ambient: noting(),
        ..HttpOptions::new(format!("{}/api", server.url()))
    };
    change(&mut options);
    Http::new(options).unwrap()
}

fn get(http: &Http) -> Result<Value, HttpError> {
    http.json(&Request::get("/x")).map(|(value, _)| value)
}

fn post(http: &Http) -> Result<(), HttpError> {
    http.send(&Request::write(Method::Post, "/x", Some(&json!({ "a": 1 })))).map(drop)
}

fn ok() -> Answer {
    Answer::json(200, &json!({ "fine": true }))
}

#[test]
fn another_host_never_sees_a_redirected_request() {
    for (status, header) in
        [(301, CredentialHeader::Token), (302, CredentialHeader::ApiKey), (307, CredentialHeader::ApiKey)]
    {
        let other = Server::start(|_| ok());
        let to = format!("{}/api/x", other.url());
        let server = Server::start(move |_| Answer::new(status, "").with("location", &*to));
        let http = client(&server, |options| options.credential.as_mut().unwrap().header = header);
        for error in [get(&http).unwrap_err(), post(&http).unwrap_err()] {
            assert!(
                matches!(&error.kind, HttpErrorKind::Redirected { to, .. } if to.contains(&other.url())),
                "{error}"
            );
        }
        assert_eq!(other.lines(), [""; 0]);
        assert_eq!(server.lines().len(), 2);
    }
}

#[test]
fn a_read_follows_a_rename_on_the_same_origin_with_its_credential() {
    let server = Server::scripted([
        on("GET", "/api/x", Answer::new(301, "").with("location", "/api/repositories/77")),
        on("GET", "/api/repositories/77", ok()),
    ]);
    assert_eq!(get(&client(&server, |_| {})).unwrap(), json!({ "fine": true }));
    let sent = server.seen();
    assert_eq!(sent[1].header("authorization"), Some(&*format!("token {SECRET}")));
}

#[test]
fn a_circle_of_redirects_and_a_redirected_write_are_refused() {
    let server = Server::start(|_| Answer::new(307, "").with("location", "/api/x"));
    let http = client(&server, |_| {});
    assert!(matches!(get(&http).unwrap_err().kind, HttpErrorKind::Redirected { .. }));
    assert_eq!(server.lines().len(), 4);
    assert!(matches!(post(&http).unwrap_err().kind, HttpErrorKind::Redirected { .. }));
    assert_eq!(server.lines().len(), 5);
    let login = Server::start(|_| Answer::new(302, "").with("location", "/login"));
    let error = get(&client(&login, |_| {})).unwrap_err();
    assert!(error.to_string().contains("/login"), "{error}");
}

#[test]
fn reads_are_repeated_with_growing_pauses() {
    let server = Server::scripted([
        on("GET", "/api/x", Answer::new(503, "")),
        on("GET", "/api/x", Answer::reset()),
        on("GET", "/api/x", ok().delivered(Manner::Cut(4))),
        on("GET", "/api/x", Answer::json(200, &json!(null)).with("content-type", "application/json").truncated()),
        on("GET", "/api/x", ok()),
    ]);
    get(&client(&server, |_| {})).unwrap();
    assert_eq!(slept(), [0.5, 1.0, 2.0, 4.0]);
}

impl Answer {
    /// JSON that ends in the middle although its length is right.
    fn truncated(mut self) -> Self {
        self.body = b"[{\"number\": 1, \"tit".to_vec();
        self
    }
}

#[test]
fn writes_that_create_are_repeated_only_when_nothing_was_done() {
    for answer in [Answer::new(500, ""), Answer::new(503, ""), Answer::reset(), Answer::new(422, "")] {
        let server = Server::scripted([on("POST", "/api/x", answer)]);
        post(&client(&server, |_| {})).unwrap_err();
    }
    let busy = Answer::new(429, "").with("retry-after", "7");
    let server = Server::scripted([on("POST", "/api/x", busy), on("POST", "/api/x", ok())]);
    post(&client(&server, |_| {})).unwrap();
    assert_eq!(slept(), [7.0]);
}

#[test]
fn waits_are_kept_within_the_budget_and_named_beyond_it() {
    let cases = [("soon", 60.0), ("2.5", 2.5), ("-3", 1.0), ("0", 1.0)];
    for (asked, waited) in cases {
        let busy = Answer::new(429, "").with("retry-after", asked);
        let server = Server::scripted([on("GET", "/api/x", busy), on("GET", "/api/x", ok())]);
        get(&client(&server, |_| {})).unwrap();
        assert_eq!(slept(), [waited], "{asked}");
    }
    let busy = Answer::new(429, "{\"message\":\"slow down\"}").with("retry-after", "3600");
    let server = Server::scripted([on("GET", "/api/x", busy)]);
    let error = get(&client(&server, |_| {})).unwrap_err();
    assert_eq!(slept(), [0.0; 0]);
    let text = error.to_string();
    assert!(text.contains("rate limit") && text.contains("slow down") && text.contains("3600 s"), "{text}");
}

#[test]
fn githubs_rate_limits_count_as_such() {
    let reset = (Ambient::system().wall)().seconds() + 40;
    let primary = Answer::new(403, "").with("x-ratelimit-remaining", "0").with("x-ratelimit-reset", reset.to_string());
    let secondary = Answer::json(403, &json!({ "message": "You have exceeded a secondary rate limit" }));
    let forbidden =
        Answer::json(403, &json!({ "message": "Resource not accessible" })).with("x-accepted-oauth-scopes", "repo");
    let server = Server::scripted([
        on("GET", "/api/x", primary),
        on("GET", "/api/x", secondary),
        on("GET", "/api/x", forbidden),
    ]);
    let error = get(&client(&server, |_| {})).unwrap_err();
    let refused = error.refused().unwrap();
    assert_eq!((refused.status, refused.rate_limited, refused.scopes.as_deref()), (403, false, Some("repo")));
    let waits = slept();
    assert!(waits.len() == 2 && (38.0..=40.0).contains(&waits[0]) && (waits[1] - 60.0).abs() < 0.01, "{waits:?}");
}

#[test]
fn a_rejected_credential_is_not_repeated_and_never_shown() {
    let echo = Answer::json(401, &json!({ "message": format!("bad token {SECRET}") }));
    let server = Server::scripted([on("GET", "/api/x", echo)]);
    let error = get(&client(&server, |_| {})).unwrap_err();
    let everything = format!("{error} {error:?}");
    assert!(!everything.contains(SECRET) && everything.contains("bad token [credential]"), "{everything}");
}

#[test]
fn what_is_not_an_api_is_named() {
    let cases = [
        (Answer::html(200), "text/html"),
        (Answer::new(200, "<html>").with("content-type", "application/json"), "a page for people"),
        (Answer::new(200, "[".repeat(100_000)).with("content-type", "application/json"), "recursion limit"),
        (Answer::new(200, "\u{1f}\u{8b}").with("content-encoding", "gzip"), "compressed as gzip"),
        (Answer::html(500), "HTML page"),
    ];
    for (answer, words) in cases {
        let server = Server::start(move |_| answer.clone());
        let error = get(&client(&server, |options| options.retry = RetryPolicy::NONE)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_servers_words_cannot_drive_the_terminal() {
    let server = Server::start(|_| Answer::new(500, "\u{1b}]0;pwn\u{7}boom\u{202e}\nsecond\u{200b} line"));
    let error = get(&client(&server, |options| options.retry = RetryPolicy::NONE)).unwrap_err().to_string();
    assert!(error.contains("boom") && !error.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}', '\n']), "{error:?}");
}

#[test]
fn sizes_are_limited() {
    let server = Server::start(|_| Answer::new(200, vec![b' '; 2000]));
    let error = get(&client(&server, |options| options.body_limit = 1000)).unwrap_err();
    assert!(matches!(error.kind, HttpErrorKind::TooLarge { limit: 1000 }), "{error}");
    let many = (0..3000).fold(ok(), |answer, index| answer.with("x-filler", format!("{index:0100}")));
    let server = Server::start(move |_| many.clone());
    let error = get(&client(&server, |options| options.retry = RetryPolicy::NONE)).unwrap_err();
    assert!(matches!(error.kind, HttpErrorKind::Interrupted { .. }), "{error}");
}

#[test]
fn silence_and_dripping_end() {
    let quick = Timeouts {
        connect: Duration::from_secs(5),
        silence: Duration::from_millis(200),
        total: Duration::from_millis(600),
    };
    let silent = Server::start(|_| ok().delivered(Manner::Silent(Duration::from_secs(3))));
    let dripping =
        Server::start(|_| Answer::new(200, "x".repeat(500)).delivered(Manner::Drip(1, Duration::from_millis(50))));
    for server in [silent, dripping] {
        let http = client(&server, |options| (options.timeouts, options.retry) = (quick, RetryPolicy::NONE));
        let start = Instant::now();
        let error = get(&http).unwrap_err();
        assert!(error.to_string().contains("timeout"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(3));
    }
}

#[test]
fn an_absent_server_is_unreachable() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = HttpOptions {
        ambient: noting(),
        pace: Pace::FREE.into(),
        ..HttpOptions::new(format!("http://127.0.0.1:{port}"))
    };
    let error = post(&Http::new(options).unwrap()).unwrap_err();
    assert!(matches!(error.kind, HttpErrorKind::Unreachable { .. }), "{error}");
    assert!(!error.effect_unknown());
    // Surely nothing was done, so even a write is tried again.
    assert_eq!(slept().len(), 2);
}

#[test]
fn plain_http_goes_to_this_machine_only() {
    for url in ["http://git.example.org", "ftp://127.0.0.1", "https://me:pw@git.example.org", "https://h/?q", ""] {
        assert!(Http::new(HttpOptions::new(url)).is_err(), "{url} was accepted");
    }
    for url in ["http://localhost:3000", "https://git.example.org/", "http://[::1]/api"] {
        assert!(Http::new(HttpOptions::new(url)).is_ok(), "{url} was refused");
    }
}

#[test]
fn streams_arrive_as_they_come_and_a_lost_end_is_an_error() {
    let lines = "data: one\n\ndata: two\n\n";
    let drip = move || Answer::new(200, lines).delivered(Manner::Drip(11, Duration::from_millis(80)));
    let server = Server::start(move |seen| {
        if seen.path().ends_with("/cut") { Answer::new(200, lines).delivered(Manner::Cut(15)) } else { drip() }
    });
    let http = client(&server, |_| {});
    let mut stream = http.stream(&Request::question("/x", &json!({}))).unwrap();
    let start = Instant::now();
    let mut first = String::new();
    stream.read_line(&mut first).unwrap();
    assert_eq!(first, "data: one\n");
    assert!(start.elapsed() < Duration::from_millis(150), "the first line waited for the second");
    let rest: Vec<String> = stream.lines().map(Result::unwrap).collect();
    assert_eq!(rest, ["", "data: two", ""]);
    let mut cut = http.stream(&Request::question("/cut", &json!({}))).unwrap();
    let mut text = String::new();
    let error = std::io::Read::read_to_string(&mut cut, &mut text).unwrap_err();
    assert!(matches!(cut.broken(&error).kind, HttpErrorKind::Interrupted { .. }));
}

#[test]
fn a_stream_is_limited_too() {
    let server = Server::start(|_| Answer::new(200, vec![b'x'; 5000]));
    let mut stream = client(&server, |options| options.body_limit = 4000).stream(&Request::get("/x")).unwrap();
    let error = std::io::Read::read_to_end(&mut stream, &mut Vec::new()).unwrap_err();
    assert!(matches!(stream.broken(&error).kind, HttpErrorKind::TooLarge { limit: 4000 }));
}

#[test]
fn thirty_requests_go_at_once_and_writes_keep_apart() {
    let server = Server::start(|_| ok());
    let http = client(&server, |options| options.pace = Pace::FORGE.into());
    for _ in 0..32 {
        get(&http).unwrap();
    }
    let waits = slept();
    assert!(waits.len() == 2 && waits[0] > 1.0 && waits[1] > 3.0, "{waits:?}");
    let http = client(&server, |options| options.pace = Pace::FORGE.into());
    post(&http).unwrap();
    post(&http).unwrap();
    assert!(slept()[0] > 0.3);
}

#[test]
fn the_observer_hears_of_pauses() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let for_client = Arc::clone(&heard);
    let server = Server::scripted([
        on("POST", "/api/x", Answer::new(429, "").with("retry-after", "2")),
        on("POST", "/api/x", Answer::json(201, &json!({}))),
    ]);
    let http = client(&server, |options| {
        options.observer = Some(Arc::new(move |wait| for_client.lock().unwrap().push(wait)));
    });
    post(&http).unwrap();
    let heard = heard.lock().unwrap();
    assert!(matches!(heard.as_slice(), [wait] if *wait >= Duration::from_secs(2)), "{heard:?}");
}

/// The environment is this process's own, so another process of this very test is the client.
#[test]
fn a_private_authority_is_trusted_when_the_environment_names_it() {
    const ROLE: &str = "GIT_BURN_TEST_TLS";
    if let Ok(url) = std::env::var(ROLE) {
        let http = Http::new(HttpOptions { retry: RetryPolicy::NONE, ..HttpOptions::new(url) }).unwrap();
        match http.json::<Value>(&Request::get("/x")) {
            Ok((value, _)) => println!("answered {value}"),
            Err(error) => println!("refused {error}"),
        }
        return;
    }
    let room = Room::new();
    let request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
         -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE";
    let made = room.command("openssl", room.path()).args(request.split_whitespace()).output();
    if !made.is_ok_and(|output| output.status.success()) {
        println!("skipped: openssl is not here");
        return;
    }
    let answer = "HTTP/1.0 200 ok\r\ncontent-type: application/json\r\n\r\n{\"secure\":true}";
    std::fs::write(room.path().join("x"), answer).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let serve = format!("s_server -accept {port} -cert cert.pem -key key.pem -HTTP -quiet");
    let mut server = room.command("openssl", room.path()).args(serve.split(' ')).spawn().unwrap();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let client = |trusted: bool| {
        let mut client = room.command(std::env::current_exe().unwrap(), room.path());
        client.args([
            "--exact",
            "forge::http::a_private_authority_is_trusted_when_the_environment_names_it",
            "--nocapture",
        ]);
        client.env(ROLE, format!("https://localhost:{port}"));
        if trusted {
            client.env("SSL_CERT_FILE", room.path().join("cert.pem"));
        }
        text(&client.output().unwrap().stdout)
    };
    let (trusted, stranger) = (client(true), client(false));
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(trusted.contains("answered {\"secure\":true}"), "{trusted}");
    assert!(stranger.contains("certificate is not trusted") && stranger.contains("SSL_CERT_FILE"), "{stranger}");
}
