//! Server-sent events, bounded.
//!
//! Every streaming vendor frames its pieces this way, and most trouble with streams sits here: a chunk that ends in
//! the middle of a line, a carriage return that may or may not be followed by a line feed, a comment sent as a
//! heartbeat, an event that never ends. Ours, because an answer must not depend on where the network cut it, and
//! because memory must be bounded whatever the other side sends.

use memchr::memchr2;

/// The largest event accepted unless said otherwise: generous for an answer's piece, small beside memory.
pub const MAX_EVENT: usize = 8 * 1_024 * 1_024;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SseEvent<'d> {
    /// Its `event:` field; empty when it has none.
    pub name: &'d [u8],
    /// Its `data:` lines joined by line feeds.
    pub data: &'d [u8],
}

/// An event grew past the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {limit} bytes")]
pub struct EventTooLarge {
    /// The bound.
    pub limit: usize,
}

/// Cuts a byte stream into events, whatever the chunks.
///
/// # Examples
/// ```
/// # use tidegate_providers::sse::SseDecoder;
/// let mut decoder = SseDecoder::default();
/// let mut seen = Vec::new();
/// for chunk in [&b": heartbeat\n\nda"[..], b"ta: one\n", b"\n"] {
///     decoder.push(chunk, |event| seen.push(event.data.to_vec())).unwrap();
/// }
/// assert_eq!(seen, [b"one"]);
/// ```
#[derive(Debug)]
pub struct SseDecoder {
    limit: usize,
    /// The part of a line whose end has not come yet.
    partial: Vec<u8>,
    /// The `data` of the event under way, each line closed by a line feed.
    data: Vec<u8>,
    name: Vec<u8>,
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    after_cr: bool,
    begun: bool,
}

impl Default for SseDecoder {
    fn default() -> Self {
        Self::bounded(MAX_EVENT)
    }
}

impl SseDecoder {
    /// A decoder that holds no more than `limit` bytes of an event. A line counts whole, whatever field it is; lines
    /// of `data` that came before it count without their field name.
    pub const fn bounded(limit: usize) -> Self {
        Self {
            limit,
            partial: Vec::new(),
            data: Vec::new(),
            name: Vec::new(),
            after_cr: false,
            begun: false,
        }
    }

    /// Takes more bytes and hands over the events they complete. An event without data is none (comments are).
    ///
    /// # Errors
    /// [`EventTooLarge`]; the decoder is of no use afterwards.
    pub fn push(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(SseEvent<'_>),
    ) -> Result<(), EventTooLarge> {
        let mut rest = chunk;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let (line, ended) = (&rest[..end], &rest[end..]);
            rest = &ended[1..];
            if ended[0] == b'\r' {
                self.after_cr = rest.is_empty();
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            self.end_line(line, &mut each)?;
        }
        self.keep(rest)
    }

    fn end_line(
        &mut self,
        line: &[u8],
        each: &mut impl FnMut(SseEvent<'_>),
    ) -> Result<(), EventTooLarge> {
        if self.partial.is_empty() {
            self.bound(line)?;
            self.line(line, each);
            return Ok(());
        }
        self.keep(line)?;
        let whole = std::mem::take(&mut self.partial);
        self.line(&whole, each);
        self.partial = whole;
        self.partial.clear();
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), EventTooLarge> {
        self.bound(bytes)?;
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    /// One bound for lines that came whole and lines that came in parts, or the chunks would decide.
    fn bound(&self, more: &[u8]) -> Result<(), EventTooLarge> {
        if self.partial.len() + self.data.len() + more.len() > self.limit {
            return Err(EventTooLarge { limit: self.limit });
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], each: &mut impl FnMut(SseEvent<'_>)) {
        let line = self.without_bom(line);
        if line.is_empty() {
            return self.dispatch(each);
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => (
                &line[..colon],
                line[colon + 1..]
                    .strip_prefix(b" ")
                    .unwrap_or(&line[colon + 1..]),
            ),
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            // `id` and `retry` serve reconnecting readers, which a completion must not have; the empty field is a
            // comment.
            _ => {}
        }
    }

    /// A byte order mark may stand before the first line.
    fn without_bom<'l>(&mut self, line: &'l [u8]) -> &'l [u8] {
        if std::mem::replace(&mut self.begun, true) {
            return line;
        }
        line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line)
    }

    fn dispatch(&mut self, each: &mut impl FnMut(SseEvent<'_>)) {
        if let Some(data) = self.data.strip_suffix(b"\n") {
            each(SseEvent {
                name: &self.name,
                data,
            });
        }
        self.data.clear();
        self.name.clear();
    }
}
