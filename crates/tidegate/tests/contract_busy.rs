//! The row about the queue, with every core kept busy: what is spaced are departures, so a late one pushes the next.

#![cfg(unix)]
#![expect(
    dead_code,
    reason = "of the rows and stages only one row is played here"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

#[path = "contract/children.rs"]
mod children;
#[path = "contract/http.rs"]
mod http;
#[path = "contract/rows.rs"]
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use children::Children;
use http::Http;

/// Threads that compute for nothing, one more than there are cores, until dropped.
struct Busy {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Busy {
    fn every_core() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().unwrap().get();
        let spin = |stop: Arc<AtomicBool>| {
            move || {
                let mut sum = 0u64;
                while !stop.load(Ordering::Relaxed) {
                    sum = sum.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                }
                sum
            }
        };
        let threads = (0..=cores)
            .map(|_| std::thread::spawn(spin(Arc::clone(&stop))))
            .collect();
        Self { stop, threads }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

#[tokio::test]
async fn limited_runs_return_one_after_the_other_on_a_busy_machine() {
    let _busy = Busy::every_core();
    let (children, http) = (Children::new(), Http::new());
    for _ in 0..5 {
        rows::row_07_limited_runs_return_one_after_the_other(&children).await;
        rows::row_07_limited_runs_return_one_after_the_other(&http).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_on_several_threads() {
    let _busy = Busy::every_core();
    let (children, http) = (Children::new(), Http::new());
    for _ in 0..5 {
        rows::row_07_limited_runs_return_one_after_the_other(&children).await;
        rows::row_07_limited_runs_return_one_after_the_other(&http).await;
    }
}
