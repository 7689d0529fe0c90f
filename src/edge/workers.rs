//! Threads that work side by side, fed one item at a time by a coordinator that sees every result.

use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::core::event::{Event, Sink};

/// What the coordinator is asked.
#[derive(Debug)]
pub enum Turn<Out> {
    /// A worker is free, so many others are busy: the next item, or `None` for now.
    Free { busy: usize },
    /// An item is done. The answer is not looked at.
    Done(Out),
}

/// Runs `work` on up to `jobs` items at once. Ends when nothing is running and the coordinator has no further item.
///
/// A panic of a worker ends the program, as it would without threads.
pub fn drive<Item: Send, Out: Send>(
    jobs: usize,
    coordinate: &mut dyn FnMut(Turn<Out>) -> Option<Item>,
    work: &(dyn Fn(Item) -> Out + Sync),
) {
    thread::scope(|scope| {
        let (sender, results) = channel();
        let mut busy = 0;
        loop {
            while busy < jobs.max(1) {
                let Some(item) = coordinate(Turn::Free { busy }) else { break };
                let sender = sender.clone();
                // The coordinator outlives its workers, so that a result can always be sent.
                scope.spawn(move || drop(sender.send(work(item))));
                busy += 1;
            }
            if busy == 0 {
                return;
            }
            if let Ok(result) = results.recv() {
                busy -= 1;
                let _ = coordinate(Turn::Done(result));
            }
        }
    });
}

/// A sink that several workers tell their events, one at a time.
pub struct SharedSink<'a> {
    sink: Mutex<&'a mut (dyn Sink + Send)>,
}

impl<'a> SharedSink<'a> {
    /// Shares a sink.
    pub fn new(sink: &'a mut (dyn Sink + Send)) -> Self {
        Self { sink: Mutex::new(sink) }
    }

    /// As [`Sink::emit`], from any thread.
    ///
    /// # Errors
    /// The sink's.
    pub fn emit(&self, event: &Event) -> anyhow::Result<()> {
        // A worker that panicked while it told something leaves the sink as usable as before.
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).emit(event)
    }
}

impl Sink for &SharedSink<'_> {
    fn emit(&mut self, event: &Event) -> anyhow::Result<()> {
        SharedSink::emit(self, event)
    }
}
