//! One entry: a head that tells what the pack rests on and where its texts are, then the texts.
//!
//! Its name is the hash of the head, and the head holds the hashes of the texts: so the name depends on every byte. Who
//! reads the entry checks the head against the name, and the texts against sums in the head, which are cheaper to take.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::body::{Body, Check};
use super::codec::Reader;
use super::directory::Entry;
use super::head::{self, Head};
use super::{Keeping, directory, now};
use crate::positioned::{read_at, write_at};
use crate::text::{Text, Texts};

const MAGIC: [u8; 8] = *b"tidepac3";

/// Where the head begins: after the magic number and its own length.
const START: usize = 16;

/// Writes an entry, and tells the hash of what it holds.
pub(super) fn write(keeping: Keeping<'_>, texts: &impl Texts, file: &File) -> io::Result<String> {
    let body = Body::of(keeping.files.iter().map(|file| file.bytes));
    let body = body.ok_or(io::ErrorKind::FileTooLarge)?;
    let head = head::encode(keeping);
    let mut head = head.ok_or(io::ErrorKind::Unsupported)?;
    head.size(body.blocks());
    let length = head.bytes.len() + body.blocks() * Check::BYTES;
    let checks = body.write(texts, file, (START + length) as u64)?;
    for check in &checks {
        check.encode(&mut head);
    }
    let start = [MAGIC, (length as u64).to_le_bytes()].concat();
    write_at(file, &start, 0)?;
    write_at(file, &head.bytes, START as u64)?;
    Ok(name(&head.bytes))
}

fn name(head: &[u8]) -> String {
    blake3::hash(head).to_hex()[..32].to_owned()
}

/// An entry that is there.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(super) file: File,
    length: u64,
    encoded: Vec<u8>,
}

impl Kept {
    /// Reads the head; `None` unless that is what the entry's name says.
    pub(super) fn open(entry: &Entry) -> Option<Self> {
        let kept = Self::at(&entry.path)?;
        (name(&kept.encoded) == entry.content).then_some(kept)
    }

    /// The same, of whatever lies at `path`.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        let file = File::options().read(true).open(path).ok()?;
        let length = file.metadata().ok()?.len();
        let start = read_at(&file, START, 0).ok()?;
        let mut numbers = Reader::new(&start);
        let (magic, size) = (numbers.bytes()?, u64::from_le_bytes(numbers.bytes()?));
        if magic != MAGIC || size > length.checked_sub(START as u64)? {
            return None;
        }
        let encoded = read_at(&file, size.try_into().ok()?, START as u64).ok()?;
        Some(Self {
            file,
            length,
            encoded,
        })
    }

    pub(crate) fn head(&self) -> Option<Head<'_>> {
        Head::decode(&self.encoded)
    }

    /// How the texts lie, and where; `None` where they cannot be what `head` says.
    pub(super) fn body(&self, head: &Head<'_>) -> Option<(Body, u64)> {
        let body = Body::of(head.sizes())?;
        let at = (START + self.encoded.len()) as u64;
        let whole = at.checked_add(body.bytes() as u64)? == self.length;
        (whole && body.blocks() == head.checks.len()).then_some((body, at))
    }

    /// Reads the texts; `None` unless they are what was written.
    pub(super) fn texts(&self, head: &Head<'_>) -> Option<Vec<Text>> {
        let (body, at) = self.body(head)?;
        let sizes: Vec<_> = head.sizes().collect();
        body.read(&sizes, &head.checks, &self.file, at)
    }

    /// Marks the entry as of use now.
    pub(super) fn touch(&self) {
        directory::touch(
            &self.file,
            SystemTime::UNIX_EPOCH + Duration::from_nanos(now()),
        );
    }
}
