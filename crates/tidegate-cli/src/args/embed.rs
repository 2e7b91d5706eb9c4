//! `tidegate embed`, as typed.

#![expect(
    clippy::doc_markdown,
    reason = "doc comments here are what `--help` prints"
)]

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use tidegate::config::{Settings, Time};
use tidegate::quota::Priority;

use super::{flag, positive, priority};

/// `tidegate embed`.
#[derive(Debug, clap::Args)]
pub(crate) struct Embed {
    /// The texts, one vector each; without any, every line of standard input is one
    #[arg(value_name = "TEXT")]
    pub(crate) texts: Vec<String>,
    /// Take every line of this file as a text
    #[arg(long, value_name = "FILE", conflicts_with = "texts")]
    pub(crate) lines: Option<PathBuf>,
    /// The endpoint: a configured name or `provider/model`
    #[arg(short, long, value_name = "NAME")]
    pub(crate) endpoint: Option<String>,
    /// Another model than the endpoint's
    #[arg(short, long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// How many numbers a vector has, where the model lets one choose
    #[arg(long, value_name = "N")]
    pub(crate) dimensions: Option<u32>,
    /// Where the vectors go [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// How they are written [default: `npy` where FILE ends in .npy, else `jsonl`]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// The most texts sent at once
    #[arg(long, value_name = "N", value_parser = at_least_one, default_value = "256")]
    pub(crate) batch: NonZeroUsize,
    /// How often a failed attempt is repeated [default: as configured, else 0]
    #[arg(long, value_name = "N", help_heading = "Patience")]
    pub(crate) max_retries: Option<u32>,
    /// The wait before the first retry; it doubles with each [default: as configured, else 1s]
    #[arg(long, value_name = "TIME", help_heading = "Patience")]
    pub(crate) retry_base_delay: Option<Time>,
    /// The longest an attempt may take [default: as configured, else 600s]
    #[arg(long, value_name = "TIME", value_parser = positive, help_heading = "Patience")]
    pub(crate) timeout: Option<Time>,
    /// The longest each batch may take, waiting and retries included [default: as configured, else 30m]
    #[arg(long, value_name = "TIME", value_parser = positive, help_heading = "Patience")]
    pub(crate) deadline: Option<Time>,
    /// Who goes first where a limit makes runs wait: those somebody watches, or those nobody does
    #[arg(long, value_name = "interactive|batch", value_parser = priority, default_value = "batch", hide_default_value = true, help_heading = "Patience")]
    pub(crate) priority: Priority,
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A line of JSON each: {"index": 0, "embedding": [...]}
    Jsonl,
    /// One NumPy array of 32-bit floats, a row each
    Npy,
}

impl Embed {
    /// The settings of its runs.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            max_retries: flag(self.max_retries, "--max-retries"),
            retry_base_delay: flag(self.retry_base_delay, "--retry-base-delay"),
            timeout: flag(self.timeout, "--timeout"),
            deadline: flag(self.deadline, "--deadline"),
            ..Settings::default()
        }
    }
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "must be a whole number from 1")
}
