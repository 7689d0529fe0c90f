//! Which token goes to which server. A token is bound to a host: it is never shown to another one.

use crate::cli::config::Config;
use crate::core::names::Secret;
use crate::edge::forge::Dialect;
use crate::edge::git::Environment;
use crate::edge::http::Origin;

/// A token and where it came from. The value is never printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub secret: Secret,
    /// For people: the variable, the file, `git credential`.
    pub source: String,
}

/// Variables in which the token of a forge is looked for; see [`in_environment`].
pub const FORGE_TOKENS: [&str; 8] = [
    "GIT_BURN_TOKEN",
    "GITEA_TOKEN",
    "FORGEJO_TOKEN",
    "GITEA_API_TOKEN",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
];

/// Ends of names of variables that hold credentials.
const SECRET_ENDINGS: [&str; 3] = ["_TOKEN", "_API_KEY", "_SECRET"];

/// Variables that say for which server the tokens of a family are.
const GITEA_SERVERS: &[&str] =
    &["GITEA_SERVER_URL", "GITEA_INSTANCE_URL", "GITEA_BASE_URL", "GITEA_URL", "FORGEJO_SERVER_URL", "FORGEJO_URL"];

/// The token in the environment for a server, and remarks about those that are there but for another one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub token: Option<Token>,
    pub remarks: Vec<String>,
}

/// Looks for the token of a forge in the environment; the forge's own names come first.
pub fn in_environment(environment: &Environment, dialect: Dialect, server: &Origin) -> Found {
    let mut found = Found::default();
    let candidates = [("GIT_BURN_TOKEN", Binding::Here)].into_iter().chain(match dialect {
        Dialect::Gitea => vec![
            ("GITEA_TOKEN", gitea(environment, server)),
            ("FORGEJO_TOKEN", gitea(environment, server)),
            ("GITEA_API_TOKEN", gitea(environment, server)),
            // Gitea's own runners set it, with GITHUB_SERVER_URL.
            ("GITHUB_TOKEN", named(environment, &["GITHUB_SERVER_URL"], server)),
        ],
        Dialect::Github => vec![
            ("GH_TOKEN", github(environment, server)),
            ("GITHUB_TOKEN", github(environment, server)),
            ("GH_ENTERPRISE_TOKEN", named(environment, &["GH_HOST", "GITHUB_SERVER_URL"], server)),
            ("GITHUB_ENTERPRISE_TOKEN", named(environment, &["GH_HOST", "GITHUB_SERVER_URL"], server)),
        ],
    });
    for (name, binding) in candidates {
        let Some(secret) = environment.text(name).and_then(Secret::new) else { continue };
        match binding {
            Binding::Here if found.token.is_none() => found.token = Some(Token { secret, source: name.to_owned() }),
            Binding::Here => {}
            Binding::Elsewhere(place) => found.remarks.push(format!("{name} is for {place}, not for {server}")),
        }
    }
    found
}

/// Whether a token may go to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Binding {
    Here,
    Elsewhere(String),
}

/// Without a variable that names the server, any server that is configured or found to be Gitea is meant.
fn gitea(environment: &Environment, server: &Origin) -> Binding {
    match GITEA_SERVERS.iter().any(|name| environment.text(name).is_some()) {
        true => named(environment, GITEA_SERVERS, server),
        false => Binding::Here,
    }
}

/// github.com and its clouds, unless a variable names another server.
fn github(environment: &Environment, server: &Origin) -> Binding {
    let cloud = matches!(server.host.as_str(), "github.com" | "www.github.com" | "api.github.com");
    match cloud || server.host.ends_with(".ghe.com") {
        true if server.scheme == "https" => Binding::Here,
        _ => named(environment, &["GITHUB_SERVER_URL", "GH_HOST"], server),
    }
}

/// Only the server that one of the variables names, as a URL or as a host.
fn named(environment: &Environment, variables: &[&str], server: &Origin) -> Binding {
    let mut places = variables.iter().filter_map(|name| environment.text(name));
    let mut named = Vec::new();
    let is_here = places.any(|place| {
        named.push(place.to_owned());
        let url = if place.contains("://") { place.to_owned() } else { format!("https://{place}") };
        Origin::of(&url).is_ok_and(|origin| origin == *server)
    });
    match is_here {
        true => Binding::Here,
        false if named.is_empty() => Binding::Elsewhere("github.com".to_owned()),
        false => Binding::Elsewhere(named.join(", ")),
    }
}

