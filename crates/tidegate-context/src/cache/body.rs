//! The texts of an entry, one behind the other.
//!
//! They are written, read and checked in blocks, so that all processors do it at once. A block holds whole texts: each is
//! one piece of memory that is known to be text before anyone else sees it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use blake3::Hasher;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::codec::{Reader, Writer};
use crate::parallel;
use crate::positioned::{read_into, write_at};
use crate::text::{Text, Texts};

/// A block ends with the text that makes it as long, in bytes.
const BLOCK: usize = 256 * 1024;

/// The most that is gathered before it is written, in bytes.
const PIECE: usize = 64 * 1024;

/// A block: which texts, and where it lies among all.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) texts: Range<usize>,
    bytes: Range<usize>,
}

/// What tells that a block is what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// Its part in the entry's name.
    hash: [u8; blake3::OUT_LEN],
    /// What it is checked by. It finds what is torn or rotten, and nothing that somebody made on purpose: the directory is
    /// its owner's alone.
    sum: u64,
}

impl Check {
    /// As it is written.
    pub(super) const BYTES: usize = blake3::OUT_LEN + 8;

    pub(super) fn encode(&self, head: &mut Writer) {
        head.bytes.extend_from_slice(&self.hash);
        head.bytes.extend_from_slice(&self.sum.to_le_bytes());
    }

    pub(super) fn decode(head: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            hash: head.bytes()?,
            sum: u64::from_le_bytes(head.bytes()?),
        })
    }
}

/// How texts lie in blocks.
#[derive(Debug)]
pub(super) struct Body {
    blocks: Vec<Block>,
}

impl Body {
    /// For texts of these sizes; `None` where their sum is more than there can be.
    pub(super) fn of(sizes: impl Iterator<Item = usize>) -> Option<Self> {
        let mut blocks = Vec::new();
        let (mut first, mut start, mut end, mut count) = (0, 0, 0_usize, 0);
        for size in sizes {
            end = end.checked_add(size)?;
            count += 1;
            if end - start >= BLOCK {
                blocks.push(Block {
                    texts: first..count,
                    bytes: start..end,
                });
                (first, start) = (count, end);
            }
        }
        if first < count {
            blocks.push(Block {
                texts: first..count,
                bytes: start..end,
            });
        }
        Some(Self { blocks })
    }

    pub(super) const fn blocks(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn block(&self, number: usize) -> &Block {
        &self.blocks[number]
    }

    /// The length of all texts.
    pub(super) fn bytes(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.bytes.end)
    }

    /// Writes the texts from `at` on.
    pub(super) fn write(&self, texts: &impl Texts, file: &File, at: u64) -> io::Result<Vec<Check>> {
        let written = |(gathered, room): &mut (Vec<u8>, Vec<u8>), number: usize| {
            let block = &self.blocks[number];
            let mut pieces = Pieces::new(file, at + block.bytes.start as u64, gathered);
            texts.each(block.texts.clone(), room, &mut |text| pieces.put(text))?;
            pieces.end()
        };
        let room = || (Vec::with_capacity(PIECE), Vec::new());
        let checks = parallel::each(self.blocks.len(), 1, room, written);
        checks.into_iter().collect()
    }

    /// Reads the texts of these sizes from `at` on. `None` if a block is not what it was, or one is no text.
    pub(super) fn read(
        &self,
        sizes: &[usize],
        checks: &[Check],
        file: &File,
        at: u64,
    ) -> Option<Vec<Text>> {
        let read = |(): &mut (), number: usize| {
            let block = &self.blocks[number];
            let mut bytes = Vec::new();
            block.read(&mut bytes, &checks[number], file, at)?;
            let whole = Arc::new(String::from_utf8(bytes).ok()?);
            let mut end = 0;
            let texts = sizes[block.texts.clone()].iter().map(|size| {
                let start = end;
                end += size;
                Text::within(&whole, start..end)
            });
            texts.collect::<Option<Vec<_>>>()
        };
        let read = parallel::each(self.blocks.len(), 1, || (), read);
        let mut texts = Vec::with_capacity(sizes.len());
        for block in read {
            texts.extend(block?);
        }
        Some(texts)
    }
}

