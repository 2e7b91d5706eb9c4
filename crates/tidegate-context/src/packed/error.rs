//! Why a prompt cannot go out as it is.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::directories::NotADirectory;
use crate::skip::SkipReason;
use crate::unmatched::Unmatched;

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
    /// A pattern that matches nothing, where that is an [error](crate::PackOptions::strict).
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
    #[error("{pattern} leads to {}, outside {}; add its directory to include_dirs, or \
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
    /// Files that hold a credential each, where that is an [error](crate::PackOptions::secrets).
    #[error(
        "{}; nothing was sent: take them out, leave the files out, or say allow_secrets where these are none",
        told(found)
    )]
    Secrets {
        /// One for each file, in the order of packing; at least one.
        found: Vec<SecretFound>,
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

impl From<NotADirectory> for PackError {
    fn from(NotADirectory { path, source }: NotADirectory) -> Self {
        Self::Directory { path, source }
    }
}
