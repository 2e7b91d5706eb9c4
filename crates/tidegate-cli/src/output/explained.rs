//! What `tidegate explain` says.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use tidegate::explain::{Course, Explanation};
use tidegate::{Decision, Delivery, Failure, FailureClass, RetryPolicy, Spell};

use crate::exit::Exit;
use crate::output::{advice, json};

/// The most waits that are told one by one.
const TOLD: usize = 5;

#[derive(Serialize)]
struct Document<'e> {
    failure: Option<&'e Failure>,
    words: Option<&'static str>,
    class: Option<&'static str>,
    rule: Option<String>,
    wait_header: Option<&'e str>,
    output_started: bool,
    max_retries: Option<u32>,
    alone: Option<Steps<'e>>,
    with_fallback: Option<Steps<'e>>,
    exit_code: u8,
    detail: Option<&'e str>,
    advice: Option<&'static str>,
}

#[derive(Serialize)]
struct Steps<'e> {
    waits_ms: Vec<f64>,
    queued: bool,
    end: Option<&'e Decision>,
}

impl<'e> Steps<'e> {
    fn of(course: &'e Course) -> Self {
        let waits = course.waits.iter();
        Self {
            waits_ms: waits.map(|wait| wait.as_secs_f64() * 1e3).collect(),
            queued: course.queued,
            end: course.end.as_ref(),
        }
    }
}

/// Prints an explanation as one JSON object.
pub(crate) fn print_json(explanation: Option<&Explanation>) -> io::Result<()> {
    let kind = explanation.map(|explanation| explanation.failure.kind);
    let detail = explanation.map(|explanation| explanation.failure.detail.as_str());
    json::write(&Document {
        failure: explanation.map(|explanation| &explanation.failure),
        words: kind.map(tidegate::FailureKind::words),
        class: kind.map(|kind| class(kind.class()).0),
        rule: explanation.map(|explanation| explanation.rule.to_string()),
        wait_header: explanation.and_then(|explanation| explanation.wait_header.as_deref()),
        output_started: explanation.is_some_and(|explanation| explanation.output_started),
        max_retries: explanation.map(|explanation| explanation.policy.max_retries),
        alone: explanation.map(|explanation| Steps::of(&explanation.alone)),
        with_fallback: explanation.map(|explanation| Steps::of(&explanation.with_fallback)),
        exit_code: kind.map_or(Exit::Done, Exit::of_failure).code(),
        detail: detail.filter(|detail| !detail.is_empty()),
        advice: kind.map(advice::about),
    })
}

/// Prints an explanation for people.
pub(crate) fn print(explanation: Option<&Explanation>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let Some(explanation) = explanation else {
        return writeln!(stdout, "an answer: nothing failed");
    };
    writeln!(stdout, "{}", explanation.failure)?;
    for (name, what) in lines(explanation) {
        writeln!(stdout, "  {name:<14}{what}")?;
    }
    stdout.flush()
}

fn lines(explanation: &Explanation) -> Vec<(&'static str, String)> {
    let Explanation {
        failure, policy, ..
    } = explanation;
    let mut lines = vec![
        ("kind", snake_case(failure)),
        ("because of", explanation.rule.to_string()),
        ("class", class(failure.kind.class()).1.to_owned()),
        ("delivery", delivery(failure.delivery).to_owned()),
    ];
    if let Some(asked) = failure.retry_after {
        let place = explanation.wait_header.as_ref();
        let place = place.map_or("its words".to_owned(), |name| {
            format!("the header `{name}`")
        });
        lines.push(("asks to wait", format!("{}, in {place}", Spell(asked))));
    }
    if let Some(advised) = failure.retry_advised {
        let what = if advised { "to retry" } else { "not to retry" };
        lines.push(("advises", format!("{what}, in the header `x-should-retry`")));
    }
    let retries = policy.max_retries;
    let alone = format!(
        "{} (max_retries = {retries})",
        course(&explanation.alone, policy)
    );
    lines.push(("then", alone));
    lines.push(("with fallback", course(&explanation.with_fallback, policy)));
    if explanation.output_started {
        let what =
            "output came before it: with `delivery = \"live\"` nothing is repeated behind it";
        lines.push(("but", what.to_owned()));
    }
    let exit = Exit::of_failure(failure.kind).code();
    lines.push(("exit code", format!("{exit}, if a run ends like this")));
    if !failure.detail.is_empty() {
        lines.push(("it said", failure.detail.as_str().to_owned()));
    }
    lines.push(("what to do", advice::about(failure.kind).to_owned()));
    lines
}

/// The code that JSON has for the kind.
fn snake_case(failure: &Failure) -> String {
    match serde_json::to_value(failure.kind) {
        Ok(serde_json::Value::String(code)) => code,
        _ => String::new(),
    }
}

/// A class as a program reads it, and as a person does.
const fn class(class: FailureClass) -> (&'static str, &'static str) {
    match class {
        FailureClass::RateLimit => (
            "rate_limit",
            "rate limit: wait for the limit, then the same again",
        ),
        FailureClass::Transient => ("transient", "transient: the same again may well succeed"),
        FailureClass::Timeout => (
            "timeout",
            "time-out: somebody else first, the same again only where nobody is left",
        ),
        FailureClass::Unreadable => ("unreadable", "unreadable: the same again, once"),
        FailureClass::Target => (
            "target",
            "target: never again here; another target may serve",
        ),
        FailureClass::Request => (
            "request",
            "request: never again anywhere, since the request is at fault",
        ),
    }
}

const fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::NotSent => "not sent: it never left",
        Delivery::Unknown => "unknown: it may have been served, and billed",
        Delivery::Answered => "answered: the provider got it and said so",
    }
}

/// `back to the queue for 2s, 2s, 4s, then gives up: no retries left`.
fn course(course: &Course, policy: &RetryPolicy) -> String {
    let at_once = course.waits.is_empty();
    let end = match course.end {
        Some(Decision::GiveUp { why }) => format!("gives up: {why}"),
        Some(Decision::Fallback) if at_once => "goes to the fallback at once".to_owned(),
        Some(Decision::Fallback) => "goes to the fallback".to_owned(),
        Some(Decision::Requeue { .. }) => {
            "back to its place in the queue until the limit lets it go; that is no retry".to_owned()
        }
        Some(Decision::Retry { .. }) | None => "so on".to_owned(),
    };
    if at_once {
        return end;
    }
    let how = if course.queued {
        "back to the queue for"
    } else {
        "tries again after"
    };
    let most = if policy.backoff.jitter > 0.0 {
        " up to"
    } else {
        ""
    };
    format!("{how}{most} {}, then {end}", waits(&course.waits))
}

fn waits(waits: &[Duration]) -> String {
    let told = waits.iter().take(TOLD).map(|wait| Spell(*wait).to_string());
    let more = waits.len().saturating_sub(TOLD);
    let rest = (more > 0).then(|| format!("... ({more} more)"));
    told.chain(rest).collect::<Vec<_>>().join(", ")
}
