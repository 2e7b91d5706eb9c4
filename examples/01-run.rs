//! A prompt to an answer, with an outage and a rate limit on the way.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use tidegate::config::{Config, Environment};
use tidegate::{Executor, Request, RunRequest};
use tidegate_simulator::{Settings, Simulator};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let provider = Simulator::start(Settings::scripted("503; 429; ok=Hello!")?).await?;
    let text = format!(
        r#"
        [providers.local]
        type = "openai-compatible"
        base_url = "{}/v1"

        [endpoints.fast]
        provider = "local"
        model = "small"
        max_retries = 3
        retry_base_delay = "50ms"
        "#,
        provider.url()
    );
    let executor = Executor::new(Config::from_toml(&text, None, Environment::of([]))?);
    let outcome = executor
        .run(RunRequest {
            request: Request::prompt("Say hello"),
            ..RunRequest::default()
        })
        .await;
    for attempt in &outcome.attempts {
        match &attempt.failed {
            Some((failure, _)) => println!("attempt {}: {failure}", attempt.number),
            None => println!("attempt {}: answered", attempt.number),
        }
    }
    println!("{}", outcome.result?.text);
    Ok(())
}
