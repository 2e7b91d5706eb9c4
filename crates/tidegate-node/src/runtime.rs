//! Where the engine runs: one thread of the addon's own for the whole process, whatever number of worker threads has loaded it.
//!
//! One, because runs wait far more than they work, and each thread more keeps memory of its own. Which thread it is may change:
//! see [`relieve`].

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use futures_util::FutureExt;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long the engine's thread works before it lets others go first. A thousand answers that come together are work for
/// every core, and a system lets a thread that works run on for milliseconds: JavaScript's would wait for as long.
const ASIDE_AFTER: Duration = Duration::from_micros(100);

static ENGINE: LazyLock<Option<Engine>> = LazyLock::new(|| Engine::start().ok());

/// The runtime and who drives it.
struct Engine {
    runtime: &'static Runtime,
    driver: Mutex<Driver>,
}

/// A thread that drives the runtime until it is told to end, or nobody is left to tell it.
struct Driver {
    thread: JoinHandle<()>,
    end: oneshot::Sender<()>,
}

thread_local! {
    /// Since when this thread works: since it woke, or last let others go first.
    static AT_WORK: Cell<Option<Instant>> = const { Cell::new(None) };
}

impl Engine {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .thread_name("tidegate-aside")
            .on_thread_unpark(at_work)
            .enable_all()
            .build()?;
        // It lives as long as the process: whichever thread drives it borrows it.
        let runtime = Box::leak(Box::new(runtime));
        let driver = Mutex::new(Driver::start(runtime)?);
        Ok(Self { runtime, driver })
    }
}

impl Driver {
    fn start(runtime: &'static Runtime) -> io::Result<Self> {
        let (end, ended) = oneshot::channel();
        let drive = move || drop(runtime.block_on(ended));
        let thread = thread::Builder::new().name("tidegate".to_owned());
        let thread = thread.spawn(drive)?;
        Ok(Self { thread, end })
    }
}

/// The runtime; an error where the system has no thread to give.
pub(crate) fn runtime() -> napi::Result<&'static Handle> {
    let none = || napi::Error::from_reason("the system has no thread left for tidegate");
    let engine = ENGINE.as_ref().ok_or_else(none)?;
    Ok(engine.runtime.handle())
}

/// Has a new thread drive the runtime and tells the one that did, which ends, and with it what the C library keeps at hand
/// for a thread: pieces of memory, each of which holds a page. `None` where there is no thread to be had: nothing changes.
pub(crate) fn relieve() -> Option<JoinHandle<()>> {
    let engine = ENGINE.as_ref()?;
    let next = Driver::start(engine.runtime).ok()?;
    let mut driver = engine.driver.lock().unwrap_or_else(PoisonError::into_inner);
    let before = std::mem::replace(&mut *driver, next);
    drop(driver);
    // It is there to hear it: it ends for no other reason.
    before.end.send(()).ok()?;
    Some(before.thread)
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

/// Does work that may have a bug: whoever waits for it is told, instead of waiting for ever.
pub(crate) async fn unharmed<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.map_err(|panic| {
        let said = panic.downcast_ref::<&str>().map(ToString::to_string);
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        format!("a bug in tidegate: {}", said.unwrap_or_default())
    })
}

fn at_work() {
    AT_WORK.set(Some(Instant::now()));
}

/// Lets others go first where this thread has worked for long enough: for work of many small parts that is one task.
pub(crate) fn step_aside() {
    let since = AT_WORK.get();
    if since.is_some_and(|since| since.elapsed() >= ASIDE_AFTER) {
        thread::yield_now();
        at_work();
    }
}
