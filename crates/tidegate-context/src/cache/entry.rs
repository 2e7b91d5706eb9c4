//! One entry: a head that tells what the pack rests on and where its texts are, then the texts.
//!
//! Its hash covers every byte. It is a hash of the hashes of its blocks, so that all processors read and hash at once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use blake3::Hasher;

use super::codec::{Reader, Writer};
use super::{Keeping, body, directory, now};
use crate::skip::{SkipReason, Skipped};
use crate::text::Text;
use crate::trail::{Stamp, Step};

const MAGIC: u64 = u64::from_le_bytes(*b"tidepac2");

/// Of a step of the trail: the length of its path, its kind, and its stamp.
const NUMBERS_OF_STEP: usize = 8;

/// Where the head begins: after the magic number and its own length.
const START: usize = 16;

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

    /// How long it is as bytes, about: it is long, and should not take twice the memory.
    fn about(&self) -> usize {
        let trail = self.trail.iter();
        let trail = trail.map(|(path, ..)| path.as_os_str().len() + 8 * NUMBERS_OF_STEP);
        let files = self.files.iter().map(|file| file.path.len() + 8 * 3);
        1024 + trail.sum::<usize>() + files.sum::<usize>()
    }

    fn encode(&self) -> Vec<u8> {
        let mut head = Writer::with_capacity(self.about());
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

/// Writes an entry, and tells the hash of what it holds.
pub(super) fn write(head: &Head, texts: &[&str], file: &File) -> io::Result<String> {
    let head = head.encode();
    let mut start = MAGIC.to_le_bytes().to_vec();
    start.extend_from_slice(&(head.len() as u64).to_le_bytes());
    body::write_at(file, &start, 0)?;
    body::write_at(file, &head, START as u64)?;
    let hashes = body::write(texts, file, (START + head.len()) as u64)?;
    Ok(whole(&head, &hashes))
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
        let start = body::read_at(&file, START, 0).ok()?;
        let mut numbers = Reader::new(&start);
        let (magic, size) = (numbers.number()?, numbers.number()?);
        if magic != MAGIC || size > length.checked_sub(START as u64)? {
            return None;
        }
        let encoded = body::read_at(&file, size.try_into().ok()?, START as u64).ok()?;
        let head = Head::decode(&encoded)?;
        Some(Self {
            file,
            length,
            encoded,
            head,
        })
    }

    /// Reads the texts; `None` unless head and texts are what `content` says.
    pub(super) fn texts(&self, content: &str) -> Option<Vec<Text>> {
        let sizes: Vec<_> = self.head.files.iter().map(|file| file.bytes).collect();
        let at = (START + self.encoded.len()) as u64;
        let (texts, hashes) = body::read(&sizes, &self.file, (at, self.length))?;
        (whole(&self.encoded, &hashes) == content).then_some(texts)
    }

    /// Marks the entry as of use now.
    pub(super) fn touch(&self) {
        directory::touch(
            &self.file,
            SystemTime::UNIX_EPOCH + Duration::from_nanos(now()),
        );
    }
}
