//! What a user asks for: one run.

use std::path::PathBuf;

use tidegate_core::Request;

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
    /// The directory `@path` in the last user turn is looked up in. Without one, `@` is plain text.
    pub context: Option<PathBuf>,
    /// Further directories it is looked up in, before the configured ones.
    pub include_dirs: Vec<PathBuf>,
    /// Settings of this run; they win over endpoint, provider and defaults.
    pub settings: Settings,
}
