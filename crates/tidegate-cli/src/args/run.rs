//! `tidegate run`, as typed.

use std::path::PathBuf;

use tidegate::config::{DeliveryMode, Settings, Time};
use tidegate::quota::Priority;

use super::{flag, positive, priority};

/// `tidegate run`. A number below zero is a wrong value, or a prompt, and not a flag that nobody knows.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)]
#[expect(clippy::struct_excessive_bools, reason = "a flag is a bool")]
#[expect(clippy::struct_field_names, reason = "a flag is called what it is")]
pub(crate) struct Run {
    /// The prompt; `-` stands for standard input, which is also read when there is no prompt and it is a pipe.
    /// `@path`, `@dir/**/*.rs` and `@"a b.txt"` in what you type name files that are sent before it; in what comes
    /// from standard input they are text
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: Vec<String>,
    /// The endpoint: a configured name, `provider/model`, or `demo`, which needs no key
    #[arg(short, long, value_name = "NAME")]
    pub(crate) endpoint: Option<String>,
    /// Another model than the endpoint's
    #[arg(short, long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// A system prompt
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Another directory that `@path` may name files in, after the working directory
    #[arg(long = "include", value_name = "DIR")]
    pub(crate) include: Vec<PathBuf>,
    /// End with an error where an `@path` of the prompt matches no file, instead of a warning [default: as configured]
    #[arg(long, conflicts_with = "no_context")]
    pub(crate) strict_context: bool,
    /// Send files in which a credential was found all the same
    #[arg(long)]
    pub(crate) allow_secrets: bool,
    /// Send nothing: print what would be sent, and say to whom, how many tokens it is, and at what price if that is
    /// configured
    #[arg(long, conflicts_with_all = ["stream", "events"])]
    pub(crate) dry_run: bool,
    /// Send `@` in the prompt as it is
    #[arg(long)]
    pub(crate) no_context: bool,
    /// How often a failed attempt is repeated [default: as configured, else 0]
    #[arg(long, value_name = "N", help_heading = "Patience")]
    pub(crate) max_retries: Option<u32>,
    /// The wait before the first retry; it doubles with each [default: as configured, else 1s]
    #[arg(long, value_name = "TIME", help_heading = "Patience")]
    pub(crate) retry_base_delay: Option<Time>,
    /// The longest a connection may take to stand [default: as configured, else 10s]
    #[arg(long, value_name = "TIME", value_parser = positive, help_heading = "Patience")]
    pub(crate) connect_timeout: Option<Time>,
    /// The longest to wait for the first piece of a streamed answer [default: as configured, else 60s]
    #[arg(long, value_name = "TIME", value_parser = positive, help_heading = "Patience")]
    pub(crate) first_token_timeout: Option<Time>,
    /// The longest silence within a streamed answer [default: as configured, else 60s]
    #[arg(long, value_name = "TIME", value_parser = positive, help_heading = "Patience")]
    pub(crate) idle_timeout: Option<Time>,
    /// The longest an attempt may take [default: as configured, else 600s over HTTP and 240s for a command]
    #[arg(long, value_name = "TIME", value_parser = positive, help_heading = "Patience")]
    pub(crate) timeout: Option<Time>,
    /// The longest it all may take, waiting and retries included [default: as configured, else 30m]
    #[arg(long, value_name = "TIME", value_parser = positive, help_heading = "Patience")]
    pub(crate) deadline: Option<Time>,
    /// Who goes first where a limit makes runs wait: those somebody watches, or those nobody does
    #[arg(long, value_name = "interactive|batch", value_parser = priority, default_value = "interactive", hide_default_value = true, help_heading = "Patience")]
    pub(crate) priority: Priority,
    /// Print the answer as it comes [default: on a terminal]
    #[arg(long, overrides_with = "no_stream", help_heading = "Output")]
    pub(crate) stream: bool,
    /// Ask for the answer in one piece
    #[arg(long, overrides_with = "stream", help_heading = "Output")]
    pub(crate) no_stream: bool,
    /// Have the answer streamed, so that silence is noticed, but print it when it is whole: a break can still be mended
    #[arg(long, conflicts_with_all = ["stream", "no_stream"], help_heading = "Output")]
    pub(crate) whole: bool,
    /// Print one JSON object with the answer or the error, every attempt, usage and limits
    #[arg(long, conflicts_with = "stream", help_heading = "Output")]
    pub(crate) json: bool,
    /// Print every event as a line of JSON, and as the last line the object of `--json`
    #[arg(long, conflicts_with_all = ["stream", "json"], help_heading = "Output")]
    pub(crate) events: bool,
    #[command(flatten)]
    pub(crate) content: Content,
}

/// What is asked besides the prompt.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct Content {
    /// A whole request as JSON (`system`, `messages`, `tools`, ...), `-` for standard input; a prompt is added to it
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,
    /// A picture to send before the prompt: a PNG, JPEG, GIF or WebP file, or a URL
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) image: Vec<String>,
    /// A JSON list of tools the model may ask for; its wishes are printed as lines of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) tools: Option<PathBuf>,
    /// A JSON Schema that the answer must follow
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// The most tokens the answer may have
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u32>,
    /// The sampling temperature
    #[arg(long, value_name = "X")]
    pub(crate) temperature: Option<f64>,
    /// A text at which the answer ends
    #[arg(long, value_name = "TEXT")]
    pub(crate) stop: Vec<String>,
    /// Another parameter of the provider, as it calls it: `top_p=0.9`, `reasoning_effort=low`; JSON where it is JSON
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
}

impl Run {
    /// The settings of this run.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            max_retries: flag(self.max_retries, "--max-retries"),
            retry_base_delay: flag(self.retry_base_delay, "--retry-base-delay"),
            connect_timeout: flag(self.connect_timeout, "--connect-timeout"),
            first_token_timeout: flag(self.first_token_timeout, "--first-token-timeout"),
            idle_timeout: flag(self.idle_timeout, "--idle-timeout"),
            timeout: flag(self.timeout, "--timeout"),
            deadline: flag(self.deadline, "--deadline"),
            delivery: flag(self.whole.then_some(DeliveryMode::Whole), "--whole"),
            ..Settings::default()
        }
    }
}
