//! ``## `PATH` `` and a fenced block.
//!
//! To read it: any reader of `CommonMark`. Every block is closed by a fence longer than any run of its sign in the
//! content, so that none inside can close it; the files end at the line `---`.

use super::{Layout, Section, Sink, remarks, runs};

/// The longest name of a language behind a fence, in bytes.
const LONGEST_LANGUAGE: usize = 16;

/// The longest fence of backticks where one of tildes is shorter.
const MOST_BACKTICKS: usize = 8;

pub(super) fn section<S: Sink>(
    file: &Section<'_>,
    layout: Layout,
    out: &mut S,
) -> Result<(), S::Error> {
    let fence = fence(file.text);
    for piece in ["## ", &span(file.path), &remarks(file, layout), "\n\n"] {
        out.piece(piece)?;
    }
    for piece in [&fence, language(file.path), "\n"] {
        out.piece(piece)?;
    }
    out.text(file.text)?;
    out.piece(&fence)?;
    out.piece("\n\n")
}

pub(super) fn end<S: Sink>(out: &mut S) -> Result<(), S::Error> {
    out.piece("---\n\n")
}

/// Of backticks, or of tildes where those would be many: a content cannot have long runs of both without being long.
fn fence(text: &str) -> String {
    let length = |shortest| {
        let longest = runs::of(text, shortest).map(|run| run.len()).max();
        longest.map_or(runs::SHORTEST, |longest| longest + 1)
    };
    let (backticks, tildes) = (length("```"), length("~~~"));
    if backticks > MOST_BACKTICKS && tildes < backticks {
        "~".repeat(tildes)
    } else {
        "`".repeat(backticks)
    }
}

/// A name as code, whatever backticks it holds.
fn span(path: &str) -> String {
    let runs = path.split(|character| character != '`').map(str::len);
    let taken = runs.filter(|length| *length > 0).collect();
    let ticks = "`".repeat(runs::free(1, &taken));
    let padded = path.starts_with(['`', ' ']) || path.ends_with(['`', ' ']);
    if padded && !path.trim_matches(' ').is_empty() {
        format!("{ticks} {path} {ticks}")
    } else {
        format!("{ticks}{path}{ticks}")
    }
}

/// What highlights the content: the name's extension, where it looks like one.
fn language(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'_');
    if extension.len() <= LONGEST_LANGUAGE && extension.bytes().all(plain) {
        extension
    } else {
        ""
    }
}
