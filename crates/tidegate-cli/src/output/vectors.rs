//! Vectors, as lines of JSON or as one `NumPy` array.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::args::Format;
use crate::output::destination::Destination;

/// Where vectors are written, in order.
pub(crate) struct Vectors {
    out: BufWriter<Destination>,
    format: Format,
    /// How many there will be: an array says so before its first.
    all: usize,
    written: usize,
    /// How many numbers each has.
    width: usize,
}

/// A line of the JSON form.
#[derive(Serialize)]
struct Line<'v> {
    index: usize,
    embedding: &'v [f32],
}

impl Vectors {
    /// Prepares to write `all` vectors to a file, or to standard output.
    pub(crate) fn open(to: Option<&Path>, format: Format, all: usize) -> io::Result<Self> {
        Ok(Self {
            out: BufWriter::new(Destination::open(to)?),
            format,
            all,
            written: 0,
            width: 0,
        })
    }

    /// Writes the next vectors.
    pub(crate) fn write(&mut self, vectors: &[Vec<f32>]) -> io::Result<()> {
        for vector in vectors {
            match self.format {
                Format::Jsonl => self.line(vector)?,
                Format::Npy => self.row(vector)?,
            }
            self.written += 1;
        }
        self.out.flush()
    }

    /// Ends it: a file takes its name.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.format == Format::Npy && self.written == 0 {
            self.header(0)?;
        }
        self.out.flush()?;
        let out = self.out.into_inner();
        out.map_err(io::IntoInnerError::into_error)?.finish()
    }

    fn line(&mut self, vector: &[f32]) -> io::Result<()> {
        let line = Line {
            index: self.written,
            embedding: vector,
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    fn row(&mut self, vector: &[f32]) -> io::Result<()> {
        if self.written == 0 {
            self.header(vector.len())?;
            self.width = vector.len();
        }
        if vector.len() != self.width {
            let (width, other) = (self.width, vector.len());
            let what = format!("vectors of {width} and of {other} numbers make no array");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        vector
            .iter()
            .try_for_each(|number| self.out.write_all(&number.to_le_bytes()))
    }

    /// The head of an `.npy` file, version 1.0: magic, the length of the header, and a Python dictionary that is padded so
    /// that the numbers begin at a multiple of 64 bytes (numpy.lib.format).
    fn header(&mut self, width: usize) -> io::Result<()> {
        const BEFORE: usize = 10;
        let shape = format!("({}, {width})", self.all);
        let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let end = (BEFORE + header.len() + 1).next_multiple_of(64);
        header.push_str(&" ".repeat(end - BEFORE - header.len() - 1));
        header.push('\n');
        let length = u16::try_from(header.len()).map_err(io::Error::other)?;
        self.out.write_all(b"\x93NUMPY\x01\x00")?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(header.as_bytes())
    }
}
