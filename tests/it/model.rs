//! Models over loopback HTTP and as programs: every wire, every fault, and what is sent.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use expect_test::expect;
use git_burn::core::budget::Usage;
use git_burn::core::names::IssueNumber;
use git_burn::edge::model::{
    AskLimits, Exchange, Lineup, ModelErrorKind, Next, Phase, ProviderSettings, Script, Stop, WireFormat,
};
use serde_json::{Value, json};

use crate::support::model_server::{
    KEY, ask, ask_within, conversation, ending, fixture, lines, model, phases, stream, with_settings,
};
use crate::support::schema::{problems, shared};
use crate::support::server::{Answer, Manner, Server, on};

const ANTHROPIC: &str = "anthropic/claude-test";
const OPENAI: &str = "openai/gpt-test";
const OPENROUTER: &str = "openrouter/lab/model";
const OLLAMA: &str = "ollama/coder:7b";

/// Where each wire posts its question.
fn path_of(name: &str) -> &'static str {
    match name {
        ANTHROPIC => "/v1/messages",
        OLLAMA => "/api/chat",
        _ => "/chat/completions",
    }
}

fn error_of(answer: Answer, name: &str) -> String {
    let server = Server::scripted([on("POST", path_of(name), answer)]);
    ending(&model(name, &server.url()))
}

fn show() -> Answer {
    Answer::new(200, fixture("ollama-show.json")).with("content-type", "application/json")
}

#[test]
fn every_wire_reads_its_stream() {
    for (name, file, usage) in [
        (ANTHROPIC, "anthropic.sse", Usage { input: 12, cached: 400, cache_written: 30, output: 25 }),
        (OPENAI, "openai.sse", Usage { input: 42, cached: 400, cache_written: 0, output: 25 }),
        (OPENROUTER, "openrouter.sse", Usage { input: 442, cached: 0, cache_written: 0, output: 25 }),
        (OLLAMA, "ollama.ndjson", Usage { input: 442, cached: 0, cache_written: 0, output: 25 }),
    ] {
        let mut steps = Vec::new();
        let answer = if name == OLLAMA { lines(fixture(file)) } else { stream(fixture(file)) };
        steps.extend((name == OLLAMA).then(|| on("POST", "/api/show", show())));
        steps.push(on("POST", path_of(name), answer));
        let server = Server::scripted(steps);
        let mut told = Vec::new();
        let answer = ask_within(&model(name, &server.url()), Duration::from_secs(10), &mut |step| told.push(step))
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(answer.text_so_far(), "Let me see.\n```look\nread src/größe.rs\n```\n", "{name}");
        assert_eq!((answer.stop.clone(), answer.usage), (Stop::End, Some(usage)), "{name}");
        let thinks = name != OPENAI;
        let expected: &[Phase] = match thinks {
            true => &[Phase::Asking, Phase::Thinking, Phase::Writing],
            false => &[Phase::Asking, Phase::Writing],
        };
        assert_eq!(phases(&told), expected, "{name}");
        assert_eq!(told.last().expect("progress").bytes, answer.text_so_far().len() as u64);
    }
}

