//! The patch engine against git: the cases in which other programs lose data, the hostile corpus, every format.

mod cases;
mod corpus;
mod damage;
mod explanations;
mod fidelity;
mod formats;
mod fuzz;
mod properties;
