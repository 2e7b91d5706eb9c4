//! `tidegate endpoint`.

use serde::Serialize;
use tidegate::RunRequest;
use tidegate::config::edit::{Change, NewEndpoint};
use tidegate::config::{Config, EndpointConfig};
use tidegate::plan::{self, PlanError};

use crate::args::{AddEndpoint, EndpointCommand, Global, TestOptions};
use crate::commands::{self, edit, refused, test};
use crate::demo;
use crate::exit::Exit;
use crate::output::{json, table, text};

pub(crate) async fn run(global: &Global, command: EndpointCommand) -> Exit {
    match command {
        EndpointCommand::List(args) => match commands::load(global) {
            Ok(config) => list(&config, args.json),
            Err(error) => refused(args.json, "config", Exit::Config, &error.to_string()),
        },
        EndpointCommand::Add(args) => add(global, args),
        EndpointCommand::Remove(args) => {
            let (name, force) = (args.name, args.force);
            let change = Change::RemoveEndpoint { name, force };
            edit::change(global, &change).map_or_else(|exit| exit, |_| Exit::Done)
        }
        EndpointCommand::Test { name, test } => ask(global, name, test).await,
    }
}

#[derive(Serialize)]
struct Listed<'c> {
    file: Option<String>,
    endpoints: Vec<Row<'c>>,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "a column is a bool")]
struct Row<'c> {
    name: &'c str,
    provider: &'c str,
    model: &'c str,
    default: bool,
    configured: bool,
    enabled: bool,
    ready: bool,
    problem: Option<String>,
}

fn list(config: &Config, as_json: bool) -> Exit {
    let mut rows: Vec<_> = config
        .endpoints
        .values()
        .map(|endpoint| row(config, endpoint))
        .collect();
    if !config.endpoints.contains_key(demo::NAME) {
        rows.push(Row {
            name: demo::NAME,
            provider: "built in",
            model: "simulator",
            default: is_default(config, demo::NAME),
            configured: false,
            enabled: true,
            ready: true,
            problem: None,
        });
    }
    if as_json {
        let file = config.path.as_ref().map(|path| path.display().to_string());
        return text::printed(json::write(&Listed {
            file,
            endpoints: rows,
        }));
    }
    let lines: Vec<_> = rows.iter().map(line).collect();
    text::printed(table::print(&lines))
}

fn row<'c>(config: &Config, endpoint: &'c EndpointConfig) -> Row<'c> {
    let problem = check(config, &endpoint.name).err();
    Row {
        name: &endpoint.name,
        provider: &endpoint.provider.value,
        model: &endpoint.model.value,
        default: is_default(config, &endpoint.name),
        configured: true,
        enabled: endpoint.enabled,
        ready: problem.is_none(),
        problem: problem.map(|problem| problem.to_string()),
    }
}

fn is_default(config: &Config, name: &str) -> bool {
    let default = config.default_endpoint.as_ref();
    default.is_some_and(|default| default.value == name)
}

fn line(row: &Row<'_>) -> [String; 4] {
    let name = if row.default {
        format!("{} (default)", row.name)
    } else {
        row.name.to_owned()
    };
    let state = match (&row.problem, row.enabled, row.configured) {
        (_, false, _) => "disabled".to_owned(),
        (Some(problem), _, _) => problem.clone(),
        (None, _, true) => "ready".to_owned(),
        (None, _, false) => "ready, needs no key".to_owned(),
    };
    [name, row.provider.to_owned(), row.model.to_owned(), state]
}

/// Whether the endpoint resolves.
pub(crate) fn check(config: &Config, name: &str) -> Result<(), PlanError> {
    let request = RunRequest {
        endpoint: Some(name.to_owned()),
        ..RunRequest::default()
    };
    plan::plan(config, plan::built_in, &request).map(drop)
}

fn add(global: &Global, args: AddEndpoint) -> Exit {
    let name = args.name.clone();
    let new = NewEndpoint {
        name: args.name,
        provider: args.provider,
        model: args.model,
        system: args.system,
        max_retries: args.max_retries,
        timeout: args.timeout,
        fallbacks: args.fallbacks,
    };
    let replace = args.replace;
    match edit::change(global, &Change::AddEndpoint { new, replace }) {
        Ok(edited) => {
            edit::warn_unless_ready(global, check(&edited.config, &name));
            Exit::Done
        }
        Err(exit) => exit,
    }
}

async fn ask(global: &Global, name: Option<String>, args: TestOptions) -> Exit {
    let mut config = match commands::load(global) {
        Ok(config) => config,
        Err(error) => return refused(args.json, "config", Exit::Config, &error.to_string()),
    };
    // Held for the whole test: dropping it stops the simulator.
    let demo = match demo::if_wanted(&mut config, name.as_deref()).await {
        Ok(demo) => demo,
        Err(error) => {
            let what = format!("the demo could not be started: {error}");
            return refused(args.json, "internal", Exit::Internal, &what);
        }
    };
    // It shows what retries are for, and answers with none to no one.
    let needed = demo.as_ref().map(|_| demo::MAX_RETRIES);
    let args = TestOptions {
        max_retries: args.max_retries.or(needed),
        ..args
    };
    Box::pin(test::ask(global, config, name, args)).await
}