#[test]
fn requests_are_what_the_providers_ask_for() {
    let mut sent = String::new();
    for (name, file) in [(ANTHROPIC, "anthropic.sse"), (OPENAI, "openai.sse"), (OPENROUTER, "openrouter.sse")] {
        let server = Server::scripted([on("POST", path_of(name), stream(fixture(file)))]);
        assert_eq!(ending(&model(name, &server.url())), "look read src/größe.rs");
        let seen = &server.seen()[0];
        for header in ["x-api-key", "authorization", "anthropic-version"] {
            sent.push_str(&seen.header(header).map(|value| format!("{header}: {value}\n")).unwrap_or_default());
        }
        sent.push_str(&format!("{}\n", serde_json::to_string_pretty(&seen.json()).unwrap()));
    }
    expect![[r#"
        x-api-key: sk-canary-4711
        anthropic-version: 2023-06-01
        {
          "model": "claude-test",
          "max_tokens": 4000,
          "system": [
            {
              "type": "text",
              "text": "The rules.",
              "cache_control": {
                "type": "ephemeral"
              }
            }
          ],
          "messages": [
            {
              "role": "user",
              "content": [
                {
                  "type": "text",
                  "text": "The project.",
                  "cache_control": {
                    "type": "ephemeral"
                  }
                },
                {
                  "type": "text",
                  "text": "The issue.",
                  "cache_control": {
                    "type": "ephemeral"
                  }
                }
              ]
            },
            {
              "role": "assistant",
              "content": [
                {
                  "type": "text",
                  "text": "```look\nread a\n```"
                }
              ]
            },
            {
              "role": "user",
              "content": [
                {
                  "type": "text",
                  "text": "What now?"
                }
              ]
            }
          ],
          "stream": true
        }
        authorization: Bearer sk-canary-4711
        {
          "model": "gpt-test",
          "messages": [
            {
              "role": "system",
              "content": "The rules."
            },
            {
              "role": "user",
              "content": "The project.\nThe issue."
            },
            {
              "role": "assistant",
              "content": "```look\nread a\n```"
            },
            {
              "role": "user",
              "content": "What now?"
            }
          ],
          "max_completion_tokens": 4000,
          "stream": true,
          "stream_options": {
            "include_usage": true
          }
        }
        authorization: Bearer sk-canary-4711
        {
          "model": "lab/model",
          "messages": [
            {
              "role": "system",
              "content": "The rules."
            },
            {
              "role": "user",
              "content": "The project.\nThe issue."
            },
            {
              "role": "assistant",
              "content": "```look\nread a\n```"
            },
            {
              "role": "user",
              "content": "What now?"
            }
          ],
          "stream_options": {
            "include_usage": true
          },
          "stream": true,
          "max_tokens": 4000
        }
    "#]]
    .assert_eq(&sent);
}

#[test]
fn a_server_that_does_not_name_its_model_is_called_what_it_was_asked_as() {
    let nameless =
        "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let server = Server::scripted([on("POST", path_of(OPENAI), stream(nameless.to_owned()))]);
    let answer = ask(&model(OPENAI, &server.url())).expect("an answer");
    assert_eq!(format!("openai/{}", answer.model), OPENAI);
}

#[test]
fn what_is_no_whole_answer_is_never_used() {
    let cut = |file: &str, end: &str| {
        let text = String::from_utf8(fixture(file)).unwrap();
        text[..text.find(end).expect("the end marker")].to_owned()
    };
    let with_stop = |reason: &str| {
        let text = String::from_utf8(fixture("anthropic.sse")).unwrap();
        text.replace("\"stop_reason\":\"end_turn\"", &format!("\"stop_reason\":\"{reason}\""))
    };
    let finished = |reason: &str| {
        let text = String::from_utf8(fixture("openai.sse")).unwrap();
        text.replace("\"finish_reason\":\"stop\"", &format!("\"finish_reason\":\"{reason}\""))
    };
    let truncated = "truncated, nothing of it was used";
    for (name, answer, expected) in [
        // A stream that ends cleanly, but without its end marker.
        (ANTHROPIC, stream(cut("anthropic.sse", "event: message_stop")), truncated),
        (ANTHROPIC, stream(cut("anthropic.sse", "event: message_delta")), truncated),
        (OPENAI, stream(cut("openai.sse", "data: [DONE]")), truncated),
        (OPENAI, stream(cut("openai.sse", "\"finish_reason\":\"stop\"")), truncated),
        // A connection that breaks.
        (ANTHROPIC, Answer::new(200, fixture("anthropic.sse")).delivered(Manner::Cut(900)), truncated),
        (OPENAI, Answer::reset(), truncated),
        // Endings that the provider names.
        (ANTHROPIC, stream(with_stop("max_tokens")), "stop: the answer was cut off at its length limit (max_tokens)"),
        (
            ANTHROPIC,
            stream(with_stop("model_context_window_exceeded")),
            "stop: the answer was cut off because the model's context",
        ),
        (ANTHROPIC, stream(with_stop("pause_turn")), "stop: the provider paused"),
        (ANTHROPIC, stream(with_stop("refusal")), "stop: the model refused"),
        (ANTHROPIC, stream(with_stop("tool_use")), "Unusable(ToolCall)"),
        (OPENAI, stream(finished("length")), "stop: the answer was cut off at its length limit"),
        (OPENAI, stream(finished("content_filter")), "stop: the model refused to answer: content_filter"),
        (OPENAI, stream(finished("tool_calls")), "Unusable(ToolCall)"),
        (OPENAI, stream(finished("error")), "finish_reason `error`"),
        // Errors in the middle, under a status of 200.
        (
            ANTHROPIC,
            stream(format!(
                "{}event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}}}\n\n",
                cut("anthropic.sse", "event: message_delta")
            )),
            "overloaded_error: Overloaded",
        ),
        (
            OPENROUTER,
            stream(format!(
                "{}data: {{\"error\":{{\"code\":502,\"message\":\"Provider died\"}},\"choices\":[{{\"delta\":{{\"content\":\"\"}},\"finish_reason\":\"error\"}}]}}\n\n",
                cut(
                    "openrouter.sse",
                    "data: {\"id\":\"gen-1\",\"provider\":\"Test\",\"model\":\"lab/model-1\",\"object\":\"chat.completion.chunk\",\"created\":1795179970,\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Let"
                )
            )),
            "Provider died",
        ),
    ] {
        let ended = error_of(answer, name);
        assert!(ended.contains(expected), "{name}: `{expected}` is not in: {ended}");
    }
}

#[test]
fn answers_that_are_no_answers_are_named() {
    let nul = String::from_utf8(fixture("openai.sse")).unwrap().replace("Let me see", "Let \\u0000 see");
    let mut not_text = fixture("openai.sse");
    let at = not_text.windows(5).position(|window| window == b"Let m").expect("the text");
    not_text[at] = 0xff;
    for (answer, expected) in [
        (Answer::html(200), "invalid response: got text/html instead of an answer from an API"),
        (stream("data: {\"choices\": [\n\n"), "an event ends too early"),
        (stream("data: nonsense\n\n"), "an event is not JSON"),
        (stream(""), "ended without its end marker"),
        (stream(not_text), "the response is not UTF-8"),
        (stream(nul), "the response contains NUL"),
        (stream("data: [DONE]\n\n"), "without a finish_reason"),
        (Answer::json(200, &json!({"choices": []})), "the response has no choices"),
        (
            Answer::json(200, &json!({"error": {"message": "Provider returned error", "code": 502}})),
            "unavailable: error in the response",
        ),
        (Answer::json(200, &json!({"error": {"message": "no credit", "code": "402"}})), "spending limit or no credit"),
        (Answer::json(401, &json!({"error": {"message": "Incorrect API key"}})), "credentials: "),
        (
            Answer::json(404, &json!({"error": {"message": "The model `x` does not exist"}})),
            "not known to the provider: ",
        ),
        (
            Answer::json(400, &json!({"error": {"message": "This model's maximum context length is 8 tokens"}})),
            "exceeds the context limit",
        ),
        (Answer::json(400, &json!({"error": {"message": "messages: field required"}})), "rejected the request"),
        (Answer::json(413, &json!({"error": {"message": "too large"}})), "exceeds the context limit"),
    ] {
        let ended = error_of(answer, OPENAI);
        assert!(
            ended.starts_with("error: model `openai/gpt-test`: ") && ended.contains(expected),
            "`{expected}` is not in: {ended}"
        );
    }
}

#[test]
fn a_huge_answer_is_given_up() {
    let line = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x".repeat(1 << 20));
    let server = Server::start(move |_| {
        Answer::new(200, line.repeat(40)).with("content-type", "text/event-stream").delivered(Manner::UntilClose)
    });
    let ended = ending(&model(OPENAI, &server.url()));
    assert!(ended.contains("invalid response") && ended.contains("larger than the limit"), "{ended}");
}

/// How many requests come when every one is answered so, and how asking ends.
fn tries(name: &str, answer: Answer) -> (usize, String) {
    let server = Server::start(move |_| answer.clone());
    let ended = ending(&model(name, &server.url()));
    (server.seen().len(), ended)
}

#[test]
fn only_what_may_pass_is_repeated() {
    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let limited = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}});
    let quota = json!({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}});
    for (name, answer, count, expected) in [
        (ANTHROPIC, Answer::json(529, &overloaded), 6, "unavailable: "),
        (OPENAI, Answer::json(503, &json!({"error": {"message": "down"}})), 6, "unavailable: "),
        (ANTHROPIC, Answer::json(429, &limited).with("retry-after", "2"), 6, "rate limit for another 2 s"),
        (ANTHROPIC, Answer::json(429, &limited).with("retry-after", "900"), 1, "rate limit for another 900 s"),
        (ANTHROPIC, Answer::json(429, &limited), 1, "spending limit"),
        (
            ANTHROPIC,
            Answer::json(400, &json!({"error": {"message": "Your credit balance is too low"}})),
            1,
            "spending limit",
        ),
        (OPENAI, Answer::json(429, &limited), 6, "rate limit: "),
        (OPENAI, Answer::json(429, &quota), 1, "spending limit"),
        (OPENAI, Answer::json(500, &limited).with("x-should-retry", "false"), 1, "unavailable: "),
        (OPENAI, Answer::json(401, &limited), 1, "credentials: "),
        // It may have been billed: the caller decides.
        (OPENAI, Answer::reset(), 1, "truncated"),
    ] {
        let (requests, ended) = tries(name, answer);
        assert_eq!(requests, count, "{name}: {ended}");
        assert!(ended.contains(expected), "{name}: `{expected}` is not in: {ended}");
    }
}

