use super::*;

fn event(part: Part, text: &'static str) -> WireEvent {
    WireEvent {
        part,
        bytes: text.into(),
    }
}

fn three_tokens() -> impl Iterator<Item = WireEvent> {
    [
        event(Part::Opening, "role"),
        event(Part::Token, "a"),
        event(Part::Token, "b"),
        event(Part::Token, "data: {\"c\"}\n\n"),
        event(Part::Closing, "stop"),
        event(Part::Closing, "usage"),
        event(Part::Done, "done"),
    ]
    .into_iter()
}

/// The steps as one line: `role a | wait 5ms | ...`.
fn played(pacing: Pacing) -> String {
    let steps = Steps::new(three_tokens(), pacing).map(|step| match step {
        Step::Wait(duration) => format!("wait{}", duration.as_millis()),
        Step::Send(bytes) => String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned(),
        Step::Flush => "flush".to_owned(),
        Step::Stall => "STALL".to_owned(),
        Step::Break => "BREAK".to_owned(),
        Step::GoAway => "GOAWAY".to_owned(),
    });
    steps
        .collect::<Vec<_>>()
        .join(" ")
        .replace("data: {\"c\"}", "c")
}

fn with(fault: Fault) -> Pacing {
    Pacing {
        fault: Some((fault, "error".into())),
        ..Pacing::default()
    }
}

#[test]
fn a_fault_comes_after_its_tokens_and_at_the_latest_before_the_finish() {
    let server_error = ErrorKind::ServerError;
    let table = [
        (Fault::Cut(0), "role BREAK"),
        (Fault::Cut(2), "role a b BREAK"),
        (Fault::Cut(3), "role a b c BREAK"),
        (Fault::Cut(99), "role a b c BREAK"),
        (Fault::Stall(1), "role a STALL"),
        (
            Fault::Pause(1, Duration::from_millis(30)),
            "role a wait30 b c stop usage done",
        ),
        (Fault::GoAway(1), "role a GOAWAY"),
        (Fault::End(2), "role a b"),
        (Fault::Error(1, server_error), "role a error"),
        (Fault::Malformed(3), "role a b data: stop usage done"),
    ];
    for (fault, want) in table {
        assert_eq!(played(with(fault)), want, "{fault:?}");
    }
}

#[test]
fn waits_stand_before_the_first_event_and_between_tokens() {
    let pacing = Pacing {
        first_token: Duration::from_millis(20),
        token_delay: Duration::from_millis(5),
        ..Pacing::default()
    };
    assert_eq!(
        played(pacing),
        "wait20 role a wait5 b wait5 c stop usage done"
    );
}

#[test]
fn what_opens_a_stream_may_leave_before_the_wait() {
    let pacing = Pacing {
        first_token: Duration::from_millis(20),
        opens_early: true,
        ..Pacing::default()
    };
    assert_eq!(played(pacing), "role wait20 a b c stop usage done");
}

#[test]
fn the_end_may_lack_done_or_never_come() {
    let no_done = Pacing {
        no_done: true,
        ..Pacing::default()
    };
    assert_eq!(played(no_done.clone()), "role a b c stop usage");
    let held = Pacing {
        hold: true,
        ..no_done
    };
    assert_eq!(played(held), "role a b c stop usage STALL");
}

#[test]
fn a_whole_body_fails_half_way() {
    let body = Bytes::from_static(b"12345678");
    let half = Step::Send("1234".into());
    let steps = |fault| whole_body(&body, Some(&(fault, "error".into())));
    assert_eq!(whole_body(&body, None), [Step::Send(body.clone())]);
    assert_eq!(steps(Fault::Cut(40)), [half.clone(), Step::Break]);
    assert_eq!(steps(Fault::Stall(40)), [half.clone(), Step::Stall]);
    assert_eq!(steps(Fault::Malformed(1)), std::slice::from_ref(&half));
    assert_eq!(steps(Fault::GoAway(1)), [half.clone(), Step::GoAway]);
    let second = Duration::from_secs(1);
    let rest = Step::Send("5678".into());
    assert_eq!(
        steps(Fault::Pause(9, second)),
        [half, Step::Wait(second), rest]
    );
    let error = Fault::Error(1, ErrorKind::Overloaded);
    assert_eq!(steps(error), [Step::Send("error".into())]);
}

#[test]
fn every_kind_is_found_by_its_word_and_a_number_means_the_first() {
    for kind in ErrorKind::all() {
        assert_eq!(ErrorKind::named(kind.word()), Some(kind));
        assert_eq!(kind.row().0, kind, "in the table");
    }
    assert_eq!(
        ErrorKind::named("rate-limit-exceeded"),
        Some(ErrorKind::RateLimit)
    );
    assert_eq!(ErrorKind::of_status(429), Some(ErrorKind::RateLimit));
    assert_eq!(ErrorKind::of_status(400), Some(ErrorKind::InvalidRequest));
    assert_eq!(ErrorKind::of_status(418), None);
}
