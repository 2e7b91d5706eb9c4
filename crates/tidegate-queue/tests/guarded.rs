//! A store that goes away, under a paused clock.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

#[path = "guarded/flaky.rs"]
mod flaky;
#[path = "guarded/told.rs"]
mod told;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tidegate_core::quota::{Dimension, Limit, Limits, OpId, Priority, Refusal};
use tidegate_core::{Cost, LimitKey, ObservedLimits, Timestamp};
use tidegate_queue::{Ask, Clock, Guarded, LastKnown, QueueStore, Report, Turn};

use flaky::{Flaky, Mood};

const SECOND: Duration = Duration::from_secs(1);

/// A guarded store, and a hand on what it guards.
struct Desk {
    store: Guarded,
    flaky: Arc<Flaky>,
    clock: Clock,
    limits: Limits,
}

impl Desk {
    fn new(limits: Limits, known: Option<LastKnown>) -> Self {
        told::listen();
        let flaky = Arc::new(Flaky::new(known));
        let guarded: Arc<dyn QueueStore> = flaky.clone();
        Self {
            store: Guarded::new(guarded),
            flaky,
            clock: Clock::starting_at(Timestamp::from_secs(1_000)),
            limits,
        }
    }

    async fn ask(&self, ask: Ask) -> Turn {
        let (key, asks, now) = (key(), [ask], self.clock.now());
        self.store
            .ask(&key, &asks, &self.limits, now)
            .await
            .unwrap()
    }

    async fn goes(&self, op: u64) -> bool {
        matches!(self.ask(ask(op)).await, Turn::Go { .. })
    }

    async fn report(&self, op: u64, report: Report) {
        let (key, now) = (key(), self.clock.now());
        let told = self.store.report(&key, OpId(op), report, &self.limits, now);
        told.await.unwrap();
    }

