//! Benchmarks: `cargo bench -- NAME [ARGS]`. Each prints ratios of things measured side by side in one run.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod conversation;
mod flow;
mod guard;
mod patch;
mod rank;
mod swarm;
mod triage;

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let name = args.next();
    let rest: Vec<String> = args.collect();
    match name.as_deref() {
        Some("conversation") => conversation::run(&rest),
        Some("flow") => flow::run(&rest),
        Some("guard") => guard::run(&rest),
        Some("patch") => patch::run(&rest),
        Some("rank") => rank::run(&rest),
        Some("swarm") => swarm::run(&rest),
        Some("triage") => triage::run(&rest),
        _ => println!("usage: cargo bench -- conversation|flow|guard|patch|rank|triage|swarm [ARGS]"),
    }
}
