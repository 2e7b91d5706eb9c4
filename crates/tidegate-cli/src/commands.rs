//! One file a command.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod edit;
pub(crate) mod embed;
pub(crate) mod endpoint;
pub(crate) mod explain;
pub(crate) mod man;
pub(crate) mod provider;
pub(crate) mod queue;
pub(crate) mod run;
pub(crate) mod test;

use tidegate::config::{Config, ConfigError, Environment, StoreKind, locate};
use tidegate::{Executor, ExecutorBuilder, store};

use crate::args::Global;
use crate::exit::Exit;
use crate::output::{json, text};

/// Where lines are kept unless `[queue]` says otherwise: all commands of a user are to share them.
pub(crate) const STORE: StoreKind = StoreKind::Sqlite;

/// The configuration the flags ask for.
pub(crate) fn load(global: &Global) -> Result<Config, ConfigError> {
    let environment = Environment::from_process();
    let path = locate(global.config.as_deref(), &environment);
    Config::load(path.as_deref(), environment)
}

/// The end of a command that could not begin, in the form that was asked for.
pub(crate) fn refused(as_json: bool, kind: &'static str, exit: Exit, what: &str) -> Exit {
    if as_json {
        return run::written(json::print_early(kind, what, exit), exit);
    }
    text::error(exit, what)
}

/// An executor to be put together whose line is kept where `[queue]` says, or in a file that all processes of this user
/// share. Whoever asks the demo is alone with it.
pub(crate) fn executor(
    config: Config,
    alone: bool,
    global: &Global,
) -> Result<ExecutorBuilder, store::OpenStoreError> {
    if alone {
        return Ok(Executor::builder(config));
    }
    let opened = store::open(&config, STORE)?;
    if let Some(warning) = opened.warning.filter(|_| !global.quiet) {
        text::warning(&warning);
    }
    Ok(Executor::builder(config).store(opened.store))
}