    /// How many leave in that time, each asking again when it was told to.
    async fn leave(&self, first: u64, time: Duration) -> u64 {
        let end = self.clock.now().saturating_add(time);
        let mut op = first;
        loop {
            match self.ask(ask(op)).await {
                Turn::Go { .. } => {
                    self.report(op, Report::Ended).await;
                    op += 1;
                }
                Turn::Wait { after, .. } => {
                    let until = self.clock.now().saturating_add(after);
                    if until > end {
                        return op - first;
                    }
                    self.clock.sleep_until(until).await;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    async fn back(&self) {
        while self.store.is_apart() {
            tokio::time::sleep(SECOND / 10).await;
        }
    }
}

fn key() -> LimitKey {
    LimitKey::new("k")
}

fn ask(op: u64) -> Ask {
    Ask {
        op: OpId(op),
        cost: Cost {
            requests: 1,
            ..Cost::default()
        },
        priority: Priority::Interactive,
        seq: None,
        within: None,
    }
}

fn ten_a_second() -> Limits {
    Limits::UNKNOWN.with(Dimension::Requests, Limit::bucket(10, SECOND, 10))
}

fn shared_by(sharers: u32) -> LastKnown {
    LastKnown {
        next: Duration::ZERO,
        most: None,
        sharers,
        pace: None,
        learned: [None; 4],
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_is_away_a_process_takes_its_share_and_no_more() {
    let desk = Desk::new(ten_a_second(), Some(shared_by(4)));
    desk.flaky.be(Mood::Broken);
    let gone = desk.leave(0, 20 * SECOND).await;
    assert!((49..=50).contains(&gone), "a quarter of 200: {gone}");
}

#[tokio::test(start_paused = true)]
async fn of_a_window_it_takes_its_share_evenly() {
    let window = Limits::UNKNOWN.with(Dimension::Requests, Limit::window(120, 60 * SECOND));
    let desk = Desk::new(window, Some(shared_by(3)));
    desk.flaky.be(Mood::Broken);
    let gone = desk.leave(0, 30 * SECOND).await;
    assert!((19..=20).contains(&gone), "a third of 60: {gone}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_found_from_refusals_and_limits_told_by_headers_are_shared_too() {
    let found = LastKnown {
        pace: Some(5.0),
        ..shared_by(5)
    };
    let desk = Desk::new(ten_a_second(), Some(found));
    desk.flaky.be(Mood::Broken);
    assert_eq!(desk.leave(0, 20 * SECOND).await, 20);

    let mut told = shared_by(2);
    told.learned[0] = Some(Limit::bucket(4, SECOND, 40));
    let desk = Desk::new(Limits::UNKNOWN, Some(told));
    desk.flaky.be(Mood::Broken);
    assert_eq!(desk.leave(0, 20 * SECOND).await, 40);
}

#[tokio::test(start_paused = true)]
async fn of_an_unknown_limit_it_takes_its_share_of_those_under_way() {
    let known = LastKnown {
        most: Some(12),
        ..shared_by(4)
    };
    let desk = Desk::new(Limits::UNKNOWN, Some(known));
    assert!(desk.goes(0).await, "the store lets one go");
    desk.flaky.be(Mood::Broken);
    assert!(desk.goes(1).await && desk.goes(2).await);
    assert!(
        !desk.goes(3).await,
        "three of twelve, the store's among them"
    );
    desk.report(0, Report::Ended).await;
    assert!(desk.goes(3).await);
}

#[tokio::test(start_paused = true)]
async fn what_was_closed_stays_closed() {
    let closed = LastKnown {
        next: 60 * SECOND,
        ..shared_by(1)
    };
    let desk = Desk::new(ten_a_second(), Some(closed));
    desk.flaky.be(Mood::Broken);
    let Turn::Wait { after, .. } = desk.ask(ask(1)).await else {
        panic!("it waits")
    };
    assert_eq!(after, 60 * SECOND);
    let hurried = Ask {
        within: Some(59 * SECOND),
        ..ask(2)
    };
    let after = Some(60 * SECOND);
    assert_eq!(desk.ask(hurried).await, Turn::Refused { after });
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_never_heard_of_lets_nobody_go_unlimited() {
    let desk = Desk::new(Limits::UNKNOWN, None);
    desk.flaky.be(Mood::Broken);
    for op in 0..4 {
        assert!(desk.goes(op).await, "the first window");
    }
    assert!(!desk.goes(4).await);
    desk.report(0, Report::Refused(Refusal::limited(Some(SECOND))))
        .await;
    assert!(!desk.goes(4).await, "it learns from refusals");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_waited_for_once() {
    let desk = Desk::new(ten_a_second(), Some(shared_by(1)));
    desk.flaky.be(Mood::Hanging);
    let began = desk.clock.now();
    assert!(desk.goes(1).await);
    let waited = desk.clock.now().saturating_since(began);
    assert_eq!(waited, 2 * SECOND);
    desk.report(1, Report::Ended).await;
    desk.ask(ask(2)).await;
    assert_eq!(
        desk.clock.now().saturating_since(began),
        waited,
        "not again"
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_looked_for_with_growing_pauses_and_comes_back_by_itself() {
    let desk = Desk::new(ten_a_second(), Some(shared_by(1)));
    desk.flaky.be(Mood::Broken);
    desk.goes(1).await;
    tokio::time::sleep(60 * SECOND).await;
    let looks = desk.flaky.looks();
    assert!(
        (25..=35).contains(&looks),
        "every two seconds at last: {looks}"
    );
    desk.flaky.be(Mood::Well);
    tokio::time::sleep(2 * SECOND).await;
    assert!(!desk.store.is_apart());
    assert!(desk.goes(2).await);
    assert_eq!(desk.flaky.let_go(), [OpId(2)]);
}

#[tokio::test(start_paused = true)]
async fn reports_go_to_those_who_let_the_attempt_go() {
    let desk = Desk::new(ten_a_second(), Some(shared_by(1)));
    assert!(desk.goes(1).await, "the store lets it go");
    desk.flaky.be(Mood::Broken);
    assert!(desk.goes(2).await, "and this process the next");
    desk.report(1, Report::Ended).await;
    desk.report(2, Report::Accepted(ObservedLimits::default()))
        .await;
    desk.flaky.be(Mood::Well);
    desk.back().await;
    desk.report(2, Report::Ended).await;
    assert_eq!(desk.flaky.ended(), [OpId(1)]);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_fails_is_told_later() {
    let desk = Desk::new(ten_a_second(), Some(shared_by(1)));
    assert!(desk.goes(1).await);
    desk.flaky.be(Mood::Broken);
    desk.report(1, Report::Ended).await;
    assert!(desk.store.is_apart(), "that is how it was found out");
    assert_eq!(desk.flaky.ended(), [OpId(1)]);
}

#[tokio::test(start_paused = true)]
async fn an_end_whose_teller_went_away_is_told_later() {
    let desk = Desk::new(ten_a_second(), Some(shared_by(1)));
    assert!(desk.goes(1).await, "the store lets it go");
    desk.flaky.be(Mood::Hanging);
    assert!(desk.report(1, Report::Ended).now_or_never().is_none());
    desk.flaky.be(Mood::Broken);
    assert!(desk.goes(2).await && desk.store.is_apart());
    let (key, now) = (key(), desk.clock.now());
    let ended = Report::Ended;
    desk.store
        .report_later(&key, OpId(1), ended, &desk.limits, now);
    assert_eq!(desk.flaky.ended(), [OpId(1)]);
}

#[tokio::test(start_paused = true)]
async fn those_who_left_apart_count_when_the_store_is_back_and_knows_nothing_of_them() {
    let two_at_once = Limits {
        max_concurrency: Some(2),
        ..Limits::UNKNOWN
    };
    let desk = Desk::new(two_at_once, Some(shared_by(1)));
    desk.flaky.be(Mood::Broken);
    assert!(desk.goes(1).await && desk.goes(2).await);
    desk.flaky.be(Mood::Well);
    desk.back().await;
    assert!(!desk.goes(3).await, "two are under way");
    desk.report(1, Report::Ended).await;
    assert!(desk.goes(3).await && !desk.goes(4).await);
    assert_eq!(desk.flaky.let_go(), [OpId(3)]);
}

#[tokio::test(start_paused = true)]
async fn numbers_given_out_apart_mean_nothing_to_the_store() {
    let desk = Desk::new(ten_a_second(), Some(shared_by(1)));
    let Turn::Go { seq: before, .. } = desk.ask(ask(1)).await else {
        panic!("it goes")
    };
    desk.flaky.be(Mood::Broken);
    let Turn::Go { seq: apart, .. } = desk.ask(ask(2)).await else {
        panic!("it goes")
    };
    let again = |op, seq| Ask {
        seq: Some(seq),
        ..ask(op)
    };
    tokio::time::sleep(SECOND).await;
    let Turn::Go { seq: kept, .. } = desk.ask(again(3, before)).await else {
        panic!("it goes")
    };
    assert_eq!(kept, before, "the store's number is kept");
    desk.flaky.be(Mood::Well);
    desk.back().await;
    desk.ask(again(4, apart)).await;
    desk.ask(again(5, kept)).await;
    assert_eq!(desk.flaky.numbers(), [None, None, Some(before)]);
}

#[tokio::test(start_paused = true)]
async fn it_is_told_once_that_it_went_and_once_that_it_is_back() {
    let desk = Desk::new(ten_a_second(), Some(shared_by(1)));
    desk.flaky.be(Mood::Hanging);
    let (one, two, three) = (ask(1), ask(2), ask(3));
    tokio::join!(desk.ask(one), desk.ask(two), desk.ask(three));
    tokio::time::sleep(10 * SECOND).await;
    desk.flaky.be(Mood::Well);
    desk.back().await;
    assert_eq!(told::levels(), ["WARN", "INFO"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_whenever_it_is_back_is_told_of_less_and_less() {
    let desk = Desk::new(ten_a_second(), Some(shared_by(1)));
    desk.flaky.be(Mood::Deceiving);
    for op in 0..6000 {
        desk.ask(ask(op)).await;
        tokio::time::sleep(SECOND / 10).await;
    }
    let times = told::levels().len();
    assert!(times < 40, "{times} times in ten minutes");
}

#[tokio::test(start_paused = true)]
async fn a_late_failure_of_an_outage_that_is_over_begins_none() {
    let desk = Desk::new(ten_a_second(), Some(shared_by(1)));
    desk.flaky.be(Mood::Hanging);
    let late = desk.ask(ask(1));
    let story = async {
        tokio::time::sleep(SECOND).await;
        desk.flaky.be(Mood::Broken);
        desk.ask(ask(2)).await;
        desk.flaky.be(Mood::Well);
        desk.back().await;
    };
    tokio::join!(late, story);
    assert!(!desk.store.is_apart());
}
