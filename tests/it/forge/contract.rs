//! Every request that the forge clients make, held against the servers' own descriptions of their API.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use git_burn::core::act::Ripeness;
use git_burn::core::issue::Pick;
use git_burn::core::names::IssueNumber;
use git_burn::edge::forge::{Forge, NewIssue, NewLabel, NewPull, PullFilter};
use serde_json::Value;

use crate::support::fake_forge::{FakeForge, Flavour};
use crate::support::schema;
use crate::support::server::{Seen, decode};

/// Makes every call that there is, most of them in their several forms.
fn walk(fake: &FakeForge, forge: &Forge) {
    let first = IssueNumber::new(fake.add_issue("one", "text", &["ready-for-agent", "a,b"])).unwrap();
    fake.state().issue_mut(1).assignees.push("acme".into());
    forge.me().unwrap();
    forge.repository().unwrap();
    let pick = Pick { labels: vec!["ready-for-agent".into(), "a,b".into()], ..Pick::default() };
    assert_eq!(forge.issues(&pick, usize::MAX).unwrap().issues.len(), 1);
    forge.issue(first).unwrap();
    let comment = forge.comment(first, "hello").unwrap();
    forge.edit_comment(comment.id, "good day").unwrap();
    forge.own_comment(first, "good").unwrap().unwrap();
    forge.reopened(first).unwrap();
    forge.labels().unwrap();
    forge.permission("ada").unwrap();
    forge.create_label(&NewLabel { name: "in-review", color: "0e8a16", description: "waits for review" }).unwrap();
    forge.add_label(first, "in-review").unwrap();
    forge.remove_label(first, "ready-for-agent").unwrap();
    forge.assign(first, "ada").unwrap();
    let new = NewIssue { title: "two", body: "found on the way", labels: &["in-review".to_owned()] };
    let second = forge.open_issue(&new).unwrap().number;
    forge.close_issue(second).unwrap();
    for ripeness in [Ripeness::Ready, Ripeness::Draft] {
        let head = format!("agent/{ripeness:?}");
        let new = NewPull { title: "Fix", body: "Closes #1", head: &head, base: "main", ripeness };
        forge.open_pull(&new).unwrap();
        let pull = forge.open_pull(&new).unwrap().pull().number;
        forge.pull_for_branch(&head, "main").unwrap().unwrap();
        forge.request_reviewer(pull, "ada").unwrap();
        forge.edit_pull(pull, "more").unwrap();
        forge.pull(pull).unwrap().unwrap();
        let review = fake.state().add_review(pull, "ada", "CHANGES_REQUESTED", "not yet");
        fake.state().add_remark(review, "src/a.rs", 3, "why?");
        assert_eq!(forge.reviews(pull).unwrap().remarks.len(), 1);
    }
    forge.pulls(PullFilter::All, 10).unwrap();
}

/// A server's description of its API: Swagger 2.0 or OpenAPI 3.
struct Contract {
    name: String,
    document: Value,
}

impl Contract {
    fn read(folder: &Path, name: &str) -> Self {
        let text = std::fs::read(folder.join(name)).unwrap();
        Self { name: name.to_owned(), document: serde_json::from_slice(&text).unwrap() }
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).expect("a definition"),
            None => value,
        }
    }

    /// The operation for a method and a path, and the parameters of both levels.
    fn operation(&self, method: &str, path: &str) -> Option<(&Value, Vec<&Value>)> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &&String| {
            let places: Vec<&str> = template.split('/').collect();
            let same = |(place, part): (&&str, &&str)| place.starts_with('{') || place == part;
            places.len() == parts.len() && places.iter().zip(&parts).all(same)
        };
        let paths = self.document["paths"].as_object().unwrap();
        // A written-out segment beats a placeholder, as in every router.
        let template = paths.keys().filter(fits).min_by_key(|template| template.matches('{').count())?;
        let operation = paths[template].get(method.to_lowercase())?;
        let lists = [&paths[template]["parameters"], &operation["parameters"]];
        let parameters =
            lists.into_iter().filter_map(Value::as_array).flatten().map(|parameter| self.resolved(parameter));
        Some((operation, parameters.collect()))
    }

    /// What is wrong with a request; `None` when the description does not know its path.
    fn problems(&self, seen: &Seen, path: &str) -> Option<Vec<String>> {
        let (operation, parameters) = self.operation(&seen.method, path)?;
        let mut problems = Vec::new();
        for (name, value) in seen.query() {
            let known = parameters.iter().find(|parameter| parameter["in"] == "query" && parameter["name"] == *name);
            match known {
                Some(parameter) => problems.extend(self.parameter_problem(parameter, &value)),
                None => problems.push(format!("unknown parameter `{name}`")),
            }
        }
        let in_body =
            parameters.iter().find(|parameter| parameter["in"] == "body").map(|parameter| &parameter["schema"]);
        let body = self.resolved(&operation["requestBody"]).pointer("/content/application~1json/schema").or(in_body);
        match (body, seen.body.is_empty()) {
            (Some(schema), false) => problems.extend(schema::check(&self.document, schema, &seen.json(), "body")),
            (None, false) => problems.push("a body is sent where none is known".into()),
            (_, true) => {}
        }
        Some(problems)
    }

    fn parameter_problem(&self, parameter: &Value, value: &str) -> Option<String> {
        let schema = parameter.get("schema").map_or(parameter, |schema| self.resolved(schema));
        let name = &parameter["name"];
        if schema["type"] == "integer" && value.parse::<u64>().is_err() {
            return Some(format!("{name}={value} is no number"));
        }
        let allowed = schema["enum"].as_array()?;
        (!allowed.iter().any(|allowed| allowed == value)).then(|| format!("{name}={value} is none of {allowed:?}"))
    }
}

