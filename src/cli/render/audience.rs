//! Who looks on may go away in the middle (`git burn next --json | head -1`): the work then ends in order.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::core::event::{Event, Sink};

/// The person or program that is shown a run. When it cannot be told any more, the run is stopped as by a signal: an act
/// that is under way is done and recorded, the claim is given back, and what was paid for is kept.
pub struct Audience<'a> {
    shown: &'a mut dyn Sink,
    stop: &'a AtomicBool,
    gone: Option<anyhow::Error>,
}

impl<'a> Audience<'a> {
    /// Everybody is there.
    pub fn new(shown: &'a mut dyn Sink, stop: &'a AtomicBool) -> Self {
        Self { shown, stop, gone: None }
    }

    /// Why something could not be told.
    pub fn gone(self) -> Option<anyhow::Error> {
        self.gone
    }
}

impl Sink for Audience<'_> {
    fn emit(&mut self, event: &Event) -> anyhow::Result<()> {
        if self.gone.is_none()
            && let Err(error) = self.shown.emit(event)
        {
            self.stop.store(true, Ordering::Release);
            self.gone = Some(error);
        }
        Ok(())
    }
}
