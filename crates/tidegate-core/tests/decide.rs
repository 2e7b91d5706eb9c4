//! The retry decision, row by row.

#[path = "decide/row.rs"]
mod row;

use row::{Row, check, failure, give_up, ms, requeue, retry, row};
use tidegate_core::retry::{Decision, GiveUp};
use tidegate_core::{Backoff, Delivery, Failure, FailureKind, Status};

#[test]
fn transient_failures_are_retried_with_the_backoff_until_the_count_is_reached() {
    use FailureKind::{
        Disconnected, NotStarted, Overloaded, ServerError, StreamBroken, Unreachable,
    };
    let mut rows: Vec<Row> = [
        ServerError,
        Overloaded,
        NotStarted,
        Unreachable,
        Disconnected,
        StreamBroken,
    ]
    .map(|kind| row(kind.words(), failure(kind), retry(100)))
    .into();
    rows.extend([
        row("second delay doubles", failure(ServerError), retry(200)).situation(|s| s.retries = 1),
        row("last allowed retry", failure(ServerError), retry(400)).situation(|s| s.retries = 2),
        row(
            "one past the count",
            failure(ServerError),
            give_up(GiveUp::AttemptsExhausted),
        )
        .situation(|s| s.retries = 3),
        row(
            "no retries unless asked for",
            failure(ServerError),
            give_up(GiveUp::AttemptsExhausted),
        )
        .policy(|p| p.max_retries = 0),
        row(
            "the dice count when jitter is on",
            failure(ServerError),
            retry(75),
        )
        .policy(|p| p.backoff.jitter = 0.5)
        .situation(|s| s.roll = 0.5),
        row(
            "count spent, but another target",
            failure(ServerError),
            Decision::Fallback,
        )
        .situation(|s| {
            s.retries = 3;
            s.targets_left = 1;
        }),
        row(
            "the same target first, while it may",
            failure(ServerError),
            retry(100),
        )
        .situation(|s| s.targets_left = 1),
    ]);
    check(rows);
}

#[test]
fn rate_limits_go_back_to_the_queue_one_spacing_apart() {
    use FailureKind::RateLimited;
    let asked = |millis| failure(RateLimited).with_retry_after(Some(ms(millis)));
    check(vec![
        row(
            "without a hint: the backoff",
            failure(RateLimited),
            requeue(100, 100),
        ),
        row("a hint is a floor", asked(2_000), requeue(2_000, 100)),
        row("never sooner than the backoff", asked(1), requeue(100, 100)),
        row(
            "exactly the longest obeyed",
            asked(5_000),
            requeue(5_000, 100),
        ),
        row(
            "longer is refused, not clipped",
            asked(5_001),
            give_up(GiveUp::ServerAskedTooLong),
        ),
        row("longer falls back", asked(5_001), Decision::Fallback)
            .situation(|s| s.targets_left = 1),
        row(
            "short enough to wait though another could answer",
            asked(2_000),
            requeue(2_000, 100),
        )
        .situation(|s| s.targets_left = 1),
        row(
            "another answers sooner than that",
            asked(2_001),
            Decision::Fallback,
        )
        .situation(|s| s.targets_left = 1),
        row(
            "a backoff somebody chose is not the server's wish",
            failure(RateLimited),
            requeue(3_000, 3_000),
        )
        .policy(|p| p.backoff = Backoff::exact(ms(3_000)))
        .situation(|s| s.targets_left = 1),
        row(
            "longer is said even when nothing is left",
            asked(5_001),
            give_up(GiveUp::ServerAskedTooLong),
        )
        .situation(|s| s.retries = 3),
        row(
            "a rate limit uses a retry",
            failure(RateLimited),
            give_up(GiveUp::AttemptsExhausted),
        )
        .situation(|s| s.retries = 3),
        row(
            "the retry budget does not count rate limits",
            failure(RateLimited),
            requeue(100, 100),
        )
        .situation(|s| s.budget_left = false),
    ]);
}

