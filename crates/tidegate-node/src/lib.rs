//! The engine as a Node addon.
//!
//! JavaScript must neither wait on this addon nor decide anything for it. So nothing here blocks: every call hands its
//! work to a runtime of the addon's own and returns, and what comes of it is delivered through one channel per door.
//! And nothing here decides: options are read, the engine is called, what it says is told. Two doors: `engine` for
//! whoever writes against Tidegate, `caller` for those who called its predecessor.

#![expect(
    clippy::needless_pass_by_value,
    reason = "what comes from JavaScript comes by value"
)]

mod answer;
mod caller;
mod channel;
mod configuration;
mod engine;
mod events;
mod failure;
mod idle;
mod process;
mod reading;
mod request;
mod runs;
mod runtime;
