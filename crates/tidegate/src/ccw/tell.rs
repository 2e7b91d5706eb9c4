//! Who hears the lines of a call, and the lines that tell of retries.

use std::sync::Arc;

use tidegate_core::{Decision, Event, EventKind};

use super::overheard::Overheard;
use crate::events::EventSink;

/// A line of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it belongs.
    pub stream: Stream,
    /// What it says.
    pub content: String,
}

/// Where a line belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The answer.
    Stdout,
    /// What happens on the way.
    Stderr,
}

/// Hears the lines of a call, in order. Must be quick and must not block.
pub trait Tell: Send + Sync {
    /// One line.
    fn line(&self, line: Line);
}

impl<F: Fn(Line) + Send + Sync> Tell for F {
    fn line(&self, line: Line) {
        self(line);
    }
}

impl dyn Tell {
    pub(super) fn out(&self, content: String) {
        let stream = Stream::Stdout;
        self.line(Line { stream, content });
    }

    pub(super) fn err(&self, content: String) {
        let stream = Stream::Stderr;
        self.line(Line { stream, content });
    }
}

/// Turns the engine's events into lines about retries.
pub(super) struct Retries {
    pub(super) tell: Arc<dyn Tell>,
    pub(super) overheard: Arc<Overheard>,
    pub(super) allowed: u32,
}

impl EventSink for Retries {
    fn emit(&self, event: &Event) {
        let EventKind::AttemptFailed {
            attempt,
            failure,
            decision: Decision::Retry { after } | Decision::Requeue { after, .. },
            ..
        } = &event.kind
        else {
            return;
        };
        let (allowed, wait) = (self.allowed, after.as_millis());
        let words = self.overheard.last().unwrap_or_else(|| failure.to_string());
        self.tell.err(format!(
            "[LiteLLM retry {attempt}/{allowed}: waiting {wait}ms] {words}\n"
        ));
    }
}
