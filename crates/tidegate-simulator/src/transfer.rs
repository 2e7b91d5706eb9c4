//! How the body of an answer travels, whatever it says: padded, compressed, dripped, with a false length.
//!
//! Each is a transformation of steps, made as the body is read: five gigabytes take no memory here.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::fault::Step;

/// How the body of an answer travels. The default is as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Bytes of padding before the body, without meaning: blanks, or one comment in a stream.
    pub size: u64,
    /// The time that each single byte takes.
    pub drip: Duration,
    /// What `content-encoding` says and whether it is so.
    pub encoding: Encoding,
    /// How much more `content-length` says than there is, or less. Where there is a socket, all bytes are sent.
    pub length: i64,
    /// The length of one more header. Clients have a limit on that.
    pub header_size: usize,
    /// The connection takes no further request: `connection: close`, or GOAWAY.
    pub close_after: bool,
}

/// The encoding of a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// None.
    #[default]
    Plain,
    /// gzip, flushed after every piece.
    Gzip,
    /// Said to be gzip, and not so.
    BadGzip,
}

const CHUNK: usize = 1 << 16;
static BLANKS: [u8; CHUNK] = [b' '; CHUNK];
static LETTERS: [u8; CHUNK] = [b'x'; CHUNK];

/// Steps of any kind.
pub(crate) type AnySteps = Box<dyn Iterator<Item = Step> + Send>;

impl Transfer {
    /// The steps as they travel.
    pub(crate) fn carry<S>(&self, steps: S, is_stream: bool) -> AnySteps
    where
        S: Iterator<Item = Step> + Send + 'static,
    {
        let mut steps: AnySteps = match (self.size, is_stream) {
            (0, _) => Box::new(steps),
            (size, false) => Box::new(Padding::of(&BLANKS, size).chain(steps)),
            (size, true) => Box::new(comment(size).chain(steps)),
        };
        if self.encoding == Encoding::Gzip {
            steps = Box::new(Gzip::new(steps));
        }
        if !self.drip.is_zero() {
            steps = Box::new(Drip::new(steps, self.drip));
        }
        steps
    }

    /// Whether a body leaves as it is.
    pub(crate) fn is_plain(&self) -> bool {
        self.size == 0 && self.drip.is_zero() && self.encoding != Encoding::Gzip && self.length == 0
    }

    /// What `content-length` says of a body of that many bytes, if anything.
    pub(crate) fn content_length(&self, body: usize) -> Option<u64> {
        let body = u64::try_from(body).unwrap_or(u64::MAX);
        let length = body
            .saturating_add(self.size)
            .saturating_add_signed(self.length);
        (self.encoding != Encoding::Gzip).then_some(length)
    }
}

/// One line of comment, as long as wanted.
fn comment(size: u64) -> impl Iterator<Item = Step> {
    let begin = Step::Send(Bytes::from_static(b": "));
    let end = Step::Send(Bytes::from_static(b"\n\n"));
    std::iter::once(begin)
        .chain(Padding::of(&LETTERS, size))
        .chain([end])
}

/// So many bytes of the same chunk.
#[derive(Debug)]
struct Padding {
    chunk: &'static [u8; CHUNK],
    left: u64,
}

impl Padding {
    fn of(chunk: &'static [u8; CHUNK], left: u64) -> Self {
        Self { chunk, left }
    }
}

impl Iterator for Padding {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let size = usize::try_from(self.left).unwrap_or(CHUNK).min(CHUNK);
        self.left -= size as u64;
        (size > 0).then(|| Step::Send(Bytes::from_static(&self.chunk[..size])))
    }
}

/// Compresses what is sent.
struct Gzip<S> {
    steps: S,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl<S> Gzip<S> {
    fn new(steps: S) -> Self {
        let encoder = GzEncoder::new(Vec::new(), Compression::fast());
        Self {
            steps,
            encoder: Some(encoder),
        }
    }

    /// The bytes so far, flushed: whoever reads them can unpack them. Writing to a vector cannot fail.
    fn packed(&mut self, bytes: &[u8]) -> Bytes {
        let Some(encoder) = &mut self.encoder else {
            return Bytes::new();
        };
        let _ = encoder.write_all(bytes).and_then(|()| encoder.flush());
        std::mem::take(encoder.get_mut()).into()
    }

    fn end(&mut self) -> Option<Bytes> {
        self.encoder.take()?.finish().ok().map(Bytes::from)
    }
}

impl<S: Iterator<Item = Step>> Iterator for Gzip<S> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        match self.steps.next() {
            Some(Step::Send(bytes)) => Some(Step::Send(self.packed(&bytes))),
            Some(other) => Some(other),
            None => self.end().map(Step::Send),
        }
    }
}

/// Sends byte by byte.
struct Drip<S> {
    steps: S,
    every: Duration,
    bytes: Bytes,
    waited: bool,
}

impl<S> Drip<S> {
    fn new(steps: S, every: Duration) -> Self {
        Self {
            steps,
            every,
            bytes: Bytes::new(),
            waited: false,
        }
    }
}

impl<S: Iterator<Item = Step>> Iterator for Drip<S> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        while self.bytes.is_empty() {
            match self.steps.next()? {
                Step::Send(bytes) => self.bytes = bytes,
                other => return Some(other),
            }
        }
        self.waited = !self.waited;
        if self.waited {
            return Some(Step::Wait(self.every));
        }
        Some(Step::Send(self.bytes.split_to(1)))
    }
}

/// Headers without end, after a status line.
pub(crate) fn endless_headers() -> impl Iterator<Item = Bytes> + Send {
    let status = Bytes::from_static(b"HTTP/1.1 200 OK\r\n");
    let headers = (0_u64..).map(|number| {
        let value = "x".repeat(200);
        format!("x-filler-{number}: {value}\r\n").into()
    });
    std::iter::once(status).chain(headers)
}

/// What a server of another protocol says.
pub(crate) fn garbage() -> impl Iterator<Item = Bytes> + Send {
    std::iter::once(Bytes::from_static(b"SSH-2.0-OpenSSH_9.6\r\n"))
}

#[cfg(test)]
mod tests;
