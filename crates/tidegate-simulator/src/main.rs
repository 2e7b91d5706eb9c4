//! The simulator as a process of its own: for benchmarks, and for clients in other languages.
//!
//! One line on stdout says where it listens; whoever started it waits for that line. It runs on one thread and
//! leaves the other cores to the client under test.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tidegate_simulator::Simulator;

use crate::args::Args;

mod args;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With stderr closed, the exit code alone must tell.
            let _ = writeln!(std::io::stderr().lock(), "tidegate-simulator: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(args: Args) -> Result<(), Failure> {
    let address = args.listen;
    let settings = args.settings()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let interrupted = interrupted()?;
        let listener = tidegate_simulator::bind(address).await?;
        announce(listener.local_addr()?)?;
        Simulator::new(settings)
            .serve(listener, interrupted)
            .await?;
        Ok(())
    })
}

fn announce(address: std::net::SocketAddr) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "listening on http://{address}")?;
    stdout.flush()
}

/// Completes at Ctrl-C or SIGTERM. The handlers stand before the address is announced.
#[cfg(unix)]
fn interrupted() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes at Ctrl-C.
#[cfg(not(unix))]
fn interrupted() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
