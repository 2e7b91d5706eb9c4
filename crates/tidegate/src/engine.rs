//! What an executor consists of, and every run borrows.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tidegate_providers::{Call, Provider};
use tidegate_queue::{Clock, Queue};

use crate::circuits::Circuits;
use crate::config::{Config, Pacing};
use crate::events::EventSink;
use crate::traffic::Traffic;
use crate::transport::Transport;
use crate::watches::Watches;

/// What an executor consists of.
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) registered: Vec<Box<dyn Provider>>,
    pub(crate) http: Arc<dyn Transport>,
    pub(crate) process: Arc<dyn Transport>,
    pub(crate) queue: Queue,
    pub(crate) traffic: Traffic,
    pub(crate) circuits: Circuits,
    pub(crate) watches: Arc<Watches>,
    pub(crate) sinks: Vec<Arc<dyn EventSink>>,
}

impl Engine {
    pub(crate) fn clock(&self) -> Clock {
        self.queue.clock()
    }

    /// Whether a queue that knows the limits does the waiting.
    pub(crate) fn is_adaptive(&self) -> bool {
        self.config.queue.pacing() == Pacing::Adaptive
    }

    /// How long a run waits in the queue at one target.
    pub(crate) fn max_queue_wait(&self) -> Duration {
        self.config.queue.max_wait()
    }

    pub(crate) fn transport(&self, call: &Call) -> &dyn Transport {
        match call {
            Call::Process(_) => &*self.process,
            _ => &*self.http,
        }
    }

    /// A provider by name: registered ones first, so that they can replace built-in ones.
    pub(crate) fn provider(&self, name: &str) -> Option<&dyn Provider> {
        let registered = self
            .registered
            .iter()
            .map(|provider| &**provider)
            .find(|provider| provider.name() == name);
        registered
            .or_else(|| tidegate_providers::find(name).map(|provider| provider as &dyn Provider))
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
