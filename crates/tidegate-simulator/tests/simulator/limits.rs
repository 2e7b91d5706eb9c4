//! Limits over the wire: statuses, hints and headers.

use std::time::Duration;

use tidegate_simulator::{Hint, Limit, Settings, Simulator};
use tokio::time::advance;

use crate::call::{ask, chat, complete, statuses};

fn limited(limit: Limit, settings: Settings) -> Simulator {
    Simulator::new(Settings {
        limits: vec![limit],
        ..settings
    })
}

fn hinting(hint: Hint) -> Simulator {
    let settings = Settings {
        hint,
        ..Settings::default()
    };
    limited(Limit::window(1, Duration::from_micros(2_400_100)), settings)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn refuses_over_the_limit_and_lets_in_again_in_time() {
    let simulator = limited(
        Limit::per_second(10, 2),
        Settings::scripted("ok=a; ok=b; ok=c").unwrap(),
    );
    assert_eq!(statuses(&simulator, 4).await, [200, 200, 429, 429]);
    advance(ms(99)).await;
    assert_eq!(statuses(&simulator, 1).await, [429]);
    advance(ms(1)).await;
    assert_eq!(
        ask(&simulator).await.text(),
        "c",
        "the refused took nothing from the script"
    );
    let stats = simulator.stats();
    assert_eq!(
        (stats.limited, stats.answers["429"], stats.answers["200"]),
        (3, 3, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn hammering_keeps_everybody_out_when_rejects_cost() {
    for (rejects_cost, want) in [(false, 200), (true, 429)] {
        let settings = Settings {
            rejects_cost,
            ..Settings::default()
        };
        let simulator = limited(Limit::per_second(10, 1), settings);
        assert_eq!(statuses(&simulator, 5).await, [200, 429, 429, 429, 429]);
        advance(ms(100)).await;
        assert_eq!(statuses(&simulator, 1).await, [want]);
    }
}

#[tokio::test(start_paused = true)]
async fn each_hint_has_its_form_and_is_never_too_early() {
    let table = [
        (Hint::Seconds, "retry-after", "3"),
        (Hint::Exact, "retry-after", "2.4001"),
        (Hint::Ms, "retry-after-ms", "2401"),
    ];
    for (hint, header, want) in table {
        let simulator = hinting(hint);
        ask(&simulator).await;
        let reply = ask(&simulator).await;
        assert_eq!(reply.header(header), Some(want), "{hint:?}");
        assert!(
            reply.body.contains("Please try again in 2.401s."),
            "{}",
            reply.body
        );
        assert_eq!(reply.json()["error"]["code"], "rate_limit_exceeded");
        assert_eq!(reply.json()["error"]["type"], "requests");
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_hint_lies_after_the_date_of_the_response() {
    let simulator = hinting(Hint::Date);
    ask(&simulator).await;
    let reply = ask(&simulator).await;
    let second = |name| reply.header(name).unwrap()[23..25].parse::<u32>().unwrap();
    let ahead = (second("retry-after") + 60 - second("date")) % 60;
    assert!((3..=4).contains(&ahead), "{ahead}");
}

#[tokio::test(start_paused = true)]
async fn no_hint_means_none_in_headers_nor_text() {
    let simulator = hinting(Hint::None);
    ask(&simulator).await;
    let reply = ask(&simulator).await;
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), None);
    assert_eq!(reply.header("retry-after-ms"), None);
    assert!(!reply.body.contains("try again"), "{}", reply.body);
}

#[tokio::test(start_paused = true)]
async fn headers_tell_limit_rest_and_reset_unless_switched_off() {
    let simulator = limited(Limit::per_minute(60, 3), Settings::default());
    let reply = ask(&simulator).await;
    assert_eq!(reply.header("x-ratelimit-limit-requests"), Some("3"));
    assert_eq!(reply.header("x-ratelimit-remaining-requests"), Some("2"));
    assert_eq!(reply.header("x-ratelimit-reset-requests"), Some("1s"));
    let silent = Settings {
        ratelimit_headers: false,
        ..Settings::default()
    };
    let reply = ask(&limited(Limit::per_minute(60, 3), silent)).await;
    assert_eq!(reply.header("x-ratelimit-limit-requests"), None);
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_request_costs_nothing() {
    let simulator = limited(Limit::per_minute(1, 1), Settings::default());
    let mut request = chat("Hello");
    request["messages"] = "none".into();
    assert_eq!(complete(&simulator, &request).await.status, 400);
    assert_eq!(ask(&simulator).await.status, 200);
}
