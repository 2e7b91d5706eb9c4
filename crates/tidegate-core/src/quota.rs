//! When the next attempt of a limit may leave: the queue's arithmetic, with `now` as an argument.
//!
//! A store applies these functions atomically, whether its state lives in memory, in SQLite or in Redis. Keeping
//! them free of clocks and locks is what lets one table of tests speak for all stores.

mod admission;
mod flow;
mod learned;
mod limits;
mod line;
mod meter;
mod pace;
mod spaced;
mod state;
mod status;

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration::as_optional_millis;
use crate::usage::Usage;

pub use admission::{Answer, Ask, Lease, Refusal, Waiting};
pub use limits::{Dimension, Limit, Limits, Metering};
pub use line::Priority;
pub use spaced::{Departure, SpacedState};
pub use state::QuotaState;
pub use status::Standing;

/// What a provider meters together: provider, base URL, account and limit group. Two keys of one account share it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct LimitKey(Arc<str>);

impl LimitKey {
    /// From a text that is equal for all that share the limit.
    pub fn new(key: impl Into<Arc<str>>) -> Self {
        Self(key.into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Equal, ordered and hashed as its text is: maps over keys can be asked with it.
impl Borrow<str> for LimitKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LimitKey({})", self.0)
    }
}

impl fmt::Display for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an attempt uses up of its limits: estimated before it leaves, real afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Requests: 1 for an attempt.
    pub requests: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

impl From<Usage> for Cost {
    fn from(usage: Usage) -> Self {
        Self {
            requests: 1,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
        }
    }
}

/// What a provider's reply tells of its limits, one dimension each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ObservedLimits {
    /// Requests.
    pub requests: Option<Observed>,
    /// Tokens, read and written together.
    pub tokens: Option<Observed>,
    /// Tokens read, where they have a limit of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<Observed>,
    /// Tokens written, where they have a limit of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<Observed>,
}

/// One dimension of a provider's limits as it stood when it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Observed {
    /// Allowed in the provider's window, which it rarely names.
    pub limit: u64,
    /// Left of it.
    pub remaining: u64,
    /// Until it is full again (not: until the next one is free).
    #[serde(rename = "reset_ms", serialize_with = "as_optional_millis")]
    pub reset: Option<Duration>,
}

/// One reservation, unique within a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpId(pub u64);
