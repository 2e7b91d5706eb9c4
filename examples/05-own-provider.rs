//! A provider of your own: it says what to send and what came back; the engine does the rest.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use tidegate::config::{Config, EndpointConfig, ProviderConfig, Sourced};
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

/// A configuration made in code: files know the built-in providers only.
fn config() -> Config {
    let mut config = Config::default();
    let mut delphi = ProviderConfig::new("delphi", Sourced::default_of("oracle".to_owned()));
    delphi.argv = Some(Sourced::default_of(vec!["oracle".to_owned()]));
    config.insert_provider(delphi);
    let (provider, model) = ("delphi".to_owned(), "pythia".to_owned());
    let endpoint = EndpointConfig::new(
        "delphi",
        Sourced::default_of(provider),
        Sourced::default_of(model),
    );
    config.insert_endpoint(endpoint);
    config
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let transport = Arc::new(ScriptedTransport::new([Step::process(0, "A: perhaps", "")]));
    let executor = Executor::builder(config())
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
