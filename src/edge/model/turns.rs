//! A conversation as chat interfaces want it: roles that take turns, no empty texts.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::core::conversation::{Cache, Conversation, Role};

/// What one side says before the other answers.
pub(super) struct Turn<'a> {
    pub(super) role: Role,
    pub(super) texts: Vec<Text<'a>>,
}

/// One message's text.
pub(super) struct Text<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) cache: Cache,
}

/// Groups messages of the same role that follow each other. Providers refuse empty texts, so these get words.
pub(super) fn turns(conversation: &Conversation) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for message in &conversation.messages {
        let text = match message.text.trim().is_empty() {
            true => Cow::Borrowed("(no text)"),
            false => Cow::Borrowed(message.text.as_str()),
        };
        let text = Text { text, cache: message.cache };
        match turns.last_mut() {
            Some(turn) if turn.role == message.role => turn.texts.push(text),
            Some(_) | None => turns.push(Turn { role: message.role, texts: vec![text] }),
        }
    }
    turns
}

/// The system's words and the turns, as most chat interfaces write them.
pub(super) fn messages(conversation: &Conversation) -> Vec<Value> {
    let system = json!({"role": "system", "content": conversation.system});
    let turns = turns(conversation).into_iter().map(|turn| json!({"role": turn.speaker(), "content": turn.joined()}));
    std::iter::once(system).chain(turns).collect()
}

impl Turn<'_> {
    pub(super) fn speaker(&self) -> &'static str {
        match self.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }

    /// All of it as one text.
    pub(super) fn joined(&self) -> String {
        let texts: Vec<&str> = self.texts.iter().map(|text| text.text.as_ref()).collect();
        texts.join("\n")
    }
}
