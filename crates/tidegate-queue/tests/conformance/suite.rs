//! Claims that hold for every store.

use std::time::Duration;

use tidegate_core::Cost;
use tidegate_core::quota::{Dimension, Limit, Limits, Refusal};
use tidegate_queue::{Report, Turn};

use crate::desk::{Desk, a_second_each, ask, is_go, sized};

const SECOND: Duration = Duration::from_secs(1);

macro_rules! every_store {
    ($($claim:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $claim() { super::$claim(crate::desk::Desk::memory).await; })*
        }
        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(#[tokio::test] async fn $claim() { super::$claim(crate::desk::Desk::sqlite).await; })*
        }
        #[cfg(feature = "redis")]
        mod redis {
            $(#[tokio::test] async fn $claim() { super::$claim(crate::desk::Desk::redis).await; })*
        }
    };
}

every_store!(
    they_leave_in_the_order_they_came,
    a_refusal_leaves_nothing_behind,
    a_question_repeated_after_go_gets_the_same_answer,
    what_was_not_used_comes_back,
    many_refusals_make_one_cut,
    one_probe_goes_alone,
    a_late_success_opens_nothing,
    a_spent_quota_closes_until_it_is_renewed,
    a_cost_that_never_fits_is_refused_for_ever,
    whoever_leaves_the_line_is_not_waited_for,
    what_was_never_sent_takes_nothing,
    a_small_one_goes_by_a_big_one,
    a_reset_forgets_what_was_held_against_the_limit,
);

async fn they_leave_in_the_order_they_came(open: fn(Limits) -> Desk) {
    let desk = open(a_second_each());
    assert!(is_go(desk.ask(&[ask(1)]).await));
    let Turn::Wait {
        after, ahead: 0, ..
    } = desk.ask(&[ask(2)]).await
    else {
        panic!("the second waits")
    };
    assert_eq!(after, SECOND);
    let Turn::Wait {
        after, ahead: 1, ..
    } = desk.ask(&[ask(3)]).await
    else {
        panic!("the third waits")
    };
    assert_eq!(after, 2 * SECOND);
    desk.hand.pass(SECOND);
    assert!(!is_go(desk.ask(&[ask(3)]).await), "it is the second's turn");
    assert!(is_go(desk.ask(&[ask(2)]).await));
}

async fn a_refusal_leaves_nothing_behind(open: fn(Limits) -> Desk) {
    let desk = open(a_second_each());
    desk.ask(&[ask(1)]).await;
    let hurried = tidegate_queue::Ask {
        within: Some(SECOND / 2),
        ..ask(2)
    };
    assert_eq!(
        desk.ask(&[hurried]).await,
        Turn::Refused {
            after: Some(SECOND)
        }
    );
    let Turn::Wait { ahead, .. } = desk.ask(&[ask(3)]).await else {
        panic!("it waits")
    };
    assert_eq!(ahead, 0);
}

async fn a_question_repeated_after_go_gets_the_same_answer(open: fn(Limits) -> Desk) {
    let desk = open(a_second_each());
    let first = desk.ask(&[ask(1)]).await;
    assert!(is_go(first));
    assert_eq!(desk.ask(&[ask(1)]).await, first);
    assert_eq!(desk.in_flight().await, 1);
}

async fn what_was_not_used_comes_back(open: fn(Limits) -> Desk) {
    let desk = open(Limits::UNKNOWN.with(Dimension::Tokens, Limit::tokens_per_minute(6000)));
    assert!(is_go(desk.ask(&[sized(1, 1000)]).await));
    let Turn::Wait { .. } = desk.ask(&[sized(2, 500)]).await else {
        panic!("nothing is left")
    };
    let used = Cost {
        requests: 1,
        input_tokens: 100,
        output_tokens: 0,
    };
    desk.report(1, Report::Settled(used)).await;
    assert!(is_go(desk.ask(&[sized(2, 500)]).await));
}

