//! Events as JSON, one object a line, for programs.

use std::io::{self, Write};

use anyhow::Context;

use crate::core::event::{Event, Sink};

/// Writes each event as it happens, flushed, so that a reader can follow.
pub struct Json<Out: Write>(Out);

impl Json<io::Stdout> {
    /// On standard output.
    pub fn on_stdout() -> Self {
        Self(io::stdout())
    }
}

impl<Out: Write> Json<Out> {
    /// On any writer.
    pub fn new(out: Out) -> Self {
        Self(out)
    }
}

impl<Out: Write> Sink for Json<Out> {
    fn emit(&mut self, event: &Event) -> anyhow::Result<()> {
        if event.is_fleeting() {
            return Ok(());
        }
        writeln!(self.0, "{}", event.record()).and_then(|()| self.0.flush()).context("writing events")
    }
}
