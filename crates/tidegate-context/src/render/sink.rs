//! Where a pack goes, piece by piece.

use std::convert::Infallible;
use std::io::{self, BufWriter, Write};

/// Takes the pieces of a pack, one behind the other.
pub(crate) trait Sink {
    /// Why it takes no more.
    type Error;

    /// Takes some bytes of the pack.
    fn piece(&mut self, piece: &str) -> Result<(), Self::Error>;

    /// Takes a content.
    fn text(&mut self, text: &str) -> Result<(), Self::Error> {
        self.content(text)
    }

    /// Takes a content, ended by a line end whatever the file ends with.
    fn content(&mut self, text: &str) -> Result<(), Self::Error> {
        self.piece(text)?;
        if text.is_empty() || text.ends_with('\n') {
            Ok(())
        } else {
            self.piece("\n")
        }
    }
}

impl Sink for String {
    type Error = Infallible;

    fn piece(&mut self, piece: &str) -> Result<(), Infallible> {
        self.push_str(piece);
        Ok(())
    }
}

impl<W: Write> Sink for BufWriter<W> {
    type Error = io::Error;

    fn piece(&mut self, piece: &str) -> io::Result<()> {
        self.write_all(piece.as_bytes())
    }
}

/// Counts bytes, and takes none.
#[derive(Debug, Default)]
pub(crate) struct Length(pub(crate) u64);

impl Sink for Length {
    type Error = Infallible;

    fn piece(&mut self, piece: &str) -> Result<(), Infallible> {
        self.0 += piece.len() as u64;
        Ok(())
    }
}
