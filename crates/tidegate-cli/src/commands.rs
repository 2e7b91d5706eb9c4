//! One file a command.

pub(crate) mod config;
pub(crate) mod embed;
pub(crate) mod endpoint;
pub(crate) mod run;

use tidegate::config::{Config, ConfigError, Environment, locate};

use crate::args::Global;

/// The configuration the flags ask for.
pub(crate) fn load(global: &Global) -> Result<Config, ConfigError> {
    let environment = Environment::from_process();
    let path = locate(global.config.as_deref(), &environment);
    Config::load(path.as_deref(), environment)
}
