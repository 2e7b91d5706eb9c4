//! Where the engine runs: threads of the addon's own, one set for the whole process, whatever number of worker threads
//! has loaded it.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

/// Threads that drive runs. They wait far more than they work.
const THREADS: usize = 2;

static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("tidegate")
        .enable_all()
        .build()
        .ok()
});

/// The runtime; an error where the system has no threads to give.
pub(crate) fn runtime() -> napi::Result<&'static Runtime> {
    let none = || napi::Error::from_reason("the system has no threads left for tidegate");
    RUNTIME.as_ref().ok_or_else(none)
}
