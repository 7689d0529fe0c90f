//! What became of the model's last reply, told so that the next one is right.

use std::fmt::Write as _;

use super::{Cache, Confusion, Message, Role, Topic};
use crate::core::checks::{CheckResult, Ended, Stage};
use crate::core::text::{for_prompt, one_line};

/// Characters of one check's output that are shown, cut in the middle.
const OUTPUT: usize = 8_000;
/// Characters of all outputs together.
const OUTPUTS: usize = 24_000;

fn message(topic: Topic, text: String) -> Message {
    Message { role: Role::User, text, cache: Cache::Keep, topic }
}

/// A reply that asks for nothing usable.
pub fn nudge(confusion: &Confusion) -> Message {
    let way_out = match confusion {
        Confusion::CutOff(_) => "Send the whole block again, with its closing fence.",
        Confusion::BadLooks(_) => "Correct them.",
        Confusion::Contradiction(_, _) => "Send the one that you mean.",
        Confusion::Empty
        | Confusion::OnlyReasoning
        | Confusion::NoAction
        | Confusion::ToolCall
        | Confusion::EmptyBlock(_) => {
            "Reply with exactly one: a patch, look-ups, questions, or evidence that it is done."
        }
    };
    message(Topic::Nudge, format!("{confusion}\n{way_out}\n"))
}

/// A reply that reached the length limit of `tokens`.
pub fn too_long(tokens: u64) -> Message {
    let text = format!(
        "Your reply reached the limit of {tokens} tokens and was cut off; nothing of it was used. Think less, and send \
         only hunks around the changes instead of whole files.\n"
    );
    message(Topic::Nudge, text)
}

/// A patch that applies and leaves every file as it is.
pub fn no_change() -> Message {
    let text = "Your patch leaves every file as it was before your first one, so there is nothing to commit. Send one that \
                changes what is asked for.\n";
    message(Topic::Refused, text.to_owned())
}

/// A claim that the issue is resolved already, without a commit that can be found.
pub fn unproven_claim() -> Message {
    let text = "You say that the issue is resolved already, but no commit that you name is part of this history. Find it \
                with `log` or `blame` and name its id in a ```done block, or send a patch.\n";
    message(Topic::Nudge, text.to_owned())
}

/// A patch that could not be placed; `refusal` is the engine's own text with all problems.
pub fn refused(refusal: &str) -> Message {
    let text = format!(
        "Your patch was not applied; no file was changed.\n\n{}\n\nSend the whole patch again, all files of it, with \
         these places corrected. Look the lines up first if you have not seen them.\n",
        refusal.trim_end()
    );
    message(Topic::Refused, text)
}

/// A patch that applies but breaks rules; `findings` are the guard's sentences. The draft is as before the patch.
pub fn findings(findings: &[String]) -> Message {
    let mut text = String::from("Your patch applies, but it breaks rules of this project, so it was not taken:\n\n");
    for finding in findings {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "- {}", one_line(finding));
    }
    text.push_str("\nSend the whole patch again in a form that keeps the rules. Do not work around them.\n");
    message(Topic::Findings, text)
}

/// A patch that applies and is allowed, but on which required checks fail. It stays in the draft.
///
/// Among the results are those on the unpatched code: a check that was red before is told as such.
pub fn red(results: &[CheckResult], nonce: &str) -> Message {
    let mut text = String::from("Your patch is applied. These checks do not pass on it:\n");
    outputs(&mut text, results, Stage::Head, nonce);
    text.push_str("\nSend a patch on top of what is applied now.\n");
    message(Topic::Checks, text)
}

/// Which checks do not pass on the unpatched code; `None` where all do.
pub fn red_before(results: &[CheckResult], nonce: &str) -> Option<Message> {
    results.iter().find(|result| result.ended != Ended::Passed)?;
    let mut text = String::from("These checks do not pass on the files as they are now, before any patch:\n");
    outputs(&mut text, results, Stage::Base, nonce);
    text.push_str("\nA patch has to make those pass that are not only reported.\n");
    Some(message(Topic::Checks, text))
}

