//! How limits stand.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use tidegate::config::StoreKind;
use tidegate::quota::{Dimension, Limit, Metering};
use tidegate::{KeyStatus, Spell};

use crate::output::json;

/// Prints every limit: as a few lines each, or all as one object.
pub(crate) fn print(known: &[KeyStatus], kind: StoreKind, as_json: bool) -> io::Result<()> {
    if as_json {
        return json::write(&document(known, kind));
    }
    let mut out = io::stdout().lock();
    if known.is_empty() {
        writeln!(out, "no limit is known")?;
    }
    for (number, limit) in known.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", limit.key)?;
        for (name, value) in lines(limit) {
            writeln!(out, "  {name:<10} {value}")?;
        }
    }
    out.flush()
}

/// Prints all as one line of JSON.
pub(crate) fn print_line(known: &[KeyStatus], kind: StoreKind) -> io::Result<()> {
    json::line(&document(known, kind))
}

fn lines(limit: &KeyStatus) -> Vec<(&'static str, String)> {
    let standing = &limit.standing;
    let mut lines = Vec::new();
    let limits = Dimension::ALL.iter().zip(standing.limits);
    let limits: Vec<_> = limits
        .filter_map(|(dimension, limit)| Some(allowed(*dimension, limit?)))
        .collect();
    if !limits.is_empty() {
        lines.push(("limits", limits.join(", ")));
    }
    if let Some(pace) = standing.pace {
        lines.push((
            "pace",
            format!("{} a second, found from refusals", short(pace)),
        ));
    }
    let until = |at: u64| Spell(whole(Duration::from_micros(at.saturating_sub(limit.now))));
    match (standing.closed_until, standing.barrier) {
        (Some(at), _) => lines.push(("closed", format!("for {}: a quota is spent", until(at)))),
        (None, Some(at)) => lines.push(("barrier", format!("nobody leaves for {}", until(at)))),
        (None, None) => {}
    }
    lines.push(("waiting", standing.waiting.to_string()));
    lines.push(("in flight", standing.in_flight.to_string()));
    for holder in &limit.holders {
        let expires = Spell(whole(holder.expires));
        let what = format!(
            "{} holds {}, for {expires} at least",
            holder.name, holder.attempts
        );
        lines.push(("", what));
    }
    if let Some(at) = standing.last_refused {
        let ago = Spell(whole(Duration::from_micros(limit.now.saturating_sub(at))));
        lines.push(("refused", format!("{ago} ago")));
    }
    lines
}

/// `500 requests a minute`, `30000 tokens in windows of 60s`.
fn allowed(dimension: Dimension, limit: Limit) -> String {
    let what = match dimension {
        Dimension::Requests => "requests",
        Dimension::Tokens => "tokens",
        Dimension::InputTokens => "tokens read",
        Dimension::OutputTokens => "tokens written",
    };
    let period = Spell(Duration::from_micros(limit.per));
    match limit.metering {
        Metering::Bucket => format!(
            "{} {what} per {period}, {} at once",
            limit.units, limit.burst
        ),
        Metering::Window => format!("{} {what} in windows of {period}", limit.units),
    }
}

/// Tenths of a second are noise to people from ten seconds on.
fn whole(time: Duration) -> Duration {
    if time < Duration::from_secs(10) {
        Duration::from_millis(time.as_millis().try_into().unwrap_or(u64::MAX))
    } else {
        Duration::from_secs(time.as_secs())
    }
}

fn short(rate: f64) -> String {
    if rate < 10.0 {
        format!("{rate:.2}")
    } else {
        format!("{rate:.0}")
    }
}

fn document(known: &[KeyStatus], kind: StoreKind) -> Document<'_> {
    Document {
        store: kind.to_string(),
        keys: known.iter().map(Row::of).collect(),
    }
}

#[derive(Serialize)]
struct Document<'k> {
    store: String,
    keys: Vec<Row<'k>>,
}

#[derive(Serialize)]
struct Row<'k> {
    key: &'k str,
    limits: Vec<Allowed>,
    /// Departures a second, where they were found from refusals.
    pace: Option<f64>,
    barrier_ms: Option<f64>,
    closed_ms: Option<f64>,
    waiting: usize,
    in_flight: u32,
    refused_ms_ago: Option<f64>,
    /// How often the rate was cut.
    cuts: u64,
    holders: Vec<Holder<'k>>,
}

#[derive(Serialize)]
struct Allowed {
    dimension: Dimension,
    #[serde(flatten)]
    limit: Limit,
}

#[derive(Serialize)]
struct Holder<'k> {
    name: &'k str,
    attempts: u32,
    expires_ms: f64,
}

impl<'k> Row<'k> {
    fn of(status: &'k KeyStatus) -> Self {
        let standing = &status.standing;
        let millis = |micros: u64| Duration::from_micros(micros).as_secs_f64() * 1e3;
        let until = |at: u64| millis(at.saturating_sub(status.now));
        let limits = Dimension::ALL.iter().zip(standing.limits);
        Self {
            key: &status.key,
            limits: limits
                .filter_map(|(&dimension, limit)| {
                    Some(Allowed {
                        dimension,
                        limit: limit?,
                    })
                })
                .collect(),
            pace: standing.pace,
            barrier_ms: standing.barrier.map(until),
            closed_ms: standing.closed_until.map(until),
            waiting: standing.waiting,
            in_flight: standing.in_flight,
            refused_ms_ago: standing
                .last_refused
                .map(|at| millis(status.now.saturating_sub(at))),
            cuts: standing.epoch,
            holders: status
                .holders
                .iter()
                .map(|holder| Holder {
                    name: &holder.name,
                    attempts: holder.attempts,
                    expires_ms: holder.expires.as_secs_f64() * 1e3,
                })
                .collect(),
        }
    }
}