async fn many_refusals_make_one_cut(open: fn(Limits) -> Desk) {
    let desk = open(Limits::UNKNOWN);
    for op in 1..=4 {
        assert!(is_go(desk.ask(&[ask(op)]).await));
    }
    desk.hand.pass(SECOND);
    for op in 1..=4 {
        desk.report(op, Report::Refused(Refusal::limited(None)))
            .await;
    }
    assert_eq!(desk.epoch().await, 1);
    assert_eq!(desk.in_flight().await, 0);
}

async fn one_probe_goes_alone(open: fn(Limits) -> Desk) {
    let desk = open(Limits::UNKNOWN);
    desk.ask(&[ask(1)]).await;
    desk.hand.pass(SECOND);
    desk.report(1, Report::Refused(Refusal::limited(Some(SECOND))))
        .await;
    assert!(!is_go(desk.ask(&[ask(2)]).await), "behind the barrier");
    desk.hand.pass(SECOND);
    assert!(is_go(desk.ask(&[ask(2)]).await));
    assert!(!is_go(desk.ask(&[ask(3)]).await), "the probe is out");
}

async fn a_late_success_opens_nothing(open: fn(Limits) -> Desk) {
    let desk = open(Limits::UNKNOWN);
    desk.ask(&[ask(1)]).await;
    desk.ask(&[ask(2)]).await;
    desk.hand.pass(SECOND);
    desk.report(1, Report::Refused(Refusal::limited(Some(9 * SECOND))))
        .await;
    let before = desk.barrier().await;
    assert!(before.is_some());
    desk.accept(2).await;
    assert_eq!(desk.barrier().await, before);
}

async fn a_spent_quota_closes_until_it_is_renewed(open: fn(Limits) -> Desk) {
    let desk = open(a_second_each());
    desk.ask(&[ask(1)]).await;
    let spent = Refusal::Exhausted { after: 60_000_000 };
    desk.report(1, Report::Refused(spent)).await;
    assert_eq!(
        desk.ask(&[ask(2)]).await,
        Turn::Closed { after: 60 * SECOND }
    );
    desk.hand.pass(60 * SECOND);
    assert!(is_go(desk.ask(&[ask(2)]).await));
}

async fn a_cost_that_never_fits_is_refused_for_ever(open: fn(Limits) -> Desk) {
    let desk = open(Limits::UNKNOWN.with(Dimension::Tokens, Limit::tokens_per_minute(6000)));
    assert_eq!(
        desk.ask(&[sized(1, 6001)]).await,
        Turn::Refused { after: None }
    );
}

async fn whoever_leaves_the_line_is_not_waited_for(open: fn(Limits) -> Desk) {
    let desk = open(a_second_each());
    desk.ask(&[ask(1)]).await;
    desk.ask(&[ask(2)]).await;
    desk.report(2, Report::Left).await;
    desk.hand.pass(SECOND);
    assert!(is_go(desk.ask(&[ask(3)]).await));
}

async fn what_was_never_sent_takes_nothing(open: fn(Limits) -> Desk) {
    let desk = open(a_second_each());
    desk.ask(&[ask(1)]).await;
    desk.report(1, Report::Unsent).await;
    assert!(is_go(desk.ask(&[ask(2)]).await));
}

async fn a_small_one_goes_by_a_big_one(open: fn(Limits) -> Desk) {
    let desk = open(Limits::UNKNOWN.with(Dimension::Tokens, Limit::tokens_per_minute(6000)));
    assert!(is_go(desk.ask(&[sized(1, 800)]).await));
    let turn = desk.ask(&[sized(2, 900), sized(3, 100)]).await;
    assert!(matches!(turn, Turn::Go { index: 1, .. }), "{turn:?}");
}

async fn a_reset_forgets_what_was_held_against_the_limit(open: fn(Limits) -> Desk) {
    let desk = open(a_second_each());
    desk.ask(&[ask(1)]).await;
    let spent = Refusal::Exhausted { after: 60_000_000 };
    desk.report(1, Report::Refused(spent)).await;
    let key = |name: &'static str| tidegate_core::LimitKey::new(name);
    assert!(desk.store.reset(&key("k")).await.unwrap());
    assert!(!desk.store.reset(&key("nobody's")).await.unwrap());
    assert!(is_go(desk.ask(&[ask(2)]).await));
}
