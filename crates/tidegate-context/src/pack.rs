//! From the patterns of a prompt to the text that goes before it.
//!
//! The promise is that a prompt goes out with what it names or not at all. A file named itself that cannot be packed
//! is an error, with the numbers and what to do; what a glob or a directory could not bring along is listed; a word
//! that only looked like a file is handed back, so that the caller can say so.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cache::{self, CacheOptions, Keeping};
use crate::directories::{Directories, NotADirectory};
use crate::fill::fill;
use crate::find::{Refusal, find};
use crate::parallel;
use crate::pattern::Pattern;
use crate::read;
use crate::select::{Choice, Selection};
use crate::skip::{SkipReason, Skipped};
use crate::text::Text;
use crate::trail::{Stamp, Step, Trail};

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
    /// What becomes of credentials in the files. They fail the pack by default.
    pub secrets: Secrets,
    /// Where packs are kept, so that the same files need not be read again. Nothing is kept by default.
    pub cache: Option<CacheOptions>,
}

/// What becomes of a file that holds a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Secrets {
    /// Nothing is packed: [`PackError::Secrets`].
    #[default]
    Refuse,
    /// It is left out, and listed.
    LeaveOut,
    /// It is packed like any other: nobody looks.
    Allow,
}

/// A credential in a file, by its place. Its value is told to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretFound {
    /// The file, as it would stand in its header.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What it is: `an AWS access key`.
    pub what: &'static str,
}

impl fmt::Display for SecretFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} holds {} in line {}", self.path, self.what, self.line)
    }
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
            secrets: Secrets::default(),
            cache: None,
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
    /// A quoted name or a glob that matches nothing.
    #[error(
        "{pattern} matches no file under {}; check the name (hidden and ignored files are packed only when named \
         exactly), or write \\@ for an at sign that is text",
        listed(searched)
    )]
    NoMatch {
        /// As it was typed.
        pattern: String,
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
    /// Files that hold a credential each, where that is an [error](PackOptions::secrets).
    #[error(
        "{}; nothing was sent: take them out, leave the files out, or allow secrets where these are none",
        told(found)
    )]
    Secrets {
        /// One for each file, in the order of packing; at least one.
        found: Vec<SecretFound>,
    },
    /// A pattern that ranges over more entries than anyone means.
    #[error("{pattern} ranges over more than {limit} files and directories; name a smaller part")]
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

/// The most findings an error names; it also says how many there are.
const MOST_TOLD: usize = 5;

