//! Reading and writing at a place in a file, from several threads at once.

use std::fs::File;
use std::io;

#[cfg(unix)]
pub(crate) fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

/// The `length` bytes at `at`.
pub(crate) fn read_at(file: &File, length: usize, at: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_into(&mut bytes, file, length, at)?;
    Ok(bytes)
}

/// Puts the `length` bytes at `at` in the place of what is in `bytes`. The room for them is not cleared before.
#[cfg(unix)]
pub(crate) fn read_into(
    bytes: &mut Vec<u8>,
    file: &File,
    length: usize,
    at: u64,
) -> io::Result<()> {
    use rustix::buffer::spare_capacity;
    use rustix::io::{Errno, pread};
    bytes.clear();
    bytes.reserve_exact(length);
    while bytes.len() < length {
        let next = at + bytes.len() as u64;
        match pread(file, spare_capacity(bytes), next) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(length);
    Ok(())
}

/// Elsewhere a stamp does not tell enough to keep anything.
#[cfg(not(unix))]
pub(crate) fn write_at(_: &File, _: &[u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
pub(crate) fn read_into(_: &mut Vec<u8>, _: &File, _: usize, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
