//! From the patterns of a prompt to the text that goes before it.
//!
//! The promise is that a prompt goes out with what it names or somebody is told. A file named itself that cannot be
//! packed is an error, with the numbers and what to do; what a glob or a directory could not bring along is listed; a
//! pattern that matches nothing is handed back with the names it may have meant, or is an error for those who ask.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::directories::{Directories, NotADirectory};
use crate::find::{Refusal, find};
use crate::name::spell;
use crate::opener::Opener;
use crate::pattern::Pattern;
use crate::read;
use crate::secret;
use crate::select::{Choice, Selection};
use crate::skip::{SkipReason, Skipped};
use crate::unmatched::{Neighbours, Unmatched};

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
    /// Whether a pattern that matches nothing is an error, even if it is a mere word. Off by default.
    pub strict: bool,
}

impl PackOptions {
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
            strict: false,
        }
    }
}

/// Why a prompt cannot go out as it is. `Display` is one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The working directory or an include directory cannot be used.
    #[error("cannot take files from {}: {source}", path.display())]
    Directory {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A pattern that matches nothing, where that is an [error](PackOptions::strict).
    #[error(
        "{unmatched} under {}; hidden and ignored files are packed only when named exactly, and \\@ is \
         an at sign that is text",
        listed(searched)
    )]
    NoMatch {
        /// The pattern, and what it may have meant.
        unmatched: Unmatched,
        /// The directories it was looked up in, in order.
        searched: Vec<PathBuf>,
    },
    /// A pattern that leads out of the allowed directories, by its own text or through a link.
    #[error("{pattern} leads to {}, outside {}; add its directory as an include directory, or \
         write \\@ for an at sign that is text", resolved.display(), listed(allowed))]
    Outside {
        /// As it was typed.
        pattern: String,
        /// Where it leads, links resolved.
        resolved: PathBuf,
        /// The directories that files may come from.
        allowed: Vec<PathBuf>,
    },
    /// A file that the prompt names itself and that cannot be packed.
    #[error("{pattern} cannot be packed: {reason}; {}", reason.mend())]
    Unpackable {
        /// As it was typed.
        pattern: String,
        /// What is the matter with the file.
        reason: SkipReason,
    },
    /// A pattern that ranges over more entries than anyone means.
    #[error(
        "{pattern} ranges over more than {limit} files, directories or links; name a smaller part"
    )]
    TooBroad {
        /// As it was typed.
        pattern: String,
        /// The most entries one pattern may visit.
        limit: usize,
    },
}

fn listed(directories: &[PathBuf]) -> String {
    let shown: Vec<_> = directories
        .iter()
        .map(|directory| directory.display().to_string())
        .collect();
    shown.join(", ")
}

/// What goes before a prompt, and what was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packed {
    files: Vec<PackedFile>,
    skipped: Vec<Skipped>,
    unmatched: Vec<Unmatched>,
}

/// A packed file.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackedFile {
    /// Its name: from the working directory, or from the include directory's own name on; with forward slashes.
    pub path: String,
    /// The size of its text in bytes.
    pub bytes: u64,
    /// When its content last changed, as far as the system knows.
    pub modified: Option<SystemTime>,
    text: String,
}

impl PackedFile {
    /// A text that lies in no file, under a name that is spelled as a file's would be.
    pub fn new(path: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        let parts: Vec<_> = path.split('/').map(|part| spell(part.as_ref())).collect();
        Self {
            path: parts.join("/"),
            bytes: text.len() as u64,
            modified: None,
            text,
        }
    }

    /// What is packed of it: its content without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Without the text, which may be confidential and is long: this ends up in logs.
impl fmt::Debug for PackedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackedFile")
            .field("path", &self.path)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Sorted by name.
impl FromIterator<PackedFile> for Packed {
    fn from_iter<I: IntoIterator<Item = PackedFile>>(files: I) -> Self {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self {
            files,
            ..Self::default()
        }
    }
}

impl Packed {
    /// Whether nothing goes before the prompt.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The packed files, sorted by the bytes of their names.
    pub fn files(&self) -> &[PackedFile] {
        &self.files
    }

    /// Files that globs and directories matched and that are not packed, sorted by name. Ignored and hidden files are
    /// not among them: they are not matched.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Patterns that look like files, matched nothing and stay text.
    pub fn unmatched(&self) -> &[Unmatched] {
        &self.unmatched
    }

    /// Leaves out the files that hold a credential; they are among the [skipped](Self::skipped) then.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        let found = |file: &PackedFile| secret::find(&file.text);
        let skipped = self.files.iter().filter_map(|file| {
            let (line, what) = found(file)?;
            Some(Skipped {
                path: file.path.clone(),
                reason: SkipReason::Secret { line, what },
            })
        });
        self.skipped.extend(skipped);
        self.files.retain(|file| found(file).is_none());
        self.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        self
    }

