//! `tidegate provider`.

use std::io::{self, BufRead, IsTerminal, Read};

use serde::Serialize;
use tidegate::config::edit::{Change, NewProvider};
use tidegate::config::{
    Config, EndpointConfig, Origin, ProviderConfig, Sourced, Template, UnknownName,
};
use tidegate::plan;
use tidegate::{Secret, Target, network};

use crate::args::{AddProvider, ApiKey, Global, ProviderCommand, TestOptions};
use crate::commands::{self, edit, refused, test};
use crate::exit::Exit;
use crate::output::{json, table, text};

/// The longest key read from standard input, in bytes.
const MAX_KEY: u64 = 64 * 1_024;

pub(crate) async fn run(global: &Global, command: ProviderCommand) -> Exit {
    match command {
        ProviderCommand::List(args) => match commands::load(global) {
            Ok(config) => list(&config, args.json),
            Err(error) => refused(args.json, "config", Exit::Config, &error.to_string()),
        },
        ProviderCommand::Add(args) => add(global, args),
        ProviderCommand::Remove(args) => {
            let (name, force) = (args.name, args.force);
            let change = Change::RemoveProvider { name, force };
            edit::change(global, &change).map_or_else(|exit| exit, |_| Exit::Done)
        }
        ProviderCommand::Test { name, model, test } => ask(global, &name, model, test).await,
    }
}

#[derive(Serialize)]
struct Listed<'c> {
    file: Option<String>,
    providers: Vec<Row<'c>>,
}

#[derive(Serialize)]
struct Row<'c> {
    name: &'c str,
    r#type: &'c str,
    place: Option<String>,
    configured: bool,
    enabled: bool,
    ready: bool,
    problem: Option<String>,
    endpoints: Vec<&'c str>,
}

fn list(config: &Config, as_json: bool) -> Exit {
    let free = plan::without_configuration().map(ProviderConfig::built_in);
    let free: Vec<_> = free
        .filter(|provider| !config.providers.contains_key(&provider.name))
        .collect();
    let configured = config.providers.values().map(|provider| (provider, true));
    let all = configured.chain(free.iter().map(|provider| (provider, false)));
    let rows: Vec<_> = all
        .map(|(provider, configured)| row(config, provider, configured))
        .collect();
    if as_json {
        let file = config.path.as_ref().map(|path| path.display().to_string());
        return text::printed(json::write(&Listed {
            file,
            providers: rows,
        }));
    }
    let lines: Vec<_> = rows.iter().map(line).collect();
    text::printed(table::print(&lines))
}

fn row<'c>(config: &'c Config, provider: &'c ProviderConfig, configured: bool) -> Row<'c> {
    let target = plan::direct_target(config, &provider.name, "any");
    let users = config.endpoints.values();
    Row {
        name: &provider.name,
        r#type: &provider.kind.value,
        place: place(config, provider, target.as_ref().ok()),
        configured,
        enabled: provider.enabled,
        ready: target.is_ok(),
        problem: target.err().map(|error| error.to_string()),
        endpoints: users
            .filter(|endpoint| endpoint.provider.value == provider.name)
            .map(|endpoint| endpoint.name.as_str())
            .collect(),
    }
}

