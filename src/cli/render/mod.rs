//! How things look: events for people and as JSON lines, findings, refusals, tables, the pager.

pub mod audience;
pub mod findings;
pub mod human;
pub mod json;
pub mod live;
pub mod refusal;
pub mod table;
