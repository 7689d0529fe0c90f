//! Events as JSON, one object a line, for programs.

use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;

use crate::core::event::{Event, Sink, VERSION};

/// Writes each event as it happens, flushed, so that a reader can follow.
pub struct Json(io::Stdout);

impl Json {
    /// On standard output.
    pub fn on_stdout() -> Self {
        Self(io::stdout())
    }
}

/// A record that is no event of a run: version and name first, then the fields of `about`, on one line.
pub fn line(event: &str, about: &impl Serialize) -> String {
    let mut record = serde_json::Map::new();
    record.insert("v".into(), VERSION.into());
    record.insert("event".into(), event.into());
    match serde_json::to_value(about) {
        Ok(Value::Object(fields)) => record.extend(fields),
        Ok(other) => drop(record.insert("value".into(), other)),
        Err(problem) => drop(record.insert("unwritable".into(), problem.to_string().into())),
    }
    format!("{}\n", Value::Object(record))
}

impl Sink for Json {
    fn emit(&mut self, event: &Event) -> anyhow::Result<()> {
        if event.is_fleeting() {
            return Ok(());
        }
        writeln!(self.0, "{}", event.record()).and_then(|()| self.0.flush()).context("writing events")
    }
}
