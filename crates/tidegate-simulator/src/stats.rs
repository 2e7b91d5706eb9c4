//! What the simulator saw.
//!
//! A test of a client is a question about its requests: how many, when, how many at once. The list of requests is
//! bounded, and holds no key and no more of a prompt than the beginning of its last user message.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::admission::Admission;
use crate::limits::Limit;
use crate::prompt::Prompt;

/// Requests kept one by one; older ones are only counted.
pub const KEPT_REQUESTS: usize = 10_000;

/// Counts of chat requests since the start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Chat requests that arrived.
    pub requests: u64,
    /// How they were answered: by status (`"200"`), or `reset`, `closed`, `garbled`,
    /// `gone_away`, `refused`, `hung`, `abandoned`.
    pub answers: BTreeMap<String, u64>,
    /// Requests that were refused by a limit of the settings; refusals of the script are not counted.
    pub limited: u64,
    /// The same by limit, as `--limit` spells it.
    pub limited_by: BTreeMap<String, u64>,
    /// Requests that the limits let in.
    pub admitted: u64,
    /// Requests not yet answered to the last byte.
    pub in_flight: u64,
    /// The most that were in flight at once.
    pub max_in_flight: u64,
    /// Admitted requests not yet answered to the last byte.
    pub concurrency: u64,
    /// The most of these at once.
    pub max_concurrency: u64,
    /// Answers still in the script.
    pub script_remaining: u64,
    /// The last [`KEPT_REQUESTS`] requests, in order of arrival.
    pub seen: Vec<Seen>,
    /// The last [`KEPT_REQUESTS`] requests that the limits let in, in the order in which they were: a storm of refusals
    /// does not push them out.
    pub admissions: Vec<Admitted>,
}

/// A request that the limits let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Admitted {
    /// Admission, in microseconds since the simulator's start.
    pub at_us: u64,
    /// As in [`Seen::last_user`].
    pub last_user: String,
    /// As in [`Seen::prompt_hash`].
    pub prompt_hash: String,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Arrival, in microseconds since the simulator's start.
    pub at_us: u64,
    /// How it was answered.
    pub status: Outcome,
    /// The wire it spoke: `openai` or `anthropic`.
    pub wire: &'static str,
    /// The path it was sent to.
    pub route: &'static str,
    /// The model it asked for; empty when it was refused unread.
    pub model: String,
    /// It asked for a stream.
    pub streamed: bool,
    /// It carried a key, right or wrong.
    pub authorized: bool,
    /// How many messages it had.
    pub messages: usize,
    /// The first 80 characters of its last user message.
    pub last_user: String,
    /// Characters of all its messages.
    pub prompt_chars: usize,
    /// FNV-1a (64 bit, hexadecimal) of the text of all its messages: equal prompts have equal hashes.
    pub prompt_hash: String,
}

/// How a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Outcome {
    /// Not yet. `null` in JSON.
    #[default]
    Pending,
    /// With that status. A number in JSON; the other outcomes are words.
    Status(u16),
    /// The connection was reset.
    Reset,
    /// The connection was closed without a word.
    Closed,
    /// It was answered with bytes that are no HTTP.
    Garbled,
    /// Its connection ended with GOAWAY, unhandled.
    GoneAway,
    /// Its stream was refused, unhandled.
    Refused,
    /// It was left hanging.
    Hung,
    /// The client went away first.
    Abandoned,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => f.write_str("pending"),
            Self::Status(status) => write!(f, "{status}"),
            Self::Reset => f.write_str("reset"),
            Self::Closed => f.write_str("closed"),
            Self::Garbled => f.write_str("garbled"),
            Self::GoneAway => f.write_str("gone_away"),
            Self::Refused => f.write_str("refused"),
            Self::Hung => f.write_str("hung"),
            Self::Abandoned => f.write_str("abandoned"),
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Pending => serializer.serialize_none(),
            Self::Status(status) => serializer.serialize_u16(*status),
            other => serializer.collect_str(other),
        }
    }
}

/// Keeps the counts; cheap to clone, one for all requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: u64,
    answers: BTreeMap<Outcome, u64>,
    limited: BTreeMap<String, u64>,
    admitted: u64,
    /// Admissions and what they asked, in order.
    admissions: VecDeque<(Duration, Prompt)>,
    in_flight: u64,
    max_in_flight: u64,
    concurrency: u64,
    max_concurrency: u64,
    /// The number of the next request, never reset.
    next: u64,
    /// Requests with smaller numbers arrived before the last reset and are not counted.
    first: u64,
    seen: VecDeque<Record>,
}

/// A request as it is kept: the hash is written out only for those who look.
#[derive(Debug, Default)]
struct Record {
    arrival: Arrival,
    outcome: Outcome,
    prompt: Option<Prompt>,
}

