//! What is left of the best possible time when a provider's limit decides it: Tidegate's runs beside other policies.
//!
//! `goodput grid [--seeds N] [--only WORDS]` plays every case in virtual time: the simulator's own limits and answers, the
//! real executor, tokio's paused clock. Prints one JSON object. `./scripts/bench goodput` makes a table of it and holds the
//! bars.
//!
//! `goodput processes SIMULATOR SCENE SEED` plays one scene in real time: a simulator and workers, each a process.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement that cannot be set up should fail, and its numbers are small"
)]
#![expect(clippy::print_stdout, reason = "the figures are its output")]

mod case;
mod executor;
mod grid;
mod processes;
mod provider;
mod redis;
mod rivals;
mod watch;
mod worker;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    match arguments.next().as_deref() {
        Some("grid") => println!("{}", grid::play(&grid::Wanted::read(arguments))),
        Some("processes") => println!("{}", processes::play(arguments)),
        Some("worker") => worker::serve(arguments),
        _ => println!(
            "usage: goodput grid [--seeds N] [--only WORDS] | processes SIMULATOR SCENE SEED"
        ),
    }
}
