//! What holds of every limit, whatever comes: checked against the definitions, by brute force.

use proptest::prelude::*;

use super::*;

/// A request: how long after the one before (microseconds), its tokens, and whether it waits for what it is told.
type Arrival = (u64, u64, bool);

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    prop::collection::vec((0..400_000_u64, 0..12_u64, any::<bool>()), 1..120)
}

/// Requests and tokens, of any form but a cap.
fn limits() -> impl Strategy<Value = Limit> {
    let length = (1..3_000_000_u64).prop_map(Duration::from_micros);
    let form = (0..3, 1..20_u64, length, 1..20_u64);
    let limit = form.prop_map(|(form, units, length, burst)| match form {
        0 => Limit::bucket(units, length, burst),
        1 => Limit::windowed(units, length),
        _ => Limit::log(units, length),
    });
    (limit, any::<bool>()).prop_map(|(limit, tokens)| {
        limit.on(if tokens {
            Metered::Tokens
        } else {
            Metered::Requests
        })
    })
}

/// Plays the arrivals and returns what was admitted: when, and how many units of the limit.
fn admitted(limit: Limit, rejects_cost: bool, arrivals: &[Arrival]) -> Vec<(u128, u64)> {
    let mut limiter = Limiter::new(&[limit]).rejects_cost(rejects_cost);
    let (mut now, mut admitted) = (Duration::ZERO, Vec::new());
    for &(gap, tokens, obeys) in arrivals {
        now += Duration::from_micros(gap);
        let cost = Cost::of(tokens, 0);
        let mut verdict = limiter.admit(now, cost);
        if let (true, Some(wait)) = (obeys, verdict.refused().and_then(|no| no.wait.time())) {
            now += wait;
            verdict = limiter.admit(now, cost);
        }
        if verdict.is_admitted() {
            admitted.push((now.as_nanos(), limit.metered.of(cost)));
        }
    }
    admitted
}

/// The units admitted in every span that begins and ends with a request, and its length in nanoseconds.
fn spans(admitted: &[(u128, u64)]) -> impl Iterator<Item = (u128, u64)> {
    (0..admitted.len()).flat_map(move |from| {
        let later = admitted[from..].iter();
        later.scan(0, move |sum, (at, units)| {
            *sum += units;
            Some((at - admitted[from].0, *sum))
        })
    })
}

/// Whether the limit allows that.
fn allows(limit: Limit, admitted: &[(u128, u64)]) -> bool {
    match limit.form {
        Form::Bucket { units, per, burst } => spans(admitted).all(|(span, sum)| {
            // sum <= burst + span * units / per, without a fraction.
            let room = u128::from(burst) * per.as_nanos() + span * u128::from(units);
            u128::from(sum) * per.as_nanos() <= room
        }),
        Form::Log { units, length } => spans(admitted)
            .filter(|(span, _)| *span < length.as_nanos())
            .all(|(_, sum)| sum <= units),
        Form::Window { units, length } => admitted.iter().all(|(at, _)| {
            let window = at / length.as_nanos();
            let same = admitted
                .iter()
                .filter(|(other, _)| other / length.as_nanos() == window);
            same.map(|(_, units)| units).sum::<u64>() <= units
        }),
        Form::Concurrency { .. } => true,
    }
}

proptest! {
    #[test]
    fn no_span_holds_more_than_the_limit_allows(
        limit in limits(),
        rejects_cost: bool,
        arrivals in arrivals(),
    ) {
        let admitted = admitted(limit, rejects_cost, &arrivals);
        prop_assert!(allows(limit, &admitted), "{limit}: {admitted:?}");
    }

    #[test]
    fn a_wait_is_exact(
        limits in prop::collection::vec(limits(), 1..4),
        rejects_cost: bool,
        arrivals in arrivals(),
    ) {
        let mut limiter = Limiter::new(&limits).rejects_cost(rejects_cost);
        let mut now = Duration::ZERO;
        for (gap, tokens, _) in arrivals {
            now += Duration::from_micros(gap);
            let cost = Cost::of(tokens, 0);
            let Some(wait) = limiter.admit(now, cost).refused().and_then(|no| no.wait.time()) else {
                continue;
            };
            let (mut early, mut in_time) = (limiter.clone(), limiter.clone());
            let almost = wait.saturating_sub(Duration::from_nanos(1));
            prop_assert!(in_time.admit(now + wait, cost).is_admitted(), "{limits:?}");
            prop_assert!(!early.admit(now + almost, cost).is_admitted(), "{limits:?}");
        }
    }

    #[test]
    fn a_refusal_changes_nothing_unless_it_costs(
        limits in prop::collection::vec(limits(), 1..4),
        arrivals in arrivals(),
    ) {
        let mut limiter = Limiter::new(&limits);
        let mut now = Duration::ZERO;
        for (gap, tokens, _) in arrivals {
            now += Duration::from_micros(gap);
            let before: Vec<_> = limiter.standings(now).collect();
            let refused = !limiter.admit(now, Cost::of(tokens, 0)).is_admitted();
            let after: Vec<_> = limiter.standings(now).collect();
            prop_assert!(!refused || before == after);
        }
    }

    #[test]
    fn a_log_stays_short_however_hard_it_is_hammered(arrivals in arrivals()) {
        let (units, length) = (7, Duration::from_secs(2));
        let hammered = Limit::log(units, length);
        let mut limiter = Limiter::new(&[hammered]).rejects_cost(true);
        // The definition: every request of the last span counts, refused or not.
        let (mut now, mut all) = (Duration::ZERO, Vec::new());
        for (gap, _, _) in arrivals {
            now += Duration::from_micros(gap);
            let counted = all.iter().filter(|at| **at + length > now).count();
            let admitted = limiter.admit(now, Cost::REQUEST).is_admitted();
            prop_assert_eq!(admitted, counted < 7);
            all.push(now);
            let counter::Counter::Log(log) = limiter.counter(0) else { unreachable!() };
            prop_assert!(log.entries() <= 7);
        }
    }

    #[test]
    fn no_more_than_the_cap_are_in_flight(cap in 1..5_u64, steps in prop::collection::vec(any::<bool>(), 1..60)) {
        let mut limiter = Limiter::new(&[Limit::concurrency(cap)]);
        let mut tickets = Vec::new();
        for comes in steps {
            if !comes {
                if let Some(ticket) = tickets.pop() {
                    limiter.finish(Duration::ZERO, ticket, Cost::REQUEST);
                }
                continue;
            }
            let full = u64::try_from(tickets.len()).unwrap() == cap;
            match limiter.admit(Duration::ZERO, Cost::REQUEST) {
                Verdict::Admitted(ticket) => {
                    prop_assert!(!full);
                    tickets.push(ticket);
                }
                Verdict::Refused(_) => prop_assert!(full),
            }
        }
    }
}
