//! `tidegate provider`.

use clap::Subcommand;

use super::{List, Remove, TestOptions};

#[derive(Debug, Subcommand)]
pub(crate) enum ProviderCommand {
    /// List the providers and whether each could be asked
    List(List),
    /// Add a provider to the configuration file
    Add(AddProvider),
    /// Remove a provider from the configuration file
    Remove(Remove),
    /// Ask a provider for one word, to see whether it answers
    Test {
        /// The provider: a configured one, or one that needs no configuration
        #[arg(value_name = "NAME")]
        name: String,
        /// The model to ask [default: that of its first endpoint]
        #[arg(short, long, value_name = "NAME")]
        model: Option<String>,
        #[command(flatten)]
        test: TestOptions,
    },
}

/// What a provider is to be.
#[derive(Debug, clap::Args)]
pub(crate) struct AddProvider {
    /// What endpoints call it
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Who it is: `openai`, `openai-compatible`, `command`, ... [default: NAME, where that is a type]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// Where its API lives
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    #[command(flatten)]
    pub(crate) key: ApiKey,
    /// The account whose limits it shares [default: NAME]
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
    /// A known program and its arguments: `ccw-litellm`
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Write it anew where there is one of that name
    #[arg(long)]
    pub(crate) replace: bool,
    /// Program and arguments of a `command`; `{prompt}`, `{model}` and `{system}` stand for what they say
    #[arg(last = true, value_name = "PROGRAM")]
    pub(crate) argv: Vec<String>,
}

/// Where a provider's key is.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct ApiKey {
    /// The environment variable its key is in, as '${VAR}'; a key itself is refused here
    #[arg(long = "api-key", value_name = "'${VAR}'")]
    pub(crate) value: Option<String>,
    /// The environment variable its key is in
    #[arg(long = "api-key-env", value_name = "VAR")]
    pub(crate) variable: Option<String>,
    /// Read its key from standard input and write it into the file
    #[arg(long = "api-key-stdin")]
    pub(crate) from_stdin: bool,
}
