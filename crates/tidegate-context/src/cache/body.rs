//! The texts of an entry, one behind the other.
//!
//! They are written, read and hashed in blocks, so that all processors do it at once. A block holds whole texts: each is
//! one piece of memory that is known to be text before anyone else sees it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use blake3::Hash;

use crate::parallel;
use crate::text::Text;

/// A block ends with the text that makes it as long, in bytes.
const BLOCK: usize = 256 * 1024;

/// A block: which texts, and where it lies among all.
#[derive(Debug)]
struct Block {
    texts: Range<usize>,
    bytes: Range<usize>,
}

/// The blocks of texts of these sizes; `None` where their sum is more than there can be.
fn blocks(sizes: impl Iterator<Item = usize>) -> Option<Vec<Block>> {
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
    Some(blocks)
}

/// Writes the texts from `at` on, and tells the hashes of their blocks.
pub(super) fn write(texts: &[&str], file: &File, at: u64) -> io::Result<Vec<Hash>> {
    let blocks = blocks(texts.iter().map(|text| text.len())).unwrap_or_default();
    let written = |buffer: &mut Vec<u8>, number: usize| {
        let block: &Block = &blocks[number];
        buffer.clear();
        buffer.reserve_exact(block.bytes.len());
        for text in &texts[block.texts.clone()] {
            buffer.extend_from_slice(text.as_bytes());
        }
        write_at(file, buffer, at + block.bytes.start as u64)?;
        Ok(blake3::hash(buffer))
    };
    let hashes = parallel::each(blocks.len(), 1, Vec::new, written);
    hashes.into_iter().collect()
}

/// The texts of these sizes, from `at` on to the end of the file at `end`, and the hashes of their blocks. `None` if that
/// is not where they end, or one is no text.
pub(super) fn read(
    sizes: &[usize],
    file: &File,
    (at, end): (u64, u64),
) -> Option<(Vec<Text>, Vec<Hash>)> {
    let blocks = blocks(sizes.iter().copied())?;
    let total = blocks.last().map_or(0, |block| block.bytes.end);
    if at.checked_add(total as u64)? != end {
        return None;
    }
    let read = |(): &mut (), number: usize| {
        let block: &Block = &blocks[number];
        let bytes = read_at(file, block.bytes.len(), at + block.bytes.start as u64).ok()?;
        let hash = blake3::hash(&bytes);
        let whole = Arc::new(String::from_utf8(bytes).ok()?);
        let mut end = 0;
        let texts = sizes[block.texts.clone()].iter().map(|size| {
            let start = end;
            end += size;
            Text::within(&whole, start..end)
        });
        Some((texts.collect::<Option<Vec<_>>>()?, hash))
    };
    let read = parallel::each(blocks.len(), 1, || (), read);
    let (mut texts, mut hashes) = (Vec::with_capacity(sizes.len()), Vec::new());
    for block in read {
        let (of_block, hash) = block?;
        texts.extend(of_block);
        hashes.push(hash);
    }
    Some((texts, hashes))
}

#[cfg(unix)]
pub(super) fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

/// The `length` bytes at `at`. The room for them is not cleared before they are put there.
#[cfg(unix)]
pub(super) fn read_at(file: &File, length: usize, at: u64) -> io::Result<Vec<u8>> {
    use rustix::buffer::spare_capacity;
    use rustix::io::{Errno, pread};
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let next = at + bytes.len() as u64;
        match pread(file, spare_capacity(&mut bytes), next) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// Elsewhere a stamp does not tell enough to keep anything.
#[cfg(not(unix))]
pub(super) fn write_at(_: &File, _: &[u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
pub(super) fn read_at(_: &File, _: usize, _: u64) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts_of(sizes: &[usize]) -> Vec<Range<usize>> {
        let blocks = blocks(sizes.iter().copied()).unwrap();
        blocks.into_iter().map(|block| block.texts).collect()
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
        assert!(blocks([usize::MAX, 1].into_iter()).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn texts_are_read_as_they_were_written() {
        let file = tempfile::tempfile().unwrap();
        let long = "é".repeat(BLOCK);
        let texts = ["", "one", &long, "", "two\n", &long, "three"];
        let sizes = texts.map(str::len);
        let hashes = write(&texts, &file, 7).unwrap();
        let end = 7 + sizes.iter().sum::<usize>() as u64;
        let (read_back, read_hashes) = read(&sizes, &file, (7, end)).unwrap();
        assert!(read_back.iter().map(|text| &**text).eq(texts));
        assert_eq!((hashes.len(), &hashes), (3, &read_hashes));
        assert!(read(&sizes, &file, (7, end + 1)).is_none());
        assert!(read(&sizes[1..], &file, (8, end)).is_none(), "cuts a sign");
    }
}
