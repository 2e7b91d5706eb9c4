//! Why a file was left out.
//!
//! A prompt that goes out without a file its author expected gets a wrong answer that looks right. So nothing is left
//! out in silence: what a glob or a directory could not bring along is listed with its reason, and a file that was
//! named itself fails the prompt with the same words.

use std::fmt;
use std::path::PathBuf;

/// A file that a pattern matched and that was not packed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Its name, as it would stand in its header.
    pub path: String,
    /// Why it was left out.
    pub reason: SkipReason,
}

/// Why a file was not packed. `Display` is a clause in lower case: `binary`, `2097152 bytes, the limit is 1048576`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// Not text: a NUL in its first 8 KiB, or not UTF-8.
    Binary,
    /// Larger than one file may be.
    TooLarge {
        /// Its size in bytes; for a file that grew while it was read, the size it had at least.
        bytes: u64,
        /// [`PackOptions::max_file_bytes`](crate::PackOptions::max_file_bytes).
        limit: u64,
    },
    /// It no longer fits beside the files packed before it.
    TotalExceeded {
        /// Its size in bytes.
        bytes: u64,
        /// [`PackOptions::max_total_bytes`](crate::PackOptions::max_total_bytes).
        limit: u64,
    },
    /// Its tokens no longer fit beside those of the files packed before it.
    TokensExceeded {
        /// Its size in tokens, header included.
        tokens: u64,
        /// [`PackOptions::max_tokens`](crate::PackOptions::max_tokens).
        limit: u64,
    },
    /// As many files as allowed are packed already.
    TooManyFiles {
        /// [`PackOptions::max_files`](crate::PackOptions::max_files).
        limit: usize,
    },
    /// A link to a place outside the working directory and the include directories.
    LeadsOutside {
        /// Where it leads, links resolved.
        target: PathBuf,
    },
    /// Packed already under another name: one of the two is a link.
    SameFile {
        /// The name it is packed under.
        packed_as: String,
    },
    /// A socket, a pipe or a device: reading it may never end.
    NotAFile,
    /// A directory of dependencies or of what was built. It is packed when it is named itself.
    Generated,
    /// A link or something else was put in its place, or in that of a directory above it, after it was chosen.
    Replaced,
    /// It holds a credential.
    Secret {
        /// The line, from 1.
        line: usize,
        /// What it is: `an API key`.
        what: &'static str,
    },
    /// It could not be read.
    Unreadable {
        /// What the system said.
        error: String,
    },
}

impl SkipReason {
    pub(crate) fn unreadable(error: impl fmt::Display) -> Self {
        Self::Unreadable {
            error: error.to_string(),
        }
    }

    /// What to do about it, for someone who asked for just this file.
    pub(crate) fn mend(&self) -> &'static str {
        match self {
            Self::Binary => "name a text file",
            Self::TooLarge { .. } => {
                "raise max_file_bytes, or put the part that matters in a file of its own"
            }
            Self::TotalExceeded { .. } => "raise max_total_bytes, or name fewer files",
            Self::TokensExceeded { .. } => "raise max_tokens, or name fewer files",
            Self::TooManyFiles { .. } => "raise max_files, or name fewer files",
            Self::LeadsOutside { .. } => "name the directory it leads to in include_dirs",
            Self::SameFile { .. } => "name it once",
            Self::NotAFile => "name a regular file",
            Self::Generated => "name a file or directory in it",
            Self::Replaced => "try again when nothing changes it",
            Self::Secret { .. } => "take the credential out of it",
            Self::Unreadable { .. } => "make it readable",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binary => f.write_str("binary"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "{bytes} bytes, the limit for one file is {limit}")
            }
            Self::TotalExceeded { bytes, limit } => {
                write!(
                    f,
                    "its {bytes} bytes would exceed the limit of {limit} for all files"
                )
            }
            Self::TokensExceeded { tokens, limit } => {
                write!(
                    f,
                    "its {tokens} tokens would exceed the limit of {limit} for all files"
                )
            }
            Self::TooManyFiles { limit } => write!(f, "the limit of {limit} files is reached"),
            Self::LeadsOutside { target } => {
                write!(
                    f,
                    "a link to {}, outside the allowed directories",
                    target.display()
                )
            }
            Self::SameFile { packed_as } => write!(f, "the same file as {packed_as}"),
            Self::NotAFile => f.write_str("not a regular file"),
            Self::Generated => f.write_str("a directory of dependencies or build output"),
            Self::Replaced => f.write_str("something else was put in its place meanwhile"),
            Self::Secret { line, what } => write!(f, "{what} in line {line}"),
            Self::Unreadable { error } => write!(f, "unreadable: {error}"),
        }
    }
}
