//! Memory, given back when the engine has nothing left to do.
//!
//! A thousand runs at a time and their connections take tens of megabytes. glibc keeps what was freed, however long nobody
//! needs it: the pages stay resident in the process that this addon is a guest of. So they are given back, twice: soon after
//! the last run has ended, and when the connections that waited for a next request are closed, too. The engine's thread ends
//! before that, and another goes on: what glibc keeps at hand for a thread are small pieces all over its pages.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tidegate::transport::http::POOL_IDLE;
use tokio::task::AbortHandle;

use crate::runtime::{relieve, runtime};

/// Runs at a time that are worth it: fewer leave little behind.
const MANY: usize = 64;

/// Between bursts that follow each other nothing is given back.
const SOON: Duration = Duration::from_secs(1);

/// Connections are looked for that often: one that has just missed it is closed the next time.
const ALL_CLOSED: Duration = POOL_IDLE.saturating_mul(2);

static RUNS: Mutex<Runs> = Mutex::new(Runs {
    under_way: 0,
    most: 0,
    giving_back: None,
});

/// The runs of the process.
struct Runs {
    under_way: usize,
    /// At a time, since memory was last given back.
    most: usize,
    giving_back: Option<AbortHandle>,
}

/// A run under way, until dropped.
#[derive(Debug)]
pub(crate) struct Busy(());

impl Busy {
    pub(crate) fn begin() -> Self {
        let mut runs = runs();
        runs.under_way += 1;
        runs.most = runs.most.max(runs.under_way);
        if let Some(giving_back) = runs.giving_back.take() {
            giving_back.abort();
        }
        Self(())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut runs = runs();
        runs.under_way -= 1;
        if runs.under_way > 0 || runs.most < MANY {
            return;
        }
        if let Ok(runtime) = runtime() {
            runs.giving_back = Some(runtime.spawn(give_back()).abort_handle());
        }
    }
}

fn runs() -> MutexGuard<'static, Runs> {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Aborted by the next run.
async fn give_back() {
    for after in [SOON, ALL_CLOSED] {
        tokio::time::sleep(after).await;
        let ending = relieve();
        let trimmed = tokio::task::spawn_blocking(|| {
            let _: Option<thread::Result<()>> = ending.map(JoinHandle::join);
            trim();
        });
        let trimmed = trimmed.await;
        debug_assert!(trimmed.is_ok(), "nothing in it panics");
    }
    let mut runs = runs();
    if runs.under_way == 0 {
        runs.most = 0;
    }
}

/// Gives free pages back to the system.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "the C library's own call, which takes a number, may be made by any thread at any time, and has no safe form"
)]
fn trim() {
    // SAFETY: see above. It says whether there was anything to give back, which changes nothing.
    let _: i32 = unsafe { libc::malloc_trim(0) };
}

/// Other allocators give pages back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
const fn trim() {}
