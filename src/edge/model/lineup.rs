//! Several models in their order: which one is asked, and what to do when it fails.

use std::sync::Arc;

use super::error::{ModelError, ModelErrorKind};
use super::{Model, Recorder};

/// The models of one conversation. Each conversation has its own, starting at the first model.
#[derive(Debug, Clone)]
pub struct Lineup {
    models: Vec<Model>,
    current: usize,
    /// Answers in a row that broke off.
    broken: u32,
}

/// What to do after a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Ask the same model again, with a new reservation.
    Again,
    /// The prompt is too long for it: make room first, then ask again, with a new reservation.
    Shorten,
    /// Another model is asked from now on; tell it.
    Switched { from: String, to: String, reason: String },
    /// Nobody is left, or nobody else should be asked: the error is the outcome.
    Stop,
}

/// Answers that may break off in a row before the next model is asked.
const MOST_BROKEN: u32 = 3;

impl Lineup {
    /// The models in the order in which they are asked; `None` without any.
    pub fn new(models: Vec<Model>) -> Option<Self> {
        (!models.is_empty()).then_some(Self { models, current: 0, broken: 0 })
    }

    /// The same models, whose exchanges are recorded.
    pub fn recorded_by(&self, recorder: &Recorder) -> Self {
        let models = self.models.iter().map(|model| model.clone().recorded_by(Arc::clone(recorder)));
        Self { models: models.collect(), ..*self }
    }

    /// Who is asked now.
    pub fn current(&self) -> &Model {
        &self.models[self.current]
    }

    /// To be told of each answer.
    pub fn answered(&mut self) {
        self.broken = 0;
    }

    /// Decides what a failure leads to. A model is left for the next one only for trouble that is its provider's; a
    /// refusal, a rejected request or a prompt that is too long would be handed to somebody else silently otherwise.
    pub fn failed(&mut self, error: &ModelError) -> Next {
        match &error.kind {
            ModelErrorKind::TooLong { .. } => return Next::Shorten,
            ModelErrorKind::Interrupted { .. } => {
                self.broken += 1;
                if self.broken < MOST_BROKEN {
                    return Next::Again;
                }
            }
            ModelErrorKind::Unavailable { .. }
            | ModelErrorKind::RateLimited { .. }
            | ModelErrorKind::SpendLimit { .. }
            | ModelErrorKind::Credentials { .. }
            | ModelErrorKind::UnknownModel { .. }
            | ModelErrorKind::Rejected { .. }
            | ModelErrorKind::Protocol { .. }
            | ModelErrorKind::Script { .. }
            | ModelErrorKind::Cancelled => {}
        }
        if !error.kind.is_the_providers() || self.current + 1 == self.models.len() {
            return Next::Stop;
        }
        let from = self.current().name().to_owned();
        self.current += 1;
        self.broken = 0;
        Next::Switched { from, to: self.current().name().to_owned(), reason: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::model::Script;

    fn lineup(names: &[&str]) -> Lineup {
        let model = |name: &&str| Model::replay(Script::parse(name, "<!-- replay -->\nx").expect("a script"));
        Lineup::new(names.iter().map(model).collect()).expect("a model")
    }

    fn error(kind: ModelErrorKind) -> ModelError {
        ModelError { model: "m".into(), kind }
    }

    #[test]
    fn the_next_model_is_asked_when_one_is_unavailable() {
        let mut lineup = lineup(&["a", "b"]);
        let unavailable = error(ModelErrorKind::Unavailable { problem: "down".into() });
        let reason = "model `m`: unavailable: down".to_owned();
        assert_eq!(
            lineup.failed(&unavailable),
            Next::Switched { from: "replay/a".into(), to: "replay/b".into(), reason }
        );
        assert_eq!(lineup.current().name(), "replay/b");
        assert_eq!(lineup.failed(&unavailable), Next::Stop);
    }

    #[test]
    fn answers_that_break_off_are_asked_for_again_a_few_times() {
        let mut lineup = lineup(&["a", "b"]);
        let broken = error(ModelErrorKind::Interrupted { problem: "cut".into(), usage: None });
        assert_eq!([lineup.failed(&broken), lineup.failed(&broken)], [Next::Again, Next::Again]);
        lineup.answered();
        assert_eq!([lineup.failed(&broken), lineup.failed(&broken)], [Next::Again, Next::Again]);
        assert!(matches!(lineup.failed(&broken), Next::Switched { .. }));
    }

    #[test]
    fn a_question_is_not_handed_to_somebody_else_for_its_own_fault() {
        let mut lineup = lineup(&["a", "b"]);
        assert_eq!(lineup.failed(&error(ModelErrorKind::TooLong { problem: "x".into() })), Next::Shorten);
        assert_eq!(lineup.failed(&error(ModelErrorKind::Rejected { problem: "x".into() })), Next::Stop);
        assert_eq!(lineup.failed(&error(ModelErrorKind::Cancelled)), Next::Stop);
        assert_eq!(lineup.current().name(), "replay/a");
    }
}
