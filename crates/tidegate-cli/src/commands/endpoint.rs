//! `tidegate endpoint`.

use std::io::{self, Write};

use tidegate::RunRequest;
use tidegate::config::Config;
use tidegate::plan::{self, PlanError};

use crate::args::{EndpointCommand, Global};
use crate::commands;
use crate::demo;
use crate::exit::Exit;
use crate::output::text;

pub(crate) fn run(global: &Global, command: &EndpointCommand) -> Exit {
    let config = match commands::load(global) {
        Ok(config) => config,
        Err(error) => return text::error(Exit::Config, &error.to_string()),
    };
    match command {
        EndpointCommand::List => list(&config),
    }
}

fn list(config: &Config) -> Exit {
    let mut rows: Vec<[String; 4]> = config
        .endpoints
        .values()
        .map(|endpoint| {
            let default = config
                .default_endpoint
                .as_ref()
                .is_some_and(|name| name.value == endpoint.name);
            let name = if default {
                format!("{} (default)", endpoint.name)
            } else {
                endpoint.name.clone()
            };
            [
                name,
                endpoint.provider.value.clone(),
                endpoint.model.value.clone(),
                state(config, &endpoint.name),
            ]
        })
        .collect();
    if !config.endpoints.contains_key(demo::NAME) {
        rows.push([demo::NAME, "built in", "simulator", "ready, needs no key"].map(str::to_owned));
    }
    text::printed(table(&rows))
}

/// Whether the endpoint could be asked, and if not, why.
fn state(config: &Config, name: &str) -> String {
    match check(config, name) {
        Ok(()) => "ready".to_owned(),
        Err(PlanError::Disabled {
            what: "endpoint", ..
        }) => "disabled".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Whether the endpoint resolves.
pub(crate) fn check(config: &Config, name: &str) -> Result<(), PlanError> {
    let request = RunRequest {
        endpoint: Some(name.to_owned()),
        ..RunRequest::default()
    };
    plan::plan(config, plan::built_in, &request).map(drop)
}

fn table(rows: &[[String; 4]]) -> io::Result<()> {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let mut stdout = io::stdout().lock();
    for [name, provider, model, state] in rows {
        writeln!(
            stdout,
            "{name:0$}  {provider:1$}  {model:2$}  {state}",
            widths[0], widths[1], widths[2]
        )?;
    }
    stdout.flush()
}
