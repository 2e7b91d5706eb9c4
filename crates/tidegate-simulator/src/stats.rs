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
    /// Requests not yet answered to the last byte.
    pub in_flight: u64,
    /// The most that were in flight at once.
    pub max_in_flight: u64,
    /// Answers still in the script.
    pub script_remaining: u64,
    /// The last [`KEPT_REQUESTS`] requests, in order of arrival.
    pub seen: Vec<Seen>,
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
    limited: u64,
    in_flight: u64,
    max_in_flight: u64,
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

    pub(crate) fn limited(&self) {
        self.lock().limited += 1;
    }

    pub(crate) fn stats(&self, script_remaining: u64) -> Stats {
        let counts = self.lock();
        let answers = counts.answers.iter();
        Stats {
            requests: counts.requests,
            answers: answers
                .map(|(outcome, count)| (outcome.to_string(), *count))
                .collect(),
            limited: counts.limited,
            in_flight: counts.in_flight,
            max_in_flight: counts.max_in_flight,
            script_remaining,
            seen: counts.seen.iter().map(Record::seen).collect(),
        }
    }

    /// Forgets all but what is in flight.
    pub(crate) fn reset(&self) {
        let mut counts = self.lock();
        *counts = Counts {
            in_flight: counts.in_flight,
            max_in_flight: counts.in_flight,
            next: counts.next,
            first: counts.next,
            ..Counts::default()
        };
    }
}

impl Counts {
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
            at_us: u64::try_from(self.arrival.at.as_micros()).unwrap_or(u64::MAX),
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
    pub(crate) fn admitted(&mut self, admission: Admission) {
        self.admission = Some(admission);
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
        let mut counts = self.tally.lock();
        counts.in_flight = counts.in_flight.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_in_flight_and_its_maximum() {
        let tally = Tally::default();
        let (mut one, two) = (
            tally.arrive(Arrival::default()),
            tally.arrive(Arrival::default()),
        );
        one.answered(Outcome::Status(200));
        drop(one);
        let stats = tally.stats(0);
        assert_eq!(
            (stats.requests, stats.in_flight, stats.max_in_flight),
            (2, 1, 2)
        );
        drop(two);
        let stats = tally.stats(0);
        assert_eq!(stats.in_flight, 0);
        assert_eq!(stats.answers["200"], 1);
        assert_eq!(stats.answers["abandoned"], 1);
        assert_eq!(stats.seen[1].status, Outcome::Abandoned);
    }

    #[test]
    fn keeps_the_last_requests_and_counts_all() {
        let tally = Tally::default();
        let mut first = tally.arrive(Arrival::default());
        for micros in 1..=KEPT_REQUESTS {
            let at = Duration::from_micros(u64::try_from(micros).unwrap());
            let arrival = Arrival {
                at,
                ..Arrival::default()
            };
            tally.arrive(arrival).answered(Outcome::Status(200));
        }
        first.answered(Outcome::Status(503));
        let stats = tally.stats(0);
        assert_eq!(stats.requests, 10_001);
        assert_eq!(stats.seen.len(), KEPT_REQUESTS);
        assert_eq!(stats.seen[0].at_us, 1);
        assert!(
            stats
                .seen
                .iter()
                .all(|seen| seen.status == Outcome::Status(200))
        );
    }

    #[test]
    fn a_reset_keeps_what_is_in_flight_and_ignores_its_answer() {
        let tally = Tally::default();
        let mut old = tally.arrive(Arrival::default());
        tally.reset();
        let _new = tally.arrive(Arrival::default());
        old.answered(Outcome::Status(500));
        let stats = tally.stats(0);
        assert_eq!(
            (stats.requests, stats.in_flight, stats.max_in_flight),
            (1, 2, 2)
        );
        assert_eq!(stats.seen.len(), 1);
        assert_eq!(stats.seen[0].status, Outcome::Pending);
        assert!(stats.answers.is_empty());
    }

    #[test]
    fn outcomes_are_numbers_words_or_null_in_json() {
        let json = |outcome: Outcome| serde_json::to_string(&outcome).unwrap();
        assert_eq!(json(Outcome::Status(429)), "429");
        assert_eq!(json(Outcome::Reset), "\"reset\"");
        assert_eq!(json(Outcome::Pending), "null");
    }
}
