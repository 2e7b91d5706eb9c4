//! Who hears what happens.

use std::fmt;
use std::sync::Arc;

use tidegate_core::{Event, EventKind, RunId};
use tidegate_queue::Clock;

/// Hears every event of every run. Must be quick and must not block: a sink that has slow work hands it on.
pub trait EventSink: Send + Sync {
    /// One event.
    fn emit(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> EventSink for F {
    fn emit(&self, event: &Event) {
        self(event);
    }
}

/// Writes the events of one run: the only place that numbers them, so that they are dense and in order.
pub(crate) struct Journal<'e> {
    run: RunId,
    seq: u64,
    clock: Clock,
    sinks: &'e [Arc<dyn EventSink>],
}

impl<'e> Journal<'e> {
    pub(crate) fn new(run: RunId, clock: Clock, sinks: &'e [Arc<dyn EventSink>]) -> Self {
        Self {
            run,
            seq: 0,
            clock,
            sinks,
        }
    }

    pub(crate) const fn run(&self) -> RunId {
        self.run
    }

    pub(crate) fn emit(&mut self, kind: EventKind) {
        let seq = self.seq;
        self.seq += 1;
        if self.sinks.is_empty() && !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let event = Event {
            run: self.run,
            seq,
            at: self.clock.now(),
            kind,
        };
        tracing::debug!(run = %event.run, seq = event.seq, kind = ?event.kind, "event");
        for sink in self.sinks {
            sink.emit(&event);
        }
    }
}

impl fmt::Debug for Journal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("run", &self.run)
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}
