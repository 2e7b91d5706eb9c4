use super::*;
use crate::factor::Factor;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Feeds requests at the given times (ms) and notes the wait of each (ms).
fn waits(limit: Limit, rejects_cost: bool, arrivals: &[u64]) -> Vec<u128> {
    let mut limiter = Limiter::new(&[limit]).rejects_cost(rejects_cost);
    let waits = arrivals.iter().map(|&at| wait(&mut limiter, at));
    waits.collect()
}

/// The wait (ms) of one request at that time (ms).
fn wait(limiter: &mut Limiter, at: u64) -> u128 {
    let refused = limiter.admit(ms(at), Cost::REQUEST).refused();
    refused.map_or(0, |refused| refused.wait.time().unwrap().as_millis())
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
    let mut limiter = Limiter::new(&limits);
    assert_eq!(wait(&mut limiter, 0), 0);
    assert_eq!(wait(&mut limiter, 0), 0);
    assert_eq!(wait(&mut limiter, 0), 100);
    assert_eq!(
        wait(&mut limiter, 100),
        0,
        "the window was not charged for it"
    );
    let refused = limiter.admit(ms(200), Cost::REQUEST).refused().unwrap();
    assert_eq!(refused.wait, Wait::Exactly(ms(800)));
    assert_eq!(
        (refused.limit, refused.standing.limit),
        (1, 3),
        "now the window says no"
    );
}

#[test]
fn no_limits_refuse_nothing_and_have_no_standing() {
    let mut limiter = Limiter::default();
    assert!(limiter.admit(ms(0), Cost::of(1_000, 1_000)).is_admitted());
    assert_eq!(limiter.standings(ms(0)).count(), 0);
}

#[test]
fn the_standing_tells_what_is_left_and_when_it_is_whole_again() {
    let mut limiter = Limiter::new(&[Limit::per_second(10, 3)]);
    assert_eq!(standing(&limiter, 0), (3, 3, ms(0)));
    assert_eq!(wait(&mut limiter, 0) + wait(&mut limiter, 0), 0);
    assert_eq!(standing(&limiter, 0), (3, 1, ms(200)));
    assert_eq!(
        standing(&limiter, 50),
        (3, 1, ms(150)),
        "half a request is none"
    );
    assert_eq!(standing(&limiter, 100), (3, 2, ms(100)));
    assert_eq!(standing(&limiter, 5_000), (3, 3, ms(0)));

    let mut limiter = Limiter::new(&[Limit::window(2, ms(1_000))]);
    assert_eq!(wait(&mut limiter, 300), 0);
    assert_eq!(standing(&limiter, 300), (2, 1, ms(700)));
    assert_eq!(standing(&limiter, 1_000), (2, 2, ms(1_000)));

    let mut limiter = Limiter::new(&[Limit::log(2, ms(1_000))]);
    assert_eq!(wait(&mut limiter, 300) + wait(&mut limiter, 500), 0);
    assert_eq!(standing(&limiter, 500), (2, 0, ms(1_000)));
    assert_eq!(standing(&limiter, 1_300), (2, 1, ms(200)));
    assert_eq!(standing(&limiter, 9_000), (2, 2, ms(0)));
}

/// Limit, rest and reset of the only limit.
fn standing(limiter: &Limiter, at: u64) -> (u64, u64, Duration) {
    let standing = limiter.standings(ms(at)).next().unwrap();
    (standing.limit, standing.remaining, standing.reset)
}

#[test]
fn a_log_admits_its_number_in_any_span() {
    let limit = Limit::log(2, ms(1_000));
    let table: [(&[u64], &[u128]); 3] = [
        (&[0, 0, 0], &[0, 0, 1_000]),
        (&[900, 999, 1_000, 1_900, 1_900], &[0, 0, 900, 0, 99]),
        (&[0, 0, 5_500, 5_500, 5_500], &[0, 0, 0, 0, 1_000]),
    ];
    for (arrivals, want) in table {
        assert_eq!(waits(limit, false, arrivals), want, "{arrivals:?}");
    }
    let hammered = [0, 0, 500, 999, 1_400, 1_998];
    assert_eq!(waits(limit, true, &hammered), [0, 0, 500, 501, 599, 402]);
    assert_eq!(waits(limit, true, &[0, 0, 500, 1_000]), [0, 0, 500, 0]);
}

#[test]
fn a_slice_is_a_share_of_what_was_sold_and_headers_tell_the_whole() {
    let minute = ms(60_000);
    let limit = Limit::sliced(600, minute, ms(1_000));
    assert_eq!(limit, Limit::window(10, ms(1_000)).told_as(600));
    assert_eq!(Limit::sliced(600, minute, ms(10_000)).largest(), 100);
    assert_eq!(
        Limit::sliced(30, minute, ms(1_000)).largest(),
        1,
        "not never"
    );
    let mut limiter = Limiter::new(&[limit]);
    let waits: Vec<_> = (0..11).map(|_| wait(&mut limiter, 250)).collect();
    assert_eq!(waits[9..], [0, 750]);
    assert_eq!(standing(&limiter, 250), (600, 0, ms(750)));
}

