//! Every form of limit over the wire, what refusals and headers tell of it, and how statistics count it.

use std::time::Duration;

use serde_json::json;
use tidegate_simulator::{
    Charging, Factor, HeaderLie, HeaderStyle, Hint, Lie, Limit, Settings, Simulator,
};
use tokio::time::{Instant, advance};

use crate::call::{Reply, ask, chat, complete, post, send, statuses};

fn limited(limits: &[&str], settings: Settings) -> Simulator {
    Simulator::new(Settings {
        limits: limits.iter().map(|limit| limit.parse().unwrap()).collect(),
        ..settings
    })
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A request of ten tokens that may be answered with `max_tokens`.
async fn spend(simulator: &Simulator, max_tokens: u32) -> Reply {
    let mut request = chat(&"x".repeat(28));
    request["max_tokens"] = json!(max_tokens);
    complete(simulator, &request).await
}

#[tokio::test(start_paused = true)]
async fn every_form_lets_in_again_exactly_when_it_said() {
    for limit in [
        "bucket=10/1s,burst=2",
        "window=2/1s",
        "log=2/1s",
        "window=120/1m,every=1s",
        "bucket=60/1s,burst=60,of=tokens",
    ] {
        for rejects_cost in [false, true] {
            let settings = Settings {
                hint: Hint::Exact,
                rejects_cost,
                ..Settings::default()
            };
            let simulator = limited(&[limit], settings);
            advance(ms(250)).await;
            assert_eq!(spend(&simulator, 20).await.status, 200, "{limit}");
            assert_eq!(spend(&simulator, 20).await.status, 200, "{limit}");
            let refused = spend(&simulator, 20).await;
            assert_eq!(refused.status, 429, "{limit}");
            let wait: f64 = refused.header("retry-after").unwrap().parse().unwrap();
            advance(Duration::from_secs_f64(wait)).await;
            assert_eq!(
                spend(&simulator, 20).await.status,
                200,
                "{limit} {rejects_cost}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cap_counts_answers_until_their_last_byte() {
    let simulator = limited(
        &["concurrency=2"],
        Settings::scripted("ok,times=9,delay=1s").unwrap(),
    );
    let (one, two, three) = tokio::join!(ask(&simulator), ask(&simulator), ask(&simulator));
    assert_eq!((one.status, two.status, three.status), (200, 200, 429));
    assert_eq!(three.header("retry-after"), None, "nobody knows how long");
    assert!(three.body.contains("concurrent requests"), "{}", three.body);
    assert_eq!(ask(&simulator).await.status, 200);
    let stats = simulator.stats();
    assert_eq!((stats.concurrency, stats.max_concurrency), (0, 2));
    assert_eq!(stats.max_in_flight, 3, "the refused one was there, too");
}

#[tokio::test(start_paused = true)]
async fn tokens_are_charged_by_estimate_or_corrected_at_the_end() {
    for (charging, left) in [
        (Charging::Estimate, "10"),
        (Charging::Corrected, "99"),
        (Charging::Used, "100"),
    ] {
        let settings = Settings {
            charging,
            ..Settings::scripted("ok=Hi,times=9").unwrap()
        };
        let simulator = limited(&["window=121/1m,of=tokens"], settings);
        assert_eq!(spend(&simulator, 90).await.status, 200);
        let reply = spend(&simulator, 1).await;
        let remaining = reply.header("x-ratelimit-remaining-tokens");
        // 10 and 1 tokens of the first, 10 and at most 1 of the second.
        assert_eq!(remaining, Some(left), "{charging:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_larger_than_the_limit_is_told_so() {
    let simulator = limited(&["bucket=100/1m,of=tokens"], Settings::default());
    let reply = spend(&simulator, 91).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, None));
    assert_eq!(reply.json()["error"]["type"], "tokens");
    let says = "Request too large for gpt-4o in organization org-simulator on tokens per min (TPM): Limit 100, \
                Requested 101.";
    assert!(reply.body.contains(says), "{}", reply.body);
}

#[tokio::test(start_paused = true)]
async fn a_lying_hint_lies_in_header_and_text() {
    let half = Lie::Times(Factor::thousandths(500));
    for (lie, header, text) in [
        (half, "2", "in 2s"),
        (Lie::Always(ms(0)), "0", "in 0s"),
        (Lie::Always(ms(9_000)), "9", "in 9s"),
    ] {
        let settings = Settings {
            hint_lie: Some(lie),
            ..Settings::default()
        };
        let simulator = limited(&["window=1/4s"], settings);
        ask(&simulator).await;
        let reply = ask(&simulator).await;
        assert_eq!(reply.header("retry-after"), Some(header));
        assert!(reply.body.contains(text), "{}", reply.body);
    }
}

#[tokio::test(start_paused = true)]
async fn resets_alone_are_told_on_refusals_even_where_headers_are_off() {
    let settings = Settings {
        hint: Hint::Resets,
        ratelimit_headers: false,
        ..Settings::default()
    };
    let simulator = limited(&["window=1/4s"], settings);
    assert_eq!(
        ask(&simulator).await.header("x-ratelimit-reset-requests"),
        None
    );
    let reply = ask(&simulator).await;
    assert_eq!(reply.header("x-ratelimit-reset-requests"), Some("4s"));
    assert_eq!(reply.header("retry-after"), None);
    assert!(!reply.body.contains("try again"), "{}", reply.body);
}

/// The headers about limits of a first good answer, without their common beginning.
async fn told(style: HeaderStyle, lie: Option<HeaderLie>) -> Vec<String> {
    let settings = Settings {
        header_style: style,
        header_lie: lie,
        ..Settings::default()
    };
    let limits = ["bucket=60/1m,burst=3", "bucket=6000/1m,burst=100,of=tokens"];
    let reply = spend(&limited(&limits, settings), 20).await;
    let about = reply.headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("x-ratelimit-")?;
        Some(format!("{name} {}", value.to_str().unwrap()))
    });
    let mut about: Vec<_> = about.collect();
    about.sort_unstable();
    about
}

#[tokio::test(start_paused = true)]
async fn each_style_of_headers_tells_the_limits_its_own_way() {
    let openai = [
        "limit-requests 3",
        "limit-tokens 100",
        "remaining-requests 2",
        "remaining-tokens 70",
        "reset-requests 1s",
        "reset-tokens 300ms",
    ];
    assert_eq!(told(HeaderStyle::Native, None).await, openai);
    assert_eq!(told(HeaderStyle::OpenAi, None).await, openai);
    let azure = told(HeaderStyle::Azure, None).await;
    assert_eq!(azure[4..], ["reset-requests 1", "reset-tokens 1"]);
    let groq = told(HeaderStyle::Groq, None).await;
    assert_eq!(groq[0], "limit-requests 14400");
    assert_eq!(groq[1..3], ["limit-tokens 100", "remaining-requests 14399"]);
    assert_eq!(
        groq[3..],
        [
            "remaining-tokens 70",
            "reset-requests 6s",
            "reset-tokens 300ms"
        ]
    );
    let sentinels = told(HeaderStyle::Sentinels, None).await;
    assert_eq!(sentinels[0], "limit-requests -1");
    assert_eq!(sentinels[5], "reset-tokens 0");
    let mistral = [
        "limit-req-minute 3",
        "limit-tokens-minute 100",
        "remaining-req-minute 2",
        "remaining-tokens-minute 70",
        "tokens-query-cost 30",
    ];
    assert_eq!(told(HeaderStyle::Mistral, None).await, mistral);
    assert!(told(HeaderStyle::Anthropic, None).await.is_empty());
    let twice = Some(HeaderLie::Times(Factor::thousandths(2_000)));
    assert_eq!(
        told(HeaderStyle::OpenAi, twice).await[..2],
        ["limit-requests 6", "limit-tokens 200"]
    );
}

#[tokio::test(start_paused = true)]
async fn anthropics_wire_tells_the_limits_on_tokens_there_are() {
    let simulator = limited(&["window=100/1m,of=output-tokens"], Settings::default());
    let body = json!({
        "model": "claude", "max_tokens": 40, "messages": [{"role": "user", "content": "Hi"}],
    });
    let mut request = post("/v1/messages", body.to_string());
    let version = "2023-06-01".parse().unwrap();
    request.headers_mut().insert("anthropic-version", version);
    let reply = send(&simulator.router(), request).await;
    let at = |field: &str| {
        reply
            .header(&format!("anthropic-ratelimit-{field}"))
            .unwrap()
    };
    assert_eq!(
        (at("output-tokens-limit"), at("output-tokens-remaining")),
        ("100", "60")
    );
    assert_eq!(at("input-tokens-limit"), at("input-tokens-remaining"));
    assert_eq!(at("requests-limit"), at("requests-remaining"));
}

#[tokio::test(start_paused = true)]
async fn good_answers_take_the_drawn_time_and_refusals_come_at_once() {
    let settings = Settings {
        service: "lognormal:2s:0.5".parse().unwrap(),
        seed: 7,
        ..Settings::scripted("ok; 503; ok").unwrap()
    };
    let service = settings.service;
    let simulator = limited(&["log=3/1m"], settings);
    let mut took = Vec::new();
    for _ in 0..4 {
        let began = Instant::now();
        ask(&simulator).await;
        took.push(began.elapsed());
    }
    // The timer of tokio is as coarse as a millisecond, and never early.
    let close = |took: Duration, nth| took.saturating_sub(service.draw(7, nth)) <= ms(1);
    assert!(
        close(took[0], 0) && took[0] >= service.draw(7, 0),
        "{took:?}"
    );
    assert_eq!(
        took[1],
        ms(0),
        "a failure takes no time, but its place in the order"
    );
    assert!(
        close(took[2], 2) && took[2] >= service.draw(7, 2),
        "{took:?}"
    );
    assert_eq!(took[3], ms(0), "refused");
}

#[tokio::test(start_paused = true)]
async fn statistics_count_refusals_by_limit_and_keep_the_order_of_admissions() {
    let simulator = limited(
        &["bucket=10/1s,burst=2", "window=3/1m"],
        Settings::default(),
    );
    assert_eq!(statuses(&simulator, 3).await, [200, 200, 429]);
    advance(ms(100)).await;
    complete(&simulator, &chat("third")).await;
    complete(&simulator, &chat("fourth")).await;
    let stats = simulator.stats();
    assert_eq!((stats.requests, stats.admitted, stats.limited), (5, 3, 2));
    assert_eq!(stats.limited_by["bucket=10/1s,burst=2"], 1);
    assert_eq!(stats.limited_by["window=3/60s"], 1);
    let order: Vec<_> = stats
        .admissions
        .iter()
        .map(|one| one.last_user.as_str())
        .collect();
    assert_eq!(order, ["Hello", "Hello", "third"]);
    assert_eq!(stats.admissions[2].at_us, 100_000);
    assert_eq!(stats.admissions[2].prompt_hash, stats.seen[3].prompt_hash);
    simulator.reset_stats();
    let stats = simulator.stats();
    assert!(stats.admissions.is_empty() && stats.limited_by.is_empty());
    assert_eq!((stats.admitted, stats.max_concurrency), (0, 0));
}

#[test]
fn a_limit_that_headers_name_differently_is_still_the_limit() {
    let told: Limit = "window=600/1m,every=1s".parse().unwrap();
    assert_eq!(
        (told.largest(), told.to_string()),
        (10, "window=10/1s,told=600".into())
    );
}
