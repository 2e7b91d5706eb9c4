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

/// How long the way out may take then. It kills what is left of the children, and waits for nobody.
const ON_THE_SPOT: Duration = Duration::from_millis(500);

/// Hears interrupts: Ctrl-C, SIGTERM from whoever started us, SIGHUP from a terminal that closes. A second one, or a
/// first one that is not answered in time, ends the process on the spot.
#[derive(Debug)]
pub(crate) struct Interrupt {
    heard: Arc<Notify>,
}

impl Interrupt {
    /// Takes the signals over from the system, which would end us without ending our children.
    pub(crate) fn listen() -> io::Result<Self> {
        let heard = Arc::new(Notify::new());
        let told = Arc::clone(&heard);
        let (ready, taken) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || attend(&ready, &told))?;
        taken.recv().map_err(io::Error::other)??;
        Ok(Self { heard })
    }

    /// Waits for the next interrupt.
    pub(crate) async fn next(&self) {
        self.heard.notified().await;
    }
}

/// Says whether the signals are taken, then attends to them until the process ends.
fn attend(ready: &mpsc::SyncSender<io::Result<()>>, told: &Notify) {
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
            runtime.block_on(listen(signals, told));
        }
        Err(error) => drop(ready.send(Err(error))),
    }
}

async fn listen(mut signals: Signals, told: &Notify) {
    signals.next().await;
    told.notify_one();
    drop(tokio::time::timeout(IN_GOOD_ORDER, signals.next()).await);
    // Whoever still listens kills on its way out what did not end when it was asked to.
    told.notify_one();
    tokio::time::sleep(ON_THE_SPOT).await;
    #[expect(
        clippy::exit,
        clippy::disallowed_methods,
        reason = "stuck: nothing is left to be done in good order"
    )]
    std::process::exit(Exit::Interrupted.code().into());
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    /// Children lead groups of their own, which a closing terminal does not reach.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn take() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (terminate, interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let hangup = (!survives_hangup())
            .then(|| signal(SignalKind::hangup()))
            .transpose()?;
        Ok(Self {
            terminate,
            interrupt,
            hangup,
        })
    }

    async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Whether somebody wants us to outlive the terminal (`nohup`). Where that cannot be known, SIGHUP is left as it is.
#[cfg(unix)]
fn survives_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u128::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is signal 1.
    ignored.is_none_or(|mask| mask & 1 == 1)
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
