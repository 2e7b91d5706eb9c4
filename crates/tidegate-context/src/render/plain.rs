//! `=== FILE: PATH ===` and `---`.
//!
//! To read it: the first line begins with N equals signs. A file begins at every line of just N equals signs, ` FILE: `,
//! a name and as many equals signs again; a line of just N hyphens is the end. N is 3 unless a content has such a line.

use std::collections::BTreeSet;

use memchr::memmem;

use super::{Layout, Section, Sink, remarks, runs};
use crate::packed::PackedFile;

const BEFORE_NAME: &str = " FILE: ";

/// One file under its header.
pub(super) fn section<S: Sink>(
    file: &Section<'_>,
    rule: &str,
    layout: Layout,
    out: &mut S,
) -> Result<(), S::Error> {
    for piece in [
        rule,
        BEFORE_NAME,
        file.path,
        &remarks(file, layout),
        " ",
        rule,
        "\n",
    ] {
        out.piece(piece)?;
    }
    out.text(file.text)
}

/// The end, as long as the rules.
pub(super) fn end<S: Sink>(rule: &str, out: &mut S) -> Result<(), S::Error> {
    out.piece(&"-".repeat(rule.len()))?;
    out.piece("\n")
}

/// The lengths of what looks like a header or an end in the contents, indented or not.
pub(super) fn taken(files: &[PackedFile]) -> BTreeSet<usize> {
    let header = memmem::Finder::new(BEFORE_NAME);
    runs::taken(files, |text| {
        let headers = header.find_iter(text.as_bytes());
        let ends = runs::of(text, "---")
            .filter(|run| runs::begins_line(text, run.start) && runs::ends_line(text, run.end));
        headers
            .filter_map(|at| rule_before(text, at))
            .chain(ends.map(|run| run.len()))
            .collect()
    })
}

/// The length of the rule that ends at `at`, if it begins a line.
fn rule_before(text: &str, at: usize) -> Option<usize> {
    let before = text.as_bytes()[..at].iter().rev();
    let length = before.take_while(|byte| **byte == b'=').count();
    (length >= runs::SHORTEST && runs::begins_line(text, at - length)).then_some(length)
}
