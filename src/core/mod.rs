//! Values and rules. No file, clock, network, environment, thread or print: every input is an argument, every ending a value.

pub mod act;
pub mod budget;
pub mod change;
pub mod checks;
pub mod claim;
pub mod clean;
pub mod conversation;
pub mod event;
pub mod features;
pub mod freshness;
pub mod guard;
pub mod history;
pub mod issue;
pub mod ledger;
pub mod names;
pub mod outcome;
pub mod patch;
pub mod rank;
pub mod renames;
pub mod report;
pub mod retry;
pub mod schedule;
pub mod sprint;
pub mod testfiles;
pub mod text;
pub mod triage;
