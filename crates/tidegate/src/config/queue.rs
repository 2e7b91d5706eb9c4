//! How runs of one limit are lined up.

use std::fmt;

use super::origin::Sourced;

/// How runs of one limit are lined up: `[queue]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueConfig {
    /// What paces the line.
    pub pacing: Option<Sourced<Pacing>>,
}

/// What paces a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pacing {
    /// First attempts leave at once; those that were limited return one backoff apart, in order.
    #[default]
    Spaced,
}

impl fmt::Display for Pacing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spaced => "spaced",
        })
    }
}