impl Block {
    /// Reads it into `bytes`, from where the texts begin at `at`. `None` if it is not what it was.
    pub(super) fn read(
        &self,
        bytes: &mut Vec<u8>,
        check: &Check,
        file: &File,
        at: u64,
    ) -> Option<()> {
        read_into(bytes, file, self.bytes.len(), at + self.bytes.start as u64).ok()?;
        (xxh3_64(bytes) == check.sum).then_some(())
    }
}

/// A block on its way into an entry: short texts are gathered, so that they are not written one by one.
struct Pieces<'w> {
    file: &'w File,
    at: u64,
    gathered: &'w mut Vec<u8>,
    hash: Hasher,
    sum: Xxh3,
}

impl<'w> Pieces<'w> {
    fn new(file: &'w File, at: u64, room: &'w mut Vec<u8>) -> Self {
        room.clear();
        Self {
            file,
            at,
            gathered: room,
            hash: Hasher::new(),
            sum: Xxh3::new(),
        }
    }

    fn put(&mut self, text: &[u8]) -> io::Result<()> {
        if self.gathered.len() + text.len() > PIECE {
            self.flush()?;
        }
        if text.len() > PIECE {
            return self.write(text);
        }
        self.gathered.extend_from_slice(text);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let gathered = std::mem::take(self.gathered);
        let written = self.write(&gathered);
        *self.gathered = gathered;
        self.gathered.clear();
        written
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        write_at(self.file, bytes, self.at)?;
        self.at += bytes.len() as u64;
        self.hash.update(bytes);
        self.sum.update(bytes);
        Ok(())
    }

    fn end(mut self) -> io::Result<Check> {
        self.flush()?;
        Ok(Check {
            hash: *self.hash.finalize().as_bytes(),
            sum: self.sum.digest(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<const N: usize> Texts for [&str; N] {
        fn each(
            &self,
            range: Range<usize>,
            _: &mut Vec<u8>,
            put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
        ) -> io::Result<()> {
            self[range].iter().try_for_each(|text| put(text.as_bytes()))
        }
    }

    fn texts_of(sizes: &[usize]) -> Vec<Range<usize>> {
        let body = Body::of(sizes.iter().copied()).unwrap();
        body.blocks.into_iter().map(|block| block.texts).collect()
    }

    #[test]
    fn a_block_ends_with_the_text_that_fills_it() {
        assert!(texts_of(&[]).is_empty());
        assert_eq!(texts_of(&[1, 2, BLOCK, 3]), [0..3, 3..4]);
        assert_eq!(texts_of(&[BLOCK, 1]), [0..1, 1..2]);
        assert_eq!(texts_of(&[BLOCK - 1, 0, 1, 7]), [0..3, 3..4]);
        assert_eq!(texts_of(&[5, 9 * BLOCK, BLOCK]), [0..2, 2..3]);
    }

    #[test]
    fn sizes_that_no_file_can_have_make_no_blocks() {
        assert!(Body::of([usize::MAX, 1].into_iter()).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn texts_are_read_as_they_were_written() {
        let file = tempfile::tempfile().unwrap();
        let long = "é".repeat(BLOCK);
        let texts = ["", "one", &long, "", "two\n", &long, "three"];
        let sizes = texts.map(str::len);
        let body = Body::of(sizes.into_iter()).unwrap();
        let checks = body.write(&texts, &file, 7).unwrap();
        let read_back = body.read(&sizes, &checks, &file, 7).unwrap();
        assert!(read_back.iter().map(|text| &**text).eq(texts));
        assert_eq!((checks.len(), body.blocks()), (3, 3));
        assert!(body.read(&sizes, &checks, &file, 8).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_text_that_would_be_cut_within_a_character_is_none() {
        let file = tempfile::tempfile().unwrap();
        let body = Body::of([2].into_iter()).unwrap();
        let checks = body.write(&["é"], &file, 0).unwrap();
        assert!(body.read(&[2], &checks, &file, 0).is_some());
        assert!(body.read(&[1, 1], &checks, &file, 0).is_none());
    }
}