#[test]
fn what_cannot_be_helped_is_never_retried() {
    use FailureKind::{
        AuthFailed, CommandFailed, CommandNotFound, ContentFiltered, ContextTooLong,
        InvalidRequest, NotFound, OutputTooLarge, PermissionDenied, QuotaExhausted,
        RequestTooLarge, Unsupported,
    };
    for kind in [
        AuthFailed,
        PermissionDenied,
        QuotaExhausted,
        NotFound,
        RequestTooLarge,
        ContextTooLong,
        OutputTooLarge,
        Unsupported,
        CommandNotFound,
        CommandFailed,
    ] {
        check(vec![
            row(kind.words(), failure(kind), give_up(GiveUp::Permanent)),
            row(
                "another target may serve",
                failure(kind),
                Decision::Fallback,
            )
            .situation(|s| s.targets_left = 1),
        ]);
    }
    check(vec![
        row(
            "refused content stops where nobody takes it",
            failure(ContentFiltered),
            give_up(GiveUp::Permanent),
        ),
        row(
            "and goes where somebody said that it may",
            failure(ContentFiltered),
            Decision::Fallback,
        )
        .situation(|s| s.targets_left = 1),
        row(
            "a wrong request is wrong everywhere",
            failure(InvalidRequest),
            give_up(GiveUp::Permanent),
        )
        .situation(|s| s.targets_left = 1),
    ]);
}

#[test]
fn time_outs_fall_back_first_and_are_retried_only_at_the_last_target() {
    use FailureKind::{AttemptTimeout, ConnectTimeout, FirstTokenTimeout, IdleTimeout, RunTimeout};
    for kind in [
        ConnectTimeout,
        FirstTokenTimeout,
        IdleTimeout,
        AttemptTimeout,
        RunTimeout,
    ] {
        let timeout = Failure::timeout(kind, ms(10));
        check(vec![
            row(kind.words(), timeout.clone(), Decision::Fallback)
                .situation(|s| s.targets_left = 1),
            row(kind.words(), timeout, retry(100)),
        ]);
    }
}

#[test]
fn an_unreadable_answer_is_asked_for_once_more() {
    let unreadable = failure(FailureKind::Malformed);
    check(vec![
        row("once", unreadable.clone(), retry(100)),
        row("not twice", unreadable, give_up(GiveUp::Permanent)).situation(|s| s.repeated = true),
        row(
            "other kinds may repeat",
            failure(FailureKind::ServerError),
            retry(100),
        )
        .situation(|s| s.repeated = true),
    ]);
}

#[test]
fn the_deadline_is_never_slept_past() {
    let broken = failure(FailureKind::ServerError);
    check(vec![
        row("a wait that just fits", broken.clone(), retry(100))
            .situation(|s| s.time_left = Some(ms(101))),
        row(
            "a wait that ends at the deadline",
            broken.clone(),
            give_up(GiveUp::DeadlineTooClose),
        )
        .situation(|s| s.time_left = Some(ms(100))),
        row("no deadline", broken.clone(), retry(100)).situation(|s| s.time_left = None),
        row(
            "no time to wait, time to fall back",
            broken.clone(),
            Decision::Fallback,
        )
        .situation(|s| {
            s.time_left = Some(ms(100));
            s.targets_left = 1;
        }),
        row("no time at all", broken, give_up(GiveUp::DeadlineTooClose)).situation(|s| {
            s.time_left = Some(ms(0));
            s.targets_left = 1;
        }),
    ]);
}

#[test]
fn a_rate_limit_goes_back_into_the_line_uncounted_while_its_wait_ends_before_the_deadline() {
    let in_line = |left, expected| {
        let asked = failure(FailureKind::RateLimited).with_retry_after(Some(ms(2_000)));
        row("two seconds", asked, expected).situation(|s| {
            (s.queued, s.retries, s.time_left) = (true, 3, left);
        })
    };
    check(vec![
        in_line(None, requeue(2_000, 0)),
        in_line(Some(ms(2_001)), requeue(2_000, 0)),
        in_line(Some(ms(2_000)), give_up(GiveUp::DeadlineTooClose)),
    ]);
}

