//! Why a queue and not a backoff.
//!
//! When a provider says "too many requests" to twenty callers at once, twenty private backoffs come back together
//! and are refused together. Here everyone who waits for the same limit stands in one line: each is woken once, when
//! it may leave, in order. The arithmetic is `tidegate_core::quota`; a [`QueueStore`] applies it atomically; the
//! [`Queue`] does the waiting.

// What tests share says so.
#[cfg(test)]
extern crate self as tidegate_queue;

mod clock;
mod guarded;
#[cfg(any(feature = "sqlite", feature = "redis"))]
mod heard;
mod memory;
#[cfg(any(feature = "sqlite", feature = "redis"))]
mod orders;
mod queue;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub use clock::Clock;
pub use guarded::Guarded;
pub use memory::MemoryStore;
pub use queue::{
    AcquireError, Admission, Leaving, Number, Pacing, Permit, Place, Position, Queue, Slot, Wanted,
    Watch,
};
#[cfg(feature = "redis")]
pub use redis::{RedisError, RedisOptions, RedisStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{BootClock, HostClock, OpenError, SqliteStore};
pub use store::{
    Ask, Holder, KeyStatus, LastKnown, QueueStore, Report, StoreError, StoreFuture, Turn,
};
