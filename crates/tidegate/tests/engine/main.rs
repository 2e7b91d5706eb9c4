//! The run loop over a script, under a paused clock.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

mod circuits;
mod delivery;
mod fallback;
mod pieces;
mod stream;