fn told(found: &[SecretFound]) -> String {
    let shown: Vec<_> = found
        .iter()
        .take(MOST_TOLD)
        .map(SecretFound::to_string)
        .collect();
    let more = found.len().saturating_sub(MOST_TOLD);
    let more = if more > 0 {
        format!(", and {more} files more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}

/// What goes before a prompt, and what was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packed {
    files: Vec<PackedFile>,
    skipped: Vec<Skipped>,
    unmatched: Vec<String>,
    is_kept: bool,
}

/// A packed file.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackedFile {
    /// Its name: from the working directory, or from the include directory's own name on; with forward slashes.
    pub path: String,
    /// The size of its text in bytes.
    pub bytes: u64,
    text: Text,
}

impl PackedFile {
    pub(crate) fn new(path: String, text: Text) -> Self {
        let bytes = text.len() as u64;
        Self { path, bytes, text }
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

impl Packed {
    /// One that was kept.
    pub(crate) fn kept(files: Vec<PackedFile>, skipped: Vec<Skipped>) -> Self {
        Self {
            files,
            skipped,
            unmatched: Vec::new(),
            is_kept: true,
        }
    }

    /// Whether it was packed before and [kept](PackOptions::cache), and nothing has changed since.
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

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

    /// Words that looked like files, matched nothing and stay text, as they were typed.
    pub fn unmatched(&self) -> &[String] {
        &self.unmatched
    }

    /// The size of all packed texts in bytes, headers not counted.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Packs the files that `patterns` name.
///
/// The result depends on the files alone, not on the order of the patterns or of the directories' entries. It blocks
/// while it reads: call it where that is allowed. Without patterns the file system is not touched.
pub fn pack(patterns: &[Pattern], options: &PackOptions) -> Result<Packed, PackError> {
    pack_at(cache::now(), patterns, options)
}

/// The same, at another time than now: what is kept grows old, and what was just written is in doubt.
pub(crate) fn pack_at(
    now: u64,
    patterns: &[Pattern],
    options: &PackOptions,
) -> Result<Packed, PackError> {
    if patterns.is_empty() {
        return Ok(Packed::default());
    }
    let directories = Arc::new(Directories::open(&options.root, &options.include_dirs)?);
    let Some(cache) = &options.cache else {
        return Ok(fresh(patterns, &directories, options)?.packed);
    };
    let question = cache::question(patterns, &directories, options);
    if let Some(packed) = cache::recall(&question, cache, now, options) {
        return Ok(packed);
    }
    let Fresh {
        packed,
        trail,
        files,
    } = fresh(patterns, &directories, options)?;
    if let Some(trail) = trail.filter(|_| packed.unmatched.is_empty()) {
        let taken = now;
        let keeping = Keeping {
            packed: &packed,
            trail,
            files,
            taken,
        };
        cache::keep(&question, cache, keeping);
    }
    Ok(packed)
}

/// A pack, and what it rests on.
struct Fresh {
    packed: Packed,
    /// `None` where nobody asks, or nobody can tell.
    trail: Option<Vec<(PathBuf, Step, Stamp)>>,
    /// Where in the trail each file stands.
    files: Vec<usize>,
}

fn fresh(
    patterns: &[Pattern],
    directories: &Arc<Directories>,
    options: &PackOptions,
) -> Result<Fresh, PackError> {
    let mut selection = Selection::default();
    let mut unmatched = Vec::new();
    let mut trail = Trail::default();
    for pattern in distinct(patterns) {
        let mut found =
            find(pattern, directories).map_err(|refusal| refused(pattern, refusal, directories))?;
        if found.is_empty() {
            unmatched.extend(text_after_all(pattern, directories)?);
        }
        trail.sought(pattern.text(), directories);
        trail.append(std::mem::take(&mut found.trail));
        selection.add(&pattern.to_string(), found, directories);
    }
    let (choices, mut skipped) = selection.settle(directories);
    let stamped = stamped(&choices);
    let trail =
        (options.cache.is_some() && !trail.lost).then(|| trail_of(&choices, &stamped, trail));
    let sizes: Vec<_> = stamped.into_iter().map(|stamp| Ok(stamp?.size)).collect();
    let filled = fill(&choices, &sizes, options)?;
    skipped.extend(filled.skipped);
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    let (numbers, files) = filled.files.into_iter().unzip();
    let packed = Packed {
        files,
        skipped,
        unmatched,
        is_kept: false,
    };
    Ok(Fresh {
        packed,
        trail,
        files: numbers,
    })
}

/// The files in the order of `choices`, then everything else.
fn trail_of(
    choices: &[Choice],
    stamped: &[Result<Stamp, SkipReason>],
    trail: Trail,
) -> Vec<(PathBuf, Step, Stamp)> {
    let stamps = stamped
        .iter()
        .map(|stamp| *stamp.as_ref().unwrap_or(&Stamp::ABSENT));
    let files = choices.iter().zip(stamps);
    let files = files.map(|(choice, stamp)| (choice.real.clone(), Step::Unchanged, stamp));
    let rest: BTreeSet<_> = trail.steps.into_iter().collect();
    let rest = rest.into_iter().map(|(path, step)| {
        let stamp = Stamp::at(&path, step);
        (path, step, stamp)
    });
    files.chain(rest).collect()
}

fn distinct(patterns: &[Pattern]) -> impl Iterator<Item = &Pattern> {
    let mut seen = HashSet::new();
    patterns.iter().filter(move |&pattern| seen.insert(pattern))
}

/// What to tell of a pattern that matched nothing: nothing at all if it is a mere word.
fn text_after_all(
    pattern: &Pattern,
    directories: &Directories,
) -> Result<Option<String>, PackError> {
    if pattern.must_match() {
        return Err(PackError::NoMatch {
            pattern: pattern.to_string(),
            searched: directories.to_vec(),
        });
    }
    Ok(pattern.looks_like_path().then(|| pattern.to_string()))
}

/// What the system says of each file before anything is read; asking is most of the time that a pack takes to begin.
fn stamped(choices: &[Choice]) -> Vec<Result<Stamp, SkipReason>> {
    let stamp = |(): &mut (), number: usize| read::stamp(&choices[number].real);
    parallel::each(choices.len(), 256, || (), stamp)
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
