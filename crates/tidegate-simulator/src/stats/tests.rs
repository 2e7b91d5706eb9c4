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
