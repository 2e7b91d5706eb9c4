//! The command line, as typed.

#![expect(
    clippy::doc_markdown,
    reason = "doc comments here are what `--help` prints"
)]

mod context;
mod embed;
mod endpoint;
mod explain;
mod provider;
mod run;
mod test;

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand};
use clap_complete::Shell;
use tidegate::config::{Origin, Sourced, Time};
use tidegate::quota::Priority;

pub(crate) use self::context::{ContextCommand, Pack, Shown};
pub(crate) use self::embed::{Embed, Format};
pub(crate) use self::endpoint::{AddEndpoint, EndpointCommand};
pub(crate) use self::explain::Explain;
pub(crate) use self::provider::{AddProvider, ApiKey, ProviderCommand};
pub(crate) use self::run::{Content, Run};
pub(crate) use self::test::TestOptions;

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
#[command(next_help_heading = "Every command")]
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
    /// Pack files without sending them, and look at the packs that are kept
    #[command(subcommand)]
    Context(ContextCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List, add, remove and test endpoints
    #[command(subcommand)]
    Endpoint(EndpointCommand),
    /// List, add, remove and test providers
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// See who waits for which limit, and forget what is held against one
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Say how a failure is judged, what follows, and why
    Explain(Explain),
    /// Print the completions of a shell
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual as a page for `man`
    Man {
        /// Write a page for each command into this directory instead
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Print every limit that is known: its pace, who waits, who is under way, when it was last refused
    Status {
        /// Print it anew every second, until Ctrl-C
        #[arg(long)]
        watch: bool,
        /// Print one JSON object; with --watch one line each time
        #[arg(long)]
        json: bool,
    },
    /// Forget what was learned of a limit and is held against it; whoever waits or is under way, stays
    Reset {
        /// The limit, as `tidegate queue status` prints it
        #[arg(value_name = "KEY")]
        key: String,
    },
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

/// What is listed, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is removed from the configuration file.
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// Its name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Remove it even where others need it
    #[arg(long)]
    pub(crate) force: bool,
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

/// Who goes first in a line.
pub(crate) fn priority(text: &str) -> Result<Priority, String> {
    match text {
        "interactive" => Ok(Priority::Interactive),
        "batch" => Ok(Priority::Batch),
        _ => Err("must be `interactive` or `batch`".to_owned()),
    }
}

pub(crate) fn flag<T>(value: Option<T>, name: &'static str) -> Option<Sourced<T>> {
    value.map(|value| Sourced {
        value,
        origin: Origin::Flag(name),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Args;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
