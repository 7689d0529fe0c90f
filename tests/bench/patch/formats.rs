//! The same broken commits in the other formats: SEARCH/REPLACE blocks, envelopes, whole files. Damage to the lines of a
//! hunk comes from `gen_synth.py`; damage to what is around them (paths, fences, markers, ends of lines), which that
//! generator does for unified diffs, is done here.

use super::Case;

/// A format that an answer comes in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Format {
    Unified,
    SearchReplace,
    Envelope,
    Whole,
}

pub(crate) const FORMATS: [Format; 4] = [Format::Unified, Format::SearchReplace, Format::Envelope, Format::Whole];

/// Kinds of damage that concern the text of a hunk and not its header, with right counts.
const KINDS: [&str; 23] = [
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
    "elided_middle",
    "one_header",
    "nonl_marker_lost",
];

/// Damage done to an undamaged answer.
fn dresses(format: Format) -> &'static [&'static str] {
    match format {
        Format::Unified => &[],
        Format::SearchReplace => &[
            "crlf_reply",
            "no_final_newline",
            "in_prose",
            "abs_path",
            "heading_path",
            "bold_path",
            "path_in_fence",
            "no_fences",
            "original_updated",
            "blank_edges",
        ],
        Format::Envelope => &[
            "crlf_reply",
            "no_final_newline",
            "in_prose",
            "abs_path",
            "fenced",
            "no_envelope_lines",
            "section_anchors",
        ],
        Format::Whole => &["crlf_reply", "no_final_newline", "in_prose", "abs_path", "word_at_fence", "end_marker"],
    }
}

struct File<'p> {
    old: &'p str,
    new: &'p str,
    hunks: Vec<Vec<&'p str>>,
    /// What each hunk's header says after its numbers.
    sections: Vec<&'p str>,
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
            files.push(File { old, new, hunks: Vec::new(), sections: Vec::new() });
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
            file.sections.push(line.splitn(3, "@@").nth(2).unwrap_or_default().trim());
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

/// The case's patch in another format, once for every kind of damage; empty where the format or the kind does not allow it.
pub(crate) fn convert(case: &Case, format: Format) -> Vec<(String, String)> {
    if format == Format::Unified {
        return vec![(case.kind.clone(), case.patch.clone())];
    }
    if !KINDS.contains(&case.kind.as_str()) || case.patch.contains("\n\\ No newline") {
        return Vec::new();
    }
    let dresses: &[&str] = if case.kind == "clean" { dresses(format) } else { &[] };
    let plain = render(case, format, "").map(|reply| (case.kind.clone(), reply));
    let dressed = dresses.iter().filter_map(|dress| Some(((*dress).to_owned(), render(case, format, dress)?)));
    plain.into_iter().chain(dressed).collect()
}

fn render(case: &Case, format: Format, dress: &str) -> Option<String> {
    let reply = match format {
        Format::Unified => case.patch.clone(),
        Format::SearchReplace => blocks(case, dress)?,
        Format::Envelope => envelope(case, dress)?,
        Format::Whole => whole(case, dress)?,
    };
    Some(match dress {
        "crlf_reply" => reply.replace('\n', "\r\n"),
        "no_final_newline" => reply.trim_end_matches('\n').to_owned(),
        "in_prose" => format!("The value is never checked.  Here is the fix:\n\n{reply}\nEverything else stays.\n"),
        _ => reply,
    })
}

fn path_as<'p>(path: &'p str, dress: &str) -> std::borrow::Cow<'p, str> {
    match dress {
        "abs_path" => format!("/workspace/project/{path}").into(),
        "heading_path" => format!("### `{path}`\n").into(),
        "bold_path" => format!("**{path}:**").into(),
        _ => path.into(),
    }
}

fn blocks(case: &Case, dress: &str) -> Option<String> {
    let mut out = String::new();
    let (head, tail) = match dress {
        "original_updated" => ("ORIGINAL", "UPDATED"),
        _ => ("SEARCH", "REPLACE"),
    };
    for file in files(&case.patch) {
        if file.new == "/dev/null" || dress == "abs_path" && file.old == "/dev/null" {
            return None;
        }
        let path = path_as(file.new.trim_start_matches("b/"), dress);
        for hunk in &file.hunks {
            let (search, replace) = (side(hunk, '+'), side(hunk, '-'));
            let edge = if dress == "blank_edges" && !search.is_empty() { "\n" } else { "" };
            let block = format!("<<<<<<< {head}\n{edge}{search}{edge}=======\n{edge}{replace}{edge}>>>>>>> {tail}\n");
            out += &match dress {
                "path_in_fence" => format!("```\n{path}\n{block}```\n\n"),
                "no_fences" => format!("{path}\n{block}\n"),
                _ => format!("{path}\n```\n{block}```\n\n"),
            };
        }
    }
    Some(out)
}

fn envelope(case: &Case, dress: &str) -> Option<String> {
    let mut out = String::new();
    for file in files(&case.patch) {
        let (old, new) = (file.old.trim_start_matches("a/"), file.new.trim_start_matches("b/"));
        if dress == "abs_path" && old == "/dev/null" {
            return None;
        }
        let (old_path, new_path) = (path_as(old, dress), path_as(new, dress));
        if new == "/dev/null" {
            out += &format!("*** Delete File: {old_path}\n");
            continue;
        }
        let verb = if old == "/dev/null" { "Add" } else { "Update" };
        out += &format!("*** {verb} File: {new_path}\n");
        for (hunk, section) in file.hunks.iter().zip(&file.sections) {
            if old != "/dev/null" {
                out += &if dress == "section_anchors" { format!("@@ {section}\n") } else { "@@\n".to_owned() };
            }
            out.extend(hunk.iter().map(|line| format!("{line}\n")));
        }
    }
    Some(match dress {
        "no_envelope_lines" => out,
        "fenced" => format!("```\n*** Begin Patch\n{out}*** End Patch\n```\n"),
        _ => format!("*** Begin Patch\n{out}*** End Patch\n"),
    })
}

fn whole(case: &Case, dress: &str) -> Option<String> {
    if case.kind != "clean" && case.kind != "crlf_file" {
        return None;
    }
    let file = |(path, text): (&String, &Option<String>)| {
        let text = text.as_ref()?.replace("\r\n", "\n");
        if dress == "abs_path" && case.files.get(path).is_none_or(Option::is_none) {
            return None;
        }
        let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        let path = path_as(path, dress);
        Some(match dress {
            "word_at_fence" => format!("*** Full File: {path}\n``````text\n{text}{end}``````\n\n"),
            "end_marker" => format!("*** Full File: {path}\n{text}{end}*** End of File\n\n"),
            _ => format!("*** Full File: {path}\n``````\n{text}{end}``````\n\n"),
        })
    };
    case.expected.iter().map(file).collect()
}
