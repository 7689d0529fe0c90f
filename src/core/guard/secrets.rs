//! Credentials in added lines: formats that providers document, keys, passwords in URLs, and the run's own.
//!
//! Precision comes first: a rule names a prefix or a shape that chance and prose do not make, and obvious placeholders
//! are no credentials. The formats are those of the providers' own documentation and secret scanning programs.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;

use super::kind::Kind;
use super::pattern::pattern;
use super::view::View;
use super::violation::{Rule, Violation};
use crate::core::text::Redactor;

/// One kind of credential.
struct Credential {
    name: &'static str,
    /// A line without any of these is not looked at. Lower case.
    keywords: &'static [&'static str],
    /// The first group, or else the match, is the credential.
    regex: &'static str,
    scope: Scope,
}

/// Where a kind of credential means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Everywhere,
    /// Not in tests, lock files and prose, which are full of made-up ones.
    Production,
}

const fn token(name: &'static str, keywords: &'static [&'static str], regex: &'static str) -> Credential {
    Credential { name, keywords, regex, scope: Scope::Everywhere }
}

const fn production(name: &'static str, keywords: &'static [&'static str], regex: &'static str) -> Credential {
    Credential { name, keywords, regex, scope: Scope::Production }
}

const CREDENTIALS: &[Credential] = &[
    token("AWS access key", &["akia", "asia", "abia", "acca"], r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    token(
        "AWS secret key",
        &["aws"],
        r"(?i)aws\w{0,20}(?:secret|sk)\w{0,20}[\x22']?\s*(?:=|:|=>)\s*[\x22']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
    ),
    token("Anthropic key", &["sk-ant-"], r"\bsk-ant-(?:api|admin|oat|ort|sid)\d\d-[\w-]{20,}"),
    token("OpenRouter key", &["sk-or-"], r"\bsk-or-v1-[0-9a-f]{64}\b"),
    token(
        "OpenAI key",
        &["sk-proj-", "sk-svcacct-", "sk-admin-", "t3blbkfj"],
        r"\bsk-(?:proj|svcacct|admin)-[\w-]{20,}|\bsk-[A-Za-z0-9_-]{16,}T3BlbkFJ[A-Za-z0-9_-]{16,}",
    ),
    token("OpenAI key", &["sk-"], r"\bsk-[A-Za-z0-9]{48}\b"),
    token("GitHub token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b"),
    token("GitHub token", &["github_pat_"], r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{50,}"),
    token(
        "GitLab token",
        &[
            "glpat-", "gldt-", "glptt-", "glrt-", "glcbt-", "glft-", "glsoat-", "glimt-", "glagent-", "gloas-",
            "glffct-",
        ],
        r"\bgl(?:pat|dt|ptt|rt|cbt|ft|soat|imt|agent|oas|ffct)-[\w-]{20,}",
    ),
    token("Slack token", &["xox"], r"\bxox[abeoprs](?:\.xox[abeoprs])?-(?:\d+-)*[A-Za-z0-9-]{10,}"),
    token("Slack token", &["xapp-"], r"\bxapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{30,}"),
    token(
        "Slack webhook",
        &["hooks.slack.com"],
        r"hooks\.slack\.com/(?:services|workflows|triggers)/T?\w{8,}/B?\w{8,}/\w{18,}",
    ),
    token("Discord webhook", &["discord"], r"discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,}"),
    production("Discord token", &["discord", "bot"], r"[\x22'=\s]([MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,38})\b"),
    token("Stripe key", &["_live_"], r"\b(?:sk|rk)_live_[A-Za-z0-9]{16,}"),
    token("Stripe webhook secret", &["whsec_"], r"\bwhsec_[A-Za-z0-9+/]{32,}"),
    token("Google API key", &["aiza"], r"\bAIza[\w-]{35}(?:[^\w-]|$)"),
    token("Google client secret", &["gocspx-"], r"\bGOCSPX-[\w-]{28}"),
    token("Google access token", &["ya29."], r"\bya29\.[\w-]{50,}"),
    token("Google service account key", &["private_key_id"], r#""private_key_id"\s*:\s*"([0-9a-f]{40})""#),
    token("npm token", &["npm_"], r"\bnpm_[A-Za-z0-9]{36}\b"),
    token("npm token", &["_authtoken"], r"(?i)_authToken\s*[=:]\s*[\x22']?([A-Za-z0-9-]{20,})"),
    token("PyPI token", &["pypi-"], r"\bpypi-AgE[\w-]{50,}"),
    token("RubyGems key", &["rubygems_"], r"\brubygems_[0-9a-f]{48}\b"),
    production("crates.io token", &["cio"], r"\bcio[A-Za-z0-9]{32}\b"),
    token("Docker Hub token", &["dckr_"], r"\bdckr_(?:pat|oat)_[\w-]{27,}"),
    token("Hugging Face token", &["hf_"], r"\bhf_[A-Za-z]{34}\b"),
    token("Telegram bot token", &[":aa"], r"\b\d{8,10}:AA[\w-]{32,35}(?:[^\w-]|$)"),
    token("Twilio key", &["twilio"], r"(?i:twilio)[^\n]{0,40}\b((?:SK|AC)?[0-9a-f]{32})\b"),
    token("SendGrid key", &["sg."], r"\bSG\.[\w-]{22}\.[\w-]{43}(?:[^\w-]|$)"),
    token("Mailgun key", &["key-"], r"\bkey-[0-9a-f]{32}\b"),
    token("Shopify token", &["shpat_", "shpca_", "shppa_", "shpss_"], r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"),
    token("DigitalOcean token", &["_v1_"], r"\bdo[oprt]_v1_[0-9a-f]{64}\b"),
    token("Azure storage key", &["accountkey"], r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    token("Azure client secret", &["8q~"], r"\b[\w~.]{3}8Q~[\w~.-]{31,34}"),
    token("Vault token", &["hvs.", "hvb."], r"\bhv[sb]\.[\w-]{60,}"),
    token("Databricks token", &["dapi"], r"\bdapi[0-9a-f]{32}\b"),
    token("Grafana token", &["glsa_", "glc_"], r"\bglsa_[A-Za-z0-9]{32}_[0-9a-f]{8}\b|\bglc_[A-Za-z0-9+/]{40,}"),
    token("Postman key", &["pmak-"], r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b"),
    token("Linear key", &["lin_api_"], r"\blin_api_[A-Za-z0-9]{40}\b"),
    token("Notion token", &["ntn_"], r"\bntn_[A-Za-z0-9]{40,}"),
    token("Figma token", &["figd_"], r"\bfigd_[\w-]{38,}"),
    token("Atlassian token", &["atatt3"], r"\bATATT3[\w=-]{100,}"),
    token("Sentry token", &["sntry"], r"\bsntry[su]_[A-Za-z0-9+/=_-]{60,}"),
    token("New Relic key", &["nrak-"], r"\bNRAK-[A-Z0-9]{27}\b"),
    token("Terraform token", &[".atlasv1."], r"\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}"),
    token("Pulumi token", &["pul-"], r"\bpul-[0-9a-f]{40}\b"),
    token("Groq key", &["gsk_"], r"\bgsk_[A-Za-z0-9]{52}\b"),
    token("xAI key", &["xai-"], r"\bxai-[A-Za-z0-9]{80}\b"),
    token("Replicate token", &["r8_"], r"\br8_[A-Za-z0-9]{37}\b"),
    token("Perplexity key", &["pplx-"], r"\bpplx-[A-Za-z0-9]{48}\b"),
    token("age key", &["age-secret-key-"], r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
    production("signed JSON web token", &["eyj"], r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{30,}"),
    token(
        "password in a URL",
        &["://"],
        r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\x22`<>{}$%\\]*:([^\s:/@'\x22`<>{}$%\\]{12,})@[\w.-]",
    ),
    production(
        "password in a URL",
        &["://"],
        r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\x22`<>{}$%\\]+:([^\s:/@'\x22`<>{}$%\\]{8,})@[\w-]+\.[\w.-]+",
    ),
    production(
        "credential",
        &["secret", "token", "passw", "key", "credential"],
        r"(?i)(?:secret|token|passw(?:or)?d|passwd|api_?-?key|access_?-?key|private_?-?key|auth_?-?key|credential)s?[\x22']?\s*(?:=|:|=>|:=)\s*[\x22'`]([A-Za-z0-9+/=_.~-]{20,200})[\x22'`]",
    ),
];

/// Which rules a line that holds a keyword is checked against.
struct Prefilter {
    keywords: Regex,
    by_keyword: HashMap<&'static str, Vec<usize>>,
}

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(|| {
    let mut by_keyword: HashMap<&'static str, Vec<usize>> = HashMap::new();
    for (index, credential) in CREDENTIALS.iter().enumerate() {
        for keyword in credential.keywords {
            by_keyword.entry(keyword).or_default().push(index);
        }
    }
    let mut words: Vec<String> = by_keyword.keys().map(|word| regex::escape(word)).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let keywords = Regex::new(&format!("(?i-u:{})", words.join("|"))).expect("escaped literals are a valid pattern");
    Prefilter { keywords, by_keyword }
});

/// Each pattern is compiled at the first line that needs it.
static COMPILED: [OnceLock<Regex>; CREDENTIALS.len()] = [const { OnceLock::new() }; CREDENTIALS.len()];

/// The compiled pattern of a credential.
fn compiled(index: usize) -> &'static Regex {
    COMPILED[index].get_or_init(|| pattern(CREDENTIALS[index].regex))
}

/// Looks through a file's added lines.
pub(super) fn check(view: &View<'_>, own: &Redactor, violations: &mut Vec<Violation>) {
    let production = view.role.kind != Kind::Prose && view.role.kind != Kind::Lock && !view.role.is_test;
    for (index, line) in view.added() {
        if own.find(line.as_bytes()).is_some() {
            let what = "a credential of this run, in whatever encoding, must never be in a change";
            violations.push(Violation::at(Rule::OwnSecret, view.path, Some(index + 1), what).allowed_by(None));
        } else if let Some((name, shown)) = credential_in(line, production) {
            let what = format!("{name} `{shown}`; if it is real, revoke it");
            violations.push(Violation::at(Rule::Secret, view.path, Some(index + 1), what));
        }
    }
    for index in private_keys(view) {
        let what = "private key; if it is real, revoke it";
        violations.push(Violation::at(Rule::Secret, view.path, Some(index + 1), what));
    }
}

/// The first credential of a line: what it is, and enough of it to find it.
fn credential_in(line: &str, production: bool) -> Option<(&'static str, String)> {
    let prefilter = &*PREFILTER;
    let mut tried = Vec::new();
    let mut at = 0;
    while let Some(hit) = prefilter.keywords.find_at(line, at) {
        let keyword = hit.as_str().to_ascii_lowercase();
        // Keywords overlap (`api_key` in `lin_api_key`), so the search goes on behind the first byte.
        at = hit.start() + hit.as_str().chars().next().map_or(1, char::len_utf8);
        let candidates = prefilter.by_keyword.get(keyword.as_str()).into_iter().flatten();
        for index in candidates {
            if tried.contains(index) || (CREDENTIALS[*index].scope == Scope::Production && !production) {
                continue;
            }
            tried.push(*index);
            if let Some(found) = real_match(*index, line) {
                let shown: String = found.chars().take(4).collect();
                return Some((CREDENTIALS[*index].name, format!("{shown}…")));
            }
        }
    }
    None
}

/// The first match of a credential's pattern that is no placeholder.
fn real_match(index: usize, line: &str) -> Option<&str> {
    let credential = &CREDENTIALS[index];
    compiled(index).captures_iter(line).find_map(|captures| {
        let value = captures.get(1).or(captures.get(0))?.as_str();
        let strict = credential.name == "credential" || credential.name == "password in a URL";
        let real = !is_placeholder(value) && (!strict || looks_random(value));
        real.then_some(value)
    })
}

/// Words and patterns with which people show where a credential goes.
fn is_placeholder(value: &str) -> bool {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| {
        let text = r"(?i)example|sample|dummy|fake|placeholder|change-?_?me|your|xxxx|todo|redacted|insert|replace|foobar|my-?_?(?:secret|token|key|password)|\.\.\.|\*\*\*|abcdefgh|12345678|01234567|deadbeef|secret-?_?(?:key|token)|_here\b|not-?_?a-?_?real|test-?_?(?:key|token|secret)";
        pattern(text)
    });
    let mut distinct: Vec<char> = value.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len() < 6 || WORDS.is_match(value)
}

/// Whether a value looks drawn by lot, not written: letters and digits mixed, close to the entropy of random text.
fn looks_random(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let upper = value.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = value.bytes().filter(u8::is_ascii_lowercase).count();
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let entropy = entropy(value);
    if hex {
        return value.len() >= 32 && digits > 3 && digits < value.len() - 3 && entropy > 3.0;
    }
    // A version, a date or a path in words has few digits among separators.
    let words = value
        .split(['-', '_', '.', '/'])
        .filter(|part| part.len() > 2 && part.bytes().all(|b| b.is_ascii_alphabetic()))
        .count();
    digits >= 2
        && upper + lower >= 4
        && (upper >= 2 && lower >= 2 || digits >= 5)
        && words < 2
        && entropy > most_entropy(value.len()) * 0.80
}

/// Bits a character, by the frequencies in the value itself.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    value.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let total = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

/// What a value of that length can reach at most with base64's alphabet.
fn most_entropy(length: usize) -> f64 {
    (length.min(64) as f64).log2()
}

/// First lines of private keys with key material behind them: prose and parsers name the header alone.
fn private_keys(view: &View<'_>) -> Vec<usize> {
    static MATERIAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z0-9+/=]{40,}"));
    let mut found = Vec::new();
    for (index, line) in view.added() {
        let Some(start) = line.find("-----BEGIN ") else { continue };
        let header = &line[start..];
        let Some(end) = header.find("PRIVATE KEY").filter(|end| *end < 40) else { continue };
        let after =
            header[end..].trim_start_matches("PRIVATE KEY").trim_start_matches(" BLOCK").trim_start_matches('-');
        let next = view.after.iter().skip(index + 1).take(6);
        if MATERIAL.is_match(after)
            || next.take_while(|line| !line.contains("-----END")).any(|line| MATERIAL.is_match(line))
        {
            found.push(index);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_patterns_compile_and_their_keywords_are_lower_case() {
        for (index, credential) in CREDENTIALS.iter().enumerate() {
            compiled(index);
            assert!(!credential.keywords.is_empty());
            assert!(credential.keywords.iter().all(|word| *word == word.to_lowercase()), "{}", credential.name);
        }
    }

    /// Joined at run time, so that this file holds no credential for a scanner to find.
    fn made_up(parts: &[&str]) -> String {
        parts.concat()
    }

    #[test]
    fn credentials_are_found() {
        let forty = "q7Zk3VbXw9LmPtRfYc2DhGsJ8NaEuQ1oWiT5xB4e";
        for line in [
            made_up(&["k = \"AK", "IAUJZDEGXDNCF32EPF\""]),
            made_up(&["AWS_SECRET_ACCESS_KEY = \"", forty, "\""]),
            made_up(&["KEY='sk-", "ant-api03-R3j1twdTKWTddB_XhkAS1voQG6yyzyN9zHYIa4UO'"]),
            made_up(&["x: gh", "p_", "q7Zk3VbXw9LmPtRfYc2DhGsJ8NaEuQ1oWiT5"]),
            made_up(&["glp", "at-yReQMsm9Wcz7uW9XFOGO"]),
            made_up(&["xo", "xb-735379907511-637265167612-KIBJl5dzpJn0meq7WJjjIBAz"]),
            made_up(&["https://hooks.slack", ".com/services/T02ABCDEF/B03GHIJKL/q7Zk3VbXw9LmPtRfYc2DhGsJ"]),
            made_up(&["sk_li", "ve_q7Zk3VbXw9LmPtRfYc2DhGsJ"]),
            made_up(&["AI", "zaSyq7Zk3VbXw9LmPtRfYc2DhGsJ8NaEuQ1oW"]),
            made_up(&["np", "m_q7Zk3VbXw9LmPtRfYc2DhGsJ8NaEuQ1oWiT5"]),
            made_up(&["URL = \"https://deploy:Eov4QbKDFq1Y3gq", "SmPsSCdLK@git.example.com/a/b.git\""]),
            made_up(&["dsn = 'postgres://app:h7Kq2", "vX9@db.acme.io/prod'"]),
            made_up(&["gitea_token = \"7f3c9a51d2e84b60a1c5", "e8d9f0a1b2c3d4e5f6a7\""]),
            made_up(&["clientSecret: 'q7Zk3VbXw9LmPt", "RfYc2DhGsJ8NaEuQ1o'"]),
            made_up(&["7130254689:A", "Aq7Zk3VbXw9LmPtRfYc2DhGsJ8NaEuQ1oWiT"]),
        ] {
            let found = credential_in(&line, true);
            assert!(found.is_some(), "{line} was not found");
            assert!(found.unwrap().1.chars().count() <= 5, "{line} was quoted");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_left_alone() {
        for line in [
            "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
            "export ANTHROPIC_API_KEY=sk-ant-...",
            "KEY=sk-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  empty",
            "ID = \"123e4567-e89b-12d3-a456-426614174000\"",
            "postgres://postgres:postgres@localhost:5432/app",
            "https://user:password@example.com and https://${USER}:${PASSWORD}@host",
            "token = \"application/vnd.github.v3+json\"",
            "cache_key = \"users/list/by-name/v2\"",
            "const tokenName = 'csrf-token-cookie-name-long'",
            "\"integrity\": \"sha512-q7Zk3VbXw9LmPtRfYc2DhGsJ8NaEuQ1oWiT5xB4e\"",
            "password = get_password_from_environment()",
            "task-runner ask-user-first disk-usage",
            "secret_key_base: <%= ENV['SECRET_KEY_BASE'] %>",
        ] {
            assert_eq!(credential_in(line, true), None, "{line}");
        }
    }
}
