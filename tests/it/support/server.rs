//! A loopback HTTP server for tests: small, strict, and able to misbehave on purpose.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query, still encoded.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Query parameters, decoded.
    pub fn query(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let pair =
            |part: &str| part.split_once('=').map_or((decode(part), String::new()), |(k, v)| (decode(k), decode(v)));
        query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// `METHOD /path?query`, for logs and comparisons.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

/// Undoes percent-encoding.
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok())).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a server does with a request.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub manner: Manner,
}

/// How an answer is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    Whole,
    /// `Content-Length` promises everything, but only this many bytes of the body come before the connection ends.
    Cut(usize),
    /// The connection ends without a byte.
    Reset,
    /// Nothing comes for this long, then the connection ends.
    Silent(Duration),
    /// Chunked, in pieces of this many bytes, with a pause before each.
    Drip(usize, Duration),
    /// The body comes without a length and ends with the connection.
    UntilClose,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), manner: Manner::Whole }
    }

    pub fn json(status: u16, value: &Value) -> Self {
        Self::new(status, value.to_string()).with("content-type", "application/json; charset=utf-8")
    }

    pub fn html(status: u16) -> Self {
        Self::new(status, "<!doctype html><title>Sign in</title>").with("content-type", "text/html")
    }

    pub fn reset() -> Self {
        Self::new(0, "").delivered(Manner::Reset)
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn delivered(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }
}

type Handler = dyn Fn(&Seen) -> Answer + Send + Sync;

/// A running server; ends with its owner.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    script: Option<Arc<Mutex<Script>>>,
}

struct Shared {
    handler: Box<Handler>,
    log: Mutex<Vec<Seen>>,
    stopped: AtomicBool,
}

/// One step of a script: the request that has to come, and its answer.
pub struct Step {
    method: &'static str,
    target: String,
    body: Option<Value>,
    answer: Answer,
}

/// Expects a request; `target` is path and query exactly as sent.
pub fn on(method: &'static str, target: impl Into<String>, answer: Answer) -> Step {
    Step { method, target: target.into(), body: None, answer }
}

impl Step {
    /// Expects exactly this JSON body.
    pub fn sending(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

struct Script {
    left: VecDeque<Step>,
    problems: Vec<String>,
}

impl Server {
    /// Answers every request with what `handler` returns.
    pub fn start(handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let log = Mutex::new(Vec::new());
        let shared = Arc::new(Shared { handler: Box::new(handler), log, stopped: AtomicBool::new(false) });
        let for_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if for_thread.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let shared = Arc::clone(&for_thread);
                std::thread::spawn(move || stream.map(|stream| serve(&shared, stream)));
            }
        });
        Self { address, shared, script: None }
    }

    /// Expects exactly these requests in this order. Fails the test, when it ends, for each that was not expected or did
    /// not come.
    pub fn scripted(steps: impl IntoIterator<Item = Step>) -> Self {
        let script = Arc::new(Mutex::new(Script { left: steps.into_iter().collect(), problems: Vec::new() }));
        let for_handler = Arc::clone(&script);
        let mut server = Self::start(move |seen| for_handler.lock().expect("no panic").answer(seen));
        server.script = Some(script);
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.log.lock().expect("no panic").clone()
    }

    /// `METHOD /path?query` of every request so far.
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }
}

impl Script {
    fn answer(&mut self, seen: &Seen) -> Answer {
        let Some(step) = self.left.pop_front() else {
            self.problems.push(format!("not expected: {}", seen.line()));
            return Answer::new(418, "not expected");
        };
        if (step.method, step.target.as_str()) != (seen.method.as_str(), seen.target.as_str()) {
            self.problems.push(format!("expected {} {}, got {}", step.method, step.target, seen.line()));
        }
        if step.body.as_ref().is_some_and(|body| *body != seen.json()) {
            self.problems.push(format!("{}: got the body {}", seen.line(), String::from_utf8_lossy(&seen.body)));
        }
        step.answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, so that its thread sees that it is over.
        drop(TcpStream::connect(self.address));
        if std::thread::panicking() {
            return;
        }
        if let Some(script) = &self.script {
            let mut script = script.lock().expect("no panic");
            let missing: Vec<String> =
                script.left.drain(..).map(|step| format!("did not come: {} {}", step.method, step.target)).collect();
            script.problems.extend(missing);
            assert!(script.problems.is_empty(), "{}", script.problems.join("\n"));
        }
    }
}

/// Serves one connection until either side ends it.
fn serve(shared: &Shared, stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(seen) = read_request(&mut reader, &stream)? {
        shared.log.lock().expect("no panic").push(seen.clone());
        let answer = (shared.handler)(&seen);
        if !deliver(&answer, &stream, seen.method == "HEAD")? {
            stream.shutdown(Shutdown::Both)?;
            break;
        }
    }
    Ok(())
}

fn read_request(reader: &mut BufReader<TcpStream>, mut stream: &TcpStream) -> std::io::Result<Option<Seen>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let headers = read_headers(reader)?;
    let mut seen = Seen { method, target, headers, body: Vec::new() };
    if seen.header("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue")) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    if seen.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        seen.body = read_chunks(reader)?;
    } else if let Some(length) = seen.header("content-length").and_then(|length| length.parse().ok()) {
        seen.body = vec![0; length];
        reader.read_exact(&mut seen.body)?;
    }
    Ok(Some(seen))
}

fn read_headers(reader: &mut BufReader<TcpStream>) -> std::io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Ok(headers) };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn read_chunks(reader: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// Returns whether the connection stays open.
fn deliver(answer: &Answer, mut stream: &TcpStream, head_only: bool) -> std::io::Result<bool> {
    let mut head = format!("HTTP/1.1 {} Status\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match answer.manner {
        Manner::Reset => return Ok(false),
        Manner::Silent(time) => {
            std::thread::sleep(time);
            return Ok(false);
        }
        Manner::UntilClose => {
            stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes())?;
            stream.write_all(&answer.body)?;
            return Ok(false);
        }
        Manner::Drip(size, pause) => {
            stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes())?;
            for piece in answer.body.chunks(size) {
                std::thread::sleep(pause);
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
                stream.write_all(piece)?;
                stream.write_all(b"\r\n")?;
            }
            stream.write_all(b"0\r\n\r\n")?;
            return Ok(true);
        }
        Manner::Whole | Manner::Cut(_) => {}
    }
    if answer.status != 204 {
        head.push_str(&format!("content-length: {}\r\n", answer.body.len()));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    let sent = if let Manner::Cut(bytes) = answer.manner { bytes.min(answer.body.len()) } else { answer.body.len() };
    if !head_only && answer.status != 204 {
        stream.write_all(&answer.body[..sent])?;
    }
    Ok(answer.manner == Manner::Whole)
}
