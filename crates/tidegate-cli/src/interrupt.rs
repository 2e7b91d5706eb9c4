//! Ctrl-C.
//!
//! Signals are heard on a thread of their own. The one that runs everything else may be stuck in a write to a pipe that
//! nobody reads, and must not make the command deaf.

use std::io;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::Notify;

use crate::exit::Exit;

/// How long a first interrupt may take to end everything in good order: longer than children get between SIGTERM and
/// SIGKILL.
const IN_GOOD_ORDER: Duration = Duration::from_secs(8);

/// Hears the first interrupt: Ctrl-C, or SIGTERM from whoever started us. A second one, or one that is not answered in
/// time, ends the process on the spot.
#[derive(Debug)]
pub(crate) struct Interrupt {
    heard: Arc<Notify>,
}

impl Interrupt {
    /// Takes the signals over from the system, which would end us without ending our children.
    pub(crate) fn listen() -> io::Result<Self> {
        let heard = Arc::new(Notify::new());
        let first = Arc::clone(&heard);
        let (ready, taken) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || attend(&ready, &first))?;
        taken.recv().map_err(io::Error::other)??;
        Ok(Self { heard })
    }

    /// Waits for the first interrupt.
    pub(crate) async fn first(&self) {
        self.heard.notified().await;
    }
}

/// Says whether the signals are taken, then attends to them until the process ends.
fn attend(ready: &mpsc::SyncSender<io::Result<()>>, first: &Notify) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let taken = runtime.and_then(|runtime| {
        let signals = runtime.block_on(async { Signals::take() })?;
        Ok((runtime, signals))
    });
    match taken {
        Ok((runtime, signals)) => {
            drop(ready.send(Ok(())));
            runtime.block_on(listen(signals, first));
        }
        Err(error) => drop(ready.send(Err(error))),
    }
}

async fn listen(mut signals: Signals, first: &Notify) {
    signals.next().await;
    first.notify_one();
    drop(tokio::time::timeout(IN_GOOD_ORDER, signals.next()).await);
    #[expect(
        clippy::exit,
        clippy::disallowed_methods,
        reason = "asked twice, or stuck: nothing is left to be done in good order"
    )]
    std::process::exit(Exit::Interrupted.code().into());
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn take() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (terminate, interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        Ok(Self {
            terminate,
            interrupt,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn take() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        drop(tokio::signal::ctrl_c().await);
    }
}
