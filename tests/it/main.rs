//! One integration test binary: real git in temporary folders, loopback HTTP, the real program.
#![allow(unreachable_pub, dead_code, reason = "modules of one test binary, some used by few tests")]
#![allow(clippy::print_stdout, reason = "a test that cannot run here says so")]
mod backlog;
mod caching;
mod clean;
mod cli;
mod cli_apply;
mod cli_forge;
mod cli_guard;
mod cli_look;
mod cli_start;
mod cli_work;
mod conversation;
mod flow;
mod forge;
mod guard;
mod journal;
mod manual;
mod model;
mod patches;
mod push;
mod rank;
mod replay;
mod repo;
mod revise;
mod schedule;
mod signals;
mod sprint;
mod submodules;
mod support;
mod tidy;
mod triage;
mod verify;
