//! How files and prompt become one text.
//!
//! Files first and the question last: models answer a question better when it stands after what it is about, and a
//! provider's prompt cache hits as long as the beginning of the text stays the same. For the same reason nothing stands
//! in a header that changes while the content does not, unless it is asked for.
//!
//! A file's content may say anything, also "here ends the file, and this is what the user wants". So in every format
//! the marks around a content are ones that occur in none of them; which ones depends on the contents alone.

mod markdown;
mod marks;
mod plain;
mod runs;
mod sink;
mod xml;

use std::fmt;
use std::io::{self, Write as _};
use std::str::FromStr;
use std::time::SystemTime;

pub(crate) use self::marks::Taken;
pub(crate) use self::sink::{Length, Sink};
use crate::marks::Marks;
use crate::packed::{Packed, PackedFile};

/// What stands around a content besides the name, in bytes, mostly.
const MARKS: usize = 64;

/// The bytes written at once. A file system needs two thirds more time for writes of 8 KiB each.
pub(crate) const WRITTEN_AT_ONCE: usize = 256 * 1024;

/// How packed files are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `=== FILE: PATH ===` before each file, and a line `---` after the last one. Where a content has a line that looks
    /// like one of the two, all of them get one sign more, or as many as it takes: `==== FILE: PATH ====` and `----`.
    #[default]
    Plain,
    /// `<file path="PATH">` and `</file>` on lines of their own, in `<files>` and `</files>`. The contents are written as
    /// they are. Where one of them holds such a tag, all are numbered: `<file-2 path="PATH">`.
    Xml,
    /// ``## `PATH` `` and a fenced block per file, the fence longer than any in the content; then a line `---`.
    Markdown,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Xml, Self::Markdown];

    /// Its name in settings and flags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Xml => "xml",
            Self::Markdown => "markdown",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no [`Format`] has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no format is called {0:?}: there are plain, xml and markdown")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let known = Self::ALL.into_iter().find(|format| format.name() == name);
        known.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// The format, and what stands in the headers besides the name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Layout {
    /// How the files are set apart.
    pub format: Format,
    /// Whether headers tell how many bytes a text has.
    pub sizes: bool,
    /// Whether headers tell when a file last changed. A file that is written anew with the same content then makes
    /// another text, and a provider's cache misses.
    pub times: bool,
}

impl From<Format> for Layout {
    fn from(format: Format) -> Self {
        Self {
            format,
            ..Self::default()
        }
    }
}

impl Packed {
    /// The files in the plain format, then `prompt` exactly as it is. Without files, `prompt` alone, byte for byte.
    pub fn render_before(&self, prompt: &str) -> String {
        self.render_before_as(prompt, Layout::default())
    }

    /// The files as `layout` says, then `prompt` exactly as it is. Without files, `prompt` alone, byte for byte.
    pub fn render_before_as(&self, prompt: &str, layout: Layout) -> String {
        let mut text = String::with_capacity(self.length() + prompt.len());
        let Ok(()) = self.lay_out(layout, &mut text);
        text.push_str(prompt);
        text
    }

    /// The files as `layout` says; nothing if there are none.
    pub fn render(&self, layout: Layout) -> String {
        self.render_before_as("", layout)
    }

    /// Writes what [`render`](Self::render) gives, without making one text of it: a buffer around `out` is of no use.
    pub fn write_to(&self, out: &mut impl io::Write, layout: Layout) -> io::Result<()> {
        let mut out = io::BufWriter::with_capacity(WRITTEN_AT_ONCE, out);
        self.lay_out(layout, &mut out)?;
        out.flush()
    }

    /// What is written, about: marks are longer where contents make it hard.
    fn length(&self) -> usize {
        let files = self.files().iter();
        files
            .map(|file| file.path.len() + file.text().len() + MARKS)
            .sum()
    }

    fn lay_out<S: Sink>(&self, layout: Layout, out: &mut S) -> Result<(), S::Error> {
        let files = self.files();
        if files.is_empty() {
            return Ok(());
        }
        let marks = self.marks().unwrap_or_else(|| {
            let mut taken = Taken::new();
            taken.add(files, &[layout.format]);
            taken.free()
        });
        let renderer = Renderer::new(layout, marks);
        renderer.begin(out)?;
        for file in files {
            renderer.section(&Section::of(file), out)?;
        }
        renderer.end(out)
    }
}

/// A file that is written, wherever its text lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section<'s> {
    pub(crate) path: &'s str,
    pub(crate) modified: Option<SystemTime>,
    pub(crate) text: &'s str,
}

impl<'s> Section<'s> {
    pub(crate) fn of(file: &'s PackedFile) -> Self {
        Self {
            path: &file.path,
            modified: file.modified,
            text: file.text(),
        }
    }
}

/// Writes the files of one pack, one after the other: it need not have all of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Renderer {
    layout: Layout,
    /// What tells this pack's marks from everything in its contents.
    mark: String,
}

impl Renderer {
    pub(crate) fn new(layout: Layout, marks: Marks) -> Self {
        let mark = match layout.format {
            Format::Plain => "=".repeat(marks.rule),
            Format::Xml if marks.tag > 1 => format!("-{}", marks.tag),
            Format::Xml | Format::Markdown => String::new(),
        };
        Self { layout, mark }
    }

    /// What stands before the first file.
    pub(crate) fn begin<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        match self.layout.format {
            Format::Plain | Format::Markdown => Ok(()),
            Format::Xml => xml::begin(&self.mark, out),
        }
    }

    /// One file.
    pub(crate) fn section<S: Sink>(&self, file: &Section<'_>, out: &mut S) -> Result<(), S::Error> {
        match self.layout.format {
            Format::Plain => plain::section(file, &self.mark, self.layout, out),
            Format::Xml => xml::section(file, &self.mark, self.layout, out),
            Format::Markdown => markdown::section(file, self.layout, out),
        }
    }

    /// What stands behind the last file.
    pub(crate) fn end<S: Sink>(&self, out: &mut S) -> Result<(), S::Error> {
        match self.layout.format {
            Format::Plain => plain::end(&self.mark, out),
            Format::Xml => xml::end(&self.mark, out),
            Format::Markdown => markdown::end(out),
        }
    }
}

/// One file as it stands in the plain format where no content makes its marks longer.
pub(crate) fn section(text: &mut String, file: &Section<'_>) {
    let Ok(()) = plain::section(file, SHORTEST_RULE, Layout::default(), text);
}

const SHORTEST_RULE: &str = "===";

/// What stands behind the name for people and models to read: ` (120 bytes, 2026-11-25T04:35:32Z)`.
fn remarks(file: &Section<'_>, layout: Layout) -> String {
    let size = layout.sizes.then(|| format!("{} bytes", file.text.len()));
    let remarks: Vec<_> = size.into_iter().chain(time(file, layout)).collect();
    if remarks.is_empty() {
        String::new()
    } else {
        format!(" ({})", remarks.join(", "))
    }
}

/// To the second, in UTC.
fn time(file: &Section<'_>, layout: Layout) -> Option<String> {
    let modified = file.modified.filter(|_| layout.times)?;
    let seconds = match modified.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_secs()).ok()?,
    };
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(time.to_string())
}
