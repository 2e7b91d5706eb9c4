//! One tiny request, to see whether somebody answers.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tidegate::config::{Config, EndpointConfig, Origin, Settings, Sourced, Time};
use tidegate::plan;
use tidegate::{ErrorKind, Outcome, Request, RunRequest, Spell};

use crate::args::{Global, TestOptions};
use crate::commands;
use crate::commands::run::{Shown, exit, interruptible, written};
use crate::exit::Exit;
use crate::output::spinner::Spinner;
use crate::output::{advice, json, text};

/// What is asked: short, and answered in a word by anything that follows instructions.
const PROMPT: &str = "Reply with the word OK.";
/// Room for the word, and the least that every provider accepts.
const MAX_TOKENS: u32 = 16;
const CONNECT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(20);
/// Time to wait in line, besides what the attempts may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks one endpoint of `config`, and nobody in its place.
pub(crate) async fn ask(
    global: &Global,
    mut config: Config,
    endpoint: Option<String>,
    test: TestOptions,
) -> Exit {
    let endpoint = endpoint.or_else(|| Some(config.default_endpoint.as_ref()?.value.clone()));
    if let Some(configured) = endpoint
        .as_ref()
        .and_then(|name| config.endpoints.get(name))
    {
        let alone = alone(configured);
        config.insert_endpoint(alone);
    }
    let request = asked(&config, endpoint, settings(&test));
    let spinner = if global.quiet {
        Spinner::hidden()
    } else {
        Spinner::on_terminal()
    };
    let lines = Arc::new(text::Lines::new(global, spinner.clone()));
    let executor = match commands::executor(config, false, global) {
        Ok(executor) => executor.event_sink(lines).build(),
        Err(error) => {
            return commands::refused(test.json, "config", Exit::Config, &error.to_string());
        }
    };
    spinner.watch(&executor);
    let work = async { show(&executor.run(request).await, global, test.json) };
    let shown = if test.json { Shown::Json } else { Shown::Whole };
    interruptible(&executor, &spinner, shown, Box::pin(work)).await
}

/// The question, with the limit on tokens wherever there is such a thing.
fn asked(config: &Config, endpoint: Option<String>, settings: Settings) -> RunRequest {
    let mut request = RunRequest {
        endpoint,
        request: Request::prompt(PROMPT),
        settings,
        ..RunRequest::default()
    };
    let plan = plan::plan(config, plan::built_in, &request);
    let first = plan.ok().and_then(|plan| plan.targets.into_iter().next());
    let is_command = first.is_some_and(|choice| choice.target.command.is_some());
    request.request.max_tokens = (!is_command).then_some(MAX_TOKENS);
    request
}

/// The endpoint without those that would stand in for it.
fn alone(endpoint: &EndpointConfig) -> EndpointConfig {
    EndpointConfig {
        enabled: endpoint.enabled,
        settings: endpoint.settings.clone(),
        ..EndpointConfig::new(
            endpoint.name.clone(),
            endpoint.provider.clone(),
            endpoint.model.clone(),
        )
    }
}

/// Impatient, whatever is configured: somebody sits and waits.
fn settings(test: &TestOptions) -> Settings {
    let retries = test.max_retries.unwrap_or(0);
    let timeout = test.timeout.map_or(TIMEOUT, |time| time.0);
    let deadline = timeout
        .saturating_mul(retries.saturating_add(1))
        .saturating_add(PATIENCE);
    Settings {
        max_retries: chosen(retries),
        connect_timeout: chosen(Time(CONNECT.min(timeout))),
        timeout: chosen(Time(timeout)),
        deadline: chosen(Time(deadline.min(Time::LONGEST))),
        ..Settings::default()
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a setting that was chosen is a `Some`"
)]
const fn chosen<T>(value: T) -> Option<Sourced<T>> {
    Some(Sourced {
        value,
        origin: Origin::BuiltIn("a test"),
    })
}

fn show(outcome: &Outcome, global: &Global, as_json: bool) -> Exit {
    let exit = exit(outcome);
    if as_json {
        return written(json::print(outcome, exit), exit);
    }
    match &outcome.result {
        Ok(_) => written(writeln!(io::stdout(), "{}", answered(outcome)), exit),
        Err(error) => {
            text::outcome(outcome, exit, global);
            if let ErrorKind::Failed(kind) = error.kind() {
                text::note(&format!("  what to do: {}", advice::about(kind)));
            }
            exit
        }
    }
}

/// `fast (groq/llama-3): ok in 420ms, model llama-3-70b, 14 tokens in, 2 out`.
fn answered(outcome: &Outcome) -> String {
    let target = outcome.target.as_deref().unwrap_or("nobody");
    let response = outcome.result.as_ref().ok();
    let model = response
        .and_then(|response| response.model.as_deref())
        .map(|model| format!(", model {model}"))
        .unwrap_or_default();
    let tokens = outcome.usage.map(|usage| {
        let (given, taken) = (usage.input_tokens, usage.output_tokens);
        format!(", {given} tokens in, {taken} out")
    });
    let (took, tokens) = (Spell(outcome.took), tokens.unwrap_or_default());
    format!("{target}: ok in {took}{model}{tokens}")
}