/// Shortest value that is taken for a secret. Local model servers want any key, and get `none`, `EMPTY` or `ollama`:
/// words that patches and texts are full of.
pub const SHORTEST_SECRET: usize = 8;

/// Every credential in the environment: none of them may turn up in a change, a prompt or a text. Variables that
/// `burn.provider.NAME.keyEnv` names count whatever they are called.
pub fn secrets(environment: &Environment, config: &Config) -> Vec<Secret> {
    let providers = config.members("provider");
    let named: Vec<&str> =
        providers.iter().filter_map(|name| config.text(&format!("provider.{name}.keyEnv"))).collect();
    let is_secret = |name: &str| SECRET_ENDINGS.iter().any(|end| name.ends_with(end)) || named.contains(&name);
    let texts = environment.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    let values = texts.filter(|(name, value)| is_secret(name) && value.len() >= SHORTEST_SECRET);
    values.filter_map(|(_, value)| Secret::new(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::testing::config;

    fn told(variables: &[(&str, &str)], dialect: Dialect, server: &str) -> String {
        let environment = Environment::new(variables.iter().copied());
        let found = in_environment(&environment, dialect, &Origin::of(server).unwrap());
        let token = found.token.map_or_else(|| "nothing".to_owned(), |token| token.source);
        [vec![token], found.remarks].concat().join("; ")
    }

    #[test]
    fn words_in_place_of_keys_are_no_secrets() {
        let variables = [("OPENAI_API_KEY", "EMPTY"), ("ANTHROPIC_API_KEY", "sk-ant-0123456789")];
        let found = secrets(&Environment::new(variables), &config("", &[]));
        let texts: Vec<&str> = found.iter().map(Secret::reveal).collect();
        assert_eq!(texts, ["sk-ant-0123456789"]);
    }

    #[test]
    fn tokens_go_to_their_own_server_only() {
        let github = [("GITHUB_TOKEN", "x"), ("GITEA_TOKEN", "y")];
        assert_eq!(told(&github, Dialect::Github, "https://github.com"), "GITHUB_TOKEN");
        assert_eq!(
            told(&github, Dialect::Gitea, "https://git.example.org"),
            "GITEA_TOKEN; GITHUB_TOKEN is for github.com, not for https://git.example.org"
        );
        assert_eq!(
            told(&github, Dialect::Github, "https://github.com.evil.example"),
            "nothing; GITHUB_TOKEN is for github.com, not for https://github.com.evil.example"
        );
        assert!(told(&github, Dialect::Github, "http://github.com").starts_with("nothing"));
    }

    #[test]
    fn a_named_server_binds_the_token() {
        let bound = [("GITEA_TOKEN", "x"), ("GITEA_SERVER_URL", "https://git.example.org/")];
        assert_eq!(told(&bound, Dialect::Gitea, "https://git.example.org"), "GITEA_TOKEN");
        let elsewhere = told(&bound, Dialect::Gitea, "https://git.example.org:444");
        assert!(elsewhere.starts_with("nothing; GITEA_TOKEN is for https://git.example.org/"), "{elsewhere}");
        let enterprise = [("GH_TOKEN", "x"), ("GH_HOST", "git.corp.example")];
        assert_eq!(told(&enterprise, Dialect::Github, "https://git.corp.example"), "GH_TOKEN");
    }

    #[test]
    fn the_programs_own_variable_comes_first_and_empty_ones_do_not_count() {
        let variables = [("GIT_BURN_TOKEN", "x"), ("GH_TOKEN", "y"), ("GITHUB_TOKEN", "")];
        assert_eq!(told(&variables, Dialect::Github, "https://github.com"), "GIT_BURN_TOKEN");
        assert_eq!(told(&[("GH_TOKEN", "")], Dialect::Github, "https://github.com"), "nothing");
    }

    #[test]
    fn credentials_are_known_by_their_variables() {
        let environment = Environment::new([
            ("GH_TOKEN", "tok-0123456789"),
            ("GEMINI_API_KEY", "key-0123456789"),
            ("MY_WORD", "word-0123456789"),
            ("HOME", "/home/somebody"),
        ]);
        assert_eq!(secrets(&environment, &config("", &[])).len(), 2);
        assert_eq!(secrets(&environment, &config("", &[("provider.mine.keyEnv", "MY_WORD")])).len(), 3);
    }
}
