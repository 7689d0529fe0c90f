//! "Reply to override": commands that people with write access put into their comments.
//!
//! A command is a line that starts with `/override`, outside of quotes and code: `/override p1`, `/override ready`,
//! `/override skip`, `/override assign LOGIN`, several of them on one line, or `/override none` to take all back.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::issue::{Comment, Role};

use super::{Override, Standing, Tier};

/// The word that begins a command.
const COMMAND: &str = "/override";

/// Logins whose rights must be asked for before [`read`] can decide: they wrote commands, and the forge said nothing.
pub fn unknown_speakers(comments: &[Comment]) -> BTreeSet<&str> {
    let unknown = comments.iter().filter(|comment| comment.author_role == Role::Unknown);
    unknown.filter(|comment| holds_command(&comment.body)).map(|comment| comment.author.as_str()).collect()
}

/// Whether a comment's text holds a command, whoever wrote it.
pub fn holds_command(body: &str) -> bool {
    commands(body).next().is_some()
}

/// What the comments say in the end. Later ones win, setting by setting; `roles` adds what was asked for.
pub fn read(comments: &[Comment], roles: &BTreeMap<String, Role>) -> Option<Override> {
    let may = |comment: &&Comment| match comment.author_role {
        Role::Writer => true,
        Role::Outsider => false,
        Role::Unknown => roles.get(&comment.author) == Some(&Role::Writer),
    };
    let mut heard: Vec<&Comment> = comments.iter().filter(may).collect();
    heard.sort_by_key(|comment| (comment.created, comment.id));
    let mut said = Override::default();
    for comment in heard {
        for command in commands(&comment.body) {
            if obey(&mut said, command) == Obeyed::Something {
                said.by.clone_from(&comment.author);
            }
        }
    }
    (said != Override { by: said.by.clone(), ..Override::default() }).then_some(said)
}

#[derive(PartialEq, Eq)]
enum Obeyed {
    Something,
    Nothing,
}

/// Carries out the words of one command up to the first one that it does not know.
fn obey(said: &mut Override, command: &str) -> Obeyed {
    let mut words = command.split_whitespace();
    let mut obeyed = Obeyed::Nothing;
    while let Some(word) = words.next() {
        match word.to_ascii_lowercase().as_str() {
            "p0" => said.tier = Some(Tier::P0),
            "p1" => said.tier = Some(Tier::P1),
            "p2" => said.tier = Some(Tier::P2),
            "p3" => said.tier = Some(Tier::P3),
            "ready" => said.standing = Some(Standing::Ready),
            "skip" | "hold" => said.standing = Some(Standing::Skip),
            "none" | "reset" => *said = Override::default(),
            "assign" => match words.next().map(|login| login.trim_start_matches('@')).filter(|login| is_login(login)) {
                Some(login) => said.assign = Some(login.to_owned()),
                None => break,
            },
            _ => break,
        }
        obeyed = Obeyed::Something;
    }
    obeyed
}

/// What stands behind `/override` on the lines of a comment that are neither quoted nor code.
fn commands(body: &str) -> impl Iterator<Item = &str> {
    let mut fence: Option<&str> = None;
    body.lines().filter_map(move |line| {
        let text = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| text.starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), Some(_) | None) | (None, None) => {}
        }
        let indented = line.len() - text.len() > 3;
        let rest = text.strip_prefix(COMMAND).filter(|rest| rest.starts_with(char::is_whitespace));
        rest.filter(|_| fence.is_none() && mark.is_none() && !indented)
    })
}

fn is_login(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::names::Timestamp;

    fn comment(id: u64, role: Role, body: &str) -> Comment {
        let time = Timestamp::from_seconds(1000 - i64::try_from(id).unwrap());
        let author = format!("user{id}");
        Comment { id, author, author_role: role, body: body.into(), created: time, updated: time, url: String::new() }
    }

    fn said(bodies: &[&str]) -> Option<Override> {
        // Given latest first, as no order may be relied on.
        let comments: Vec<Comment> = bodies.iter().zip(1..).map(|(body, id)| comment(id, Role::Writer, body)).collect();
        read(&comments, &BTreeMap::new())
    }

    #[test]
    fn later_replies_win_setting_by_setting() {
        let both = said(&["Sorry:\n/override p2", "/override p0 ready"]).unwrap();
        assert_eq!((both.tier, both.standing, both.by.as_str()), (Some(Tier::P2), Some(Standing::Ready), "user1"));
        assert_eq!(said(&["/override none", "/override p0"]), None);
        assert_eq!(said(&["/override assign @ada skip"]).unwrap().assign.as_deref(), Some("ada"));
    }

    #[test]
    fn quotes_code_and_look_alikes_are_no_commands() {
        for body in [
            "> /override p0",
            "```\n/override p0\n```",
            "    /override p0",
            "please /override p0",
            "/overrides p0",
            "/override",
            "/override urgent p0",
            "/override assign a/../b",
            "~~~\n```\n/override p0\n~~~",
        ] {
            assert_eq!(said(&[body]), None, "{body:?}");
        }
        assert!(said(&["```\nx\n```\n/override p0"]).is_some());
    }

    #[test]
    fn only_people_with_write_access_are_heard() {
        let comments = [comment(1, Role::Outsider, "/override p0"), comment(2, Role::Unknown, "/override p1")];
        assert_eq!(read(&comments, &BTreeMap::new()), None);
        assert_eq!(unknown_speakers(&comments), BTreeSet::from(["user2"]));
        let roles = BTreeMap::from([("user2".to_owned(), Role::Writer)]);
        assert_eq!(read(&comments, &roles).unwrap().tier, Some(Tier::P1));
    }
}
