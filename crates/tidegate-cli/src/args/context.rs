//! `tidegate context`, as typed.

use std::path::PathBuf;

use clap::Subcommand;
use tidegate::Format;
use tidegate::config::{ContextConfig, Sourced};

use super::flag;

#[derive(Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// Pack files as a run would, and print what would stand before the prompt
    Pack(Pack),
    /// List the packs that are kept, the last used first
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print a pack that is kept
    Show {
        /// The first digits of its name, as `tidegate context list` prints it
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Say how much is kept, where and for how long
    Stats {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Delete all packs that are kept
    Clear {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// `tidegate context pack`.
#[derive(Debug, clap::Args)]
pub(crate) struct Pack {
    /// Files, directories and globs, with or without the at sign; or a prompt that names them: `"Review @src/"`
    #[arg(value_name = "WHAT", required = true)]
    pub(crate) what: Vec<String>,
    /// Pack as for this endpoint, and count tokens as its model does [default: the default endpoint]
    #[arg(short, long, value_name = "NAME")]
    pub(crate) endpoint: Option<String>,
    /// Count tokens as this model does
    #[arg(short, long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Another directory that files may come from, after the working directory
    #[arg(long = "include", value_name = "DIR")]
    pub(crate) include: Vec<PathBuf>,
    /// End with an error where something matches no file, instead of a warning [default: as configured]
    #[arg(long)]
    pub(crate) strict_context: bool,
    /// Pack files in which a credential was found all the same
    #[arg(long)]
    pub(crate) allow_secrets: bool,
    /// Read everything anew, and keep nothing
    #[arg(long)]
    pub(crate) no_cache: bool,
    #[command(flatten)]
    pub(crate) limits: PackLimits,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// How much is packed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
#[expect(clippy::struct_field_names, reason = "as the settings are called")]
pub(crate) struct PackLimits {
    /// The largest file that is packed, in bytes [default: as configured, else 1 MiB]
    #[arg(long, value_name = "N")]
    max_file_bytes: Option<u64>,
    /// The most bytes packed in all [default: as configured, else 8 MiB]
    #[arg(long, value_name = "N")]
    max_total_bytes: Option<u64>,
    /// The most files packed [default: as configured, else 1000]
    #[arg(long, value_name = "N")]
    max_files: Option<usize>,
    /// The most tokens packed in all [default: as configured, else no limit]
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
}

/// How a pack is printed.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Shown {
    /// How the files are set apart: `plain`, `xml` or `markdown` [default: as configured, else plain]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Count tokens: exactly for models whose encoding is known, else four bytes to a token
    #[arg(long)]
    pub(crate) tokens: bool,
    /// Print a tree of the files and their sizes instead of their texts
    #[arg(long, conflicts_with = "json")]
    pub(crate) tree: bool,
    /// Print one JSON object that lists what is packed and what is left out, instead of the texts
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the texts go [default: standard output, unless that has the tree or the JSON]
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
}

impl Pack {
    /// What the flags say of packing.
    pub(crate) fn config(&self) -> ContextConfig {
        let PackLimits {
            max_file_bytes,
            max_total_bytes,
            max_files,
            max_tokens,
        } = self.limits;
        ContextConfig {
            max_file_bytes: flag(max_file_bytes, "--max-file-bytes"),
            max_total_bytes: flag(max_total_bytes, "--max-total-bytes"),
            max_files: flag(max_files, "--max-files"),
            max_tokens: flag(max_tokens, "--max-tokens"),
            cache_enabled: flag(self.no_cache.then_some(false), "--no-cache"),
            format: self.shown.format(),
            ..ContextConfig::default()
        }
    }
}

impl Shown {
    /// Whether the texts are written somewhere: standard output has one thing at a time.
    pub(crate) const fn has_texts(&self) -> bool {
        self.to.is_some() || !self.tree && !self.json
    }

    /// Whether nothing is asked for of single files.
    pub(crate) const fn has_texts_alone(&self) -> bool {
        !self.tree && !self.json
    }

    pub(crate) fn format(&self) -> Option<Sourced<Format>> {
        flag(self.format, "--format")
    }
}