/// What the checks print that do not pass on one state of the code.
fn outputs(text: &mut String, results: &[CheckResult], stage: Stage, nonce: &str) {
    let red = |result: &&CheckResult| result.stage == stage && result.ended != Ended::Passed;
    let red: Vec<&CheckResult> = results.iter().filter(red).collect();
    let share = (OUTPUTS / red.len().max(1)).min(OUTPUT);
    for result in red {
        let _ = writeln!(text, "\n## {}: `{}` {}\n", one_line(&result.name), one_line(&result.command), result.ended);
        if stage == Stage::Head && result.was_red_before(results) {
            text.push_str("It failed before your patch as well.\n\n");
        }
        let label = format!("output of {}", one_line(&result.name));
        let output = without_colours(&result.output);
        let output = if output.trim().is_empty() { "(none)" } else { &output };
        text.push_str(&for_prompt(&label, output, nonce, share).text);
    }
}

/// The text without the escape sequences (CSI) that colour terminals; lone escapes are left to the sanitiser.
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split("\u{1b}[");
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.find(|c: char| ('@'..='~').contains(&c)).map_or(piece.len(), |at| at + 1);
        out.push_str(&piece[end..]);
    }
    out
}

/// What an earlier run left in the draft, as a diff against the base: the conversation goes on from there.
pub fn draft(diff: &str) -> Message {
    let fence = fence_for(diff);
    let text = format!(
        "Earlier patches of yours are applied already; together they are:\n\n{fence}diff\n{}\n{fence}\n\nSend a patch \
         on top of that, if anything is missing.\n",
        diff.trim_end()
    );
    message(Topic::Draft, text)
}

/// A fence that is longer than every run of back quotes in the text.
pub(super) fn fence_for(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}

/// What is left, told while it still helps: from three turns on.
pub fn turns_left(turns: u32) -> Option<String> {
    match turns {
        0 => None,
        1 => Some("This is your last reply: send the patch.\n".to_owned()),
        2 | 3 => Some(format!("{turns} replies are left, this one included.\n")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use expect_test::expect;

    use super::*;
    use crate::core::checks::Need;

    fn result(name: &str, stage: Stage, ended: Ended, output: &str) -> CheckResult {
        CheckResult {
            name: name.into(),
            command: format!("make {name}"),
            need: Need::Required,
            stage,
            ended,
            took: Duration::ZERO,
            output: output.into(),
            sandbox: "off".into(),
        }
    }

    #[test]
    fn red_checks_come_back_with_the_ends_of_their_output() {
        let failed = Ended::Failed { code: 1 };
        let long = format!("first\n{}last \u{1b}[1;31mline", "x\n".repeat(30_000));
        let results = [
            result("lint", Stage::Base, failed.clone(), "old"),
            result("lint", Stage::Head, failed.clone(), ""),
            result("test", Stage::Base, Ended::Passed, ""),
            result("test", Stage::Head, failed, &long),
            result("docs", Stage::Head, Ended::Passed, "fine"),
        ];
        let text = red(&results, "7f3a").text;
        assert!(text.len() < 10_000 && text.contains("first\n") && text.contains("last"), "{}", text.len());
        assert!(!text.contains('\u{1b}') && !text.contains("docs"));
        expect![[r#"
            Your patch is applied. These checks do not pass on it:

            ## lint: `make lint` failed (exit 1)

            It failed before your patch as well.

            <untrusted-7f3a what="output of lint">
            (none)
            </untrusted-7f3a>

            ## test: `make test` failed (exit 1)

            <untrusted-7f3a what="output of test">
            first


            … shortened by git-burn: 52071 characters left out …


            last line
            </untrusted-7f3a>
            (git-burn: in this output of test, cut from 60015 to 8000 characters.)

            Send a patch on top of what is applied now.
        "#]]
        .assert_eq(&text.replace("x\n", ""));
    }

    #[test]
    fn a_draft_cannot_end_its_fence() {
        let text = draft("+````\n+x\n").text;
        assert!(text.contains("\n`````diff\n+````\n+x\n`````\n"), "{text}");
    }

    #[test]
    fn the_end_is_announced() {
        assert_eq!(turns_left(9), None);
        assert_eq!(turns_left(1).as_deref(), Some("This is your last reply: send the patch.\n"));
    }
}
