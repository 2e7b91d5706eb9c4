//! Scripted answers, one after another.

use std::time::Duration;

use serde_json::json;
use tidegate_simulator::{Answer, Settings, Simulator};
use tokio::time::{Instant, timeout};

use crate::call::{ask, chat, complete, post, scripted, send, statuses};

#[tokio::test(start_paused = true)]
async fn answers_the_script_in_order_then_the_default() {
    let simulator = scripted("503; 429,times=2; ok=Hello");
    assert_eq!(statuses(&simulator, 3).await, [503, 429, 429]);
    assert_eq!(ask(&simulator).await.text(), "Hello");
    let described = ask(&simulator).await.text();
    assert!(
        described.ends_with("I received 1 message with 5 characters of text."),
        "{described}"
    );
    assert!(described.contains("gpt-4o"), "{described}");
}

#[tokio::test(start_paused = true)]
async fn the_answer_after_the_script_can_be_chosen() {
    let settings = Settings {
        otherwise: "503".parse().unwrap(),
        ..Settings::scripted("ok").unwrap()
    };
    assert_eq!(
        statuses(&Simulator::new(settings), 4).await,
        [200, 503, 503, 503]
    );
}

#[tokio::test(start_paused = true)]
async fn settings_decide_text_and_length_and_an_answer_overrules_them() {
    let settings = Settings {
        text: Some("a b".into()),
        tokens: Some(3),
        ..Settings::scripted("ok; ok=x,tokens=2").unwrap()
    };
    let simulator = Simulator::new(settings);
    assert_eq!(ask(&simulator).await.text(), "a b a");
    let second = ask(&simulator).await;
    assert_eq!(second.text(), "x x");
    assert_eq!(second.json()["usage"]["completion_tokens"], 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_ends_at_the_maximum_the_request_sets() {
    let mut request = chat("Hello");
    request["max_completion_tokens"] = json!(2);
    let reply = complete(&scripted("ok=one two three"), &request).await;
    assert_eq!(reply.text(), "one two");
    assert_eq!(reply.json()["choices"][0]["finish_reason"], "length");
}

#[tokio::test(start_paused = true)]
async fn hints_and_headers_are_sent_as_written() {
    let simulator = scripted(
        "429,retry-after=0.5; 429,retry-after-ms=150; 503,header=x-should-retry:false,header=openai-version:x",
    );
    assert_eq!(ask(&simulator).await.header("retry-after"), Some("0.5"));
    let reply = ask(&simulator).await;
    assert_eq!(reply.header("retry-after-ms"), Some("150"));
    assert_eq!(reply.header("retry-after"), None);
    let reply = ask(&simulator).await;
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    assert_eq!(
        reply.headers.get_all("openai-version").iter().count(),
        1,
        "replaced"
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_date_is_that_much_after_the_date_of_the_response() {
    let reply = ask(&scripted("429,retry-after-date=1h")).await;
    let (now, later) = (
        reply.header("date").unwrap(),
        reply.header("retry-after").unwrap(),
    );
    let second_of_day = |date: &str| {
        let field = |at: usize| date[at..at + 2].parse::<u32>().unwrap();
        field(17) * 3_600 + field(20) * 60 + field(23)
    };
    // Dates have whole seconds: `date` is rounded down and the other up, so that nobody comes back too early.
    let apart = (second_of_day(later) + 86_400 - second_of_day(now)) % 86_400;
    assert!((3_600..=3_601).contains(&apart), "{now} {later}");
}

#[tokio::test(start_paused = true)]
async fn bodies_of_ones_own_replace_the_real_ones() {
    let simulator = scripted(
        r#"500,body="oops, really",content-type=text/plain; ok,body={"a":1}; empty; ok_error"#,
    );
    let reply = ask(&simulator).await;
    assert_eq!((reply.status, reply.body.as_str()), (500, "oops, really"));
    assert_eq!(reply.header("content-type"), Some("text/plain"));
    let reply = ask(&simulator).await;
    assert_eq!((reply.status, reply.json()), (200, json!({"a": 1})));
    let reply = ask(&simulator).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    let reply = ask(&simulator).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["error"]["type"], "server_error");
}

#[tokio::test(start_paused = true)]
async fn errors_name_the_model_and_proxies_speak_html() {
    let simulator = scripted("404; 502");
    let message = ask(&simulator).await.json()["error"]["message"].clone();
    assert_eq!(
        message,
        "The model `gpt-4o` does not exist or you do not have access to it."
    );
    let reply = ask(&simulator).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (502, Some("text/html"))
    );
}

#[tokio::test(start_paused = true)]
async fn delays_add_up_before_the_answer() {
    let settings = Settings {
        latency: Duration::from_millis(20),
        ..Settings::scripted("503,delay=1s; ok=a b c,first-token=2s,token-delay=500ms; ok").unwrap()
    };
    let simulator = Simulator::new(settings);
    for millis in [1_020, 3_020, 20] {
        let start = Instant::now();
        ask(&simulator).await;
        assert_eq!(start.elapsed(), Duration::from_millis(millis));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_request_is_never_answered_and_counts_as_such() {
    let simulator = scripted("hang");
    let hour = Duration::from_secs(3_600);
    assert!(timeout(hour, ask(&simulator)).await.is_err());
    let stats = simulator.stats();
    assert_eq!((stats.answers["hung"], stats.in_flight), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_in_process_says_that_it_needs_a_socket() {
    let simulator = scripted("reset; close");
    for _ in 0..2 {
        let reply = ask(&simulator).await;
        assert_eq!(reply.status, 500);
        assert_eq!(reply.json()["error"]["code"], "needs_socket");
    }
}

#[tokio::test(start_paused = true)]
async fn a_script_grows_over_http_and_in_process() {
    let simulator = scripted("503");
    assert_eq!(simulator.extend_script([Answer::text("one").times(2)]), 3);
    let more = json!(["429,retry-after=1", {"answer": "ok", "text": "two"}]).to_string();
    let reply = send(&simulator.router(), post("/script", more)).await;
    assert_eq!(reply.json(), json!({"remaining": 5}));
    assert_eq!(statuses(&simulator, 4).await, [503, 200, 200, 429]);
    assert_eq!(ask(&simulator).await.text(), "two");
}

#[tokio::test(start_paused = true)]
async fn a_bad_script_over_http_is_refused_whole_with_the_reason() {
    let simulator = scripted("");
    let reply = send(
        &simulator.router(),
        post("/script", r#"["503", {"answr": 1}]"#),
    )
    .await;
    assert_eq!(reply.status, 400);
    assert!(
        reply.body.contains("unknown option `answr`"),
        "{}",
        reply.body
    );
    assert_eq!(simulator.stats().script_remaining, 0);
}

#[tokio::test(start_paused = true)]
async fn a_script_per_prompt_is_played_to_each_prompt_from_its_beginning() {
    let settings = Settings {
        script_per_prompt: true,
        ..Settings::scripted("429; ok").unwrap()
    };
    let simulator = Simulator::new(settings);
    let mut seen = Vec::new();
    for prompt in ["one", "two", "one", "two"] {
        seen.push(complete(&simulator, &chat(prompt)).await.status);
    }
    assert_eq!(seen, [429, 429, 200, 200]);
}