fn line(row: &Row<'_>) -> [String; 4] {
    let state = match (&row.problem, row.enabled, row.configured) {
        (_, false, _) => "disabled".to_owned(),
        (Some(problem), _, _) => problem.clone(),
        (None, _, true) => "ready".to_owned(),
        (None, _, false) => "ready, needs no configuration".to_owned(),
    };
    let place = row.place.clone().unwrap_or_default();
    [row.name.to_owned(), row.r#type.to_owned(), place, state]
}

/// Where it is: of a URL the host alone, since the rest may hold a key; of a command the program.
fn place(config: &Config, provider: &ProviderConfig, target: Option<&Target>) -> Option<String> {
    let program = provider.argv.as_ref().and_then(|argv| argv.value.first());
    let resolved = target.and_then(|target| target.base_url.clone());
    let configured = || {
        let url = &provider.base_url.as_ref()?.value;
        url.resolve(&config.environment).ok()
    };
    let url = resolved.or_else(configured);
    url.map(|url| network::host(&url).to_owned())
        .or_else(|| program.cloned())
}

/// The configuration with an endpoint for this model at this provider, and the endpoint's name.
fn with_endpoint(mut config: Config, provider: &str, model: &str) -> (Config, String) {
    let value = |value: &str| Sourced::new(value.to_owned(), Origin::BuiltIn("a test"));
    let name = format!("{provider}/{model}");
    let endpoint = EndpointConfig::new(name.clone(), value(provider), value(model));
    config.insert_endpoint(endpoint);
    (config, name)
}

fn add(global: &Global, args: AddProvider) -> Exit {
    let from_stdin = args.key.from_stdin;
    let api_key = match key(args.key) {
        Ok(key) => key,
        Err(what) => return text::error(Exit::Usage, &what),
    };
    let name = args.name.clone();
    let new = NewProvider {
        name: args.name,
        kind: args.kind,
        base_url: args.base_url,
        api_key,
        account: args.account,
        preset: args.preset,
        argv: args.argv,
    };
    let replace = args.replace;
    let edited = match edit::change(global, &Change::AddProvider { new, replace }) {
        Ok(edited) => edited,
        Err(exit) => return exit,
    };
    if from_stdin && !global.quiet {
        text::note(&format!(
            "the key is written into {}",
            edited.path.display()
        ));
    }
    edit::warn_unless_ready(global, plan::direct_target(&edited.config, &name, "any"));
    Exit::Done
}

/// The key as the file is to hold it.
fn key(args: ApiKey) -> Result<Option<Secret>, String> {
    if args.from_stdin {
        return from_stdin().map(Some);
    }
    let variable = args.variable.map(|name| format!("${{{name}}}"));
    let Some(key) = args.value.or(variable) else {
        return Ok(None);
    };
    let template = Template::parse(&key).map_err(|error| format!("the key: {error}"))?;
    if template.has_literal() || key.is_empty() {
        return Err(
            "a key on the command line can be read by every user of this machine, and stays in the shell's history: \
             name its variable (`--api-key-env VAR`, or `--api-key '${VAR}'` in single quotes), or pipe it in \
             (`--api-key-stdin`)"
                .to_owned(),
        );
    }
    Ok(Some(Secret::new(key)))
}

/// The first line of standard input.
fn from_stdin() -> Result<Secret, String> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        text::note("paste the key and press Enter");
    }
    let mut line = String::new();
    stdin
        .lock()
        .take(MAX_KEY)
        .read_line(&mut line)
        .map_err(|error| format!("the key cannot be read from standard input: {error}"))?;
    match line.trim() {
        "" => Err("there is no key on standard input".to_owned()),
        key => Ok(Secret::new(Template::escaped(key))),
    }
}

async fn ask(global: &Global, name: &str, model: Option<String>, args: TestOptions) -> Exit {
    let config = match commands::load(global) {
        Ok(config) => config,
        Err(error) => return refused(args.json, "config", Exit::Config, &error.to_string()),
    };
    if let Err(unknown) = known(&config, name) {
        return refused(args.json, "config", Exit::Config, &unknown.to_string());
    }
    let Some(model) = model.or_else(|| first_model(&config, name)) else {
        let what = format!("no endpoint uses provider `{name}`: name a model with `--model`");
        return refused(args.json, "usage", Exit::Usage, &what);
    };
    let (config, endpoint) = with_endpoint(config, name, &model);
    Box::pin(test::ask(global, config, Some(endpoint), args)).await
}

fn known(config: &Config, name: &str) -> Result<(), UnknownName> {
    let mut known: Vec<&str> = plan::without_configuration().collect();
    known.extend(config.providers.keys().map(String::as_str));
    if known.contains(&name) {
        return Ok(());
    }
    Err(UnknownName::new("provider", name, known))
}

/// The model of the default endpoint, if it asks this provider, or of the first that does.
fn first_model(config: &Config, provider: &str) -> Option<String> {
    let default = config.default_endpoint.as_ref();
    let default = default.and_then(|name| config.endpoints.get(&name.value));
    default
        .into_iter()
        .chain(config.endpoints.values())
        .find(|endpoint| endpoint.enabled && endpoint.provider.value == provider)
        .map(|endpoint| endpoint.model.value.clone())
}
