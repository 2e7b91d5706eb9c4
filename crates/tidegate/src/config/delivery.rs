//! When a streamed answer is handed over.
//!
//! A piece that was handed over cannot be taken back, so that nothing can be retried behind it. Whether the first token
//! or the whole answer matters more is the caller's choice, with a price either way.

use std::fmt;

/// When a streamed answer is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeliveryMode {
    /// Piece by piece, as it comes. A stream that breaks ends in an error with what was received.
    #[default]
    Live,
    /// When it is whole: it may be retried or fall back after any break, and the first token waits for the last.
    Whole,
}

impl fmt::Display for DeliveryMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "live",
            Self::Whole => "whole",
        })
    }
}
