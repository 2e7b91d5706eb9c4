//! `<file path="PATH">` and `</file>`.
//!
//! To read it: the first line is `<files>` or `<files-N>`. Files begin at `<file path=` (or `<file-N path=`) at the
//! beginning of a line and end at `</file>` (or `</file-N>`), which no content holds.

use std::borrow::Cow;
use std::collections::BTreeSet;

use memchr::memmem;

use super::{Layout, Section, put_text, runs, time};
use crate::packed::PackedFile;

pub(super) fn begin<E>(mark: &str, put: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    put(&format!("<files{mark}>\n"))
}

pub(super) fn section<E>(
    file: &Section<'_>,
    mark: &str,
    layout: Layout,
    put: &mut impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    put(&format!("<file{mark} path=\"{}\"", escaped(file.path)))?;
    if layout.sizes {
        put(&format!(" bytes=\"{}\"", file.text.len()))?;
    }
    if let Some(time) = time(file, layout) {
        put(&format!(" modified=\"{time}\""))?;
    }
    put(">\n")?;
    put_text(file.text, put)?;
    put(&format!("</file{mark}>\n"))
}

pub(super) fn end<E>(mark: &str, put: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    put(&format!("</files{mark}>\n"))
}

/// The least number that no tag in a content has.
pub(super) fn free_tag(files: &[PackedFile]) -> usize {
    runs::free(1, &taken(files))
}

/// The numbers of the tags in the contents: 1 for one without a number, or with a name that only begins alike.
fn taken(files: &[PackedFile]) -> BTreeSet<usize> {
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
