//! The command line, as typed.

#![expect(
    clippy::doc_markdown,
    reason = "doc comments here are what `--help` prints"
)]

mod embed;
mod run;

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand};
use tidegate::config::{Origin, Sourced, Time};

pub(crate) use self::embed::{Embed, Format};
pub(crate) use self::run::{Content, Run};

/// The dependable way to call LLM endpoints.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 internal, 2 usage, 3 configuration, 4 context, 5 credentials,
6 rate or quota, 7 time, 8 provider or network, 9 request refused, 130 interrupted.";

/// Flags of every command.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// The configuration file [default: $TIDEGATE_CONFIG, then tidegate/tidegate.toml in the XDG config directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Tell more on stderr; -vv adds the engine's log, -vvv everybody's
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Tell nothing on stderr but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send one prompt and print the answer
    Run(Run),
    /// Turn texts into vectors
    Embed(Embed),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the endpoints
    #[command(subcommand)]
    Endpoint(EndpointCommand),
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print which file is read
    Path,
    /// Print what holds, defaults included; secrets are hidden
    Show {
        /// Say of every value where it comes from
        #[arg(long)]
        origin: bool,
    },
    /// Check the file and every endpoint in it
    Check,
    /// Write a commented file to start from
    Init,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EndpointCommand {
    /// List the endpoints and whether each could be asked
    List,
}

/// A time in which something can happen.
pub(crate) fn positive(text: &str) -> Result<Time, String> {
    let time: Time = text.parse().map_err(|error| format!("{error}"))?;
    if time.0.is_zero() {
        Err("must be longer than zero".to_owned())
    } else {
        Ok(time)
    }
}

pub(crate) fn flag<T>(value: Option<T>, name: &'static str) -> Option<Sourced<T>> {
    value.map(|value| Sourced {
        value,
        origin: Origin::Flag(name),
    })
}