/// What is known of a request before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Arrival {
    /// Time since the simulator's start.
    pub(crate) at: Duration,
    pub(crate) authorized: bool,
    pub(crate) wire: &'static str,
    pub(crate) route: &'static str,
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an arrival. The request is in flight until the visit is dropped.
    pub(crate) fn arrive(&self, arrival: Arrival) -> Visit {
        let mut counts = self.lock();
        let number = counts.next;
        counts.next += 1;
        counts.requests += 1;
        counts.in_flight += 1;
        counts.max_in_flight = counts.max_in_flight.max(counts.in_flight);
        if counts.seen.len() == KEPT_REQUESTS {
            counts.seen.pop_front();
        }
        counts.seen.push_back(Record {
            arrival,
            ..Record::default()
        });
        Visit {
            tally: self.clone(),
            number,
            answered: false,
            admission: None,
        }
    }

    /// Notes a refusal by that limit.
    pub(crate) fn limited(&self, limit: Limit) {
        *self.lock().limited.entry(limit.to_string()).or_default() += 1;
    }

    pub(crate) fn stats(&self, script_remaining: u64) -> Stats {
        let counts = self.lock();
        let answers = counts.answers.iter();
        Stats {
            requests: counts.requests,
            answers: answers
                .map(|(outcome, count)| (outcome.to_string(), *count))
                .collect(),
            limited: counts.limited.values().sum(),
            limited_by: counts.limited.clone(),
            admitted: counts.admitted,
            in_flight: counts.in_flight,
            max_in_flight: counts.max_in_flight,
            concurrency: counts.concurrency,
            max_concurrency: counts.max_concurrency,
            script_remaining,
            seen: counts.seen.iter().map(Record::seen).collect(),
            admissions: counts.admissions.iter().map(admitted).collect(),
        }
    }

    /// Forgets all but what is in flight.
    pub(crate) fn reset(&self) {
        let mut counts = self.lock();
        *counts = Counts {
            in_flight: counts.in_flight,
            max_in_flight: counts.in_flight,
            concurrency: counts.concurrency,
            max_concurrency: counts.concurrency,
            next: counts.next,
            first: counts.next,
            ..Counts::default()
        };
    }
}

impl Counts {
    fn admit(&mut self, now: Duration, prompt: Prompt) {
        self.admitted += 1;
        self.concurrency += 1;
        self.max_concurrency = self.max_concurrency.max(self.concurrency);
        if self.admissions.len() == KEPT_REQUESTS {
            self.admissions.pop_front();
        }
        self.admissions.push_back((now, prompt));
    }

    /// The record of a request, unless it is too old or of before a reset.
    fn record(&mut self, number: u64) -> Option<&mut Record> {
        let back = usize::try_from(self.next - number).ok()?;
        let index = self.seen.len().checked_sub(back)?;
        self.seen.get_mut(index)
    }
}

impl Record {
    fn seen(&self) -> Seen {
        let empty = Prompt::new(String::new());
        let prompt = self.prompt.as_ref().unwrap_or(&empty);
        Seen {
            at_us: micros(self.arrival.at),
            status: self.outcome,
            wire: self.arrival.wire,
            route: self.arrival.route,
            model: prompt.model.clone(),
            streamed: prompt.streamed,
            authorized: self.arrival.authorized,
            messages: prompt.messages,
            last_user: prompt.last_user.clone(),
            prompt_chars: prompt.chars,
            prompt_hash: format!("{:016x}", prompt.hash),
        }
    }
}

fn admitted((at, prompt): &(Duration, Prompt)) -> Admitted {
    Admitted {
        at_us: micros(*at),
        last_user: prompt.last_user.clone(),
        prompt_hash: format!("{:016x}", prompt.hash),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// One request in flight.
#[derive(Debug)]
pub(crate) struct Visit {
    tally: Tally,
    number: u64,
    answered: bool,
    /// Ends with the visit.
    admission: Option<Admission>,
}

impl Visit {
    /// Its number since the start: tells requests apart in ids.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn asked(&self, prompt: &Prompt) {
        if let Some(record) = self.tally.lock().record(self.number) {
            record.prompt = Some(prompt.for_the_record());
        }
    }

    /// The limits let it in.
    pub(crate) fn admitted(&mut self, now: Duration, admission: Admission, prompt: &Prompt) {
        self.admission = Some(admission);
        self.tally.lock().admit(now, prompt.for_the_record());
    }

    /// Its answer has so many tokens.
    pub(crate) fn wrote(&mut self, tokens: usize) {
        if let Some(admission) = &mut self.admission {
            admission.answered(u64::try_from(tokens).unwrap_or(u64::MAX));
        }
    }

    pub(crate) fn answered(&mut self, outcome: Outcome) {
        self.answered = true;
        let mut counts = self.tally.lock();
        if self.number < counts.first {
            return;
        }
        if let Some(record) = counts.record(self.number) {
            record.outcome = outcome;
        }
        *counts.answers.entry(outcome).or_default() += 1;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.answered {
            self.answered(Outcome::Abandoned);
        }
        let admitted = u64::from(self.admission.is_some());
        let mut counts = self.tally.lock();
        counts.in_flight = counts.in_flight.saturating_sub(1);
        counts.concurrency = counts.concurrency.saturating_sub(admitted);
    }
}

#[cfg(test)]
mod tests;
