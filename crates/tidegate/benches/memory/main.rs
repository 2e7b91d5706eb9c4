//! What one run takes of memory: allocations, bytes held while it waits for its answer, and whether all of it comes back.
//!
//! Apart from the timings, which counting would slow down. Prints one JSON object.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be set up should fail"
)]
#![expect(clippy::print_stdout, reason = "the figures are its output")]

mod resident;
#[path = "../engine/subject.rs"]
mod subject;

use std::alloc::System;

use resident::resident_kb;
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use tidegate::Executor;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CROWD: usize = 1_000;
/// Runs after which memory is looked at: once everything has its size, and once a leak would show.
const EARLY: usize = 10_000;
const LATE: usize = 100_000;

fn main() {
    let runtime = subject::runtime();
    let executor = runtime.block_on(async { subject::executor() });
    let transport = subject::transport();
    let run = |crowd| runtime.block_on(subject::runs(&executor, crowd));
    let call = |crowd| runtime.block_on(subject::calls(&transport, crowd));
    let figures = json!({
        "run_1": counted(1, run),
        "run_1000": counted(CROWD, run),
        "call_1": counted(1, call),
        "call_1000": counted(CROWD, call),
        "held_per_run_bytes": held(&runtime, &executor),
        "over_time": over_time(run),
    });
    println!("{figures}");
}

/// Allocations and bytes of one among `crowd`, after one round that fills what stays.
fn counted(crowd: usize, work: impl Fn(usize)) -> Value {
    work(crowd);
    let region = Region::new(ALLOCATOR);
    work(crowd);
    let change = region.change();
    json!({
        "allocations": each(change.allocations, crowd),
        "reallocations": each(change.reallocations, crowd),
        "bytes": each(change.bytes_allocated, crowd),
    })
}

/// What a run holds between sending its call and hearing of it, task included: at the moment when most is held, all of
/// the crowd have sent and none is answered.
fn held(runtime: &Runtime, executor: &Executor) -> f64 {
    runtime.block_on(async {
        let before = live(&ALLOCATOR.stats());
        let crowd = tokio::spawn({
            let executor = executor.clone();
            async move { subject::runs(&executor, CROWD).await }
        });
        let mut most = before;
        while !crowd.is_finished() {
            tokio::task::yield_now().await;
            most = most.max(live(&ALLOCATOR.stats()));
        }
        each(most - before, CROWD)
    })
}

fn over_time(run: impl Fn(usize)) -> Value {
    let mut done = 0;
    let mut reach = |runs: usize| {
        while done < runs {
            run(CROWD);
            done += CROWD;
        }
        json!({ "runs": runs, "live_bytes": live(&ALLOCATOR.stats()), "resident_kb": resident_kb() })
    };
    let (early, late) = (reach(EARLY), reach(LATE));
    json!([early, late])
}

fn live(stats: &Stats) -> usize {
    stats.bytes_allocated - stats.bytes_deallocated
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn each(total: usize, of: usize) -> f64 {
    total as f64 / of as f64
}
