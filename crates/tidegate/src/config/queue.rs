//! How runs of one limit are lined up.

use std::fmt;
use std::time::Duration;

use super::origin::Sourced;
use super::time::Time;

/// How runs of one limit are lined up: `[queue]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueConfig {
    /// What paces the line. `adaptive` unless chosen.
    pub pacing: Option<Sourced<Pacing>>,
    /// The longest wait in the line at one target. 2 min unless chosen.
    pub max_wait: Option<Sourced<Time>>,
}

/// What paces a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pacing {
    /// By what is known of the limit: configured, told by the provider, or found out.
    #[default]
    Adaptive,
    /// First attempts leave at once; those that were limited return one backoff apart, in order.
    Spaced,
}

impl QueueConfig {
    /// Two minutes: longer than a window of a minute, shorter than anyone waits for one answer.
    pub const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(120);
    /// What paces the line.
    pub fn pacing(&self) -> Pacing {
        self.pacing
            .as_ref()
            .map(|pacing| pacing.value)
            .unwrap_or_default()
    }

    /// The longest wait in the line at one target.
    pub fn max_wait(&self) -> Duration {
        let chosen = self.max_wait.as_ref();
        chosen.map_or(Self::DEFAULT_MAX_WAIT, |wait| wait.value.0)
    }
}

impl fmt::Display for Pacing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Adaptive => "adaptive",
            Self::Spaced => "spaced",
        })
    }
}
