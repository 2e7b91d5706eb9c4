//! `tidegate config`.

use std::io::{self, Write};
use std::path::PathBuf;

use tidegate::config::{self, Config, EndpointConfig, Environment, Sourced, StoreKind};

use crate::args::{ConfigCommand, Global};
use crate::commands::{self, endpoint};
use crate::exit::Exit;
use crate::output::text;

pub(crate) fn run(global: &Global, command: ConfigCommand) -> Exit {
    match command {
        ConfigCommand::Path => path(global),
        ConfigCommand::Init => init(global),
        ConfigCommand::Show { origin } => with(global, |config| show(config.clone(), origin)),
        ConfigCommand::Check => with(global, check),
    }
}

fn with(global: &Global, then: impl FnOnce(&Config) -> Exit) -> Exit {
    match commands::load(global) {
        Ok(config) => then(&config),
        Err(error) => text::error(Exit::Config, &error.to_string()),
    }
}

fn path(global: &Global) -> Exit {
    let environment = Environment::from_process();
    match config::locate(global.config.as_deref(), &environment) {
        Some(path) => text::printed(writeln!(io::stdout(), "{}", path.display())),
        None => match config::default_path(&environment) {
            Some(path) => {
                text::note("there is no file yet; `tidegate config init` writes one here");
                text::printed(writeln!(io::stdout(), "{}", path.display()))
            }
            None => text::error(
                Exit::Config,
                "no place for a file: neither XDG_CONFIG_HOME nor HOME is set",
            ),
        },
    }
}

fn show(mut config: Config, origin: bool) -> Exit {
    let queue = &mut config.queue;
    let store = (queue.store).get_or_insert(Sourced::default_of(commands::STORE));
    if store.value == StoreKind::Sqlite && queue.path.is_none() {
        queue.path = queue.file(&config.environment).map(Sourced::default_of);
    }
    let print = || {
        let (mut stdout, mut table) = (io::stdout().lock(), String::new());
        for row in config.rows() {
            if row.table != table {
                let gap = if table.is_empty() { "" } else { "\n" };
                writeln!(stdout, "{gap}[{}]", row.table)?;
                table.clone_from(&row.table);
            }
            write!(stdout, "{} = {}", row.key, row.value)?;
            if origin {
                write!(stdout, "  # {}", row.origin)?;
            }
            writeln!(stdout)?;
        }
        stdout.flush()
    };
    text::printed(print())
}

/// Says what is wrong, and exits as a run of the worst endpoint would.
fn check(config: &Config) -> Exit {
    for warning in &config.warnings {
        text::warning(warning);
    }
    let store = config.queue.store.as_ref().map(|store| store.value);
    for (place, key, kind) in config.queue.unused(store.unwrap_or(commands::STORE)) {
        let what = format!("{place}: `{key}` in [queue] does nothing without `store = \"{kind}\"`");
        text::warning(&what);
    }
    let enabled: Vec<_> = config
        .endpoints
        .values()
        .filter(|endpoint| endpoint.enabled)
        .collect();
    let problems: Vec<_> = enabled
        .iter()
        .filter_map(|endpoint| Some((endpoint, problem(config, endpoint)?)))
        .collect();
    for (endpoint, (problem, _)) in &problems {
        text::warning(&format!("endpoint `{}`: {problem}", endpoint.name));
    }
    let file = config
        .path
        .as_ref()
        .map_or_else(|| "no file".to_owned(), |path| path.display().to_string());
    let (all, ready) = (config.endpoints.len(), enabled.len() - problems.len());
    let printed = text::printed(writeln!(
        io::stdout(),
        "{file}: {all} endpoints, {ready} ready"
    ));
    match problems
        .iter()
        .all(|(_, (_, exit))| *exit == Exit::Credentials)
    {
        _ if printed != Exit::Done || problems.is_empty() => printed,
        true => Exit::Credentials,
        false => Exit::Config,
    }
}

/// Why a run of this endpoint would end before it is sent, and how.
fn problem(config: &Config, endpoint: &EndpointConfig) -> Option<(String, Exit)> {
    if let Err(problem) = endpoint::check(config, &endpoint.name) {
        let credential = problem.is_missing_credential();
        let exit = if credential {
            Exit::Credentials
        } else {
            Exit::Config
        };
        return Some((problem.to_string(), exit));
    }
    let provider = config.providers.get(&endpoint.provider.value)?;
    let missing = provider.out_of_reach(&config.environment)?;
    Some((missing, Exit::Config))
}

fn init(global: &Global) -> Exit {
    let environment = Environment::from_process();
    let named = || environment.get("TIDEGATE_CONFIG").map(PathBuf::from);
    let place = global
        .config
        .clone()
        .or_else(named)
        .or_else(|| config::default_path(&environment));
    let Some(path) = place else {
        return text::error(
            Exit::Config,
            "no place for a file: neither XDG_CONFIG_HOME nor HOME is set",
        );
    };
    if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        let what = format!(
            "{} would be read as the JSON of another program: name a `.toml`",
            path.display()
        );
        return text::error(Exit::Usage, &what);
    }
    if let Some(read) =
        config::locate(None, &environment).filter(|read| *read != path && global.config.is_none())
    {
        text::warning(&format!(
            "{} was read until now and is not read any more",
            read.display()
        ));
    }
    match config::edit::start(&path, config::sample()) {
        Ok(()) => text::printed(writeln!(io::stdout(), "{}", path.display())),
        Err(error) if error.is_already_there() => text::error(
            Exit::Config,
            &format!("{} exists already and is left as it is", path.display()),
        ),
        Err(error) => text::error(Exit::Config, &error.to_string()),
    }
}
