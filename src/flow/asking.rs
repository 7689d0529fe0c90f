//! Asks a model within what may be spent: reserves before each call, settles after it, and goes on with the next model
//! when one is unavailable.

use std::sync::atomic::Ordering;

use anyhow::Context as _;

use super::shop::{Shop, Stop};
use crate::core::budget::{Ask, Cost, Decision, Exhausted, Reservation, Spent, decide};
use crate::core::conversation::Conversation;
use crate::core::event::{Event, Sink};
use crate::core::ledger::Entry;
use crate::core::names::IssueNumber;
use crate::core::outcome::Outcome;
use crate::edge::model::{Answer, AskLimits, Lineup, Model, ModelError, Next, Phase, Progress};

/// Tokens of the longest answer that is asked for, hidden reasoning included, and of the shortest that is worth asking for.
const LONGEST_ANSWER: u64 = 32_000;
const LEAST_ANSWER: u64 = 1_000;

/// Who is asked at the moment.
pub(super) struct Asker {
    models: Lineup,
}

/// One question: the conversation so far, about one issue.
pub(super) struct Question<'q, 'a> {
    pub shop: &'q mut Shop<'a>,
    pub spent: &'q mut Spent,
    pub conversation: &'q mut Conversation,
    pub issue: IssueNumber,
}

/// Why there is no answer.
pub(super) enum Unanswered {
    /// A limit does not allow the call.
    Exhausted(Exhausted),
    /// No model answers.
    Broke(ModelError),
    Stop(Stop),
}

impl From<anyhow::Error> for Unanswered {
    fn from(error: anyhow::Error) -> Self {
        Self::Stop(Stop::Broke(error))
    }
}

impl Asker {
    /// Begins with the first model of the run that is not known to be out of reach: what could never be asked is found
    /// before anything is checked or said on an issue.
    ///
    /// # Errors
    /// The run was opened without a model, all of them lack a key or a program, or no limit leaves room for one call.
    pub(super) fn ready(shop: &mut Shop<'_>) -> Result<Self, Stop> {
        let models =
            shop.models.cloned().context("no model is configured\nhint: git config burn.model PROVIDER/NAME")?;
        let mut asker = Self { models };
        while let Err(error) = asker.models.current().equipped() {
            match asker.models.failed(&error) {
                Next::Switched { from, to, reason } => shop.emit(Event::ModelSwitched { from, to, reason })?,
                Next::Again | Next::Shorten | Next::Stop => return Err(Stop::Broke(error.into())),
            }
        }
        let spent = Spent { time: shop.time_used(), ..Spent::default() };
        match decide(&shop.settings.limits, &spent, &terms(asker.models.current(), 0)) {
            Decision::Go(_) => Ok(asker),
            Decision::Stop(why) => Err(Outcome::out_of(&why).into()),
        }
    }

    /// The next answer.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub(super) fn ask(&mut self, mut question: Question<'_, '_>) -> Result<Answer, Unanswered> {
        loop {
            question.shop.heed_signals().map_err(Unanswered::Stop)?;
            let reservation = self.reserve(&mut question)?;
            question.shop.keep_claim(question.shop.time_left()).map_err(Unanswered::Stop)?;
            match self.exchange(&mut question, &reservation)? {
                Ok(answer) => return Ok(answer),
                Err(error) => self.go_on_after(&mut question, error)?,
            }
        }
    }

    /// What the next call may cost at most; a conversation that has grown too long is shortened first.
    fn reserve(&mut self, question: &mut Question<'_, '_>) -> Result<Reservation, Unanswered> {
        let mut ask = terms(self.models.current(), 0);
        if let Some(context) = ask.context {
            question.make_room(context - ask.output)?;
        }
        question.spent.time = question.shop.time_used();
        ask.prompt = question.conversation.tokens_at_most();
        match decide(&question.shop.settings.limits, question.spent, &ask) {
            Decision::Go(reservation) => Ok(reservation),
            Decision::Stop(why) => Err(Unanswered::Exhausted(why)),
        }
    }

    /// One call. The inner error is the model's.
    fn exchange(
        &mut self,
        question: &mut Question<'_, '_>,
        reservation: &Reservation,
    ) -> anyhow::Result<Result<Answer, ModelError>> {
        let model = self.models.current().clone();
        question.book(&model, reservation)?;
        match question.put(&model, reservation) {
            Ok(answer) => {
                self.models.answered();
                question.settle(&model, reservation, &answer)?;
                Ok(Ok(answer))
            }
            Err(error) => {
                question.write_off(reservation, &error)?;
                Ok(Err(error))
            }
        }
    }

    fn go_on_after(&mut self, question: &mut Question<'_, '_>, error: ModelError) -> Result<(), Unanswered> {
        match self.models.failed(&error) {
            Next::Again => Ok(question.shop.warn(format!("{error}; asking again"))?),
            Next::Shorten => {
                let before = question.conversation.tokens_at_most();
                question.make_room(before * 2 / 3)?;
                match question.conversation.tokens_at_most() < before {
                    true => Ok(()),
                    false => Err(Unanswered::Broke(error)),
                }
            }
            Next::Switched { from, to, reason } => Ok(question.shop.emit(Event::ModelSwitched { from, to, reason })?),
            Next::Stop if question.shop.stop.load(Ordering::Relaxed) => {
                Err(Unanswered::Stop(Outcome::Interrupted.into()))
            }
            Next::Stop => Err(Unanswered::Broke(error)),
        }
    }
}

