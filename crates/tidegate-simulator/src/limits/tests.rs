use super::*;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Feeds requests at the given times (ms) and notes the wait of each (ms).
fn waits(limit: Limit, rejects_cost: bool, arrivals: &[u64]) -> Vec<u128> {
    let mut meter = Meter::new(&[limit], rejects_cost);
    arrivals
        .iter()
        .map(|&at| {
            meter
                .take(ms(at))
                .map_or_else(|no| no.wait.as_millis(), |()| 0)
        })
        .collect()
}

#[test]
fn a_bucket_lets_the_burst_in_and_then_one_a_period() {
    let limit = Limit::per_second(10, 3);
    let table: [(&[u64], &[u128]); 6] = [
        (&[0, 0, 0], &[0, 0, 0]),
        (&[0, 0, 0, 0], &[0, 0, 0, 100]),
        (&[0, 0, 0, 99, 100], &[0, 0, 0, 1, 0]),
        (&[0, 0, 0, 100, 100, 200], &[0, 0, 0, 0, 100, 0]),
        (&[0, 0, 0, 300, 300, 300, 300], &[0, 0, 0, 0, 0, 0, 100]),
        (
            &[0, 0, 0, 9_000, 9_000, 9_000, 9_000],
            &[0, 0, 0, 0, 0, 0, 100],
        ),
    ];
    for (arrivals, want) in table {
        assert_eq!(waits(limit, false, arrivals), want, "{arrivals:?}");
    }
}

#[test]
fn a_refused_request_is_free_unless_rejects_cost() {
    let limit = Limit::per_second(10, 1);
    assert_eq!(waits(limit, false, &[0, 0, 0, 100]), [0, 100, 100, 0]);
    assert_eq!(waits(limit, true, &[0, 0, 0, 100]), [0, 200, 200, 200]);
}

#[test]
fn whoever_obeys_is_let_in_even_when_rejects_cost() {
    let limit = Limit::per_second(10, 1);
    assert_eq!(waits(limit, true, &[0, 0, 200]), [0, 200, 0]);
    assert_eq!(waits(limit, false, &[0, 0, 100]), [0, 100, 0]);
}

#[test]
fn the_debt_of_refused_requests_is_bounded_by_the_burst() {
    let limit = Limit::per_second(10, 2);
    let mut arrivals = vec![0; 50];
    arrivals.extend([299, 300]);
    let waits = waits(limit, true, &arrivals);
    assert_eq!(waits[49], 300, "two tokens of debt and one to earn");
    assert_eq!(waits[50], 101, "the refusal 1 ms too early cost a token");
    assert_eq!(waits[51], 200);
}

#[test]
fn a_window_admits_its_number_and_opens_again_at_the_edge() {
    let limit = Limit::window(2, ms(1_000));
    let table: [(&[u64], &[u128]); 4] = [
        (&[0, 0, 0], &[0, 0, 1_000]),
        (&[400, 500, 600, 999, 1_000], &[0, 0, 400, 1, 0]),
        (&[900, 999, 1_000, 1_001, 1_002], &[0, 0, 0, 0, 998]),
        (&[0, 0, 5_500, 5_500, 5_500], &[0, 0, 0, 0, 500]),
    ];
    for (arrivals, want) in table {
        assert_eq!(waits(limit, false, arrivals), want, "{arrivals:?}");
    }
    assert_eq!(waits(limit, true, &[0, 0, 0, 1_000]), [0, 0, 1_000, 0]);
}

#[test]
fn zeros_count_as_one_instead_of_never() {
    assert_eq!(waits(Limit::per_second(0, 0), false, &[0, 0]), [0, 1_000]);
    assert_eq!(waits(Limit::window(0, ms(50)), false, &[0, 0]), [0, 50]);
}

#[test]
fn several_limits_refuse_with_the_longest_wait_and_charge_none() {
    let limits = [Limit::per_second(10, 2), Limit::window(3, ms(1_000))];
    let mut meter = Meter::new(&limits, false);
    assert_eq!(meter.take(ms(0)), Ok(()));
    assert_eq!(meter.take(ms(0)), Ok(()));
    assert_eq!(meter.take(ms(0)).map_err(|no| no.wait), Err(ms(100)));
    assert_eq!(
        meter.take(ms(100)),
        Ok(()),
        "the window was not charged for the refusal"
    );
    let refused = meter
        .take(ms(200))
        .map_err(|no| (no.wait, no.standing.limit));
    assert_eq!(refused, Err((ms(800), 3)), "now the window says no");
}

#[test]
fn no_limits_refuse_nothing_and_have_no_standing() {
    let mut meter = Meter::default();
    assert_eq!(meter.take(ms(0)), Ok(()));
    assert_eq!(meter.standing(ms(0)), None);
}

#[test]
fn the_standing_tells_what_is_left_and_when_it_is_whole_again() {
    let mut meter = Meter::new(&[Limit::per_second(10, 3)], false);
    let standing = |meter: &Meter, at| {
        let standing = meter.standing(ms(at)).unwrap();
        (standing.limit, standing.remaining, standing.reset)
    };
    assert_eq!(standing(&meter, 0), (3, 3, ms(0)));
    meter.take(ms(0)).unwrap();
    meter.take(ms(0)).unwrap();
    assert_eq!(standing(&meter, 0), (3, 1, ms(200)));
    assert_eq!(
        standing(&meter, 50),
        (3, 1, ms(150)),
        "half a request is none"
    );
    assert_eq!(standing(&meter, 100), (3, 2, ms(100)));
    assert_eq!(standing(&meter, 5_000), (3, 3, ms(0)));

    let mut meter = Meter::new(&[Limit::window(2, ms(1_000))], false);
    meter.take(ms(300)).unwrap();
    assert_eq!(standing(&meter, 300), (2, 1, ms(700)));
    assert_eq!(standing(&meter, 1_000), (2, 2, ms(1_000)));
}

#[test]
fn windows_and_hints_are_read_from_text() {
    assert_eq!("10/1s".parse(), Ok(Limit::window(10, ms(1_000))));
    assert_eq!("300 / 1m".parse(), Ok(Limit::window(300, ms(60_000))));
    for bad in ["10", "0/1s", "10/0", "10/5", "x/1s", "/"] {
        assert!(bad.parse::<Limit>().is_err(), "{bad}");
    }
    assert_eq!("date".parse(), Ok(Hint::Date));
    let error = "soon".parse::<Hint>().unwrap_err().to_string();
    assert_eq!(error, "`soon` is no hint: none, seconds, exact, ms or date");
}
