//! Bodies, headers and lengths that are not what they should be.

use std::io::Read;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tidegate_simulator::{Answer, Settings, Simulator};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::call::{ask, chat, post, respond, scripted};
use crate::tcp::{drain, read_until, send, sent, start, until};

fn split(text: &str) -> (&str, &str) {
    text.split_once("\r\n\r\n").unwrap()
}

fn length(head: &str) -> usize {
    let mut lines = head.lines();
    let value = lines.find_map(|line| line.strip_prefix("content-length: "));
    value.unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_body_of_five_gigabytes_is_made_as_it_is_read() {
    let running = start("size=5GB; ok").await;
    let mut stream = sent(&running, false).await;
    let head = read_until(&mut stream, "\r\n\r\n").await;
    let (head, _) = split(&head);
    assert!(length(head) > 5_000_000_000, "{head}");
    let mut some = vec![0; 1 << 20];
    stream.read_exact(&mut some).await.unwrap();
    assert!(some.iter().all(|byte| *byte == b' '));
    drop(stream);
    until(|| running.simulator().stats().in_flight == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_padded_answer_is_a_good_one_and_errors_can_be_padded_too() {
    let simulator = scripted("ok=Hello,size=1MB; 503,size=1MB");
    let reply = ask(&simulator).await;
    assert_eq!(reply.text(), "Hello");
    assert!(reply.body.len() > 1_000_000);
    let reply = ask(&simulator).await;
    assert_eq!(
        (reply.status, reply.json()["error"]["code"].as_str()),
        (503, Some("server_is_overloaded"))
    );
}

#[tokio::test(start_paused = true)]
async fn one_byte_a_second() {
    let began = Instant::now();
    let reply = ask(&scripted("ok=Hello,drip=1s")).await;
    assert_eq!(began.elapsed().as_secs(), reply.body.len() as u64);
    assert_eq!(reply.text(), "Hello");
}

#[tokio::test(start_paused = true)]
async fn a_dripped_stream_comes_byte_by_byte() {
    let mut body = chat("Hello");
    body["stream"] = json!(true);
    let router = scripted("ok=Hello,drip=1s").router();
    let response = respond(&router, post("/v1/chat/completions", body.to_string())).await;
    let mut body = response.into_body().into_data_stream();
    let began = Instant::now();
    for seconds in 1..=5 {
        assert_eq!(body.next().await.unwrap().unwrap().len(), 1);
        assert_eq!(began.elapsed(), Duration::from_secs(seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn the_content_type_may_be_a_wrong_one() {
    let reply = ask(&scripted("ok,content-type=text/html")).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/html"))
    );
}

#[tokio::test]
async fn gzip_is_good_or_only_said_to_be() {
    let running = start("ok=Hello,gzip; ok=Hello,bad-gzip").await;
    let mut stream = sent(&running, false).await;
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n0\r\n\r\n") {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
    }
    let head_end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    let head = std::str::from_utf8(&bytes[..head_end]).unwrap();
    assert!(head.contains("content-encoding: gzip"), "{head}");
    let body: Vec<u8> = chunks(&bytes[head_end..]);
    let mut text = String::new();
    MultiGzDecoder::new(body.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["choices"][0]["message"]["content"], "Hello");

    let bad = read_until(&mut sent(&running, false).await, "}}").await;
    let (head, body) = split(&bad);
    assert!(
        head.contains("content-encoding: gzip") && body.starts_with("{\"id\""),
        "{bad}"
    );
}

/// The content of a chunked body.
fn chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let line = bytes
            .windows(2)
            .position(|window| window == b"\r\n")
            .unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return content;
        }
        content.extend_from_slice(&bytes[line + 2..line + 2 + size]);
        bytes = &bytes[line + 4 + size..];
    }
}

#[tokio::test]
async fn a_length_that_says_too_much_ends_in_a_closed_connection() {
    let running = start("ok=Hello,length=+100").await;
    let text = drain(&mut sent(&running, false).await).await.unwrap();
    let (head, body) = split(&text);
    assert_eq!(length(head), body.len() + 100);
    serde_json::from_str::<Value>(body).unwrap();
}

#[tokio::test]
async fn a_length_that_says_too_little_leaves_bytes_in_the_line() {
    let running = start("ok=Hello,length=-20").await;
    let mut stream = sent(&running, false).await;
    let text = read_until(&mut stream, "fp_simulator\"}").await;
    let (head, body) = split(&text);
    assert_eq!(length(head), body.len() - 20);
    let stats = running.simulator().stats();
    assert_eq!((stats.answers["200"], stats.in_flight), (1, 1));
    drop(stream);
    until(|| running.simulator().stats().in_flight == 0).await;
}

#[tokio::test]
async fn headers_may_be_too_long_or_never_end() {
    let running = start("ok,header-size=300000; endless_headers").await;
    let text = read_until(&mut sent(&running, false).await, "\r\n\r\n").await;
    assert!(text.lines().any(|line| line.len() > 300_000), "x-filler");
    let mut stream = sent(&running, false).await;
    let mut some = vec![0; 1 << 20];
    stream.read_exact(&mut some).await.unwrap();
    let text = String::from_utf8(some).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\nx-filler-0: xx"));
    assert!(!text.contains("\r\n\r\n"));
    drop(stream);
    until(|| running.simulator().stats().in_flight == 0).await;
}

#[tokio::test]
async fn an_answer_may_be_no_http_at_all() {
    let running = start("garbage").await;
    let text = read_until(&mut sent(&running, false).await, "\r\n").await;
    assert!(text.starts_with("SSH-2.0-"), "{text}");
    assert_eq!(running.simulator().stats().answers["garbled"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_names_its_place() {
    let simulator = scripted("redirect=http://127.0.0.1:1/away; redirect");
    for want in ["http://127.0.0.1:1/away", "/v1/elsewhere"] {
        let reply = ask(&simulator).await;
        assert_eq!((reply.status, reply.header("location")), (307, Some(want)));
    }
}

#[tokio::test]
async fn a_connection_may_take_no_further_request() {
    let running = start("ok=Hello,close-after").await;
    let text = drain(&mut sent(&running, false).await).await.unwrap();
    assert!(text.contains("\r\nconnection: close\r\n"), "{text}");
    assert!(text.contains("\"Hello\""));
}

#[tokio::test(start_paused = true)]
async fn down_for_a_while_counts_from_the_first_request() {
    let simulator = scripted("503,for=60s; ok=up");
    tokio::time::advance(Duration::from_secs(500)).await;
    assert_eq!(ask(&simulator).await.status, 503);
    tokio::time::advance(Duration::from_millis(59_999)).await;
    assert_eq!(ask(&simulator).await.status, 503);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(ask(&simulator).await.text(), "up");
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_socket_or_another_protocol_says_so_in_process() {
    let table = [
        ("endless_headers", "needs_socket"),
        ("garbage", "needs_socket"),
        ("goaway", "needs_http2"),
        ("refused_stream", "needs_http2"),
    ];
    for (script, code) in table {
        assert_eq!(ask(&scripted(script)).await.json()["error"]["code"], code);
    }
}

#[tokio::test]
async fn two_simulators_in_one_process_know_nothing_of_each_other() {
    let primary = start("503").await;
    let settings = Settings {
        served_model: Some("big-1".into()),
        otherwise: Answer::text("from the fallback"),
        ..Settings::default()
    };
    let fallback = Simulator::start(settings).await.unwrap();
    assert_ne!(primary.address(), fallback.address());
    let text = read_until(&mut sent(&primary, false).await, "}").await;
    assert!(text.starts_with("HTTP/1.1 503"));
    let mut stream = TcpStream::connect(fallback.address()).await.unwrap();
    send(&mut stream, false).await;
    let text = read_until(&mut stream, "}}").await;
    assert!(
        text.contains("\"model\":\"big-1\"") && text.contains("from the fallback"),
        "{text}"
    );
    let requests = |running: &tidegate_simulator::Running| running.simulator().stats().requests;
    assert_eq!((requests(&primary), requests(&fallback)), (1, 1));
}
