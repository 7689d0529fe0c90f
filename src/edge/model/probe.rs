//! Looks whether a model could be asked, without asking it anything: for `doctor`. Costs nothing at any provider.

use std::time::Duration;

use serde_json::Value;

use super::error::{ModelError, ModelErrorKind as Kind};
use super::remote::classify;
use super::{Model, Wire};
use crate::edge::http::{Http, Repeat, Request, encode};

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

impl Model {
    /// Whether what it needs on this machine is here: its key, its program. Nobody is asked.
    ///
    /// # Errors
    /// The key or the program is missing.
    pub fn equipped(&self) -> Result<(), ModelError> {
        match &*self.wire {
            Wire::Keyless { .. } | Wire::Command(_) => self.probe().map(drop),
            Wire::Replay(_) | Wire::Anthropic(_) | Wire::OpenAi { .. } | Wire::Ollama { .. } => Ok(()),
        }
    }

    /// Says in a few words what is there, or why the model cannot be asked. One try, at most ten seconds.
    ///
    /// # Errors
    /// The key is missing or refused, the server is not there, or it does not have the model.
    pub fn probe(&self) -> Result<String, ModelError> {
        let found = match &*self.wire {
            Wire::Keyless { problem } => Err(Kind::Credentials { problem: problem.clone() }),
            Wire::Replay(script) => Ok(format!("a script of {} replies", script.len())),
            Wire::Command(program) => match program.file() {
                Some(file) => Ok(format!("runs {}", file.display())),
                None => Err(Kind::Unavailable { problem: "the program is not found along PATH".to_owned() }),
            },
            Wire::Anthropic(http) => {
                get(http, &format!("/v1/models/{}", encode(&self.bare_name))).map(|_| "the provider has it".to_owned())
            }
            Wire::OpenAi { http, .. } => get(http, "/models").and_then(|list| self.found_in(&list)),
            Wire::Ollama { http, context } => context
                .ask(http, &self.bare_name, self.context)
                .map(|size| format!("the server has it, with a context of {size} tokens")),
        };
        found.map_err(|kind| ModelError { model: self.name.clone(), kind: kind.map(|text| self.redact(text)) })
    }

    /// Whether a server's list has the model. Servers without a list, or with models that they do not list, exist.
    fn found_in(&self, list: &Value) -> Result<String, Kind> {
        let names: Vec<&str> =
            list["data"].as_array().into_iter().flatten().filter_map(|model| model["id"].as_str()).collect();
        // Gemini's list has `models/` before each name.
        let is_listed = names.iter().any(|name| name.trim_start_matches("models/") == self.bare_name);
        match (is_listed, names.is_empty()) {
            (true, _) => Ok("the provider has it".to_owned()),
            (false, true) => Ok("the server answers, but lists no models".to_owned()),
            (false, false) => {
                Err(Kind::UnknownModel { problem: format!("it is not among the {} models listed", names.len()) })
            }
        }
    }
}

fn get(http: &Http, path: &str) -> Result<Value, Kind> {
    let request = Request { repeat: Repeat::Never, total: Some(PATIENCE), ..Request::get(path) };
    let (value, _) = http.json(&request).map_err(|error| classify(&error, |_| false))?;
    Ok(value)
}
