//! git-burn: issue in, proven pull request out.
//!
//! # Bird's eye
//!
//! ```text
//! issue -> triage -> freshness gate -> required checks on the base -> analysis -> model proposes a patch -> patch engine
//!       -> guard -> commit (objects only) -> checks in a throw-away worktree, red-to-green proof -> create-only push
//!       -> pull request -> proof on the issue
//! ```
//!
//! # Layers
//!
//! Each uses only the ones before it; `tests/it/tidy.rs` checks that.
//!
//! - [`core`]: values and rules. No file, clock, network, environment, thread or print; every input is an argument,
//!   every ending a value.
//! - [`edge`]: all input and output, and no decisions: HTTP, forges, models, git, the repository, the checks, the journal.
//! - [`flow`]: decisions over edges, no input or output of its own.
//! - [`cli`]: arguments, environment, terminal, clock and exit codes.
//!
//! # What holds everywhere
//!
//! - The model proposes text; it has no tool that acts. What it says about results is never used.
//! - A change is committed only as a [`core::guard::Approved`], which only [`core::guard::Policy::review`] makes (on
//!   people's words, [`core::guard::Contested::heed`]), and published only as a [`core::checks::Verified`], which
//!   only [`core::checks::Verified::judge`] makes.
//! - Every write to the world is a [`core::act::Act`], carried out by one function of [`flow`]: the only code that knows
//!   of dry runs and of what an earlier run did.
//! - Everything that is told to anybody is a [`core::event::Event`].
//! - The forge and the refs are the state; the journal only explains.
//! - No code path merges, and none force-pushes.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod cli;
pub mod core;
pub mod edge;
pub mod flow;
