//! Decisions over edges: what happens to an issue, from picking it to the report. No input or output of its own.

mod adopt;
pub mod approve;
mod asking;
mod briefing;
pub mod burn;
pub mod claims;
pub mod clean;
pub mod close;
mod context;
mod dialogue;
pub mod gate;
pub mod holding;
pub mod labels;
mod looks;
pub mod next;
pub mod patching;
mod perform;
pub mod plan;
mod prove;
mod publish;
pub mod reopened;
pub mod replay;
mod replies;
pub mod resume;
pub mod revise;
pub mod shop;
pub mod sprint;
pub mod survey;
mod touches;
pub mod triage;
mod whole;

pub use perform::{Denied, drop_draft_here};
pub use shop::{Clock, Labels, Mode, Progress, Publishing, Settings, Shop, Stop, Stopped, Workshop};
