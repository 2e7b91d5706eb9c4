//! Runs of one sign in a text, and which length is free.
//!
//! Contents are searched in whole, on the way to every request, so nothing here looks at single characters before it has
//! found what cannot be told from a mark.

use std::collections::BTreeSet;
use std::ops::Range;

use memchr::memmem;

use crate::packed::PackedFile;
use crate::parallel;

/// The shortest run that means anything.
pub(super) const SHORTEST: usize = 3;

/// Fewer contents than this are searched sooner than a thread starts.
const WORTH_A_THREAD: usize = 256;

/// The numbers that `of` finds taken in any of the contents, searched on all processors.
pub(super) fn taken(
    files: &[PackedFile],
    of: impl Fn(&str) -> BTreeSet<usize> + Sync,
) -> BTreeSet<usize> {
    let taken = parallel::each(
        files.len(),
        WORTH_A_THREAD,
        || (),
        |(), number| of(files[number].text()),
    );
    taken.into_iter().flatten().collect()
}

/// The runs in `text` of the sign that `shortest` is made of, the shortest run that counts.
pub(super) fn of<'t>(
    text: &'t str,
    shortest: &'static str,
) -> impl Iterator<Item = Range<usize>> + 't {
    let bytes = text.as_bytes();
    let (finder, sign) = (memmem::Finder::new(shortest), shortest.as_bytes()[0]);
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + finder.find(&bytes[from..])?;
        let run = bytes[start..].iter();
        from = start + run.take_while(|byte| **byte == sign).count();
        Some(start..from)
    })
}

/// Whether nothing but white space stands between `at` and the beginning of its line.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    let before = text.as_bytes()[..at].iter().rev();
    let mut before = before.skip_while(|byte| matches!(byte, b' ' | b'\t'));
    before
        .next()
        .is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
}

/// Whether nothing but white space stands between `at` and the end of its line.
pub(super) fn ends_line(text: &str, at: usize) -> bool {
    let mut after = text.as_bytes()[at..]
        .iter()
        .skip_while(|byte| matches!(byte, b' ' | b'\t'));
    after
        .next()
        .is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
}

/// The least number from `least` on that is not taken. It grows with the square root of what takes numbers, where the
/// number after the largest would grow with one run.
pub(super) fn free(least: usize, taken: &BTreeSet<usize>) -> usize {
    let mut free = least;
    for &number in taken.range(least..) {
        if number != free {
            break;
        }
        free += 1;
    }
    free
}
