//! A pack that lies in a file, and nowhere else.
//!
//! A pack is as large as its texts, and nobody looks at them once they are written. So they are written as they are read,
//! and dropped. Which marks no content takes is known when the last one was read: the shortest are written, and where a
//! content takes those, the file is laid out again where it lies, from its end to its beginning, so that nothing is
//! written over what is still to be moved.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::time::SystemTime;

use crate::marks::Marks;
use crate::packed::{Packed, PackedFile, Written};
use crate::positioned::read_into;
use crate::render::{Format, Layout, Length, Renderer, Section, Sink, Taken, WRITTEN_AT_ONCE};
use crate::text::Texts;
use crate::tokens::TokenCounter;

impl Packed {
    /// Writes a pack that is in memory into `file`; tells what is left to tell of it.
    pub(crate) fn write_into(
        self,
        file: &mut File,
        layout: Layout,
        counting: Option<TokenCounter>,
    ) -> io::Result<Written> {
        self.write_to(file, layout)?;
        let tokens = TokenCounter::total(counting, &self);
        Ok(self.written(tokens))
    }
}

/// A pack in a file, whole or on its way there.
#[derive(Debug)]
pub(crate) struct Laid<'f> {
    file: &'f mut File,
    layout: Layout,
    /// The formats whose marks are looked for.
    formats: &'static [Format],
    taken: Taken,
    files: Vec<LaidFile>,
    /// Where the next file begins.
    end: u64,
}

/// Where a file lies.
#[derive(Debug)]
pub(crate) struct LaidFile {
    pub(crate) path: String,
    modified: Option<SystemTime>,
    pub(crate) bytes: usize,
    start: u64,
    text: u64,
}

impl<'f> Laid<'f> {
    /// Nothing yet, in `file`, which is empty. The marks that `layout` needs are looked for, or those of all formats.
    pub(crate) const fn new(file: &'f mut File, layout: Layout, all_formats: bool) -> Self {
        let formats: &[Format] = match layout.format {
            _ if all_formats => &Format::ALL,
            Format::Plain => &[Format::Plain],
            Format::Xml => &[Format::Xml],
            Format::Markdown => &[],
        };
        Self {
            file,
            layout,
            formats,
            taken: Taken::new(),
            files: Vec::new(),
            end: 0,
        }
    }

    /// Adds files, which stand in the order of their names behind all before.
    pub(crate) fn put(&mut self, files: Vec<PackedFile>) -> io::Result<()> {
        self.taken.add(&files, self.formats);
        let renderer = Renderer::new(self.layout, Marks::SHORTEST);
        let mut writing = Writing::from(self.file, self.end)?;
        if self.files.is_empty() {
            renderer.begin(&mut writing)?;
        }
        for file in files {
            let (start, text) = writing.section(&renderer, &Section::of(&file))?;
            self.files.push(LaidFile {
                bytes: file.text().len(),
                modified: file.modified,
                path: file.path,
                start,
                text,
            });
        }
        self.end = writing.end()?;
        Ok(())
    }

    /// Writes the end, and everything once more if a content takes the shortest marks. Tells the marks.
    pub(crate) fn finish(&mut self) -> io::Result<Marks> {
        let marks = self.taken.free();
        if self.files.is_empty() {
            return Ok(marks);
        }
        let renderer = Renderer::new(self.layout, marks);
        let short = Renderer::new(self.layout, Marks::SHORTEST);
        if renderer != short {
            self.lay_out_again(&short, &renderer)?;
        }
        let mut writing = Writing::from(self.file, self.end)?;
        renderer.end(&mut writing)?;
        self.end = writing.end()?;
        Ok(marks)
    }

    /// From the last file to the first, some at once.
    fn lay_out_again(&mut self, short: &Renderer, renderer: &Renderer) -> io::Result<()> {
        let growth = Growth::between(short, renderer);
        let (mut read, mut last, mut behind) = (Vec::new(), self.files.len(), self.end);
        self.end = growth.moved(last, behind);
        while last > 0 {
            let first = self.first_of_some(last, behind);
            let start = self.files[first].start;
            read_again(self.file, start..behind, &mut read)?;
            let mut writing = Writing::from(self.file, growth.moved(first, start))?;
            for file in &mut self.files[first..last] {
                let text = text_at(&read, file.text - start, file.bytes)?;
                let (path, modified) = (&*file.path, file.modified);
                let section = Section {
                    path,
                    modified,
                    text,
                };
                (file.start, file.text) = writing.section(renderer, &section)?;
            }
            writing.end()?;
            (last, behind) = (first, start);
        }
        let mut writing = Writing::from(self.file, 0)?;
        renderer.begin(&mut writing)?;
        writing.end().map(drop)
    }

