//! What every store does alike, and what a store in a file or on a server does besides.
#![expect(
    clippy::unwrap_used,
    reason = "functions of tests that are not tests themselves"
)]

#[path = "conformance/desk.rs"]
mod desk;
#[path = "conformance/same_turns.rs"]
mod same_turns;
#[path = "conformance/suite.rs"]
mod suite;

#[cfg(feature = "sqlite")]
#[path = "conformance/busy.rs"]
mod busy;
#[cfg(feature = "sqlite")]
#[path = "conformance/file.rs"]
mod file;
#[cfg(any(feature = "sqlite", feature = "redis"))]
#[path = "conformance/processes.rs"]
mod processes;

#[cfg(feature = "redis")]
#[path = "conformance/on_a_server.rs"]
mod on_a_server;
#[cfg(feature = "redis")]
#[path = "conformance/outage.rs"]
mod outage;
#[cfg(feature = "redis")]
#[path = "conformance/reaching.rs"]
mod reaching;
#[cfg(feature = "redis")]
#[path = "conformance/server.rs"]
mod server;
