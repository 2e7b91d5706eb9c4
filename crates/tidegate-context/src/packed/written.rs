//! What is told of a pack that was written at once.

use std::io;

use super::{PackError, Packed};
use crate::skip::Skipped;
use crate::unmatched::Unmatched;

/// A pack whose texts went into a file: what is left to tell of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// How many files were packed.
    pub files: usize,
    /// The size of all packed texts in bytes, headers not counted.
    pub bytes: u64,
    /// Their tokens, headers of the plain format counted; `None` unless
    /// [`count_tokens`](crate::PackOptions::count_tokens) asks.
    pub tokens: Option<u64>,
    /// What [`Packed::skipped`] tells.
    pub skipped: Vec<Skipped>,
    /// What [`Packed::unmatched`] tells.
    pub unmatched: Vec<Unmatched>,
    /// What [`Packed::is_kept`] tells.
    pub is_kept: bool,
}

/// Why nothing was written, or not all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// There is no pack.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The file cannot be written. What is in it is of no use.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Packed {
    /// What is left to tell once it is written.
    pub(crate) fn written(self, tokens: Option<u64>) -> Written {
        Written {
            files: self.files.len(),
            bytes: self.bytes(),
            tokens,
            skipped: self.skipped,
            unmatched: self.unmatched,
            is_kept: self.is_kept,
        }
    }
}
