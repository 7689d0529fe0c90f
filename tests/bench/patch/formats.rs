//! The same broken commits in the other formats: SEARCH/REPLACE blocks, envelopes, whole files.

use super::Case;

/// A format other than the unified diff that the cases come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    SearchReplace,
    Envelope,
    Whole,
}

/// Kinds of damage that concern the text of a hunk and not its header, with right counts.
const KINDS: [&str; 20] = [
    "clean",
    "ctx1",
    "ctx_dropped",
    "ctx_blank_dropped",
    "ctx_invented",
    "ctx_changed",
    "del_changed",
    "trailing_ws_stripped",
    "tabs_to_spaces",
    "indent_4_to_2",
    "dedented",
    "crlf_file",
    "already_applied",
    "stale_shift",
    "stale_context",
    "stale_insert_in_context",
    "stale_removed",
    "dup_no_lines",
    "hunks_reversed",
    "dashes_in_body",
];

struct File<'p> {
    old: &'p str,
    new: &'p str,
    hunks: Vec<Vec<&'p str>>,
}

/// Reads a diff that `gen_synth.py` wrote, by the counts of its headers where it has them.
fn files(patch: &str) -> Vec<File<'_>> {
    let mut files: Vec<File<'_>> = Vec::new();
    let lines: Vec<&str> = patch.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        if let (Some(old), Some(new)) =
            (line.strip_prefix("--- "), lines.get(at).and_then(|next| next.strip_prefix("+++ ")))
        {
            files.push(File { old, new, hunks: Vec::new() });
            at += 1;
        } else if line.starts_with("@@")
            && let Some(file) = files.last_mut()
        {
            let counts: Vec<usize> = line
                .split(' ')
                .skip(1)
                .take(2)
                .filter_map(|range| range.split(',').nth(1).map_or(Some(1), |count| count.parse().ok()))
                .collect();
            let (mut old, mut new) = match counts.as_slice() {
                [old, new] if line.starts_with("@@ -") => (*old, *new),
                _ => (usize::MAX, usize::MAX),
            };
            let mut hunk = Vec::new();
            while at < lines.len()
                && (old > 0 || new > 0)
                && !lines[at].starts_with("@@")
                && !lines[at].starts_with("diff --git ")
            {
                let body = lines[at];
                old = old.saturating_sub(usize::from(!body.starts_with(['+', '\\'])));
                new = new.saturating_sub(usize::from(!body.starts_with(['-', '\\'])));
                hunk.push(body);
                at += 1;
            }
            file.hunks.push(hunk);
        }
    }
    files
}

fn side(hunk: &[&str], without: char) -> String {
    hunk.iter()
        .filter(|line| !line.starts_with([without, '\\']))
        .map(|line| format!("{}\n", line.get(1..).unwrap_or_default()))
        .collect()
}

/// The case's patch in another format; `None` where the format or the kind does not allow it.
pub(crate) fn convert(case: &Case, format: Format) -> Option<String> {
    if !KINDS.contains(&case.kind.as_str()) || case.patch.contains("\n\\ No newline") {
        return None;
    }
    if format == Format::Whole {
        return whole(case);
    }
    let mut out = String::new();
    for file in files(&case.patch) {
        let (old, new) = (file.old.trim_start_matches("a/"), file.new.trim_start_matches("b/"));
        match format {
            Format::SearchReplace if new == "/dev/null" => return None,
            Format::SearchReplace => {
                for hunk in &file.hunks {
                    let (search, replace) = (side(hunk, '+'), side(hunk, '-'));
                    out += &format!("{new}\n```\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n\n");
                }
            }
            Format::Envelope if new == "/dev/null" => out += &format!("*** Delete File: {old}\n"),
            Format::Envelope => {
                out += &if old == "/dev/null" {
                    format!("*** Add File: {new}\n")
                } else {
                    format!("*** Update File: {new}\n")
                };
                for hunk in &file.hunks {
                    if old != "/dev/null" {
                        out += "@@\n";
                    }
                    out.extend(hunk.iter().map(|line| format!("{line}\n")));
                }
            }
            Format::Whole => {}
        }
    }
    Some(if format == Format::Envelope { format!("*** Begin Patch\n{out}*** End Patch\n") } else { out })
}

fn whole(case: &Case) -> Option<String> {
    if case.kind != "clean" && case.kind != "crlf_file" {
        return None;
    }
    let file = |(path, text): (&String, &Option<String>)| {
        let text = text.as_ref()?.replace("\r\n", "\n");
        Some(format!(
            "*** Full File: {path}\n``````\n{text}{}``````\n\n",
            if text.ends_with('\n') || text.is_empty() { "" } else { "\n" }
        ))
    };
    case.expected.iter().map(file).collect()
}
