//! What every store does alike, and what a store in a file does besides.

#[path = "conformance/desk.rs"]
mod desk;
#[path = "conformance/same_turns.rs"]
mod same_turns;
#[path = "conformance/suite.rs"]
mod suite;

#[cfg(feature = "sqlite")]
#[path = "conformance/file.rs"]
mod file;