    /// The first of the files before `last`, which ends at `end`, that are moved together.
    fn first_of_some(&self, last: usize, end: u64) -> usize {
        let near = |file: &LaidFile| end - file.start <= WRITTEN_AT_ONCE as u64;
        let more = self.files[..last - 1].iter().rev();
        last - 1 - more.take_while(|file| near(file)).count()
    }

    pub(crate) fn files(&self) -> &[LaidFile] {
        &self.files
    }

    /// What is told of it besides what only its maker knows.
    pub(crate) fn written(&self) -> Written {
        Written {
            files: self.files.len(),
            bytes: self.files.iter().map(|file| file.bytes as u64).sum(),
            ..Written::default()
        }
    }
}

impl Texts for Laid<'_> {
    fn each(
        &self,
        range: Range<usize>,
        room: &mut Vec<u8>,
        put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let files = &self.files[range];
        let ([first, ..], [.., last]) = (files, files) else {
            return Ok(());
        };
        let length = last.text - first.text + last.bytes as u64;
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        read_into(room, self.file, length, first.text)?;
        let mut texts = files
            .iter()
            .map(|file| within(room, file.text - first.text, file.bytes));
        texts.try_for_each(|text| put(text?))
    }
}

/// How far the longer marks of one renderer move what another has written.
struct Growth {
    begin: u64,
    /// For every file.
    section: u64,
}

impl Growth {
    fn between(short: &Renderer, long: &Renderer) -> Self {
        let begin = |renderer: &Renderer| {
            let mut length = Length::default();
            let Ok(()) = renderer.begin(&mut length);
            length.0
        };
        let empty = Section {
            path: "",
            modified: None,
            text: "",
        };
        let section = |renderer: &Renderer| {
            let mut length = Length::default();
            let Ok(()) = renderer.section(&empty, &mut length);
            length.0
        };
        Self {
            begin: begin(long) - begin(short),
            section: section(long) - section(short),
        }
    }

    /// Where the file `number` begins that began at `at`.
    const fn moved(&self, number: usize, at: u64) -> u64 {
        at + self.begin + self.section * number as u64
    }
}

/// Writes into a file, and knows where.
struct Writing<'w> {
    out: BufWriter<&'w mut File>,
    at: u64,
    /// Where the last text began.
    text: u64,
}

impl<'w> Writing<'w> {
    fn from(file: &'w mut File, at: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(at))?;
        let out = BufWriter::with_capacity(WRITTEN_AT_ONCE, file);
        Ok(Self { out, at, text: at })
    }

    /// Writes a file; tells where it begins, and where its text does.
    fn section(&mut self, renderer: &Renderer, section: &Section<'_>) -> io::Result<(u64, u64)> {
        let start = self.at;
        renderer.section(section, self)?;
        Ok((start, self.text))
    }

    fn end(mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.at)
    }
}

impl Sink for Writing<'_> {
    type Error = io::Error;

    fn piece(&mut self, piece: &str) -> io::Result<()> {
        self.out.write_all(piece.as_bytes())?;
        self.at += piece.len() as u64;
        Ok(())
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.text = self.at;
        self.content(text)
    }
}

/// Reads what was written there.
fn read_again(file: &mut File, part: Range<u64>, read: &mut Vec<u8>) -> io::Result<()> {
    read.clear();
    file.seek(SeekFrom::Start(part.start))?;
    let length = part.end - part.start;
    if file.take(length).read_to_end(read)? as u64 == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn text_at(bytes: &[u8], at: u64, length: usize) -> io::Result<&str> {
    let text = within(bytes, at, length)?;
    std::str::from_utf8(text).map_err(|_| changed())
}

fn within(bytes: &[u8], at: u64, length: usize) -> io::Result<&[u8]> {
    let at = usize::try_from(at).ok();
    let text = at.and_then(|at| bytes.get(at..)?.get(..length));
    text.ok_or_else(changed)
}

/// It is nobody else's file while it is written.
fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what was written was changed")
}
