//! `tidegate explain`.

/// What failed.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// An HTTP status, or a file; `-` stands for standard input. The file has an error's body, a response as `curl -i`
    /// prints it, or with `--command` what a command wrote on standard error
    #[arg(value_name = "STATUS|FILE")]
    pub(crate) what: Option<String>,
    /// Whose words they are: a configured provider, or a type [default: openai-compatible]
    #[arg(short, long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// The status of the response [default: as the file says, else 200]
    #[arg(long, value_name = "STATUS", conflicts_with_all = ["command", "exit"])]
    pub(crate) status: Option<u16>,
    /// A header of the response; may be given several times
    #[arg(long = "header", value_name = "'NAME: VALUE'", conflicts_with_all = ["command", "exit"])]
    pub(crate) headers: Vec<String>,
    /// The file has the words of a command
    #[arg(long)]
    pub(crate) command: bool,
    /// The code the command ended with [default: 1]
    #[arg(long, value_name = "CODE")]
    pub(crate) exit: Option<i32>,
    /// How often a failed attempt is repeated [default: as configured, else 0]
    #[arg(long, value_name = "N")]
    pub(crate) max_retries: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
