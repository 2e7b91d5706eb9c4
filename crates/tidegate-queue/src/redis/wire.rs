//! Questions as the scripts take them, answers as they give them.

use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use redis::{Cmd, Value};
use tidegate_core::quota::{
    Dimension, Limit, Limits, Metering, Priority, QuotaState, Refusal, Waiting,
};
use tidegate_core::{ObservedLimits, Timestamp};

use crate::store::{Ask, Holder, LastKnown, Report, StoreError, Turn};

/// Beyond this, a script's numbers are not exact. In microseconds: 142 years.
const LARGEST: u64 = 1 << 52;

/// One limit as it was read.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) now: Timestamp,
    pub(super) state: QuotaState,
    pub(super) holders: Vec<Holder>,
}

fn number(number: u64) -> u64 {
    number.min(LARGEST)
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros())
        .unwrap_or(LARGEST)
        .min(LARGEST)
}

/// A number, or nothing.
fn put(command: &mut Cmd, number: Option<u64>) {
    match number {
        Some(number) => command.arg(self::number(number)),
        None => command.arg(""),
    };
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

/// The configured limits, attempts that may be under way, our share.
pub(super) fn put_limits(command: &mut Cmd, limits: &Limits) {
    let mut text = String::new();
    for dimension in Dimension::ALL {
        if let Some(limit) = limits.dimensions[dimension.index()] {
            let kind = match limit.metering {
                Metering::Bucket => 'b',
                Metering::Window => 'w',
            };
            let [units, per, burst] = [limit.units, limit.per, limit.burst].map(number);
            let place = dimension.index() + 1;
            // Writing to a string does not fail.
            let _ = write!(text, "{place} {units} {per} {burst} {kind};");
        }
    }
    command.arg(text);
    put(command, limits.max_concurrency.map(u64::from));
    command.arg(limits.share);
}

/// `op` is its number among those of all processes.
pub(super) fn put_ask(command: &mut Cmd, op: &str, ask: &Ask) {
    let cost = ask.cost;
    command.arg(op);
    for part in [cost.requests, cost.input_tokens, cost.output_tokens] {
        command.arg(number(part));
    }
    command.arg(match ask.priority {
        Priority::Interactive => 0,
        Priority::Batch => 1,
    });
    put(command, ask.seq);
    put(command, ask.within.map(micros));
}

pub(super) fn put_report(command: &mut Cmd, report: Report) {
    let refused = |command: &mut Cmd, how, after| {
        command.arg(how);
        put(command, after);
    };
    match report {
        Report::Accepted(seen) => {
            command.arg("accepted").arg(observed(seen));
        }
        Report::Settled(cost) => {
            command.arg("settled");
            for part in [cost.requests, cost.input_tokens, cost.output_tokens] {
                command.arg(number(part));
            }
        }
        Report::Ended => {
            command.arg("ended");
        }
        Report::Refused(Refusal::RateLimited { after }) => refused(command, "limited", after),
        Report::Refused(Refusal::Overloaded { after }) => refused(command, "overloaded", after),
        Report::Refused(Refusal::Exhausted { after }) => {
            refused(command, "exhausted", Some(after));
        }
        Report::Unsent => {
            command.arg("unsent");
        }
        Report::Left => {
            command.arg("left");
        }
    }
}

fn observed(seen: ObservedLimits) -> String {
    let all = [
        seen.requests,
        seen.tokens,
        seen.input_tokens,
        seen.output_tokens,
    ];
    let mut text = String::new();
    for (place, seen) in (1..).zip(all) {
        let Some(seen) = seen else { continue };
        let [limit, remaining] = [seen.limit, seen.remaining].map(number);
        let reset = seen.reset.map(|reset| micros(reset).to_string());
        let reset = reset.unwrap_or_default();
        // Writing to a string does not fail.
        let _ = write!(text, "{place} {limit} {remaining} {reset};");
    }
    text
}

/// The answer to a question or a report, and what else was told.
pub(super) fn answer(value: Value) -> Result<(Vec<Value>, Option<LastKnown>), StoreError> {
    let Value::Array(parts) = value else {
        return Err(unreadable());
    };
    let mut parts = parts.into_iter();
    let answer = match parts.next() {
        Some(Value::Array(answer)) => answer,
        Some(_) => return Err(unreadable()),
        None => Vec::new(),
    };
    let known = parts.next().map(last_known).transpose()?;
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

fn last_known(value: Value) -> Result<LastKnown, StoreError> {
    let Value::Array(parts) = value else {
        return Err(unreadable());
    };
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
