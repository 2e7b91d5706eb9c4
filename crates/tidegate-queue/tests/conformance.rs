//! What every store does alike, and what a store in a file does besides.
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
#[path = "conformance/file.rs"]
mod file;
#[cfg(feature = "sqlite")]
#[path = "conformance/processes.rs"]
mod processes;