    /// The size of all packed texts in bytes, headers not counted.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Packs the files that `patterns` name.
///
/// The result depends on the files alone, not on the order of the directories' entries; on that of the patterns only
/// where not everything fits: files named themselves come first, then what the first pattern matches, and so on. It
/// blocks while it reads: call it where that is allowed. Without patterns the file system is not touched.
pub fn pack(patterns: &[Pattern], options: &PackOptions) -> Result<Packed, PackError> {
    if patterns.is_empty() {
        return Ok(Packed::default());
    }
    let directories = Arc::new(Directories::open(&options.root, &options.include_dirs)?);
    let mut selection = Selection::default();
    let mut unmatched = Vec::new();
    let mut neighbours = Neighbours::of(&directories);
    for pattern in distinct(patterns) {
        let found = find(pattern, &directories)
            .map_err(|refusal| refused(pattern, refusal, &directories))?;
        if found.is_empty() {
            unmatched.extend(text_after_all(
                pattern,
                &directories,
                &mut neighbours,
                options,
            )?);
        }
        selection.add(&pattern.to_string(), found, &directories);
    }
    let (choices, skipped) = selection.settle(&directories);
    let packed = Packed {
        files: Vec::new(),
        skipped,
        unmatched,
    };
    fill(&choices, packed, &mut Opener::new(&directories), options)
}

fn distinct(patterns: &[Pattern]) -> impl Iterator<Item = &Pattern> {
    let mut seen = HashSet::new();
    patterns.iter().filter(move |&pattern| seen.insert(pattern))
}

/// What to tell of a pattern that matched nothing: nothing at all if it is a mere word.
fn text_after_all(
    pattern: &Pattern,
    directories: &Directories,
    neighbours: &mut Neighbours<'_>,
    options: &PackOptions,
) -> Result<Option<Unmatched>, PackError> {
    if !options.strict && !pattern.looks_like_path() {
        return Ok(None);
    }
    let unmatched = neighbours.unmatched(pattern);
    if options.strict {
        return Err(PackError::NoMatch {
            unmatched,
            searched: directories.to_vec(),
        });
    }
    Ok(Some(unmatched))
}

/// Takes the files in as far as they fit, those first that must.
fn fill(
    choices: &[Choice],
    mut packed: Packed,
    opener: &mut Opener<'_>,
    options: &PackOptions,
) -> Result<Packed, PackError> {
    let mut total = 0;
    for choice in choices {
        match (
            read(choice, opener, packed.files.len(), total, options),
            &choice.named_by,
        ) {
            (Ok(file), _) => {
                total += file.bytes;
                packed.files.push(file);
            }
            (Err(reason), Some(pattern)) => {
                return Err(PackError::Unpackable {
                    pattern: pattern.clone(),
                    reason,
                });
            }
            (Err(reason), None) => packed.skipped.push(Skipped {
                path: choice.label.clone(),
                reason,
            }),
        }
    }
    packed.files.sort_by(|a, b| a.path.cmp(&b.path));
    packed.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(packed)
}

/// One file, `files` files and `total` bytes being packed already. Nothing is read that cannot fit.
fn read(
    choice: &Choice,
    opener: &mut Opener<'_>,
    files: usize,
    total: u64,
    options: &PackOptions,
) -> Result<PackedFile, SkipReason> {
    if files >= options.max_files {
        return Err(SkipReason::TooManyFiles {
            limit: options.max_files,
        });
    }
    let file = opener.open(&choice.real)?;
    fitting(file.metadata.len(), total, options)?;
    let modified = file.metadata.modified().ok();
    let text = read::text(file, options.max_file_bytes)?;
    let bytes = fitting(text.len() as u64, total, options)?;
    Ok(PackedFile {
        path: choice.label.clone(),
        bytes,
        modified,
        text,
    })
}

fn fitting(bytes: u64, total: u64, options: &PackOptions) -> Result<u64, SkipReason> {
    let PackOptions {
        max_file_bytes,
        max_total_bytes,
        ..
    } = *options;
    if bytes > max_file_bytes {
        return Err(SkipReason::TooLarge {
            bytes,
            limit: max_file_bytes,
        });
    }
    if bytes > max_total_bytes.saturating_sub(total) {
        return Err(SkipReason::TotalExceeded {
            bytes,
            limit: max_total_bytes,
        });
    }
    Ok(bytes)
}

fn refused(pattern: &Pattern, refusal: Refusal, directories: &Directories) -> PackError {
    let pattern = pattern.to_string();
    match refusal {
        Refusal::Outside { resolved } => PackError::Outside {
            pattern,
            resolved,
            allowed: directories.to_vec(),
        },
        Refusal::NotAFile => PackError::Unpackable {
            pattern,
            reason: SkipReason::NotAFile,
        },
        Refusal::Unreadable(error) => PackError::Unpackable {
            pattern,
            reason: SkipReason::unreadable(error),
        },
        Refusal::TooBroad { limit } => PackError::TooBroad { pattern, limit },
    }
}

impl From<NotADirectory> for PackError {
    fn from(NotADirectory { path, source }: NotADirectory) -> Self {
        Self::Directory { path, source }
    }
}
