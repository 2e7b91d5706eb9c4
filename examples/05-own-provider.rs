//! A provider of your own: it says what to send and what came back; the engine does the rest.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use tidegate::config::{Config, Environment};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate::{Executor, Failure, Message, Request, Response, RunRequest, Target, Timestamp};
use tidegate_providers::{Call, EncodeError, ProcessCall, Provider, Reply, classify};

/// Asks a program that wants its prompt as a question and marks its answer with `A: `.
struct Oracle;

impl Provider for Oracle {
    fn name(&self) -> &'static str {
        "oracle"
    }

    fn is_command(&self) -> bool {
        true
    }

    fn encode(&self, request: &Request, target: &Target) -> Result<Call, EncodeError> {
        let command = target.command.as_ref().ok_or(EncodeError::NoCommand)?;
        let question = request
            .messages
            .iter()
            .flat_map(Message::texts)
            .collect::<String>();
        let args = vec![format!("Q: {question}")];
        Ok(Call::Process(ProcessCall {
            program: command.argv[0].clone(),
            args,
            env: Vec::new(),
            stdin: None,
        }))
    }

    fn decode(&self, target: &Target, reply: &Reply, now: Timestamp) -> Result<Response, Failure> {
        let stdout = String::from_utf8_lossy(&reply.body);
        match stdout.trim().strip_prefix("A: ") {
            Some(text) => Ok(Response {
                text: text.to_owned(),
                ..Response::default()
            }),
            None => Err(classify::reply(target, reply, now)),
        }
    }
}

const CONFIG: &str = r#"
    [providers.delphi]
    type = "oracle"
    argv = ["oracle"]

    [endpoints.delphi]
    provider = "delphi"
    model = "pythia"
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let transport = Arc::new(ScriptedTransport::new([Step::process(0, "A: perhaps", "")]));
    let executor = Executor::builder(Config::from_toml(CONFIG, None, Environment::of([]))?)
        .provider(Box::new(Oracle))
        .transport(transport)
        .build();
    let outcome = executor
        .run(RunRequest {
            request: Request::prompt("Will it rain?"),
            ..RunRequest::default()
        })
        .await;
    println!("{}", outcome.result?.text);
    Ok(())
}
