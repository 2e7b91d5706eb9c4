//! How `tidegate endpoint test` and `tidegate provider test` ask.

use tidegate::config::Time;

use super::positive;

/// How one tiny request is made.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct TestOptions {
    /// How often a failed attempt is repeated [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) max_retries: Option<u32>,
    /// The longest an attempt may take [default: 20s]
    #[arg(long, value_name = "TIME", value_parser = positive)]
    pub(crate) timeout: Option<Time>,
    /// Print one JSON object, as `run --json` does
    #[arg(long)]
    pub(crate) json: bool,
}
