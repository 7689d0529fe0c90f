//! The patch engine against git: the cases in which other programs lose data, the hostile corpus, every format.

mod cases;
mod corpus;
mod fidelity;
mod formats;
mod properties;
