//! Events on their way to JavaScript: kept in a bounded line, fetched when JavaScript has time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tidegate::{Event, EventSink};

use crate::channel::Channel;
use crate::request::{camel, renamed};

/// Events that may wait. Beyond that the oldest are let go and counted: a listener's slowness is no run's.
const MOST: usize = 4_096;

/// The line.
pub(crate) struct Events {
    channel: Channel,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    listening: bool,
    /// JavaScript was told that there is something, and has not fetched it yet.
    told: bool,
    waiting: VecDeque<Value>,
    lost: u64,
}

impl Events {
    pub(crate) fn new(channel: Channel) -> Self {
        let line = Mutex::default();
        Self { channel, line }
    }

    /// Begins or ends keeping events.
    pub(crate) fn listen(&self, on: bool) {
        *self.line() = Line {
            listening: on,
            ..Line::default()
        };
    }

    /// Takes what waits, as one JSON array.
    pub(crate) fn take(&self) -> String {
        let mut line = self.line();
        line.told = false;
        let lost = std::mem::take(&mut line.lost);
        let waiting = std::mem::take(&mut line.waiting);
        drop(line);
        let lost = (lost > 0).then(|| json!({ "type": "lost", "events": lost }));
        Value::Array(lost.into_iter().chain(waiting).collect()).to_string()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Events {
    fn emit(&self, event: &Event) {
        let mut line = self.line();
        if !line.listening {
            return;
        }
        if line.waiting.len() == MOST {
            line.waiting.pop_front();
            line.lost += 1;
        }
        let event = serde_json::to_value(event).unwrap_or_default();
        line.waiting.push_back(renamed(event, &camel));
        let news = !std::mem::replace(&mut line.told, true);
        drop(line);
        if news {
            self.channel.call(0, "events");
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}