#[test]
fn an_overloaded_model_is_asked_again_and_the_wait_is_told() {
    let busy = || Answer::json(529, &json!({"error": {"message": "Overloaded"}}));
    let limited = Answer::json(429, &json!({"error": {"message": "slow"}})).with("retry-after", "3");
    let mut steps: Vec<_> = [busy(), limited, busy()].map(|answer| on("POST", "/v1/messages", answer)).into();
    steps.push(on("POST", "/v1/messages", stream(fixture("anthropic.sse"))));
    let server = Server::scripted(steps);
    let mut told = Vec::new();
    let answer = ask_within(&model(ANTHROPIC, &server.url()), Duration::from_secs(10), &mut |step| told.push(step));
    assert_eq!(answer.expect("an answer").stop, Stop::End);
    assert!(phases(&told).contains(&Phase::Waiting { seconds: 3 }), "{:?}", phases(&told));
}

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    // A port that nobody listens on any more.
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let url = format!("http://127.0.0.1:{port}");
    let ended = ending(&model(OPENAI, &url));
    assert!(ended.contains("unavailable: ") && ended.contains("cannot be reached"), "{ended}");
}

#[test]
fn the_key_goes_nowhere_else() {
    let other = Server::start(|_| Answer::new(200, ""));
    for status in [301, 302, 307, 308] {
        for name in [ANTHROPIC, OPENAI] {
            let answer = Answer::new(status, "").with("location", format!("{}/elsewhere", other.url()));
            let ended = error_of(answer, name);
            assert!(ended.contains("redirect") && !ended.contains(KEY), "{ended}");
        }
    }
    assert_eq!(other.lines(), Vec::<String>::new());
    let echo = Answer::json(401, &json!({"error": {"message": format!("Incorrect API key provided: {KEY}")}}));
    let ended = error_of(echo, OPENAI);
    assert!(ended.contains("credentials: ") && !ended.contains(KEY), "{ended}");
    for name in [ANTHROPIC, OPENAI] {
        let file = if name == ANTHROPIC { "anthropic.sse" } else { "openai.sse" };
        let text = String::from_utf8(fixture(file)).unwrap().replace("Let me see", &format!("The key is {KEY}"));
        let ended = error_of(stream(text), name);
        assert!(ended.contains("invalid response: it repeats the API key") && !ended.contains(KEY), "{ended}");
        let trouble = json!({"type": "error", "error": {"type": "x", "message": format!("bad {KEY}")}});
        let ended = error_of(stream(format!("data: {trouble}\n\n")), name);
        assert!(ended.contains("[credential]") && !ended.contains(KEY), "{ended}");
    }
}

