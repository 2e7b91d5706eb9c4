//! What a pack may hold, and where packs are kept.

use std::path::PathBuf;
use std::time::Duration;

use crate::progress::Progress;
use crate::tokens::TokenCounter;

/// Where files may come from, and how much of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackOptions {
    /// The working directory: patterns are looked up here first, and files are named from here.
    pub root: PathBuf,
    /// Further directories, looked up in this order. Their files are named after the directory. Empty by default.
    pub include_dirs: Vec<PathBuf>,
    /// The largest file that is packed, in bytes. 1 MiB by default.
    pub max_file_bytes: u64,
    /// The most bytes packed in all, headers not counted. 8 MiB by default.
    pub max_total_bytes: u64,
    /// The most files packed. 1000 by default.
    pub max_files: usize,
    /// The most tokens packed in all, headers of the plain format counted. No limit by default.
    pub max_tokens: Option<u64>,
    /// Counts them. Estimates by default.
    pub counter: TokenCounter,
    /// Whether they are counted without a limit, too, for [`Written::tokens`](crate::Written::tokens). Off by default.
    pub count_tokens: bool,
    /// Whether a pattern that matches nothing is an error, even if it is a mere word. Off by default.
    pub strict: bool,
    /// What becomes of credentials in the files. They fail the pack by default.
    pub secrets: Secrets,
    /// Where packs are kept, so that the same files need not be read again. Nothing is kept by default.
    pub cache: Option<CacheOptions>,
    /// Counts what is done, for whoever waits.
    pub progress: Progress,
}

/// What becomes of a file that holds a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Secrets {
    /// Nothing is packed: [`PackError::Secrets`](crate::PackError::Secrets).
    #[default]
    Refuse,
    /// It is left out, and listed.
    LeaveOut,
    /// It is packed like any other: nobody looks.
    Allow,
}

impl PackOptions {
    /// What counts, where somebody asks.
    pub(crate) fn counting(&self) -> Option<TokenCounter> {
        let asked = self.count_tokens || self.max_tokens.is_some();
        asked.then_some(self.counter)
    }

    /// The default of [`max_file_bytes`](Self::max_file_bytes): far above any source file, far below a data dump.
    pub const DEFAULT_MAX_FILE_BYTES: u64 = 1024 * 1024;
    /// The default of [`max_total_bytes`](Self::max_total_bytes): about two million tokens, more than any model takes.
    pub const DEFAULT_MAX_TOTAL_BYTES: u64 = 8 * 1024 * 1024;
    /// The default of [`max_files`](Self::max_files).
    pub const DEFAULT_MAX_FILES: usize = 1000;

    /// The defaults, for patterns looked up under `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            include_dirs: Vec::new(),
            max_file_bytes: Self::DEFAULT_MAX_FILE_BYTES,
            max_total_bytes: Self::DEFAULT_MAX_TOTAL_BYTES,
            max_files: Self::DEFAULT_MAX_FILES,
            max_tokens: None,
            counter: TokenCounter::ESTIMATE,
            count_tokens: false,
            strict: false,
            secrets: Secrets::default(),
            cache: None,
            progress: Progress::default(),
        }
    }
}

/// Where packs are kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheOptions {
    /// The directory. It is made, for its owner alone.
    pub dir: PathBuf,
    /// The longest an entry is used.
    pub ttl: Duration,
    /// The most bytes kept in all.
    pub max_total_bytes: u64,
    /// Packs are kept whose files all match one of these globs; none: all packs.
    pub file_patterns: Vec<String>,
}

impl CacheOptions {
    /// The default of [`ttl`](Self::ttl).
    pub const DEFAULT_TTL: Duration = Duration::from_secs(24 * 60 * 60);
    /// The default of [`max_total_bytes`](Self::max_total_bytes).
    pub const DEFAULT_MAX_TOTAL_BYTES: u64 = 256 * 1024 * 1024;

    /// The defaults, in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            ttl: Self::DEFAULT_TTL,
            max_total_bytes: Self::DEFAULT_MAX_TOTAL_BYTES,
            file_patterns: Vec::new(),
        }
    }
}