/// What a call with a prompt of so many tokens asks of a model.
fn terms(model: &Model, prompt: u64) -> Ask<'_> {
    let (context, longest) = (model.context(), model.longest_answer().unwrap_or(LONGEST_ANSWER).min(LONGEST_ANSWER));
    // Models on people's own machines have contexts that a long answer would fill alone.
    let output = context.map_or(longest, |context| longest.min(context / 4));
    Ask { prompt, output, least_output: output.min(LEAST_ANSWER), context, price: model.price() }
}

impl Question<'_, '_> {
    fn make_room(&mut self, target: u64) -> anyhow::Result<()> {
        if self.conversation.tokens_at_most() <= target {
            return Ok(());
        }
        let compacted = self.conversation.compact(target);
        self.shop.warn(format!(
            "the conversation was shortened from {} to {} tokens: {}",
            compacted.before,
            compacted.after,
            compacted.dropped.join("; ")
        ))
    }

    /// Reserves the most that the call can cost, on disk, before it is made.
    fn book(&mut self, model: &Model, reservation: &Reservation) -> anyhow::Result<()> {
        self.shop.progress.calls += 1;
        self.shop.ledger.add(Entry::Reserved {
            run: self.shop.run.clone(),
            call: self.shop.progress.calls,
            issue: self.issue,
            model: model.name().to_owned(),
            at: self.shop.now(),
            reservation: *reservation,
        })?;
        self.shop.emit(Event::Asking {
            turn: self.spent.turns + 1,
            model: model.name().to_owned(),
            input_tokens: reservation.prompt,
            max_output: reservation.output,
            reserved: model.price().map(|_| reservation.cost),
        })
    }

    fn put(&mut self, model: &Model, reservation: &Reservation) -> Result<Answer, ModelError> {
        let turn = self.spent.turns + 1;
        let limits = AskLimits {
            output: reservation.output,
            time: self.shop.time_left(),
            issue: Some(self.issue),
            cancelled: self.shop.stop,
        };
        let sink = &mut *self.shop.sink;
        model.ask(self.conversation, &limits, &mut |progress| show(sink, turn, progress))
    }

    fn settle(&mut self, model: &Model, reservation: &Reservation, answer: &Answer) -> anyhow::Result<()> {
        let before = self.spent.cost;
        self.spent.book(reservation, answer.usage, model.price());
        if let Some(usage) = answer.usage {
            let cost = model.price().map_or(Cost::default(), |price| price.of(&usage));
            self.shop.ledger.add(Entry::Settled {
                run: self.shop.run.clone(),
                call: self.shop.progress.calls,
                usage,
                cost,
            })?;
        }
        let usage = answer.usage.unwrap_or_default();
        self.shop.emit(Event::Answered {
            turn: self.spent.turns,
            model: answer.model.clone(),
            input_tokens: usage.prompt(),
            cached_tokens: usage.cached,
            output_tokens: usage.output,
            cost: model.price().map(|_| self.spent.cost.less(before)),
        })
    }

    /// A call without an answer counts in full, unless it is certain that nothing was billed.
    fn write_off(&mut self, reservation: &Reservation, error: &ModelError) -> anyhow::Result<()> {
        if error.kind.may_be_billed() {
            self.spent.lose(reservation);
            return Ok(());
        }
        self.shop.ledger.add(Entry::Cancelled { run: self.shop.run.clone(), call: self.shop.progress.calls })
    }
}

/// Only for people who look on: what cannot be shown is no reason to stop.
fn show(sink: &mut dyn Sink, turn: u32, progress: Progress) {
    let _ = match progress.phase {
        Phase::Waiting { seconds } if seconds > 1 => {
            let text = format!("the model's provider is busy: asking again in {seconds} s");
            sink.emit(&Event::Warning { text })
        }
        Phase::Waiting { .. } | Phase::Asking | Phase::Thinking | Phase::Writing => {
            sink.emit(&Event::Answering { turn, output_tokens: progress.tokens })
        }
    };
}