#[test]
fn plain_http_beyond_this_machine_and_missing_keys_are_refused_before_anything_is_sent() {
    let settings = ProviderSettings { key_env: Some("NO_SUCH_KEY".into()), ..ProviderSettings::default() };
    let ended = ending(&with_settings(ANTHROPIC, settings));
    assert_eq!(ended, "error: model `anthropic/claude-test`: credentials: NO_SUCH_KEY is not set");
}

#[test]
fn a_server_that_knows_only_older_requests_is_asked_in_their_form_from_then_on() {
    let refuse = |message: &str| Answer::json(400, &json!({"error": {"message": message}}));
    let server = Server::scripted([
        on("POST", "/chat/completions", refuse("Unsupported parameter: 'max_completion_tokens'")),
        on("POST", "/chat/completions", refuse("stream_options: extra fields not permitted")),
        on("POST", "/chat/completions", stream(fixture("openai.sse"))),
        on("POST", "/chat/completions", stream(fixture("openai.sse"))),
    ]);
    let model = model(OPENAI, &server.url());
    assert_eq!([ending(&model), ending(&model.clone())], ["look read src/größe.rs", "look read src/größe.rs"]);
    let seen = server.seen();
    let fields = |index: usize| {
        let body: Value = seen[index].json();
        ["max_completion_tokens", "max_tokens", "stream_options"].map(|field| !body[field].is_null())
    };
    assert_eq!([fields(0), fields(1), fields(2)], [[true, false, true], [false, true, true], [false, true, false]]);
    assert_eq!(fields(3), fields(2));
}