#[test]
fn a_cap_refuses_while_it_is_reached_and_nobody_knows_how_long() {
    let mut limiter = Limiter::new(&[Limit::concurrency(1)]).rejects_cost(true);
    let Verdict::Admitted(ticket) = limiter.admit(ms(0), Cost::REQUEST) else {
        panic!("the first is let in");
    };
    let refused = limiter.admit(ms(10), Cost::REQUEST).refused().unwrap();
    assert_eq!(
        (refused.wait, refused.standing.metered),
        (Wait::Unknown, Metered::InFlight)
    );
    limiter.finish(ms(20), ticket, Cost::REQUEST);
    assert!(limiter.admit(ms(20), Cost::REQUEST).is_admitted());
}

#[test]
fn what_is_larger_than_the_limit_never_fits() {
    let tokens = |limit: Limit| limit.on(Metered::Tokens);
    let minute = ms(60_000);
    for limit in [
        Limit::bucket(100, minute, 50),
        Limit::windowed(50, minute),
        Limit::log(50, minute),
    ] {
        let mut limiter = Limiter::new(&[tokens(limit)]);
        let refused = limiter.admit(ms(0), Cost::of(50, 1)).refused().unwrap();
        assert_eq!((refused.wait, refused.cost), (Wait::Never, 51));
        assert!(
            limiter.admit(ms(0), Cost::of(50, 0)).is_admitted(),
            "{limit}"
        );
    }
}

#[test]
fn requests_and_tokens_must_both_admit_and_a_refusal_charges_neither() {
    let tokens = Limit::bucket(100, ms(1_000), 100).on(Metered::InputTokens);
    let mut limiter = Limiter::new(&[Limit::per_second(10, 2), tokens]);
    assert!(limiter.admit(ms(0), Cost::of(80, 500)).is_admitted());
    let refused = limiter.admit(ms(0), Cost::of(50, 0)).refused().unwrap();
    assert_eq!((refused.limit, refused.wait), (1, Wait::Exactly(ms(300))));
    assert!(limiter.admit(ms(0), Cost::of(20, 0)).is_admitted());
    let refused = limiter.admit(ms(0), Cost::of(0, 9)).refused().unwrap();
    assert_eq!((refused.limit, refused.wait), (0, Wait::Exactly(ms(100))));
}

#[test]
fn a_refusal_that_costs_is_charged_to_every_limit() {
    let tokens = Limit::bucket(100, ms(1_000), 100).on(Metered::Tokens);
    let mut limiter = Limiter::new(&[Limit::per_second(10, 1), tokens]).rejects_cost(true);
    assert!(limiter.admit(ms(0), Cost::of(60, 0)).is_admitted());
    let refused = limiter.admit(ms(0), Cost::of(20, 0)).refused().unwrap();
    assert_eq!((refused.limit, refused.wait), (0, Wait::Exactly(ms(200))));
    let left: Vec<_> = limiter
        .standings(ms(0))
        .map(|standing| standing.remaining)
        .collect();
    assert_eq!(left, [0, 20]);
}

/// Tokens left after an answer that might have had 40 tokens and had 10, before and after its end.
fn left_of_100(limit: Limit, charging: Charging) -> (u64, u64) {
    let mut limiter = Limiter::new(&[limit.on(Metered::Tokens)]).charging(charging);
    let Verdict::Admitted(ticket) = limiter.admit(ms(100), Cost::of(50, 40)) else {
        panic!("it fits");
    };
    let before = standing(&limiter, 100).1;
    limiter.finish(ms(100), ticket, Cost::of(50, 10));
    (before, standing(&limiter, 100).1)
}

#[test]
fn answers_are_charged_by_estimate_corrected_or_as_they_end() {
    let minute = ms(60_000);
    for limit in [
        Limit::bucket(100, minute, 100),
        Limit::windowed(100, minute),
        Limit::log(100, minute),
    ] {
        assert_eq!(left_of_100(limit, Charging::Estimate), (10, 10), "{limit}");
        assert_eq!(left_of_100(limit, Charging::Corrected), (10, 40), "{limit}");
        assert_eq!(left_of_100(limit, Charging::Used), (50, 40), "{limit}");
    }
}

