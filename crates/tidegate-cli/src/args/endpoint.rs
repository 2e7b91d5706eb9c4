//! `tidegate endpoint`.

use clap::Subcommand;
use tidegate::config::Time;

use super::{List, Remove, TestOptions, positive};

#[derive(Debug, Subcommand)]
pub(crate) enum EndpointCommand {
    /// List the endpoints and whether each could be asked
    List(List),
    /// Add an endpoint to the configuration file
    Add(AddEndpoint),
    /// Remove an endpoint from the configuration file
    Remove(Remove),
    /// Ask an endpoint for one word, to see whether it answers
    Test {
        /// The endpoint: a configured name, `provider/model`, or `demo` [default: as for `run`]
        #[arg(value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        test: TestOptions,
    },
}

/// What an endpoint is to be.
#[derive(Debug, clap::Args)]
pub(crate) struct AddEndpoint {
    /// What it is called: `tidegate run -e NAME`
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The provider it asks: a configured one, or one that needs no configuration
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: String,
    /// The model, as the provider names it
    #[arg(short, long, value_name = "NAME")]
    pub(crate) model: String,
    /// The system prompt of runs that bring none
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// How often a failed attempt is repeated
    #[arg(long, value_name = "N")]
    pub(crate) max_retries: Option<u32>,
    /// The longest an attempt may take
    #[arg(long, value_name = "TIME", value_parser = positive)]
    pub(crate) timeout: Option<Time>,
    /// An endpoint that stands in for it; may be given several times, in their order
    #[arg(long = "fallback", value_name = "NAME")]
    pub(crate) fallbacks: Vec<String>,
    /// Write it anew where there is one of that name
    #[arg(long)]
    pub(crate) replace: bool,
}
