//! What was asked, as the beginning of an entry's name.

use super::codec::Writer;
use crate::directories::Directories;
use crate::options::{PackOptions, Secrets};
use crate::pattern::Pattern;

/// Goes up whenever the same files would give another pack, or an entry looks different.
const VERSION: u64 = 4;

/// A name for everything besides the files that a pack depends on.
pub(crate) fn question(
    patterns: &[Pattern],
    directories: &Directories,
    options: &PackOptions,
) -> String {
    let mut asked = Writer::default();
    asked.number(VERSION);
    asked.text(env!("CARGO_PKG_VERSION"));
    asked.size(directories.paths().count());
    for directory in directories.paths() {
        // Two directories whose names differ in bytes that are no text only share a name here: the trail tells.
        asked.text(&directory.to_string_lossy());
    }
    asked.size(patterns.len());
    for pattern in patterns {
        asked.text(pattern.text());
        asked.number(pattern.looks_like_path().into());
    }
    asked.number(options.max_file_bytes);
    asked.number(options.max_total_bytes);
    asked.size(options.max_files);
    asked.number(options.max_tokens.map_or(u64::MAX, |most| most));
    asked.number(options.max_tokens.map_or(0, |_| options.counter.number()));
    asked.number(options.strict.into());
    asked.number(match options.secrets {
        Secrets::Refuse => 0,
        Secrets::LeaveOut => 1,
        Secrets::Allow => 2,
    });
    blake3::hash(&asked.bytes).to_hex()[..32].to_owned()
}
