//! Numbers in the order of arrival, of which the store's mean nothing apart from it and those given out apart mean nothing
//! to the store.

use std::borrow::Cow;

use crate::store::Ask;

/// Marks those that were given out apart.
const APART: u64 = 1 << 63;

/// Without the mark.
pub(super) const fn plain(seq: u64) -> u64 {
    seq & !APART
}

/// The number somebody is told to come back under: the store's, if he ever had one.
pub(super) fn told(ask: &Ask, here: u64) -> u64 {
    let theirs = ask.seq.filter(|seq| seq & APART == 0);
    theirs.unwrap_or(here | APART)
}

/// The questions as the store may be asked them.
pub(super) fn for_the_store(asks: &[Ask]) -> Cow<'_, [Ask]> {
    let is_ours = |ask: &Ask| ask.seq.is_some_and(|seq| seq & APART != 0);
    if !asks.iter().any(is_ours) {
        return Cow::Borrowed(asks);
    }
    let theirs = |ask: &Ask| Ask {
        seq: ask.seq.filter(|seq| seq & APART == 0),
        ..*ask
    };
    Cow::Owned(asks.iter().map(theirs).collect())
}
