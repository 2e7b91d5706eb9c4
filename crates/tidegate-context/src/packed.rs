//! What goes before a prompt.

mod error;
mod written;

use std::fmt;
use std::io;
use std::ops::Range;
use std::time::SystemTime;

pub use self::error::{PackError, SecretFound};
pub use self::written::{WriteError, Written};
use crate::marks::Marks;
use crate::name::spell;
use crate::skip::Skipped;
use crate::text::{Text, Texts};
use crate::unmatched::Unmatched;

/// What goes before a prompt, and what was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packed {
    files: Vec<PackedFile>,
    skipped: Vec<Skipped>,
    unmatched: Vec<Unmatched>,
    is_kept: bool,
    marks: Known,
}

/// The marks to write the files between, where somebody has looked for them. They depend on the files alone, so packs that
/// differ in this are the same.
#[derive(Debug, Clone, Copy, Default)]
struct Known(Option<Marks>);

impl PartialEq for Known {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Known {}

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
    text: Text,
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
            text: text.into(),
        }
    }

    /// One that was read.
    pub(crate) fn of(path: String, modified: Option<SystemTime>, text: Text) -> Self {
        let bytes = text.len() as u64;
        Self {
            path,
            bytes,
            modified,
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
    /// One that was made now.
    pub(super) const fn made(
        files: Vec<PackedFile>,
        skipped: Vec<Skipped>,
        unmatched: Vec<Unmatched>,
    ) -> Self {
        Self {
            files,
            skipped,
            unmatched,
            is_kept: false,
            marks: Known(None),
        }
    }

    /// One that was kept.
    pub(crate) const fn kept(files: Vec<PackedFile>, skipped: Vec<Skipped>, marks: Marks) -> Self {
        Self {
            files,
            skipped,
            unmatched: Vec::new(),
            is_kept: true,
            marks: Known(Some(marks)),
        }
    }

    /// With what was found out about it.
    pub(crate) fn marked(self, marks: Option<Marks>) -> Self {
        Self {
            marks: Known(marks),
            ..self
        }
    }

    /// The marks, if they are known.
    pub(crate) const fn marks(&self) -> Option<Marks> {
        self.marks.0
    }

    /// Whether it was packed before and [kept](crate::PackOptions::cache), and nothing has changed since.
    pub const fn is_kept(&self) -> bool {
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

    /// Patterns that look like files, matched nothing and stay text.
    pub fn unmatched(&self) -> &[Unmatched] {
        &self.unmatched
    }

    /// The size of all packed texts in bytes, headers not counted.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl Texts for Packed {
    fn each(
        &self,
        range: Range<usize>,
        _room: &mut Vec<u8>,
        put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut files = self.files[range].iter();
        files.try_for_each(|file| put(file.text().as_bytes()))
    }
}
