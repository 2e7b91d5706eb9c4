//! The files that a prompt names, put before it as far as they can be: what cannot is told, and the call goes on.

use tidegate_context::{PackOptions, Packed, Secrets, patterns, unescaped};

use super::CcwOptions;
use super::tell::Tell;
use crate::config::CcwEndpoint;

/// Packs for one call.
pub(super) struct Packing<'c> {
    tell: &'c (dyn Tell + 'static),
    /// `None`: files are not packed.
    options: Option<PackOptions>,
}

impl<'c> Packing<'c> {
    pub(super) fn of(
        endpoint: &CcwEndpoint,
        asked: &CcwOptions,
        tell: &'c (dyn Tell + 'static),
    ) -> Self {
        let packs = asked.enable_cache.unwrap_or(endpoint.packs);
        let options = packs.then(|| {
            let config = &endpoint.config;
            let configured = config.endpoints.get(&endpoint.id);
            let configured = configured.map(|endpoint| endpoint.context.clone());
            let configured = configured.unwrap_or_default();
            let cache = config.cache.options(&configured, &config.environment);
            let mut options = configured.into_options(PackOptions::new(asked.cwd.clone()));
            options.cache = cache;
            options
                .include_dirs
                .extend(asked.include_dirs.clone().unwrap_or_default());
            options.include_dirs.extend(asked.base_dir.clone());
            options.secrets = Secrets::LeaveOut;
            options
        });
        Self { tell, options }
    }

    /// The prompt as it is sent, with its files before it, and their names.
    pub(super) async fn before(&self, prompt: &str) -> (String, Vec<String>) {
        let Some(options) = self.options.clone() else {
            return (prompt.to_owned(), Vec::new());
        };
        let patterns = patterns(prompt);
        let prompt = unescaped(prompt);
        if patterns.is_empty() {
            return (prompt.into_owned(), Vec::new());
        }
        self.say(format_args!("Found {} @patterns", patterns.len()));
        let pack = move || tidegate_context::pack(&patterns, &options);
        match tokio::task::spawn_blocking(pack).await {
            Ok(Ok(packed)) => self.apply(&packed, &prompt),
            Ok(Err(error)) => self.without(&prompt, &error.to_string()),
            Err(error) => self.without(&prompt, &error.to_string()),
        }
    }

    fn apply(&self, packed: &Packed, prompt: &str) -> (String, Vec<String>) {
        for skipped in packed.skipped() {
            self.warn(&format!("{} left out: {}", skipped.path, skipped.reason));
        }
        for unmatched in packed.unmatched() {
            self.warn(&unmatched.to_string());
        }
        if packed.is_empty() {
            return (prompt.to_owned(), Vec::new());
        }
        let names: Vec<_> = packed
            .files()
            .iter()
            .map(|file| file.path.clone())
            .collect();
        self.say(format_args!(
            "Packed {} files, {} bytes",
            names.len(),
            packed.bytes()
        ));
        self.say(format_args!("Applied to prompt"));
        (packed.render_before(prompt), names)
    }

    fn without(&self, prompt: &str, error: &str) -> (String, Vec<String>) {
        self.warn(error);
        (prompt.to_owned(), Vec::new())
    }

    fn say(&self, what: std::fmt::Arguments<'_>) {
        self.tell.err(format!("[Context cache: {what}]\n"));
    }

    fn warn(&self, what: &str) {
        self.tell.err(format!("[Context cache warning: {what}]\n"));
    }
}