#[test]
fn a_run_whose_time_is_up_says_so_even_when_no_retry_is_left() {
    check(vec![
        row(
            "time and retries are gone",
            Failure::timeout(FailureKind::RunTimeout, ms(9)),
            give_up(GiveUp::DeadlineTooClose),
        )
        .situation(|s| {
            s.time_left = Some(ms(0));
            s.retries = 3;
        }),
    ]);
}

#[test]
fn a_403_is_never_retried_whatever_is_advised_beside_it() {
    for status in [401, 403] {
        let refused = Failure {
            retry_advised: Some(true),
            ..failure(FailureKind::NotFound)
        };
        let refused = refused.with_status(Status::Http(status));
        check(vec![row("refused", refused, give_up(GiveUp::Permanent))]);
    }
}

#[test]
fn output_that_reached_the_caller_ends_all_tries() {
    let rows = vec![row(
        "after output",
        failure(FailureKind::StreamBroken),
        give_up(GiveUp::OutputStarted),
    )];
    let begun = |row: Row| {
        row.situation(|s| {
            s.output_started = true;
            s.targets_left = 1;
        })
    };
    check(rows.into_iter().map(begun).collect());
}

#[test]
fn what_may_have_been_billed_is_resent_only_where_allowed() {
    let unknown = Failure::new(FailureKind::Disconnected, Delivery::Unknown);
    let not_sent = Failure::new(FailureKind::Unreachable, Delivery::NotSent);
    check(vec![
        row("allowed", unknown.clone(), retry(100)),
        row(
            "forbidden",
            unknown.clone(),
            give_up(GiveUp::ResendForbidden),
        )
        .policy(|p| p.resend_unknown = false),
        row(
            "forbidden elsewhere too",
            unknown,
            give_up(GiveUp::ResendForbidden),
        )
        .policy(|p| p.resend_unknown = false)
        .situation(|s| s.targets_left = 1),
        row("never sent is no resend", not_sent, retry(100)).policy(|p| p.resend_unknown = false),
    ]);
}

#[test]
fn a_spent_budget_stops_retries_of_transient_failures() {
    check(vec![
        row(
            "stops",
            failure(FailureKind::ServerError),
            give_up(GiveUp::BudgetExhausted),
        )
        .situation(|s| s.budget_left = false),
        row(
            "may fall back",
            failure(FailureKind::ServerError),
            Decision::Fallback,
        )
        .situation(|s| {
            s.budget_left = false;
            s.targets_left = 1;
        }),
    ]);
}

#[test]
fn the_servers_advice_bends_the_class_but_never_towards_a_refused_credential() {
    use FailureKind::{
        AuthFailed, InvalidRequest, NotFound, PermissionDenied, QuotaExhausted, RateLimited,
        ServerError,
    };
    let advised = |kind, advice| Failure {
        retry_advised: Some(advice),
        ..failure(kind)
    };
    check(vec![
        row(
            "told not to",
            advised(ServerError, false),
            give_up(GiveUp::Permanent),
        ),
        row(
            "told not to, rate limited",
            advised(RateLimited, false),
            give_up(GiveUp::Permanent),
        ),
        row(
            "told not to: elsewhere may",
            advised(ServerError, false),
            Decision::Fallback,
        )
        .situation(|s| s.targets_left = 1),
        row(
            "told not to and at fault itself",
            advised(InvalidRequest, false),
            give_up(GiveUp::Permanent),
        )
        .situation(|s| s.targets_left = 1),
        row("told to", advised(InvalidRequest, true), retry(100)),
        row("told to", advised(NotFound, true), retry(100)),
        row(
            "never a credential",
            advised(AuthFailed, true),
            give_up(GiveUp::Permanent),
        ),
        row(
            "never a permission",
            advised(PermissionDenied, true),
            give_up(GiveUp::Permanent),
        ),
        row(
            "never a quota",
            advised(QuotaExhausted, true),
            give_up(GiveUp::Permanent),
        ),
    ]);
}
