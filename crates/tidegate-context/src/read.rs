//! One file's text, or why there is none.
//!
//! A log can grow while it is read and a listing can lie, so the limit is kept by the reading itself. What is not text
//! is found out here and nowhere else: packed as it is, it costs tokens and means nothing.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

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
    } else {
        Err(SkipReason::NotAFile)
    }
}

/// The text of the file at `path`, of at most `limit` bytes, without a byte order mark.
pub(crate) fn text(path: &Path, expected: u64, limit: u64) -> Result<String, SkipReason> {
    let mut bytes = bounded(path, expected, limit).map_err(SkipReason::unreadable)?;
    let read = bytes.len() as u64;
    if read > limit {
        return Err(SkipReason::TooLarge { bytes: read, limit });
    }
    if bytes.iter().take(HEAD).any(|&byte| byte == 0) {
        return Err(SkipReason::Binary);
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    String::from_utf8(bytes).map_err(|_| SkipReason::Binary)
}

/// One byte more than `limit` tells a file of just that size from a larger one.
fn bounded(path: &Path, expected: u64, limit: u64) -> io::Result<Vec<u8>> {
    let reserved = usize::try_from(expected).map_or(MOST_RESERVED, |size| size.min(MOST_RESERVED));
    let mut bytes = Vec::with_capacity(reserved + 1);
    File::open(path)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        file
    }

    #[test]
    fn a_file_of_just_the_limit_is_read() {
        assert_eq!(text(file(b"12345").path(), 5, 5).unwrap(), "12345");
    }

    #[test]
    fn a_file_that_grew_past_the_limit_is_read_no_further() {
        let grown = text(file(b"1234567890").path(), 3, 5);
        assert_eq!(grown, Err(SkipReason::TooLarge { bytes: 6, limit: 5 }));
    }

    #[test]
    fn a_nul_or_bytes_that_are_not_utf_8_are_binary() {
        assert_eq!(text(file(b"ab\0c").path(), 4, 99), Err(SkipReason::Binary));
        assert_eq!(
            text(file(b"caf\xe9").path(), 4, 99),
            Err(SkipReason::Binary)
        );
    }

    #[test]
    fn a_nul_after_the_first_8_kib_is_text() {
        let content = [vec![b'a'; HEAD], vec![0]].concat();
        assert!(text(file(&content).path(), 0, 99_999).is_ok());
        assert_eq!(
            text(file(&content[1..]).path(), 0, 99_999),
            Err(SkipReason::Binary)
        );
    }

    #[test]
    fn a_byte_order_mark_is_taken_off() {
        assert_eq!(
            text(file(b"\xef\xbb\xbfhello").path(), 8, 99).unwrap(),
            "hello"
        );
    }
}
