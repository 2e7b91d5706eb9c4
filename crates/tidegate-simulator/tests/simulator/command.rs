//! The command: its one line, its signals and its complaints.
#![cfg(all(unix, feature = "cli"))]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate-simulator"));
    command.args(args).stdin(Stdio::null());
    command
}

/// A running command, ended with its owner.
struct Started {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl Started {
    fn new(args: &[&str]) -> Self {
        let mut child = command(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line
            .trim_end()
            .strip_prefix("listening on http://")
            .unwrap();
        let address = address.to_owned();
        Self {
            child,
            stdout,
            address,
        }
    }

    fn ask(&self) -> String {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#;
        let length = body.len();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
        write!(stream, "{head}content-length: {length}\r\n\r\n{body}").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        let status = status.unwrap();
        assert!(status.success());
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Already ended, unless a test failed before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn refused(args: &[&str]) -> String {
    let Output {
        status,
        stderr,
        stdout,
    } = command(args).output().unwrap();
    assert_eq!(status.code(), Some(2));
    assert!(stdout.is_empty());
    String::from_utf8(stderr).unwrap()
}

#[test]
fn says_one_line_answers_its_script_and_ends_well_on_signals() {
    for signal in ["INT", "TERM"] {
        let mut started =
            Started::new(&["--script", "503; ok=\"Hello, world\"", "--latency", "1ms"]);
        assert!(started.address.starts_with("127.0.0.1:"));
        assert!(started.ask().starts_with("HTTP/1.1 503"));
        assert!(started.ask().contains("\"Hello, world\""));
        started.signal(signal);
        assert_eq!(started.child.wait().unwrap().code(), Some(0), "{signal}");
        let mut rest = String::new();
        started.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "nothing but the one line");
    }
}

#[test]
fn ends_while_a_request_hangs() {
    let mut started = Started::new(&["--otherwise", "hang"]);
    let mut stream = TcpStream::connect(&started.address).unwrap();
    let body = r#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#;
    let length = body.len();
    write!(
        stream,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    started.signal("TERM");
    assert_eq!(started.child.wait().unwrap().code(), Some(0));
}

#[test]
fn limits_and_keys_come_from_the_command_line() {
    let started = Started::new(&[
        "--rpm",
        "1",
        "--burst",
        "1",
        "--hint",
        "ms",
        "--rejects-cost",
    ]);
    assert!(started.ask().starts_with("HTTP/1.1 200"));
    let limited = started.ask();
    assert!(limited.starts_with("HTTP/1.1 429"));
    assert!(limited.contains("\r\nretry-after-ms: "), "{limited}");
    let started = Started::new(&["--window", "1/1h", "--api-key", "sk-secret"]);
    assert!(started.ask().starts_with("HTTP/1.1 401"));
}

#[test]
fn every_limit_and_every_lie_comes_from_the_command_line() {
    let started = Started::new(&[
        "--limit",
        "log=1/1h",
        "--limit",
        "bucket=9000/1m,burst=900,of=tokens,told=9000",
        "--charging",
        "corrected",
        "--hint",
        "ms",
        "--hint-lie",
        "7ms",
        "--headers",
        "azure",
        "--header-lie",
        "2x",
        "--service",
        "lognormal:1ms:0.5",
        "--seed",
        "7",
    ]);
    let good = started.ask();
    assert!(good.starts_with("HTTP/1.1 200"), "{good}");
    assert!(
        good.contains("\r\nx-ratelimit-limit-tokens: 18000\r\n"),
        "{good}"
    );
    assert!(
        good.contains("\r\nx-ratelimit-reset-requests: 3600\r\n"),
        "{good}"
    );
    let limited = started.ask();
    assert!(limited.starts_with("HTTP/1.1 429"), "{limited}");
    assert!(limited.contains("\r\nretry-after-ms: 7\r\n"), "{limited}");
    let silent = Started::new(&["--window", "9/1h", "--headers", "none"]).ask();
    assert!(!silent.contains("ratelimit"), "{silent}");
}

#[test]
fn complains_about_what_it_cannot_do() {
    let beyond = refused(&["--listen", "0.0.0.0:0"]);
    assert!(beyond.contains("loopback only"), "{beyond}");
    let script = refused(&["--script", "503; okay"]);
    assert!(
        script.contains("answer 2 of the script: unknown answer `okay`"),
        "{script}"
    );
    let file = refused(&["--script-file", "no/such/file"]);
    assert!(file.contains("no/such/file"), "{file}");
    let hint = refused(&["--hint", "soon"]);
    assert!(
        hint.contains("`soon` is no hint: none, resets, seconds, exact, ms or date"),
        "{hint}"
    );
    refused(&["--burst", "3"]);
    for (flag, bad) in [
        ("--limit", "leaky=3/1s"),
        ("--window", "log=3/1s"),
        ("--hint-lie", "often"),
        ("--headers", "loud"),
        ("--header-lie", "stale"),
        ("--charging", "never"),
        ("--service", "normal:2s"),
    ] {
        let complaint = refused(&[flag, bad]);
        assert!(complaint.contains("` is no "), "{complaint}");
    }
}
