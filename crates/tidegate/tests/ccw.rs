//! The call as the seed's first callers make it, over a script and under a paused clock.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate::ccw::{self, CcwOptions, CcwResult, Line, Stream};
use tidegate::config::{Config, Environment};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate::transport::{Sending, Transport};
use tidegate::{Executor, Network, Timeouts};
use tidegate_providers::{Call, TransportError};
use tokio::time::Instant;

const FILE: &str = r#"{
  "providers": [{"id": "p", "name": "Mine", "type": "openai", "apiKey": "sk-test-1234", "apiBase": "https://here/v1",
    "advancedSettings": {"timeout": 1, "maxRetries": 9, "customHeaders": {"x-team": "${TEAM}"}}}],
  "endpoints": [{"id": "e", "providerId": "p", "model": "gpt-4o"}]
}"#;

struct Made {
    result: CcwResult,
    lines: Vec<String>,
    process: Arc<ScriptedTransport>,
}

async fn make(steps: impl IntoIterator<Item = Step>, options: CcwOptions) -> Made {
    let executor = Executor::new(Config::default());
    let process = Arc::new(ScriptedTransport::new(steps));
    let (result, lines) = call(&executor, Arc::clone(&process) as _, options).await;
    Made {
        result,
        lines,
        process,
    }
}

async fn call(
    executor: &Executor,
    process: Arc<dyn Transport>,
    options: CcwOptions,
) -> (CcwResult, Vec<String>) {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/litellm-api-config.json"), FILE).unwrap();
    let variables = [
        ("CCW_DATA_DIR", home.path().to_str().unwrap()),
        ("TEAM", "a \"b\""),
        ("OPENAI_API_KEY", "undefined"),
    ];
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&lines);
    let tell = move |Line { stream, content }| {
        let name = if stream == Stream::Stdout {
            "out"
        } else {
            "err"
        };
        heard.lock().unwrap().push(format!("{name}: {content}"));
    };
    let environment = Environment::of(variables);
    let result = ccw::execute(executor, environment, options, process, Arc::new(tell)).await;
    let lines = lines.lock().unwrap().clone();
    (result, lines)
}

fn options() -> CcwOptions {
    CcwOptions {
        prompt: "hi".into(),
        endpoint_id: "e".into(),
        ..CcwOptions::default()
    }
}

