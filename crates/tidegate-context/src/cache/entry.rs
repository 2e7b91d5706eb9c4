//! One entry: a head that tells what the pack rests on and where its texts are, then the texts.
//!
//! Its hash covers every byte. It is a hash of the hashes of its blocks, so that all processors read and hash at once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use blake3::Hasher;

use super::codec::{Reader, Writer};
use super::{Keeping, directory, now};
use crate::parallel;
use crate::skip::{SkipReason, Skipped};
use crate::trail::{Stamp, Step};

const MAGIC: u64 = u64::from_le_bytes(*b"tidepac2");
const BLOCK: usize = 1024 * 1024;

/// Where the head begins: after the magic number and its own length.
const START: u64 = 16;

/// What an entry says before its texts.
#[derive(Debug)]
pub(crate) struct Head {
    /// When its stamps were taken.
    pub(crate) taken: u64,
    /// The working directory, for people.
    pub(super) root: String,
    /// What was asked for, for people.
    pub(super) patterns: Vec<String>,
    pub(super) trail: Vec<(PathBuf, Step, Stamp)>,
    pub(super) files: Vec<KeptFile>,
    pub(super) skipped: Vec<Skipped>,
}

#[derive(Debug)]
pub(crate) struct KeptFile {
    pub(super) path: String,
    pub(super) bytes: usize,
    /// Its place in the trail.
    pub(super) step: usize,
}

impl Head {
    /// `None` for a pack that cannot be told in these words.
    pub(super) fn of(keeping: Keeping<'_>) -> Option<Self> {
        let files = keeping.packed.files().iter().zip(keeping.files);
        let files = files.map(|(file, step)| KeptFile {
            path: file.path.clone(),
            bytes: file.text().len(),
            step,
        });
        let skipped = keeping.packed.skipped();
        let tellable = skipped
            .iter()
            .all(|skipped| number(&skipped.reason).is_some());
        let textual = keeping
            .trail
            .iter()
            .all(|(path, ..)| path.to_str().is_some());
        (tellable && textual).then(|| Self {
            taken: keeping.taken,
            root: keeping.root,
            patterns: keeping.patterns,
            trail: keeping.trail,
            files: files.collect(),
            skipped: skipped.to_vec(),
        })
    }

    /// Of every step of the trail, whether it is a packed file, whose content can be compared.
    pub(super) fn comparable(&self) -> Vec<bool> {
        let mut comparable = vec![false; self.trail.len()];
        for file in &self.files {
            comparable[file.step] = true;
        }
        comparable
    }

    fn encode(&self) -> Vec<u8> {
        let mut head = Writer::default();
        head.number(self.taken);
        head.text(&self.root);
        head.size(self.patterns.len());
        for pattern in &self.patterns {
            head.text(pattern);
        }
        head.size(self.trail.len());
        for (path, step, stamp) in &self.trail {
            head.text(&path.to_string_lossy());
            head.number(u64::from(*step == Step::Present));
            for field in [
                stamp.device,
                stamp.inode,
                stamp.mode,
                stamp.size,
                stamp.modified,
                stamp.changed,
            ] {
                head.number(field);
            }
        }
        head.size(self.files.len());
        for file in &self.files {
            head.text(&file.path);
            head.size(file.bytes);
            head.size(file.step);
        }
        head.size(self.skipped.len());
        for skipped in &self.skipped {
            head.text(&skipped.path);
            write_reason(&mut head, &skipped.reason);
        }
        head.bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut head = Reader::new(bytes);
        let (taken, root) = (head.number()?, head.text()?.to_owned());
        let patterns = head.list(|head| Some(head.text()?.to_owned()))?;
        let trail = head.list(|head| {
            let path = PathBuf::from(head.text()?);
            let step = if head.number()? == 0 {
                Step::Unchanged
            } else {
                Step::Present
            };
            let stamp = Stamp {
                device: head.number()?,
                inode: head.number()?,
                mode: head.number()?,
                size: head.number()?,
                modified: head.number()?,
                changed: head.number()?,
            };
            Some((path, step, stamp))
        })?;
        let files = head.list(|head| {
            let (path, bytes, step) = (head.text()?.to_owned(), head.size()?, head.size()?);
            (step < trail.len()).then_some(KeptFile { path, bytes, step })
        })?;
        let skipped = head.list(|head| {
            let (path, reason) = (head.text()?.to_owned(), read_reason(head)?);
            Some(Skipped { path, reason })
        })?;
        Some(Self {
            taken,
            root,
            patterns,
            trail,
            files,
            skipped,
        })
    }
}

/// The reasons an entry can tell; others hold no longer than the moment.
fn number(reason: &SkipReason) -> Option<u64> {
    Some(match reason {
        SkipReason::Binary => 0,
        SkipReason::TooLarge { .. } => 1,
        SkipReason::TotalExceeded { .. } => 2,
        SkipReason::TooManyFiles { .. } => 3,
        SkipReason::NotAFile => 4,
        SkipReason::Generated => 5,
        SkipReason::TokensExceeded { .. } => 6,
        _ => return None,
    })
}

fn write_reason(head: &mut Writer, reason: &SkipReason) {
    let (bytes, limit) = match reason {
        SkipReason::TooLarge { bytes, limit } | SkipReason::TotalExceeded { bytes, limit } => {
            (*bytes, *limit)
        }
        SkipReason::TokensExceeded { tokens, limit } => (*tokens, *limit),
        SkipReason::TooManyFiles { limit } => (0, *limit as u64),
        _ => (0, 0),
    };
    head.number(number(reason).unwrap_or(u64::MAX));
    head.number(bytes);
    head.number(limit);
}

