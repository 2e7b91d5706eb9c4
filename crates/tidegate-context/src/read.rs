//! One file's text, or why there is none.
//!
//! A log can grow while it is read and a listing can lie, so the limit is kept by the reading itself. What is not text
//! is found out here and nowhere else: packed as it is, it costs tokens and means nothing.

use std::io::{self, Read};
use std::path::Path;

use crate::open::Opened;
use crate::skip::SkipReason;
use crate::trail::Stamp;

/// How far a NUL is looked for, in bytes, as git does.
const HEAD: usize = 8 * 1024;

/// The most memory taken on the system's word about a size, in bytes.
const MOST_RESERVED: usize = 16 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What the system says of the file at `path`.
pub(crate) fn stamp(path: &Path) -> Result<Stamp, SkipReason> {
    let metadata = path.symlink_metadata().map_err(SkipReason::unreadable)?;
    if metadata.is_file() {
        Ok(Stamp::of(&metadata))
    } else if metadata.is_dir() || metadata.is_symlink() {
        Err(SkipReason::Replaced)
    } else {
        Err(SkipReason::NotAFile)
    }
}

/// The text of a file of at most `limit` bytes, without a byte order mark.
pub(crate) fn text(opened: Opened, limit: u64) -> Result<String, SkipReason> {
    let mut bytes = bounded(opened, limit).map_err(SkipReason::unreadable)?;
    let read = bytes.len() as u64;
    if read > limit {
        return Err(SkipReason::TooLarge { bytes: read, limit });
    }
    if memchr::memchr(0, &bytes[..bytes.len().min(HEAD)]).is_some() {
        return Err(SkipReason::Binary);
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    String::from_utf8(bytes).map_err(|_| SkipReason::Binary)
}

/// One byte more than `limit` tells a file of just that size from a larger one.
fn bounded(opened: Opened, limit: u64) -> io::Result<Vec<u8>> {
    let Opened { file, metadata } = opened;
    let size = metadata.len();
    let reserved = usize::try_from(size).map_or(MOST_RESERVED, |size| size.min(MOST_RESERVED));
    let mut bytes = Vec::with_capacity(reserved + 1);
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn opened(content: &[u8]) -> (tempfile::NamedTempFile, Opened) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let reopened = file.reopen().unwrap();
        let metadata = reopened.metadata().unwrap();
        (
            file,
            Opened {
                file: reopened,
                metadata,
            },
        )
    }

    fn read(content: &[u8], limit: u64) -> Result<String, SkipReason> {
        text(opened(content).1, limit)
    }

    #[test]
    fn a_file_of_just_the_limit_is_read() {
        assert_eq!(read(b"12345", 5).unwrap(), "12345");
    }

    #[test]
    fn a_file_that_grew_past_the_limit_is_read_no_further() {
        let (mut file, small) = opened(b"123");
        file.write_all(b"4567890").unwrap();
        assert_eq!(
            text(small, 5),
            Err(SkipReason::TooLarge { bytes: 6, limit: 5 })
        );
    }

    #[test]
    fn a_file_that_shrank_is_what_is_left_of_it() {
        let (file, large) = opened(b"1234567890");
        file.as_file().set_len(3).unwrap();
        assert_eq!(text(large, 10).unwrap(), "123");
    }

    #[test]
    fn a_file_that_vanished_after_it_was_opened_is_read() {
        let (file, opened) = opened(b"still here");
        file.close().unwrap();
        assert_eq!(text(opened, 99).unwrap(), "still here");
    }

    #[test]
    fn a_nul_or_bytes_that_are_not_utf_8_are_binary() {
        assert_eq!(read(b"ab\0c", 99), Err(SkipReason::Binary));
        assert_eq!(read(b"caf\xe9", 99), Err(SkipReason::Binary));
    }

    #[test]
    fn a_nul_after_the_first_8_kib_is_text() {
        let content = [vec![b'a'; HEAD], vec![0]].concat();
        assert!(read(&content, 99_999).is_ok());
        assert_eq!(read(&content[1..], 99_999), Err(SkipReason::Binary));
    }

    #[test]
    fn a_byte_order_mark_is_taken_off() {
        assert_eq!(read(b"\xef\xbb\xbfhello", 99).unwrap(), "hello");
    }
}
