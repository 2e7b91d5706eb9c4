//! When a target is passed by, row by row.

use tidegate_core::{Circuit, FailureKind, Timestamp};

const DOWN: FailureKind = FailureKind::Overloaded;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_secs(1_000 + seconds)
}

/// One that opened at 0.
fn open() -> Circuit {
    let mut circuit = Circuit::default();
    for _ in 0..5 {
        circuit.failed(DOWN, at(0));
    }
    circuit
}

/// The first second at which it lets anybody through, none of whom reports.
fn opens(circuit: Circuit, from: u64) -> u64 {
    let mut seconds = from..from + 1_000;
    let opens = seconds.find(|second| circuit.clone().admits(at(*second), 0.0));
    opens.expect("it opens within the longest pause")
}

#[test]
fn five_failures_in_a_row_open_it_for_ten_seconds() {
    let mut circuit = Circuit::default();
    for _ in 0..4 {
        circuit.failed(DOWN, at(0));
    }
    assert!(circuit.admits(at(0), 0.99), "four do not");
    circuit.failed(DOWN, at(0));
    assert_eq!(opens(circuit, 0), 10);
}

#[test]
fn a_success_between_begins_the_count_anew() {
    let mut circuit = Circuit::default();
    for round in 0..10 {
        for _ in 0..4 {
            circuit.failed(DOWN, at(round));
        }
        circuit.succeeded(at(round));
    }
    assert!(circuit.admits(at(10), 0.99) && circuit.is_clear());
}

#[test]
fn an_answer_that_refuses_the_request_shows_that_the_provider_is_there() {
    for kind in FailureKind::ALL {
        let mut circuit = Circuit::default();
        for _ in 0..4 {
            circuit.failed(DOWN, at(0));
        }
        circuit.failed(kind, at(0));
        circuit.failed(DOWN, at(0));
        let forgiven = circuit.admits(at(0), 0.99);
        let there = [
            FailureKind::RateLimited,
            FailureKind::AuthFailed,
            FailureKind::PermissionDenied,
            FailureKind::QuotaExhausted,
            FailureKind::NotFound,
            FailureKind::RequestTooLarge,
            FailureKind::ContextTooLong,
            FailureKind::ContentFiltered,
            FailureKind::InvalidRequest,
        ];
        assert_eq!(forgiven, there.contains(&kind), "{kind:?}");
    }
}

#[test]
fn what_shows_nothing_of_the_provider_changes_nothing() {
    for kind in [
        FailureKind::NotStarted,
        FailureKind::RunTimeout,
        FailureKind::StreamBroken,
        FailureKind::Malformed,
        FailureKind::OutputTooLarge,
        FailureKind::Unsupported,
        FailureKind::CommandNotFound,
        FailureKind::CommandFailed,
    ] {
        let mut circuit = Circuit::default();
        for _ in 0..9 {
            circuit.failed(kind, at(0));
        }
        assert!(circuit.is_clear(), "{kind:?}");
    }
}

#[test]
fn one_probe_goes_and_the_others_wait_for_it_a_minute_at_most() {
    let mut circuit = open();
    assert!(circuit.admits(at(10), 0.99));
    for second in 10..70 {
        assert!(!circuit.admits(at(second), 0.0), "{second}");
    }
    assert!(
        circuit.admits(at(70), 0.99),
        "nobody has heard of the probe"
    );
    assert!(!circuit.admits(at(70), 0.0));
}

#[test]
fn a_probe_that_fails_doubles_the_pause_up_to_two_minutes() {
    let (mut circuit, mut now) = (open(), 0);
    let mut pauses = Vec::new();
    for _ in 0..6 {
        let next = opens(circuit, now);
        pauses.push(next - now);
        assert!(circuit.admits(at(next), 0.5));
        circuit.failed(DOWN, at(next));
        now = next;
    }
    assert_eq!(pauses, [10, 20, 40, 80, 120, 120]);
}

#[test]
fn traffic_returns_little_by_little_within_thirty_seconds_of_a_good_probe() {
    let mut circuit = open();
    assert!(circuit.admits(at(10), 0.5));
    circuit.succeeded(at(10));
    for (second, roll, admitted) in [
        (10, 0.09, true),
        (10, 0.11, false),
        (25, 0.49, true),
        (25, 0.5, false),
        (25, 0.51, false),
        (40, 0.99, true),
    ] {
        assert_eq!(
            circuit.admits(at(second), roll),
            admitted,
            "{second} {roll}"
        );
    }
    circuit.succeeded(at(39));
    assert!(!circuit.is_clear());
    circuit.succeeded(at(40));
    assert!(circuit.is_clear());
}

#[test]
fn a_failure_during_slow_start_opens_it_again_for_longer() {
    let mut circuit = open();
    assert!(circuit.admits(at(10), 0.5));
    circuit.succeeded(at(10));
    circuit.failed(DOWN, at(12));
    assert_eq!(opens(circuit, 12), 32);
}

#[test]
fn what_was_sent_before_it_opened_does_not_prolong_it() {
    let mut circuit = open();
    for _ in 0..20 {
        circuit.failed(DOWN, at(9));
    }
    assert_eq!(opens(circuit, 9), 10);
}

#[test]
fn whoever_had_nowhere_else_to_go_and_was_served_brings_the_others_back() {
    let mut circuit = open();
    circuit.succeeded(at(3));
    assert!(circuit.admits(at(3), 0.05));
    assert!(!circuit.admits(at(3), 0.5));
}
