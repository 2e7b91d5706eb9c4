//! Where the engine runs: threads of the addon's own, one set for the whole process, whatever number of worker threads
//! has loaded it.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// Threads that drive runs. They wait far more than they work.
const THREADS: usize = 2;

/// How long a thread of the engine works before it lets others go first. A thousand answers that come together are work for
/// every core, and a system lets a thread that works run on for milliseconds: JavaScript's would wait for as long.
const ASIDE_AFTER: Duration = Duration::from_micros(100);

static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("tidegate")
        .on_thread_unpark(at_work)
        .enable_all()
        .build()
        .ok()
});

thread_local! {
    /// Since when this thread works: since it woke, or last let others go first.
    static AT_WORK: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The runtime; an error where the system has no threads to give.
pub(crate) fn runtime() -> napi::Result<&'static Runtime> {
    let none = || napi::Error::from_reason("the system has no threads left for tidegate");
    RUNTIME.as_ref().ok_or_else(none)
}

/// Does work on a thread that steps aside now and then.
pub(crate) async fn stepping_aside<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        let polled = work.as_mut().poll(context);
        step_aside();
        polled
    })
    .await
}

fn at_work() {
    AT_WORK.set(Some(Instant::now()));
}

/// Lets others go first where this thread has worked for long enough: for work of many small parts that is one task.
pub(crate) fn step_aside() {
    let since = AT_WORK.get();
    if since.is_some_and(|since| since.elapsed() >= ASIDE_AFTER) {
        std::thread::yield_now();
        at_work();
    }
}