#[test]
fn an_interruption_is_heard_while_the_server_is_silent() {
    let server = Server::start(|_| Answer::new(200, "").delivered(Manner::Silent(Duration::from_secs(5))));
    let model = model(OPENAI, &server.url());
    let cancelled = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cancelled);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        flag.store(true, Ordering::Relaxed);
    });
    let time = Duration::from_secs(60);
    let limits = AskLimits { output: 10, time, issue: IssueNumber::new(1), cancelled: &cancelled };
    let start = Instant::now();
    let error = model.ask(&conversation(), &limits, &mut |_| {}).expect_err("an interruption");
    assert_eq!(error.kind, ModelErrorKind::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_slow_answer_ends_at_the_time_limit() {
    let server = Server::start(|_| {
        let answer = Answer::new(200, fixture("openai.sse")).with("content-type", "text/event-stream");
        answer.delivered(Manner::Drip(20, Duration::from_millis(300)))
    });
    let start = Instant::now();
    let error = ask_within(&model(OPENAI, &server.url()), Duration::from_secs(1), &mut |_| {}).expect_err("too slow");
    assert!(matches!(error.kind, ModelErrorKind::Interrupted { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn ollama_gets_a_context_that_fits_the_model() {
    let server = Server::scripted([
        on("POST", "/api/show", show()).sending(json!({"model": "coder:7b"})),
        on("POST", "/api/chat", lines(fixture("ollama.ndjson"))),
        on("POST", "/api/chat", lines(fixture("ollama.ndjson"))),
    ]);
    let model = model(OLLAMA, &server.url());
    assert_eq!(model.context(), Some(16_384));
    assert_eq!([ending(&model), ending(&model)], ["look read src/größe.rs", "look read src/größe.rs"]);
    let body = server.seen()[1].json();
    assert_eq!(body["options"], json!({"num_predict": 4000, "num_ctx": 16384}));
    assert_eq!(body["messages"][0], json!({"role": "system", "content": "The rules."}));
}

#[test]
fn a_server_that_only_speaks_like_ollama_is_given_the_usual_context() {
    let server = Server::scripted([
        on("POST", "/api/show", Answer::json(404, &json!({"error": "Not found"}))),
        on("POST", "/api/chat", lines(fixture("ollama.ndjson"))),
    ]);
    assert_eq!(ending(&model(OLLAMA, &server.url())), "look read src/größe.rs");
    assert_eq!(server.seen()[1].json()["options"]["num_ctx"], json!(32_768));
}

#[test]
fn a_word_in_place_of_a_key_is_not_searched_for() {
    let server = Server::start(|_| stream(fixture("openai.sse")));
    let settings = ProviderSettings { url: Some(server.url()), key_env: Some("DUMMY".into()), ..Default::default() };
    assert_eq!(ending(&with_settings("mine/x", settings)), "look read src/größe.rs");
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer me"));
}

#[test]
fn ollama_that_cuts_the_prompt_off_is_found_out() {
    let short = String::from_utf8(fixture("ollama.ndjson"))
        .unwrap()
        .replace("\"prompt_eval_count\":442", "\"prompt_eval_count\":3");
    let server = Server::scripted([on("POST", "/api/show", show()), on("POST", "/api/chat", lines(short))]);
    let settings = ProviderSettings { url: Some(server.url()), context: Some(8), ..ProviderSettings::default() };
    let ended = ending(&with_settings(OLLAMA, settings));
    assert!(ended.contains("the server read only 3 tokens"), "{ended}");
}

#[test]
fn ollama_errors_are_read_in_their_own_form() {
    for (answer, expected) in [
        (lines("{\"error\":\"an error was encountered while running the model\"}\n"), "truncated"),
        (lines("{\"error\":\"the input exceeds the context length\"}\n"), "exceeds the context limit"),
        (Answer::json(404, &json!({"error": "model 'coder:7b' not found"})), "not known to the provider"),
        (lines(&fixture("ollama.ndjson")[..300]), "truncated"),
    ] {
        let server = Server::scripted([on("POST", "/api/show", show()), on("POST", "/api/chat", answer)]);
        let ended = ending(&model(OLLAMA, &server.url()));
        assert!(ended.contains(expected), "`{expected}` is not in: {ended}");
    }
}

#[test]
fn the_next_model_takes_over_and_says_so() {
    let down = Server::start(|_| Answer::json(503, &json!({"error": {"message": "down"}})));
    let up = Server::start(|_| stream(fixture("openai.sse")));
    let models = vec![model(ANTHROPIC, &down.url()), model(OPENAI, &up.url())];
    let mut lineup = Lineup::new(models).expect("two models");
    let error = ask(lineup.current()).expect_err("it is down");
    match lineup.failed(&error) {
        Next::Switched { from, to, reason } => {
            assert_eq!((from.as_str(), to.as_str()), (ANTHROPIC, OPENAI));
            assert!(reason.contains("503"), "{reason}");
        }
        other @ (Next::Again | Next::Shorten | Next::Stop) => panic!("{other:?}"),
    }
    assert_eq!(ending(lineup.current()), "look read src/größe.rs");
}

#[test]
fn a_model_without_its_key_is_passed_over() {
    let up = Server::start(|_| stream(fixture("openai.sse")));
    let settings = ProviderSettings { key_env: Some("NO_SUCH_KEY".into()), ..ProviderSettings::default() };
    let mut lineup = Lineup::new(vec![with_settings(ANTHROPIC, settings), model(OPENAI, &up.url())]).expect("models");
    let error = ask(lineup.current()).expect_err("no key");
    assert!(!error.kind.may_be_billed());
    assert!(matches!(lineup.failed(&error), Next::Switched { .. }));
    assert_eq!(ending(lineup.current()), "look read src/größe.rs");
}

#[test]
fn servers_that_differ_are_understood() {
    let message = |message: Value, finish: &str, usage: Value| json!({"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage});
    let parts = json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "```look\nread a\n```"}]});
    let plain = json!({"content": "```look\nread a\n```"});
    let thought = json!({"content": "<think>\n```look\nread b\n```\n</think>\n\n```look\nread a\n```", "reasoning_content": "Hm."});
    for (answer, cached) in [
        (message(parts, "stop", json!({"prompt_tokens": 10, "completion_tokens": 2})), 0),
        (
            message(thought, "eos", json!({"prompt_tokens": 10, "completion_tokens": 2, "prompt_cache_hit_tokens": 7})),
            7,
        ),
        (
            message(
                plain.clone(),
                "stop",
                json!({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 99}}),
            ),
            10,
        ),
    ] {
        let server = Server::start(move |_| Answer::json(200, &answer));
        let answer = ask(&model(OPENAI, &server.url())).expect("an answer");
        assert_eq!(
            (ending(&model(OPENAI, &server.url())).as_str(), answer.said()),
            ("look read a", "```look\nread a\n```")
        );
        let usage = answer.usage.expect("usage");
        assert_eq!((usage.cached, usage.prompt()), (cached, 10));
    }
    let groq = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}],\"x_groq\":{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1}}}\n\ndata: [DONE]\n\n";
    let server = Server::start(move |_| stream(groq));
    assert_eq!(ask(&model(OPENAI, &server.url())).expect("an answer").usage.expect("usage").prompt(), 5);
    let silent = Server::start(|_| {
        stream("data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
    });
    assert_eq!(ask(&model(OPENAI, &silent.url())).expect("an answer").usage, None);
}

fn command(run: &str) -> git_burn::edge::model::Model {
    with_settings("command", ProviderSettings { run: Some(run.to_owned()), ..ProviderSettings::default() })
}

#[test]
fn a_command_reads_the_prompt_and_prints_the_reply() {
    let script = r#"sh -c 'grep -q "^# Your reply was$" && printf "\140\140\140look\nread %s\n\140\140\140\n" "$(ls -A | wc -l)-${OPENAI_API_KEY-none}-$0"' it"#;
    assert_eq!(ending(&command(script)), "look read 0-none-it");
    let answer = ask(&command("cat")).expect("an answer");
    assert!(answer.usage.is_some_and(|usage| usage.input > 10 && usage.output == usage.input), "{:?}", answer.usage);
    assert_eq!(answer.stop, Stop::Unstated);
    let ended = ending(&command("printf '```look\\nread a'"));
    assert!(ended.contains("CutOff(Look)"), "what may be cut off is not used: {ended}");
}

#[test]
fn a_command_that_fails_floods_or_hangs_is_ended_with_all_its_children() {
    let room = crate::support::git::Room::new();
    let mark = room.path().join("alive");
    for (run, expected) in [
        ("sh -c 'echo no login >&2; exit 3'".to_owned(), "unavailable: `sh` failed (exit status: 3): no login"),
        ("no-such-program-here".to_owned(), "unavailable: cannot start `no-such-program-here`"),
        ("sh -c 'yes'".to_owned(), "printed more than 16 MiB"),
        ("sh -c 'printf \"\\377\"'".to_owned(), "not UTF-8"),
    ] {
        let ended = ending(&command(&run));
        assert!(ended.contains(expected), "`{expected}` is not in: {ended}");
    }
    let run = format!("sh -c '(sleep 2; touch {0}) & sleep 9'", mark.display());
    let error = ask_within(&command(&run), Duration::from_millis(300), &mut |_| {}).expect_err("too slow");
    assert!(matches!(error.kind, ModelErrorKind::Interrupted { .. }), "{error}");
    std::thread::sleep(Duration::from_millis(2_200));
    assert!(!mark.exists(), "a child outlived its command");
}

/// The body that a wire sends for the usual conversation.
fn sent(name: &str, file: &str) -> Value {
    let server = match name {
        OLLAMA => Server::scripted([on("POST", "/api/show", show()), on("POST", "/api/chat", lines(fixture(file)))]),
        _ => Server::scripted([on("POST", path_of(name), stream(fixture(file)))]),
    };
    ask(&model(name, &server.url())).expect("an answer");
    server.seen().last().expect("a request").json()
}

#[test]
fn requests_are_valid_under_the_providers_schemas() {
    let Some(folder) = shared("wire") else {
        println!("skipped: no shared data");
        return;
    };
    for (name, file, schema) in [
        (ANTHROPIC, "anthropic.sse", "anthropic.MessageCreateParams"),
        (OPENAI, "openai.sse", "openai.ChatCreateParams"),
        (OLLAMA, "ollama.ndjson", "ollama.ChatRequest"),
    ] {
        let text = std::fs::read_to_string(folder.join(format!("{schema}.schema.json"))).expect("a schema");
        let schema: Value = serde_json::from_str(&text).expect("JSON");
        let mut body = sent(name, file);
        // The dumps describe the parameters of a call, where streaming is chosen by another method.
        let streams = body.as_object_mut().expect("an object").remove("stream");
        assert_eq!(streams, Some(json!(true)));
        assert_eq!(problems(&schema, &body), Vec::<String>::new(), "{name}");
        let mut wrong = body.clone();
        wrong["model"] = json!(5);
        assert_ne!(problems(&schema, &wrong), Vec::<String>::new(), "{name}: the check would find nothing");
    }
}

/// A raw HTTP answer as the example files hold it, without its chunking.
fn example(path: &Path) -> Answer {
    let text = std::fs::read_to_string(path).expect("an example").replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    Answer::new(status, body).with("content-type", header("Content-Type:").unwrap_or("application/json"))
}

#[test]
fn the_answers_of_two_other_servers_are_read() {
    let Some(folder) = shared("wire/examples") else {
        println!("skipped: no shared data");
        return;
    };
    let mut count = 0;
    for server in ["fake_llm", "aimock"] {
        for (prefix, name) in
            [("anthropic", ANTHROPIC), ("openai-chat", OPENAI), ("openrouter", OPENROUTER), ("ollama", OLLAMA)]
        {
            for (kind, expected) in
                [("plain", "hello"), ("plain-stream", "hello"), ("tool", "ToolCall"), ("tool-stream", "ToolCall")]
            {
                let path = folder.join(server).join(format!("{prefix}-{kind}.txt"));
                if !path.exists() {
                    continue;
                }
                let mut steps = Vec::new();
                steps.extend((name == OLLAMA).then(|| on("POST", "/api/show", show())));
                steps.push(on("POST", path_of(name), example(&path)));
                let server = Server::scripted(steps);
                let answer = ask(&model(name, &server.url())).unwrap_or_else(|error| panic!("{path:?}: {error}"));
                let told = format!("{} {:?}", answer.text_so_far(), answer.stop);
                assert!(told.contains(expected), "{path:?}: {told}");
                count += 1;
            }
        }
    }
    assert_eq!(count, 28, "examples read");
}

#[test]
fn hostile_answers_of_providers_are_refused_with_a_reason() {
    let Some(folder) = shared("hostile") else {
        println!("skipped: no shared data");
        return;
    };
    let text = std::fs::read_to_string(folder.join("hostile.jsonl")).expect("the corpus");
    let text = text.replace("@LLMKEY@", KEY);
    let mut count = 0;
    for case in text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        if case["kind"] != "llm_response" {
            continue;
        }
        count += 1;
        let input = &case["input"];
        let name = if input["api"] == "anthropic" { ANTHROPIC } else { OPENAI };
        let answers = answers(input);
        let left = std::sync::Mutex::new(answers.into_iter());
        let last = std::sync::Mutex::new(Answer::new(500, ""));
        let server = Server::start(move |_| {
            let mut last = last.lock().expect("no panic");
            left.lock().expect("no panic").next().inspect(|next| *last = next.clone()).unwrap_or_else(|| last.clone())
        });
        let ended = ending(&model(name, &server.url()));
        let refused = ended != "patch";
        assert_eq!(refused, case["expect"] == "refuse", "{}: {ended}", case["id"]);
        assert!(!ended.contains(KEY), "{}: {ended}", case["id"]);
        let reasons: Vec<&str> =
            case["reason_contains"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let lower = ended.to_lowercase();
        let is_told =
            reasons.is_empty() || lower.contains("toolcall") || reasons.iter().any(|reason| lower.contains(reason));
        assert!(is_told, "{}: no reason in: {ended}", case["id"]);
    }
    assert!(count >= 10, "{count} cases");
}

/// What a provider of the corpus answers, one after the other.
fn answers(input: &Value) -> Vec<Answer> {
    let patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
    let good = json!({"type": "message", "model": "m", "content": [{"type": "text", "text": patch}], "stop_reason": "end_turn"});
    if let Some(body) = input.get("json") {
        return vec![Answer::json(200, body)];
    }
    if let Some(statuses) = input["sequence"].as_array() {
        let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
        let answer = |status: &Value| match status.as_u64() {
            Some(200) => Answer::json(200, &good),
            status => Answer::json(status.expect("a status") as u16, &overloaded),
        };
        return statuses.iter().map(answer).collect();
    }
    if input.get("raw_b64").is_some() {
        let body = b"{\"choices\":[{\"message\":{\"content\":\"\xff\xfe\"},\"finish_reason\":\"stop\"}]}";
        return vec![Answer::new(200, body.as_slice()).with("content-type", "application/json")];
    }
    if input.get("stream").is_some() {
        let text = String::from_utf8(fixture("anthropic.sse")).expect("text");
        let half = &text[..text.find("event: message_delta").expect("the end")];
        let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
        return vec![stream(format!("{half}event: error\ndata: {error}\n\n"))];
    }
    let call = json!({"id": "1", "type": "function", "function": {"name": "f", "arguments": "{"}});
    match input["api"].as_str() {
        Some("anthropic") => vec![Answer::json(
            200,
            &json!({"content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}], "stop_reason": "tool_use"}),
        )],
        _ => vec![Answer::json(
            200,
            &json!({"choices": [{"message": {"content": null, "tool_calls": [call]}, "finish_reason": "tool_calls"}]}),
        )],
    }
}

#[test]
fn prices_are_known_for_known_models_and_settings_win() {
    let known = with_settings("anthropic/claude-opus-5", ProviderSettings::default());
    assert_eq!(known.price().expect("a price").base.output.to_string(), "$25.00");
    assert_eq!(known.context(), Some(1_000_000));
    let wire = Some(WireFormat::OpenAi);
    let mine = ProviderSettings {
        url: Some("http://127.0.0.1:9/v1".into()),
        wire,
        context: Some(9),
        ..ProviderSettings::default()
    };
    assert_eq!(with_settings("mine/x", mine).context(), Some(9));
}

#[test]
fn a_probe_tells_what_is_there_without_asking_anything() {
    let list = json!({"object": "list", "data": [{"id": "gpt-test", "object": "model"}]});
    let server = Server::start(move |seen| match seen.target.as_str() {
        "/models" => Answer::json(200, &list),
        "/v1/models/claude-test" => Answer::json(200, &json!({"type": "model", "id": "claude-test"})),
        "/api/show" => show(),
        _ => Answer::json(404, &json!({"error": {"message": "no such model"}})),
    });
    let told = |name: &str| model(name, &server.url()).probe().unwrap_or_else(|error| error.to_string());
    assert_eq!(told(OPENAI), "the provider has it");
    assert_eq!(told(ANTHROPIC), "the provider has it");
    assert_eq!(told(OLLAMA), "the server has it, with a context of 16384 tokens");
    assert!(told("openai/other").contains("not known to the provider: it is not among the 1 models listed"));
    assert!(told("anthropic/other").contains("not known to the provider"));
    assert!(server.seen().iter().all(|seen| seen.method == "GET" || seen.target == "/api/show"));
    let command = |run: &str| command(run).probe().unwrap_or_else(|error| error.to_string());
    assert!(command("sh -c x").starts_with("runs /"));
    assert!(command("no-such-program-here").contains("not found along PATH"));
}

#[test]
fn what_nobody_knows_is_asked_of_the_servers_list() {
    let entry = json!({"id": "lab/model", "context_length": 65536, "top_provider": {"max_completion_tokens": 8192}, "pricing": {"prompt": "0.000001", "completion": "0.000004"}});
    let server = Server::scripted([on("GET", "/models", Answer::json(200, &json!({"data": [entry]})))]);
    let listed = model(OPENROUTER, &server.url());
    assert_eq!((listed.context(), listed.longest_answer()), (Some(65_536), Some(8_192)));
    assert_eq!(listed.clone().price().expect("a price").base.output.to_string(), "$4.00");
    let silent = Server::scripted([on("GET", "/models", Answer::json(404, &json!({"error": {"message": "no"}})))]);
    let unknown = model(OPENROUTER, &silent.url());
    assert_eq!((unknown.context(), unknown.price()), (None, None));
}

#[test]
fn a_recorded_conversation_can_be_played_again() {
    let server = Server::start(|_| stream(fixture("openai.sse")));
    let lines = Arc::new(std::sync::Mutex::new(String::new()));
    let written = Arc::clone(&lines);
    let model = model(OPENAI, &server.url()).recorded_by(Arc::new(move |exchange: &Exchange| {
        let line = serde_json::to_string(exchange).expect("JSON");
        written.lock().expect("no panic").push_str(&format!("{line}\n"));
    }));
    assert_eq!([ending(&model), ending(&model)], ["look read src/größe.rs", "look read src/größe.rs"]);
    let recording = lines.lock().expect("no panic").clone();
    assert!(!recording.contains(KEY) && recording.contains("What now?"), "{recording}");
    let script = Script::parse("exchanges.jsonl", &recording).expect("a script");
    let replayed = git_burn::edge::model::Model::replay(script);
    let answer = ask(&replayed).expect("an answer");
    assert_eq!(answer.usage, Some(Usage { input: 42, cached: 400, cache_written: 0, output: 25 }));
    assert_eq!(ending(&replayed), "look read src/größe.rs");
    assert!(ending(&replayed).contains("has 2 replies"));
}
