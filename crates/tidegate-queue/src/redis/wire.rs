//! Questions as the scripts take them, answers as they give them.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use redis::{Cmd, Value};
use tidegate_core::quota::{
    Dimension, Limit, Limits, Metering, Priority, QuotaState, Refusal, Waiting,
};
use tidegate_core::{Cost, ObservedLimits, Timestamp};

use crate::orders::Row;
use crate::store::{Ask, Holder, LastKnown, Report, StoreError, Turn};

/// Beyond this, a script's numbers are not exact. In microseconds: 142 years.
const LARGEST: u64 = 1 << 52;

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros())
        .unwrap_or(LARGEST)
        .min(LARGEST)
}

/// Numbers as the scripts take them: exact up to [`LARGEST`].
#[derive(Default)]
pub(super) struct Numbers(Vec<u8>);

impl Numbers {
    #[expect(clippy::cast_precision_loss, reason = "they are small enough")]
    pub(super) fn put(&mut self, number: u64) -> &mut Self {
        let number = number.min(LARGEST) as f64;
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    /// -1 for none.
    pub(super) fn put_some(&mut self, number: Option<u64>) -> &mut Self {
        if let Some(number) = number {
            return self.put(number);
        }
        self.0.extend_from_slice(&(-1_f64).to_le_bytes());
        self
    }

    pub(super) fn tell(&self, command: &mut Cmd) {
        command.arg(&self.0[..]);
    }
}

/// Different in each process.
pub(super) fn random_number() -> String {
    format!("{:016x}", RandomState::new().hash_one("owner"))
}

/// What this process is called.
pub(super) fn label() -> String {
    let program = std::env::current_exe().ok();
    let program = program.as_deref().and_then(|path| path.file_name());
    let program = program.map(|name| name.to_string_lossy().into_owned());
    let host = rustix::system::uname();
    format!(
        "{} (process {} on {})",
        program.unwrap_or_default(),
        std::process::id(),
        host.nodename().to_string_lossy()
    )
}

/// Attempts that may be under way, our share, whether the outlook is wanted, and the configured limits.
pub(super) fn put_limits(numbers: &mut Numbers, limits: &Limits, with_outlook: bool) {
    numbers
        .put_some(limits.max_concurrency.map(u64::from))
        .put(u64::from(limits.share))
        .put(u64::from(with_outlook));
    for dimension in Dimension::ALL {
        if let Some(limit) = limits.dimensions[dimension.index()] {
            numbers
                .put(dimension.index() as u64 + 1)
                .put(limit.units)
                .put(limit.per)
                .put(limit.burst)
                .put(u64::from(limit.metering == Metering::Window));
        }
    }
}

pub(super) fn ask(ask: &Ask) -> Numbers {
    let mut numbers = Numbers::default();
    let priority = match ask.priority {
        Priority::Interactive => 0,
        Priority::Batch => 1,
    };
    put_cost(&mut numbers, ask.cost);
    numbers
        .put(priority)
        .put_some(ask.seq)
        .put_some(ask.within.map(micros));
    numbers
}

/// What, and what belongs to it.
pub(super) fn report(report: Report) -> (&'static str, Numbers) {
    let mut numbers = Numbers::default();
    let what = match report {
        Report::Accepted(seen) => {
            put_observed(&mut numbers, seen);
            "accepted"
        }
        Report::Settled(cost) => {
            put_cost(&mut numbers, cost);
            "settled"
        }
        Report::Ended => "ended",
        Report::Refused(Refusal::RateLimited { after }) => {
            numbers.put_some(after);
            "limited"
        }
        Report::Refused(Refusal::Overloaded { after }) => {
            numbers.put_some(after);
            "overloaded"
        }
        Report::Refused(Refusal::Exhausted { after }) => {
            numbers.put(after);
            "exhausted"
        }
        Report::Unsent => "unsent",
        Report::Left => "left",
    };
    (what, numbers)
}

fn put_cost(numbers: &mut Numbers, cost: Cost) {
    numbers
        .put(cost.requests)
        .put(cost.input_tokens)
        .put(cost.output_tokens);
}

fn put_observed(numbers: &mut Numbers, seen: ObservedLimits) {
    let all = [
        seen.requests,
        seen.tokens,
        seen.input_tokens,
        seen.output_tokens,
    ];
    for (place, seen) in (1..).zip(all) {
        if let Some(seen) = seen {
            numbers
                .put(place)
                .put(seen.limit)
                .put(seen.remaining)
                .put_some(seen.reset.map(micros));
        }
    }
}

/// The answer to a question or a report, and what else was told.
pub(super) fn answer(value: Value) -> Result<(Vec<Value>, Option<LastKnown>), StoreError> {
    let Value::Array(mut answer) = value else {
        return Err(unreadable());
    };
    let known = match answer.pop() {
        Some(Value::Array(outlook)) => Some(last_known(outlook)?),
        Some(word) => {
            answer.push(word);
            None
        }
        None => None,
    };
    Ok((answer, known))
}

pub(super) fn turn(answer: Vec<Value>) -> Result<Turn, StoreError> {
    let mut words = answer.into_iter();
    let what: String = next(&mut words)?;
    Ok(match what.as_str() {
        "go" => Turn::Go {
            index: next(&mut words)?,
            seq: next(&mut words)?,
        },
        "wait" => Turn::Wait {
            after: Duration::from_micros(next(&mut words)?),
            seq: next(&mut words)?,
            why: why(&next::<String>(&mut words)?)?,
            ahead: next(&mut words)?,
            by_size: next(&mut words)?,
            gap: known(next(&mut words)?).map(Duration::from_micros),
        },
        "refused" => Turn::Refused {
            after: known(next(&mut words)?).map(Duration::from_micros),
        },
        "closed" => Turn::Closed {
            after: Duration::from_micros(next(&mut words)?),
        },
        _ => return Err(unreadable()),
    })
}

fn why(word: &str) -> Result<Waiting, StoreError> {
    Ok(match word {
        "pace" => Waiting::Pace,
        "barrier" => Waiting::Barrier,
        "probe" => Waiting::Probe,
        "room" => Waiting::Room,
        _ => return Err(unreadable()),
    })
}

fn last_known(parts: Vec<Value>) -> Result<LastKnown, StoreError> {
    let mut parts = parts.into_iter();
    let start: i64 = next(&mut parts)?;
    let most: i64 = next(&mut parts)?;
    let sharers = next(&mut parts)?;
    let pace: String = next(&mut parts)?;
    let told: Vec<u64> = next(&mut parts)?;
    let note: String = next(&mut parts)?;
    match note.as_str() {
        "clock" => tracing::warn!(
            "the clock of the queue's Redis was set back; a limit's state begins anew"
        ),
        "broken" => {
            tracing::warn!("a limit's state in the queue's Redis was broken; it begins anew");
        }
        _ => {}
    }
    let mut learned = [None; 4];
    for limit in told.chunks_exact(5) {
        let dimension = usize::try_from(limit[0]).unwrap_or_default();
        if let Some(slot) = learned.get_mut(dimension.wrapping_sub(1)) {
            *slot = Some(Limit {
                units: limit[1],
                per: limit[2],
                burst: limit[3],
                metering: if limit[4] == 1 {
                    Metering::Window
                } else {
                    Metering::Bucket
                },
            });
        }
    }
    Ok(LastKnown {
        next: Duration::from_micros(known(start).unwrap_or_default()),
        most: known(most).and_then(|most| u32::try_from(most).ok()),
        sharers,
        pace: pace.parse().ok(),
        learned,
    })
}

/// Numbers that may be unknown are told as -1 then.
fn known(number: i64) -> Option<u64> {
    u64::try_from(number).ok()
}

/// One limit of the status; `None` where its state has expired.
pub(super) fn row(key: String, value: Value) -> Result<Option<Row>, StoreError> {
    let Value::Array(parts) = value else {
        return Err(unreadable());
    };
    if parts.is_empty() {
        return Ok(None);
    }
    let mut words = parts.into_iter();
    let now = Timestamp::from_micros(next(&mut words)?);
    let text: String = next(&mut words)?;
    let holders: Vec<(String, u32, u64)> = next(&mut words)?;
    let holders = holders.into_iter().map(|(name, attempts, expires)| Holder {
        name,
        attempts,
        expires: Duration::from_micros(expires),
    });
    Ok(Some(Row {
        key,
        now,
        state: state(&text)?,
        holders: holders.collect(),
    }))
}

/// A script writes a pace's floating numbers as text; here they are kept as their bits.
fn state(text: &str) -> Result<QuotaState, StoreError> {
    let mut state: serde_json::Value = serde_json::from_str(text).map_err(|_| unreadable())?;
    for name in ["rate", "dip"] {
        if let Some(number) = state.pointer_mut(&format!("/pace/{name}")) {
            let exact = number.as_str().and_then(|text| text.parse::<f64>().ok());
            *number = exact.ok_or_else(unreadable)?.to_bits().into();
        }
    }
    serde_json::from_value(state).map_err(|_| unreadable())
}

fn next<T: redis::FromRedisValue>(
    words: &mut impl Iterator<Item = Value>,
) -> Result<T, StoreError> {
    let word = words.next().ok_or_else(unreadable)?;
    T::from_redis_value(word).map_err(|_| unreadable())
}

fn unreadable() -> StoreError {
    StoreError("Redis: its answer cannot be read".to_owned())
}
