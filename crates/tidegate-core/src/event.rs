//! What happened, in order.
//!
//! One list of events per run is the record that progress lines, `--json`, metrics and tests all read. Events carry
//! no prompt, no answer and no credential; the text of an answer travels in its stream.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::duration::as_millis;
use crate::failure::Failure;
use crate::quota::LimitKey;
use crate::retry::{Decision, GiveUp};
use crate::timestamp::Timestamp;
use crate::usage::Usage;

/// One run, for telling its events from others'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Something that happened to a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Whose event it is.
    pub run: RunId,
    /// Its place in the run: 0, 1, 2, ... without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A request was accepted, with the targets it may go to, in order.
    RunStarted {
        /// The endpoint asked for.
        endpoint: String,
        /// Labels of the targets, first choice first.
        targets: Vec<String>,
    },
    /// Files named in the prompt were packed before it.
    ContextPacked {
        /// Files packed.
        files: usize,
        /// Bytes packed.
        bytes: u64,
        /// Files left out.
        skipped: usize,
    },
    /// The run waits in the line of its limit.
    Queued {
        /// The limit it waits for.
        limit_key: LimitKey,
        /// Runs before it.
        ahead: usize,
        /// When it should leave, as things stand.
        #[serde(rename = "expected_ms", serialize_with = "as_millis")]
        expected: Duration,
    },
    /// It may send one attempt.
    Admitted {
        /// How long it waited for that.
        #[serde(rename = "waited_ms", serialize_with = "as_millis")]
        waited: Duration,
    },
    /// An attempt is on its way.
    AttemptStarted {
        /// 1 for the run's first.
        attempt: u32,
        /// Where it goes.
        target: String,
    },
    /// The first piece of output came.
    FirstOutput {
        /// Since the attempt started.
        #[serde(rename = "after_ms", serialize_with = "as_millis")]
        after: Duration,
    },
    /// An attempt failed.
    AttemptFailed {
        /// Which.
        attempt: u32,
        /// Where.
        target: String,
        /// How long it took.
        #[serde(rename = "took_ms", serialize_with = "as_millis")]
        took: Duration,
        /// Why.
        failure: Failure,
        /// What follows.
        decision: Decision,
    },
    /// The run goes on at another target.
    FellBack {
        /// Where it was.
        from: String,
        /// Where it goes.
        to: String,
    },
    /// An attempt brought the answer.
    AttemptSucceeded {
        /// Which.
        attempt: u32,
        /// Where.
        target: String,
        /// How long it took.
        #[serde(rename = "took_ms", serialize_with = "as_millis")]
        took: Duration,
        /// What it cost, where the provider says so.
        usage: Option<Usage>,
    },
    /// The run is over.
    RunFinished {
        /// Whether it has an answer.
        ok: bool,
        /// Attempts made.
        attempts: u32,
        /// Since the run started.
        #[serde(rename = "took_ms", serialize_with = "as_millis")]
        took: Duration,
        /// Why it stopped, when it has no answer.
        gave_up: Option<GiveUp>,
    },
}