#[tokio::test(start_paused = true)]
async fn the_childs_environment_holds_what_the_file_says_and_its_arguments_do_not() {
    let made = make([Step::process(0, " fine \n", "")], options()).await;
    assert_eq!(made.result.output, "fine");
    let sent = made.process.sent();
    let Call::Process(call) = &sent[0].call else {
        panic!("no command")
    };
    let line = [call.program.clone(), call.args.join(" ")].join(" ");
    assert_eq!(line, "python -m ccw_litellm.cli chat --model gpt-4o hi");
    let mut variables: Vec<_> = call
        .env
        .iter()
        .map(|(name, value)| format!("{name}={}", value.expose()))
        .collect();
    variables.sort();
    assert_eq!(
        variables,
        [
            r#"CCW_LITELLM_EXTRA_HEADERS={"x-team":"a \"b\""}"#,
            "OPENAI_API_BASE=https://here/v1",
            "OPENAI_API_KEY=sk-test-1234",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn retries_are_those_of_the_call_and_each_is_a_line() {
    let limited = || Step::process(1, "", "HTTP 429 Too Many Requests\n");
    let asked = CcwOptions {
        max_retries: Some(2),
        retry_base_delay_ms: Some(100.0),
        ..options()
    };
    let started = Instant::now();
    let made = make([limited(), limited(), limited()], asked).await;
    assert_eq!(started.elapsed().as_millis(), 300);
    let error = Some("HTTP 429 Too Many Requests".to_owned());
    assert_eq!(made.result.error, error);
    assert_eq!(
        made.lines,
        [
            "err: [LiteLLM: Calling openai/gpt-4o]\n",
            "err: [LiteLLM retry 1/2: waiting 100ms] HTTP 429 Too Many Requests\n",
            "err: [LiteLLM retry 2/2: waiting 200ms] HTTP 429 Too Many Requests\n",
            "err: [LiteLLM error: HTTP 429 Too Many Requests]\n",
        ]
    );
    // The file's own retries were never said to this call.
    let made = make([limited()], options()).await;
    assert_eq!(made.process.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_of_different_executors_stand_in_one_line() {
    let shared = Executor::new(Config::default());
    let limited = Step::process(1, "", "HTTP 429");
    let limited = [
        limited,
        Step::process(1, "", "HTTP 429"),
        Step::process(1, "", "HTTP 429"),
    ];
    let good = (0..3).map(|_| Step::process(0, "OK", ""));
    let process = Arc::new(ScriptedTransport::new(limited.into_iter().chain(good)));
    let asked = CcwOptions {
        max_retries: Some(1),
        retry_base_delay_ms: Some(50.0),
        ..options()
    };
    let started = Instant::now();
    let one = || call(&shared, Arc::clone(&process) as _, asked.clone());
    let (a, b, c) = tokio::join!(one(), one(), one());
    assert!(a.0.success && b.0.success && c.0.success);
    let left = process.sent().into_iter().skip(3);
    let left: Vec<_> = left.map(|sent| (sent.at - started).as_millis()).collect();
    assert_eq!(left, [50, 100, 150]);
}

/// A transport whose clock is its own: it gives up after ten minutes, whatever the engine's clocks say.
#[derive(Debug)]
struct Patient;

impl Transport for Patient {
    fn send<'a>(&'a self, _: &'a Call, timeouts: &'a Timeouts, _: &'a Network) -> Sending<'a> {
        assert_eq!(timeouts.attempt, Duration::from_secs(240));
        Box::pin(async {
            let after = Duration::from_secs(600);
            tokio::time::sleep(after).await;
            Err(TransportError::TimedOut { after })
        })
    }

    fn times_attempts(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_times_attempts_is_not_timed_by_the_engine() {
    let executor = Executor::new(Config::default());
    let asked = CcwOptions {
        max_retries: Some(4),
        retry_base_delay_ms: Some(0.0),
        ..options()
    };
    let started = Instant::now();
    let (result, _) = call(&executor, Arc::new(Patient), asked).await;
    assert_eq!(started.elapsed().as_secs(), 3_000);
    let error = "Command timed out after 600000ms".to_owned();
    assert_eq!(result.error, Some(error));
}

#[tokio::test(start_paused = true)]
async fn what_did_not_start_is_said_as_python_that_did_not_start() {
    let broken = TransportError::NotStarted("socket hang up".into());
    let missing = TransportError::CommandNotFound {
        program: String::new(),
        reason: "spawn python ENOENT".into(),
    };
    let asked = CcwOptions {
        max_retries: Some(5),
        retry_base_delay_ms: Some(1.0),
        ..options()
    };
    let made = make([Step::fail(broken), Step::fail(missing)], asked).await;
    let error = "Failed to spawn Python process: spawn python ENOENT".to_owned();
    assert_eq!(made.result.error, Some(error));
    assert_eq!(made.process.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_credential_is_taken_out_of_the_childs_words() {
    let step = Step::process(1, "", "HTTP 401\nkey sk-test-1234 is wrong\n");
    let made = make([step], options()).await;
    let error = "HTTP 401\nkey [redacted] is wrong".to_owned();
    assert_eq!(made.result.error, Some(error));
}

#[test]
fn one_entrys_mistake_is_no_concern_of_another() {
    use tidegate::config::CcwEndpoint;
    let text = FILE.replace(
        r#""endpoints": ["#,
        r#""endpoints": [{"id": "broken", "providerId": "gone"}, {"providerId": "p"}, "#,
    );
    let read = |id| CcwEndpoint::read(id, &text, Some(Path::new("f.json")), Environment::of([]));
    let endpoint = read("e").unwrap();
    assert_eq!((&*endpoint.model, &*endpoint.kind), ("gpt-4o", "openai"));
    let miss = read("broken").unwrap_err().to_string();
    assert_eq!(miss, "Provider not found: gone");
}
