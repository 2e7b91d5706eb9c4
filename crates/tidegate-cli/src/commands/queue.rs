//! `tidegate queue`.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tidegate::config::StoreKind;
use tidegate::{Executor, KeyStatus, LimitKey, store};

use crate::args::{Global, QueueCommand};
use crate::commands::{self, refused};
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::output::{queue, text};

/// How often a watched status is printed anew.
const EVERY: Duration = Duration::from_secs(1);
/// Clears a terminal and begins at its top.
const CLEAR: &[u8] = b"\x1b[2J\x1b[H";

type Refusal = (&'static str, Exit, String);

pub(crate) async fn run(global: &Global, command: QueueCommand) -> Exit {
    let as_json = matches!(command, QueueCommand::Status { json: true, .. });
    let result = match command {
        QueueCommand::Status { watch, json } => status(global, watch, json).await,
        QueueCommand::Reset { key } => reset(global, key).await,
    };
    result.unwrap_or_else(|(kind, exit, what)| refused(as_json, kind, exit, &what))
}

/// An executor over the store that commands share, and which that is.
fn open(global: &Global) -> Result<(Executor, StoreKind), Refusal> {
    let wrong = |error: &dyn std::error::Error| ("config", Exit::Config, error.to_string());
    let config = commands::load(global).map_err(|error| wrong(&error))?;
    let opened = store::open(&config, commands::STORE).map_err(|error| wrong(&error))?;
    if let Some(warning) = opened.warning.filter(|_| !global.quiet) {
        text::warning(&warning);
    }
    if opened.kind == StoreKind::Memory && !global.quiet {
        text::note("the queue is kept in memory: what other processes wait for is not known here");
    }
    let executor = Executor::builder(config).store(opened.store).build();
    Ok((executor, opened.kind))
}

async fn known(executor: &Executor) -> Result<Vec<KeyStatus>, Refusal> {
    let known = executor.queue_status().await;
    known.map_err(|error| ("internal", Exit::Internal, error.to_string()))
}

async fn status(global: &Global, watch: bool, json: bool) -> Result<Exit, Refusal> {
    let (executor, kind) = open(global)?;
    if !watch {
        let known = known(&executor).await?;
        return Ok(text::printed(queue::print(&known, kind, json)));
    }
    let interrupt = Interrupt::listen().map_err(|error| {
        let what = format!("signals cannot be heard: {error}");
        ("internal", Exit::Internal, what)
    })?;
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = interrupt.next() => return Ok(Exit::Interrupted),
        }
        let known = known(&executor).await?;
        match again(&known, kind, json) {
            Ok(()) => {}
            Err(error) => return Ok(text::printed(Err(error))),
        }
    }
}

/// Prints it in the place of what was printed before, where there is such a place.
fn again(known: &[KeyStatus], kind: StoreKind, json: bool) -> io::Result<()> {
    if json {
        return queue::print_line(known, kind);
    }
    let mut stdout = io::stdout();
    if stdout.is_terminal() {
        stdout.write_all(CLEAR)?;
    }
    queue::print(known, kind, false)
}

async fn reset(global: &Global, key: String) -> Result<Exit, Refusal> {
    let (executor, _) = open(global)?;
    let key = LimitKey::new(key);
    let done = executor.queue_reset(&key).await;
    if done.map_err(|error| ("internal", Exit::Internal, error.to_string()))? {
        return Ok(text::printed(writeln!(io::stdout(), "{key}: forgotten")));
    }
    let known = known(&executor).await?;
    let keys: Vec<_> = known
        .iter()
        .map(|limit| format!("`{}`", limit.key))
        .collect();
    let keys = if keys.is_empty() {
        "none is known".to_owned()
    } else {
        format!("known are {}", keys.join(", "))
    };
    Err(("usage", Exit::Usage, format!("no limit `{key}`: {keys}")))
}
