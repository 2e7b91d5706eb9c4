//! An answer as it comes. Once output was handed over, nothing is retried.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use tidegate::config::{Config, Environment};
use tidegate::{Delta, Executor, Request, RunRequest};
use tidegate_simulator::{Settings, Simulator};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let provider = Simulator::start(Settings::scripted("ok=One piece after the other.")?).await?;
    let text = format!(
        "[providers.local]\ntype = \"openai-compatible\"\nbase_url = \"{}/v1\"\n\
         [endpoints.fast]\nprovider = \"local\"\nmodel = \"small\"\n",
        provider.url()
    );
    let executor = Executor::new(Config::from_toml(&text, None, Environment::of([]))?);
    let mut stream = executor.stream(RunRequest {
        request: Request::prompt("Count"),
        ..RunRequest::default()
    });
    while let Some(delta) = stream.next().await {
        if let Delta::Text(piece) = delta {
            println!("{piece:?}");
        }
    }
    let outcome = stream.finish().await;
    println!(
        "{:?}, {:?}",
        outcome.result?.finish_reason,
        outcome.attempts.len()
    );
    Ok(())
}