#[test]
fn what_was_not_used_of_an_older_window_is_not_given_to_a_newer_one() {
    let limit = Limit::windowed(100, ms(1_000)).on(Metered::OutputTokens);
    let mut limiter = Limiter::new(&[limit]).charging(Charging::Corrected);
    let Verdict::Admitted(ticket) = limiter.admit(ms(900), Cost::of(0, 100)) else {
        panic!("it fits");
    };
    assert!(limiter.admit(ms(1_100), Cost::of(0, 60)).is_admitted());
    limiter.finish(ms(1_200), ticket, Cost::of(0, 10));
    assert_eq!(standing(&limiter, 1_200).1, 40);
}

#[test]
fn a_limit_that_a_request_does_not_touch_lets_it_in_even_in_debt() {
    let tokens = Limit::bucket(100, ms(1_000), 100).on(Metered::OutputTokens);
    let mut limiter = Limiter::new(&[tokens]).charging(Charging::Used);
    let Verdict::Admitted(ticket) = limiter.admit(ms(0), Cost::of(9, 0)) else {
        panic!("it fits");
    };
    limiter.finish(ms(0), ticket, Cost::of(9, 900));
    assert_eq!(standing(&limiter, 0), (100, 0, ms(9_000)));
    assert!(limiter.admit(ms(0), Cost::of(9, 0)).is_admitted());
    let refused = limiter.admit(ms(0), Cost::of(9, 1)).refused().unwrap();
    assert_eq!(
        refused.wait,
        Wait::Exactly(ms(8_000)),
        "until it is no debt"
    );
}

#[test]
fn a_hint_is_rounded_up_or_a_lie() {
    let wait = Wait::Exactly(Duration::from_micros(2_400_100));
    let micros = |hint: Hint, lie| hint.told(wait, lie).map(|told| told.as_micros());
    assert_eq!(micros(Hint::Seconds, None), Some(3_000_000));
    assert_eq!(micros(Hint::Date, None), Some(3_000_000));
    assert_eq!(micros(Hint::Ms, None), Some(2_401_000));
    assert_eq!(micros(Hint::Exact, None), Some(2_400_100));
    assert_eq!(micros(Hint::None, Some(Lie::Always(ms(1)))), None);
    assert_eq!(micros(Hint::Resets, None), None);
    let half = Some(Lie::Times(Factor::thousandths(500)));
    assert_eq!(micros(Hint::Exact, half), Some(1_200_050));
    assert_eq!(micros(Hint::Seconds, half), Some(2_000_000));
    assert_eq!(micros(Hint::Seconds, Some(Lie::Always(ms(0)))), Some(0));
    assert_eq!(Hint::Seconds.told(Wait::Unknown, half), None);
    let second = Some(Lie::Always(ms(1_000)));
    assert_eq!(Hint::Seconds.told(Wait::Unknown, second), Some(ms(1_000)));
}

#[test]
fn lies_are_read_from_text() {
    assert_eq!("0.5x".parse(), Ok(Lie::Times(Factor::thousandths(500))));
    assert_eq!("2x".parse(), Ok(Lie::Times(Factor::thousandths(2_000))));
    assert_eq!("1s".parse(), Ok(Lie::Always(ms(1_000))));
    assert_eq!("0".parse(), Ok(Lie::Always(ms(0))));
    for bad in ["x", "-1x", ".5x", "1", "1y", ""] {
        assert!(bad.parse::<Lie>().is_err(), "{bad}");
    }
}

#[test]
fn limits_are_read_from_text_and_spelled_like_it() {
    let minute = ms(60_000);
    let table = [
        ("bucket=300/60s,burst=10", Limit::per_minute(300, 10)),
        ("window=10/1s", Limit::window(10, ms(1_000))),
        ("log=300/60s,told=500", Limit::log(300, minute).told_as(500)),
        ("concurrency=32", Limit::concurrency(32)),
        (
            "bucket=450000/60s,burst=9000,of=tokens",
            Limit::bucket(450_000, minute, 9_000).on(Metered::Tokens),
        ),
        (
            "window=9/60s,of=output-tokens",
            Limit::windowed(9, minute).on(Metered::OutputTokens),
        ),
    ];
    for (text, limit) in table {
        assert_eq!(text.parse(), Ok(limit));
        assert_eq!(limit.to_string(), text);
    }
    assert_eq!("bucket=300/1m".parse(), Ok(Limit::per_minute(300, 300)));
    let sliced = Limit::sliced(600, minute, ms(1_000));
    assert_eq!("window=600/1m,every=1s".parse(), Ok(sliced));
    for bad in [
        "bucket=300",
        "bucket=0/1m",
        "log=3/1m,burst=4",
        "log=3/1m,every=1s",
        "concurrency=0",
        "concurrency=3,of=tokens",
        "window=3/1s,of=in-flight",
        "window=3/1s,soon",
        "leaky=3/1s",
    ] {
        assert!(bad.parse::<Limit>().is_err(), "{bad}");
    }
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
    assert_eq!(
        error,
        "`soon` is no hint: none, resets, seconds, exact, ms or date"
    );
}
