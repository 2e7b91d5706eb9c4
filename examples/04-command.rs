//! A child process as a provider: any program that takes a prompt and prints an answer.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use tidegate::config::{Config, Environment};
use tidegate::{Executor, Request, RunRequest};

const CONFIG: &str = r#"
    [providers.upper]
    type = "command"
    argv = ["tr", "a-z", "A-Z"]
    prompt = "stdin"

    [endpoints.shout]
    provider = "upper"
    model = "none"
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let executor = Executor::new(Config::from_toml(CONFIG, None, Environment::of([]))?);
    let outcome = executor
        .run(RunRequest {
            request: Request::prompt("hello"),
            ..RunRequest::default()
        })
        .await;
    println!("{}", outcome.result?.text);
    // Whatever children left behind them is ended and reaped before the program is.
    executor.settled().await;
    Ok(())
}
