//! Takes the run's own credentials out of text, also where they were encoded on the way.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use regex::bytes::Regex;

use crate::core::names::Secret;

/// What stands in the place of a credential.
const REDACTED: &str = "[redacted]";

/// Shorter credentials are looked for as they are, but not in encodings, where they would match by chance.
const LEAST_ENCODED: usize = 8;

/// Knows every form in which the run's credentials could show up: raw, base64 (also inside a longer encoded text such
/// as a `Basic` header), URL-safe base64, hexadecimal, URL-encoded and JSON-escaped.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    forms: Option<Regex>,
}

impl Redactor {
    /// Prepares the search; without credentials it never finds anything.
    pub fn new(secrets: &[Secret]) -> Self {
        let mut forms: Vec<String> = secrets.iter().flat_map(forms).map(|form| regex::escape(&form)).collect();
        // The longest first, because an alternation takes the first that fits.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        let text = format!("(?-u:{})", forms.join("|"));
        let size = 1 << 26;
        Self {
            forms: (!forms.is_empty()).then(|| {
                Regex::new(&text)
                    .or_else(|_| regex::bytes::RegexBuilder::new(&text).size_limit(size).build())
                    .expect("escaped literals are a valid pattern")
            }),
        }
    }

    /// The text with every form of every credential replaced by `[redacted]`.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(forms) = &self.forms else { return Cow::Borrowed(text) };
        let mut out = String::new();
        let mut done = 0;
        for found in forms.find_iter(text.as_bytes()) {
            out.push_str(&text[done..found.start()]);
            out.push_str(REDACTED);
            done = found.end();
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[done..]);
        Cow::Owned(out)
    }

    /// Where the first credential stands, in whatever form.
    pub fn find(&self, bytes: &[u8]) -> Option<Range<usize>> {
        self.forms.as_ref()?.find(bytes).map(|found| found.range())
    }
}

/// Every spelling of one credential. All are ASCII or the credential itself, so a match never splits a character.
fn forms(secret: &Secret) -> Vec<String> {
    let raw = secret.reveal();
    let mut forms = vec![raw.to_owned()];
    if raw.len() < LEAST_ENCODED {
        return forms;
    }
    for alphabet in [STANDARD, URL_SAFE] {
        forms.extend((0..3).map(|offset| base64_inside(raw.as_bytes(), offset, alphabet)));
    }
    let hex: String = raw.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("a string takes everything");
        out
    });
    forms.push(hex.to_uppercase());
    forms.push(hex);
    forms.push(percent_encoded(raw, str::to_uppercase));
    forms.push(percent_encoded(raw, str::to_lowercase));
    forms.push(raw.replace('\\', "\\\\").replace('"', "\\\"").replace('/', "\\/"));
    forms
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The base64 digits that depend on these bytes alone when `offset` other bytes (modulo 3) come before them.
fn base64_inside(bytes: &[u8], offset: usize, alphabet: &[u8; 64]) -> String {
    let bits = |position: usize| -> u32 {
        let byte = (position / 8).checked_sub(offset).and_then(|index| bytes.get(index)).copied().unwrap_or(0);
        u32::from(byte >> (7 - position % 8) & 1)
    };
    let first = (offset * 8).div_ceil(6);
    let end = (offset + bytes.len()) * 8 / 6;
    (first..end)
        .map(|digit| (0..6).fold(0, |value, bit| value << 1 | bits(digit * 6 + bit)))
        .map(|value| char::from(alphabet[value as usize]))
        .collect()
}

/// Everything but RFC 3986's unreserved characters as `%XX`.
fn percent_encoded(text: &str, case: impl Fn(&str) -> String) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&case(&format!("%{byte:02x}")));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_a_credential_goes() {
        let redactor =
            Redactor::new(&[Secret::new("gbtok_7f3c9a51d2/84b6+0a1c5").unwrap(), Secret::new("pw12").unwrap()]);
        for leak in [
            "gbtok_7f3c9a51d2/84b6+0a1c5",
            "Z2J0b2tfN2YzYzlhNTFkMi84NGI2KzBhMWM1",
            "dXNlcjpnYnRva183ZjNjOWE1MWQyLzg0YjYrMGExYzU=", // user:TOKEN
            "YTpnYnRva183ZjNjOWE1MWQyLzg0YjYrMGExYzU=",     // a:TOKEN
            "6762746f6b5f376633633961353164322f383462362b3061316335",
            "6762746F6B5F376633633961353164322F383462362B3061316335",
            "gbtok_7f3c9a51d2%2F84b6%2B0a1c5",
            "gbtok_7f3c9a51d2%2f84b6%2b0a1c5",
            "gbtok_7f3c9a51d2\\/84b6+0a1c5",
            "pw12",
        ] {
            let text = format!("é before {leak} after");
            let safe = redactor.redact(&text);
            assert!(safe.contains(REDACTED) && safe.starts_with("é before ") && safe.ends_with(" after"), "{safe}");
            assert!(redactor.find(text.as_bytes()).is_some());
        }
        assert_eq!(redactor.redact("nothing here"), "nothing here");
        assert_eq!(Redactor::new(&[]).redact("gbtok"), "gbtok");
    }
}
