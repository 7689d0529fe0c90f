//! The spellings of values in configuration, environment and flags: booleans and numbers as in git, times.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::edge::git::Environment;

/// git's booleans. `None` is a key without `=`, which means true; the empty text means false.
pub fn boolean(text: Option<&str>) -> Result<bool, String> {
    let Some(text) = text else { return Ok(true) };
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" | "" => Ok(false),
        _ => Err(format!("`{text}` is not true or false")),
    }
}

/// A whole number, with git's `k`, `m` and `g` for powers of 1024.
pub fn number(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a number (digits, then k, m or g if you like)");
    let (digits, shift) = match text.as_bytes().last().map(u8::to_ascii_lowercase) {
        Some(b'k') => (&text[..text.len() - 1], 10),
        Some(b'm') => (&text[..text.len() - 1], 20),
        Some(b'g') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let value = digits.parse::<u64>().ok().filter(|_| all_digits).ok_or_else(wrong)?;
    value.checked_mul(1 << shift).ok_or_else(wrong)
}

/// Reads a flag's whole number; what is none, or out of the range, is told with the range and what the number means.
pub fn whole<N: TryFrom<u64> + Clone + Send + Sync + 'static>(
    range: RangeInclusive<u64>,
    meaning: &'static str,
) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync + 'static {
    move |text| {
        let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<u64>().ok().filter(|number| all_digits && range.contains(number));
        number.and_then(|number| N::try_from(number).ok()).ok_or_else(|| {
            let reach = match (range.start(), range.end()) {
                (from, &u64::MAX) => format!("from {from} on"),
                (from, to) => format!("from {from} to {to}"),
            };
            format!("it takes a whole number {reach}: {meaning}")
        })
    }
}

/// A span of time: `90s`, `30m`, `2h`, `1d`, joined as in `1h30m`; without a unit it is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time (such as 90s, 30m, 2h)");
    let mut seconds = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let amount: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        let letters = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |more| digits + more);
        seconds += amount * unit(&rest[digits..letters]).ok_or_else(wrong)?;
        rest = &rest[letters..];
    }
    if seconds <= 0.0 {
        return Err(wrong());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

fn unit(name: &str) -> Option<f64> {
    match name.trim() {
        "" | "s" | "sec" => Some(1.0),
        "ms" => Some(0.001),
        "m" | "min" => Some(60.0),
        "h" => Some(3600.0),
        "d" => Some(86_400.0),
        _ => None,
    }
}

/// Major and minor version of `2.47.3 (Apple Git-1)`.
pub fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split(['.', ' ']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// A switch in the environment, spelled as git spells booleans; unset and empty are "no".
pub fn switch(environment: &Environment, name: &str) -> anyhow::Result<bool> {
    match environment.text(name) {
        None => Ok(false),
        Some(text) => boolean(Some(text)).map_err(|problem| anyhow::anyhow!("{name}: {problem}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_add_up_and_nonsense_is_named() {
        let seconds = |text| duration(text).map(|time| time.as_secs_f64());
        assert_eq!(seconds("90s"), Ok(90.0));
        assert_eq!(seconds("45"), Ok(45.0));
        assert_eq!(seconds("1h30m"), Ok(5400.0));
        assert_eq!(seconds("0.5s"), Ok(0.5));
        for bad in ["", "0", "m", "5 parsecs", "-3s", "1..2s", "99999999999999999999d"] {
            assert!(seconds(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_have_gits_units() {
        assert_eq!(number("20"), Ok(20));
        assert_eq!(number("1m"), Ok(1 << 20));
        for bad in ["", "k", "-1", "1.5", "+1", "99999999999999999999", "18446744073709551615k"] {
            assert!(number(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn switches_read_as_git_reads_booleans() {
        let environment = Environment::new([("A", "1"), ("B", "yes"), ("C", ""), ("D", "off"), ("E", "maybe")]);
        let on = |name| switch(&environment, name);
        assert!(on("A").unwrap() && on("B").unwrap());
        assert!(!on("C").unwrap() && !on("D").unwrap() && !on("Z").unwrap());
        assert_eq!(on("E").unwrap_err().to_string(), "E: `maybe` is not true or false");
    }
}
