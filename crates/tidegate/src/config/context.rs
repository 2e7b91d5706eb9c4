//! How the files that a prompt names are packed, and what is kept of them.

use std::path::PathBuf;

use tidegate_context::{Format, Layout, PackOptions};

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
    /// Whether a pattern that matches nothing is an error.
    pub strict: Option<Sourced<bool>>,
    /// How the files are set apart.
    pub format: Option<Sourced<Format>>,
    /// Whether headers tell a file's size.
    pub sizes: Option<Sourced<bool>>,
    /// Whether headers tell when a file last changed.
    pub times: Option<Sourced<bool>>,
    /// Whether what was packed is kept. Read from the seed's file; nothing is kept in this version.
    pub cache_enabled: Option<Sourced<bool>>,
    /// How long what was packed is kept.
    pub cache_ttl: Option<Sourced<Time>>,
    /// The files that are worth keeping.
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
            strict: self.strict.or_else(|| lower.strict.clone()),
            format: self.format.or_else(|| lower.format.clone()),
            sizes: self.sizes.or_else(|| lower.sizes.clone()),
            times: self.times.or_else(|| lower.times.clone()),
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
            strict: chosen(self.strict, options.strict),
            ..options
        }
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

/// What is kept of packed files, for all endpoints: the seed's `globalCacheSettings`. Nothing is kept in this version.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CacheConfig {
    /// Whether anything is kept.
    pub enabled: Option<Sourced<bool>>,
    /// Where.
    pub dir: Option<Sourced<PathBuf>>,
    /// How much at most.
    pub max_total_bytes: Option<Sourced<u64>>,
}
