//! Making room in a conversation: what can be looked up again goes first, and every gap says what stood there.

use super::estimate::{tokens, with_reserve};
use super::{Conversation, Look, Message, Role, Topic};

/// What was dropped to make room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compacted {
    /// Tokens before and after, as [`Conversation::tokens_at_most`] counts them.
    pub before: u64,
    pub after: u64,
    /// One clause for each gap.
    pub dropped: Vec<String>,
}

/// Messages at the end that stay whatever happens: the last reply and what became of it.
const LATEST: usize = 2;

impl Conversation {
    /// Shrinks to `target` tokens at most (see [`super::tokens_at_most`]), or as far as it goes: old look-ups first, then refused patches and
    /// other old exchanges, then the context pack, then the newer look-ups. The issue, the rules and the draft stay.
    pub fn compact(&mut self, target: u64) -> Compacted {
        let mut left = self.tokens();
        let before = with_reserve(left);
        let mut dropped = Vec::new();
        for index in self.order_of_dropping() {
            if with_reserve(left) <= target {
                break;
            }
            let message = &mut self.messages[index];
            let stub = stub(message);
            let (old, new) = (tokens(&message.text), tokens(&stub));
            if new < old {
                left -= old - new;
                dropped.push(stub.trim_end().trim_matches(['(', ')']).to_owned());
                message.text = stub;
            }
        }
        Compacted { before, after: with_reserve(left), dropped }
    }

    /// Indexes of messages that may go, in the order in which they go.
    fn order_of_dropping(&self) -> Vec<usize> {
        let end = self.messages.len().saturating_sub(LATEST);
        let rank = |(index, message): (usize, &Message)| Some((rank(message, index < end)?, index));
        let mut order: Vec<(u8, usize)> = self.messages.iter().enumerate().filter_map(rank).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, index)| index).collect()
    }
}

/// Lower goes earlier; `None` never goes.
fn rank(message: &Message, is_old: bool) -> Option<u8> {
    match (&message.topic, is_old) {
        (Topic::Opening | Topic::Draft, _) => None,
        (Topic::Looked(_), true) => Some(0),
        (Topic::Refused | Topic::Nudge, true) => Some(1),
        (Topic::Answer, true) => Some(2),
        (Topic::Findings | Topic::Checks, true) => Some(3),
        (Topic::Pack(_), _) => Some(4),
        (Topic::Looked(_), false) => Some(5),
        (Topic::Refused | Topic::Nudge | Topic::Answer | Topic::Findings | Topic::Checks, false) => None,
    }
}

/// What stands in place of a dropped message.
fn stub(message: &Message) -> String {
    let what = match &message.topic {
        Topic::Looked(looks) | Topic::Pack(looks) => {
            return format!("(dropped to save space, ask again if needed: {})\n", listed(looks));
        }
        Topic::Answer => "a reply of yours",
        Topic::Refused => "why a patch was not applied",
        Topic::Findings => "what the rules said about a patch",
        Topic::Checks => "output of failed checks",
        Topic::Nudge => "a note about a reply",
        Topic::Opening => "the opening",
        Topic::Draft => "the draft",
    };
    debug_assert!(message.role == Role::User || message.topic == Topic::Answer, "only answers are the model's");
    format!("(dropped to save space: {what})\n")
}

fn listed(looks: &[Look]) -> String {
    let names: Vec<String> = looks.iter().map(|look| crate::core::text::one_line(&look.to_string())).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::names::RepoPath;

    fn look(path: &str) -> Look {
        Look::Read { path: RepoPath::parse(path).unwrap(), lines: None }
    }

    fn conversation() -> Conversation {
        let long = "word ".repeat(600);
        let mut conversation = Conversation { system: long.clone(), messages: Vec::new() };
        for topic in [
            Topic::Opening,
            Topic::Pack(vec![look("pack")]),
            Topic::Answer,
            Topic::Looked(vec![look("old")]),
            Topic::Answer,
            Topic::Refused,
            Topic::Draft,
            Topic::Answer,
            Topic::Looked(vec![look("new")]),
        ] {
            let message = Message::user(topic.clone(), format!("{topic:?} {long}"));
            let is_answer = topic == Topic::Answer;
            conversation.push(if is_answer { Message::answer(message.text) } else { message });
        }
        conversation
    }

    #[test]
    fn a_conversation_that_fits_stays() {
        let mut conversation = conversation();
        let compacted = conversation.compact(1_000_000);
        assert_eq!((compacted.dropped.len(), compacted.before), (0, compacted.after));
        assert_eq!(conversation, super::tests::conversation());
    }

    #[test]
    fn what_can_be_had_again_goes_first_and_the_gap_names_it() {
        let mut conversation = conversation();
        let compacted = conversation.compact(conversation.tokens_at_most() - 100);
        assert_eq!(compacted.dropped, ["dropped to save space, ask again if needed: read old"]);
        assert_eq!(conversation.messages[3].text, "(dropped to save space, ask again if needed: read old)\n");
        assert_eq!(compacted.after, conversation.tokens_at_most());
    }

    #[test]
    fn the_issue_the_draft_and_the_last_reply_never_go() {
        let mut conversation = conversation();
        conversation.compact(0);
        let long: Vec<usize> = (0..9).filter(|index| conversation.messages[*index].text.len() > 200).collect();
        assert_eq!(long, [0, 6, 7]);
        let again = conversation.compact(0);
        assert_eq!(again.dropped, Vec::<String>::new(), "gaps are not dropped again");
    }
}