fn read_reason(head: &mut Reader<'_>) -> Option<SkipReason> {
    let (number, bytes, limit) = (head.number()?, head.number()?, head.number()?);
    Some(match number {
        0 => SkipReason::Binary,
        1 => SkipReason::TooLarge { bytes, limit },
        2 => SkipReason::TotalExceeded { bytes, limit },
        3 => SkipReason::TooManyFiles {
            limit: limit.try_into().ok()?,
        },
        4 => SkipReason::NotAFile,
        5 => SkipReason::Generated,
        6 => SkipReason::TokensExceeded {
            tokens: bytes,
            limit,
        },
        _ => return None,
    })
}

/// The texts of a pack, as one.
pub(super) struct Body<'t> {
    texts: &'t [&'t str],
    /// Where each text begins, and where the last ends.
    starts: Vec<usize>,
}

impl<'t> Body<'t> {
    pub(super) fn new(texts: &'t [&'t str]) -> Self {
        let mut starts = Vec::with_capacity(texts.len() + 1);
        let mut at = 0;
        starts.push(at);
        for text in texts {
            at += text.len();
            starts.push(at);
        }
        Self { texts, starts }
    }

    pub(super) fn len(&self) -> u64 {
        self.size() as u64
    }

    fn size(&self) -> usize {
        self.starts.last().copied().unwrap_or_default()
    }

    /// Writes the entry, and tells the hash of what it holds.
    pub(super) fn write(&self, head: &Head, file: &File) -> io::Result<String> {
        let head = head.encode();
        let mut start = MAGIC.to_le_bytes().to_vec();
        start.extend_from_slice(&(head.len() as u64).to_le_bytes());
        write_at(file, &start, 0)?;
        write_at(file, &head, START)?;
        let after = START + head.len() as u64;
        let hashes = parallel::each(
            self.size().div_ceil(BLOCK),
            1,
            || Vec::with_capacity(BLOCK),
            |block, number| {
                let at = number * BLOCK;
                self.gather(at, block);
                write_at(file, block, after + at as u64)?;
                Ok(blake3::hash(block))
            },
        );
        let hashes = hashes.into_iter().collect::<io::Result<Vec<_>>>()?;
        Ok(whole(&head, &hashes))
    }

    /// Puts the block that begins at `at` into `block`.
    fn gather(&self, at: usize, block: &mut Vec<u8>) {
        block.clear();
        let mut number = self
            .starts
            .partition_point(|start| *start <= at)
            .saturating_sub(1);
        let mut skip = at - self.starts[number];
        while block.len() < BLOCK && number < self.texts.len() {
            let text = &self.texts[number].as_bytes()[skip..];
            block.extend_from_slice(&text[..text.len().min(BLOCK - block.len())]);
            (number, skip) = (number + 1, 0);
        }
    }
}

fn whole(head: &[u8], blocks: &[blake3::Hash]) -> String {
    let mut hasher = Hasher::new();
    hasher.update(blake3::hash(head).as_bytes());
    for block in blocks {
        hasher.update(block.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// An entry that is there.
#[derive(Debug)]
pub(crate) struct Kept {
    file: File,
    length: u64,
    encoded: Vec<u8>,
    pub(crate) head: Head,
}

impl Kept {
    /// Reads the head. It is not yet known to be what was written.
    pub(crate) fn open(path: &Path) -> Option<Self> {
        let file = File::options().read(true).open(path).ok()?;
        let length = file.metadata().ok()?.len();
        let mut start = [0; 16];
        read_at(&file, &mut start, 0).ok()?;
        let mut numbers = Reader::new(&start);
        let (magic, size) = (numbers.number()?, numbers.number()?);
        if magic != MAGIC || size > length.checked_sub(START)? {
            return None;
        }
        let mut encoded = vec![0; size.try_into().ok()?];
        read_at(&file, &mut encoded, START).ok()?;
        let head = Head::decode(&encoded)?;
        Some(Self {
            file,
            length,
            encoded,
            head,
        })
    }

    /// Reads the texts; `None` unless head and texts are what `content` says.
    pub(super) fn body(&self, content: &str) -> Option<String> {
        let after = START + self.encoded.len() as u64;
        let mut body = vec![0; usize::try_from(self.length - after).ok()?];
        let blocks: Vec<_> = body.chunks_mut(BLOCK).map(Mutex::new).collect();
        let read = |(): &mut (), number: usize| {
            let mut block = blocks[number]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            read_at(&self.file, &mut block, after + (number * BLOCK) as u64)?;
            Ok(blake3::hash(&block))
        };
        let hashes = parallel::each(blocks.len(), 1, || (), read);
        let hashes = hashes.into_iter().collect::<io::Result<Vec<_>>>().ok()?;
        drop(blocks);
        if whole(&self.encoded, &hashes) == content {
            String::from_utf8(body).ok()
        } else {
            None
        }
    }

    /// Marks the entry as of use now.
    pub(super) fn touch(&self) {
        directory::touch(
            &self.file,
            SystemTime::UNIX_EPOCH + Duration::from_nanos(now()),
        );
    }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

/// Elsewhere a stamp does not tell enough to keep anything.
#[cfg(not(unix))]
fn write_at(_: &File, _: &[u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
