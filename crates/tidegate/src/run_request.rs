//! What a user asks for: one run.

use std::path::PathBuf;

use tidegate_core::quota::Priority;
use tidegate_core::{EmbedRequest, Request};

use crate::config::Settings;

/// One request from a user's point of view: what is asked, and of whom.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    /// The endpoint, by its name or as `provider/model`. Without one, the configured default.
    pub endpoint: Option<String>,
    /// Another model than the endpoint's.
    pub model: Option<String>,
    /// What is asked.
    pub request: Request,
    /// Where `@path` in the prompt is looked up. Without it, `@` is plain text.
    pub context: Option<Context>,
    /// Settings of this run; they win over endpoint, provider and defaults.
    pub settings: Settings,
    /// Who goes first in the line of a limit. Interactive unless chosen.
    pub priority: Priority,
}

/// One request for vectors: what is to be turned into them, and by whom.
#[derive(Debug, Clone, Default)]
pub struct EmbedRun {
    /// The endpoint, by its name or as `provider/model`. Without one, the configured default.
    pub endpoint: Option<String>,
    /// Another model than the endpoint's.
    pub model: Option<String>,
    /// The texts.
    pub request: EmbedRequest,
    /// Settings of this run; they win over endpoint, provider and defaults.
    pub settings: Settings,
    /// Who goes first in the line of a limit. Interactive unless chosen.
    pub priority: Priority,
}

/// Where the files are that a prompt names.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The directory `@path` is looked up in.
    pub root: PathBuf,
    /// Further directories, looked up after it and before the configured ones.
    pub include_dirs: Vec<PathBuf>,
    /// The part of the prompt that may name files, where another part is somebody else's text. `None`: the last turn.
    pub named_in: Option<String>,
    /// Whether a pattern that matches nothing is an error, also where that is not configured.
    pub strict: bool,
    /// Whether files that hold a credential are sent like any other, also where that is not configured.
    pub allow_secrets: bool,
    /// Counts what packing has done, for whoever waits.
    pub progress: tidegate_context::Progress,
}