fn contracts(folder: &Path, flavour: Flavour) -> Vec<Contract> {
    let names: &[&str] = match flavour {
        // The strict one is a cut that knows no organisations.
        Flavour::Gitea => &["gitea.strict.small.json", "gitea.swagger2.json"],
        Flavour::Github => &["github.strict.small.json"],
    };
    names.iter().map(|name| Contract::read(folder, name)).collect()
}

#[test]
fn all_requests_are_valid_under_the_servers_own_descriptions() {
    let Some(folder) = schema::shared("specs") else {
        println!("skipped: data/specs is not here");
        return;
    };
    for flavour in [Flavour::Gitea, Flavour::Github] {
        let fake = FakeForge::start(flavour);
        walk(&fake, &fake.forge());
        let contracts = contracts(&folder, flavour);
        let mut problems = Vec::new();
        for logged in fake.log() {
            let seen = &logged.seen;
            let below = fake.api().trim_start_matches(&fake.url()).len();
            let path: String = seen.path()[below..]
                .split('/')
                .map(|part| decode(part).replace('/', "%2F"))
                .collect::<Vec<_>>()
                .join("/");
            if path == "/graphql" {
                // Described elsewhere; it asks for nothing but what is resolved.
                continue;
            }
            let found = contracts.iter().find_map(|contract| Some((&contract.name, contract.problems(seen, &path)?)));
            match found {
                Some((name, found)) => {
                    problems.extend(found.iter().map(|problem| format!("{name}: {}: {problem}", seen.line())));
                }
                None => problems.push(format!("{}: no such call", seen.line())),
            }
        }
        assert!(fake.log().len() > 30, "only {} requests", fake.log().len());
        assert!(problems.is_empty(), "{flavour:?}:\n{}", problems.join("\n"));
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let Some(folder) = schema::shared("specs") else { return };
    let contract = Contract::read(&folder, "gitea.strict.small.json");
    let ask = |method: &str, target: &str, body: &str| {
        let body = body.as_bytes().to_vec();
        let seen = Seen { method: method.into(), target: target.into(), headers: Vec::new(), body };
        contract.problems(&seen, seen.path()).map(|problems| problems.len())
    };
    assert_eq!(ask("GET", "/repos/o/r/issues?state=open&page=2", ""), Some(0));
    assert_eq!(ask("GET", "/repos/o/r/issues?state=ajar&sort=oldest&page=x", ""), Some(3));
    assert_eq!(ask("POST", "/repos/o/r/issues/1/assignees", "{}"), None);
    assert_eq!(ask("POST", "/repos/o/r/issues", "{\"body\": 5, \"label\": []}"), Some(3));
}

/// A second judge, where it is installed: Stoplight's Prism as a proxy in front of the fake.
#[test]
fn prism_finds_no_wrong_request_either() {
    let Some(folder) = schema::shared("specs") else { return };
    for (flavour, name) in [(Flavour::Gitea, "gitea.strict.small.json"), (Flavour::Github, "github.strict.small.json")]
    {
        let fake = FakeForge::start(flavour);
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("prism");
        command.arg("proxy").arg(folder.join(name)).arg(fake.api()).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        let Ok(mut prism) = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
            println!("skipped: prism is not installed");
            return;
        };
        let mut lines = BufReader::new(prism.stdout.take().unwrap()).lines().map_while(Result::ok);
        let ready = lines.any(|line| line.contains("Prism is listening"));
        let reader =
            std::thread::spawn(move || lines.filter(|line| line.contains("Violation: request")).collect::<Vec<_>>());
        walk(&fake, &fake.forge_with(|options| options.base = format!("http://127.0.0.1:{port}")));
        prism.kill().unwrap();
        prism.wait().unwrap();
        let (unknown, violations): (Vec<_>, Vec<_>) =
            reader.join().unwrap().into_iter().partition(|line| line.contains("Selected route not found"));
        assert!(ready && fake.log().len() > 30);
        assert_eq!(violations, [""; 0], "{flavour:?}");
        // The strict cut of Gitea's description knows no organisations; the whole one does, as the other test sees.
        let beyond = fake.log().iter().filter(|logged| logged.seen.path().contains("/orgs/")).count();
        assert_eq!(unknown.len(), beyond, "{flavour:?}: {unknown:?}");
    }
}
