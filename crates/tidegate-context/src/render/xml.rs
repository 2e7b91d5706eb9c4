//! `<file path="PATH">` and `</file>`.
//!
//! To read it: the first line is `<files>` or `<files-N>`. Files begin at `<file path=` (or `<file-N path=`) at the
//! beginning of a line and end at `</file>` (or `</file-N>`), which no content holds.

use std::borrow::Cow;
use std::collections::BTreeSet;

use memchr::memmem;

use super::{Layout, Section, Sink, runs, time};
use crate::packed::PackedFile;

pub(super) fn begin<S: Sink>(mark: &str, out: &mut S) -> Result<(), S::Error> {
    out.piece(&format!("<files{mark}>\n"))
}

pub(super) fn section<S: Sink>(
    file: &Section<'_>,
    mark: &str,
    layout: Layout,
    out: &mut S,
) -> Result<(), S::Error> {
    out.piece(&format!("<file{mark} path=\"{}\"", escaped(file.path)))?;
    if layout.sizes {
        out.piece(&format!(" bytes=\"{}\"", file.text.len()))?;
    }
    if let Some(time) = time(file, layout) {
        out.piece(&format!(" modified=\"{time}\""))?;
    }
    out.piece(">\n")?;
    out.text(file.text)?;
    out.piece(&format!("</file{mark}>\n"))
}

pub(super) fn end<S: Sink>(mark: &str, out: &mut S) -> Result<(), S::Error> {
    out.piece(&format!("</files{mark}>\n"))
}

/// The numbers of the tags in the contents: 1 for one without a number, or with a name that only begins alike.
pub(super) fn taken(files: &[PackedFile]) -> BTreeSet<usize> {
    let finders = ["<file", "</file"].map(memmem::Finder::new);
    runs::taken(files, |text| {
        let in_text = |tag: &memmem::Finder<'_>| {
            let found = tag.find_iter(text.as_bytes());
            let after = tag.needle().len();
            found
                .map(|at| number(&text[at + after..]))
                .collect::<BTreeSet<_>>()
        };
        finders.iter().flat_map(in_text).collect()
    })
}

fn number(rest: &str) -> usize {
    let rest = rest.strip_prefix('s').unwrap_or(rest);
    let Some(rest) = rest.strip_prefix('-') else {
        return 1;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).take(20).count();
    rest[..digits].parse().unwrap_or(1)
}

fn escaped(path: &str) -> Cow<'_, str> {
    if !path.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(path);
    }
    let mut escaped = String::with_capacity(path.len() + 8);
    for character in path.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            plain => escaped.push(plain),
        }
    }
    Cow::Owned(escaped)
}
