//! The clock that all processes of a host share.
//!
//! Wall time may be set while others wait by it, so times in the file are counted from the host's start, suspended or
//! not. They mean nothing after the next start, which is why the file names the start it belongs to.

use std::fmt::Debug;

use rustix::time::{ClockId, clock_gettime};
use tidegate_core::Timestamp;

/// The clock of a [`SqliteStore`](super::SqliteStore).
pub trait HostClock: Debug + Send + 'static {
    /// The time since the host's start, the same for every process.
    fn now(&self) -> Timestamp;

    /// Names the host's start.
    fn boot(&self) -> String;
}

/// The host's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct BootClock;

/// Goes on while the host is suspended.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

impl HostClock for BootClock {
    fn now(&self) -> Timestamp {
        let time = clock_gettime(CLOCK);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
        Timestamp::from_micros(seconds.saturating_mul(1_000_000) + nanos / 1000)
    }

    fn boot(&self) -> String {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        id.map(|id| id.trim().to_owned()).unwrap_or_default()
    }
}
