//! How the files that a prompt names are packed, and what is kept of them.

use std::path::PathBuf;

use tidegate_context::{CacheOptions, Format, Layout, PackOptions, Secrets};

use super::environment::Environment;
use super::locate::default_cache;
use super::origin::Sourced;
use super::time::Time;

/// How files are packed: `[context]`, and the same keys in an endpoint. What is `None` was not chosen here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContextConfig {
    /// Directories besides the working directory that files may come from.
    pub include_dirs: Option<Sourced<Vec<PathBuf>>>,
    /// The largest file that is packed, in bytes.
    pub max_file_bytes: Option<Sourced<u64>>,
    /// The most bytes packed in all.
    pub max_total_bytes: Option<Sourced<u64>>,
    /// The most files packed.
    pub max_files: Option<Sourced<usize>>,
    /// The most tokens packed in all.
    pub max_tokens: Option<Sourced<u64>>,
    /// Whether files that hold a credential are sent like any other.
    pub allow_secrets: Option<Sourced<bool>>,
    /// Whether a pattern that matches nothing is an error.
    pub strict: Option<Sourced<bool>>,
    /// How the files are set apart.
    pub format: Option<Sourced<Format>>,
    /// Whether headers tell a file's size.
    pub sizes: Option<Sourced<bool>>,
    /// Whether headers tell when a file last changed.
    pub times: Option<Sourced<bool>>,
    /// Whether providers are told to keep what was packed.
    pub prompt_cache: Option<Sourced<bool>>,
    /// Whether what was packed is kept.
    pub cache_enabled: Option<Sourced<bool>>,
    /// How long what was packed is kept.
    pub cache_ttl: Option<Sourced<Time>>,
    /// Packs are kept whose files all match one of these.
    pub file_patterns: Option<Sourced<Vec<String>>>,
}

impl ContextConfig {
    /// These choices, and those of `lower` where these are silent.
    #[must_use]
    pub fn or(self, lower: &Self) -> Self {
        Self {
            include_dirs: self.include_dirs.or_else(|| lower.include_dirs.clone()),
            max_file_bytes: self.max_file_bytes.or_else(|| lower.max_file_bytes.clone()),
            max_total_bytes: self
                .max_total_bytes
                .or_else(|| lower.max_total_bytes.clone()),
            max_files: self.max_files.or_else(|| lower.max_files.clone()),
            max_tokens: self.max_tokens.or_else(|| lower.max_tokens.clone()),
            allow_secrets: self.allow_secrets.or_else(|| lower.allow_secrets.clone()),
            strict: self.strict.or_else(|| lower.strict.clone()),
            format: self.format.or_else(|| lower.format.clone()),
            sizes: self.sizes.or_else(|| lower.sizes.clone()),
            times: self.times.or_else(|| lower.times.clone()),
            prompt_cache: self.prompt_cache.or_else(|| lower.prompt_cache.clone()),
            cache_enabled: self.cache_enabled.or_else(|| lower.cache_enabled.clone()),
            cache_ttl: self.cache_ttl.or_else(|| lower.cache_ttl.clone()),
            file_patterns: self.file_patterns.or_else(|| lower.file_patterns.clone()),
        }
    }

    /// `options` with these choices in place of what it says.
    #[must_use]
    pub fn into_options(self, options: PackOptions) -> PackOptions {
        PackOptions {
            include_dirs: chosen(self.include_dirs, options.include_dirs),
            max_file_bytes: chosen(self.max_file_bytes, options.max_file_bytes),
            max_total_bytes: chosen(self.max_total_bytes, options.max_total_bytes),
            max_files: chosen(self.max_files, options.max_files),
            max_tokens: self
                .max_tokens
                .map(|most| most.value)
                .or(options.max_tokens),
            secrets: match self.allow_secrets {
                Some(Sourced { value: true, .. }) => Secrets::Allow,
                Some(_) => Secrets::Refuse,
                None => options.secrets,
            },
            strict: chosen(self.strict, options.strict),
            ..options
        }
    }
}

impl ContextConfig {
    /// Whether providers are told to keep what was packed. They are unless that is switched off.
    pub fn prompt_cache(&self) -> bool {
        self.prompt_cache.as_ref().is_none_or(|chosen| chosen.value)
    }
}

/// How packed files are written, as chosen here.
impl From<&ContextConfig> for Layout {
    fn from(context: &ContextConfig) -> Self {
        let mut layout = Self::default();
        layout.format = chosen(context.format.clone(), layout.format);
        layout.sizes = chosen(context.sizes.clone(), layout.sizes);
        layout.times = chosen(context.times.clone(), layout.times);
        layout
    }
}

fn chosen<T>(chosen: Option<Sourced<T>>, default: T) -> T {
    chosen.map_or(default, |chosen| chosen.value)
}

/// What is kept of packed files, for all endpoints: `[cache]`, and the seed's `globalCacheSettings`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CacheConfig {
    /// Whether anything is kept.
    pub enabled: Option<Sourced<bool>>,
    /// Where.
    pub dir: Option<Sourced<PathBuf>>,
    /// How much at most.
    pub max_total_bytes: Option<Sourced<u64>>,
}

impl CacheConfig {
    /// Where and how packs are kept that are made as `context` says. `None`: nowhere, since it is switched off or nobody
    /// has a home.
    pub fn options(
        &self,
        context: &ContextConfig,
        environment: &Environment,
    ) -> Option<CacheOptions> {
        let on = |switch: &Option<Sourced<bool>>| switch.as_ref().is_none_or(|switch| switch.value);
        let enabled = on(&self.enabled) && on(&context.cache_enabled);
        enabled.then(|| self.place(context, environment))?
    }

    /// The same, whether it is switched off or not: for those who look at what is there. `None`: nobody has a home.
    pub fn place(
        &self,
        context: &ContextConfig,
        environment: &Environment,
    ) -> Option<CacheOptions> {
        let options = CacheOptions::new(self.directory(environment)?);
        Some(CacheOptions {
            ttl: context
                .cache_ttl
                .as_ref()
                .map_or(options.ttl, |ttl| ttl.value.0),
            max_total_bytes: chosen(self.max_total_bytes.clone(), options.max_total_bytes),
            file_patterns: chosen(context.file_patterns.clone(), Vec::new()),
            ..options
        })
    }

    /// A directory below the chosen one: what lies in it is deleted.
    fn directory(&self, environment: &Environment) -> Option<PathBuf> {
        let chosen = self.dir.as_ref().map(|dir| dir.value.clone());
        Some(chosen.or_else(|| default_cache(environment))?.join("packs"))
    }
}
