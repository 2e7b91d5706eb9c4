//! The tokens of an encoding, and into how many of them a piece of text falls.
//!
//! A piece that is a token is one. Any other falls into bytes, and of all neighbours that make a token together those
//! of the lowest rank are joined, the first of them if there are several, until none are left to join. Tables are part
//! of the program and are looked up where they lie: nothing is loaded, and nothing but the pages that are touched takes
//! memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::hash::hash;
use super::slot;

/// A table of tokens, as the build script lays it out.
pub(crate) struct Vocabulary {
    bytes: &'static [u8],
    slots: &'static [[u8; 4]],
}

macro_rules! vocabulary {
    ($name:literal) => {
        Vocabulary {
            bytes: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".bytes")),
            slots: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".slots"))
                .as_chunks()
                .0,
        }
    };
}

pub(crate) static O200K: Vocabulary = vocabulary!("o200k");
pub(crate) static CL100K: Vocabulary = vocabulary!("cl100k");

impl Vocabulary {
    /// The tokens of `piece`, which is not empty.
    pub(crate) fn count(&self, piece: &[u8], joining: &mut Joining) -> usize {
        if piece.len() == 1 || self.rank(piece).is_some() {
            1
        } else {
            joining.count(self, piece)
        }
    }

    /// The rank of the token that `bytes` are, if they are one.
    fn rank(&self, bytes: &[u8]) -> Option<u32> {
        if bytes.len() > slot::LONGEST {
            return None;
        }
        let hash = hash(bytes);
        let tag = slot::tag(bytes.len(), hash);
        let mut at = slot::first(hash, self.slots.len());
        loop {
            let found = u32::from_le_bytes(self.slots[at]);
            if found == slot::EMPTY {
                return None;
            }
            if slot::has_tag(found, tag) {
                let place = slot::place(found);
                if self.bytes[place as usize..].starts_with(bytes) {
                    return Some(place);
                }
            }
            at = (at + 1) % self.slots.len();
        }
    }
}

/// Room to join the bytes of a piece in.
#[derive(Debug, Default)]
pub(crate) struct Joining {
    /// By the place where a part begins: where the next one does. 0 where none begins any more.
    next: Vec<u32>,
    /// By the place where a part begins: where the one before does.
    before: Vec<u32>,
    /// Neighbours that make a token: its rank, and where it begins and ends. Some have gone by now.
    pairs: BinaryHeap<Reverse<(u32, u32, u32)>>,
}

impl Joining {
    fn count(&mut self, vocabulary: &Vocabulary, piece: &[u8]) -> usize {
        // No text comes near: a packed file has a limit, and what no counter could hold is not counted so.
        let end = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        self.next.clear();
        self.next.extend(1..=end);
        self.before.clear();
        self.before.extend((0..end).map(|at| at.saturating_sub(1)));
        self.pairs.clear();
        for start in 0..end.saturating_sub(1) {
            self.offer(vocabulary, piece, start, start + 2);
        }
        let mut count = piece.len();
        while let Some(Reverse((_, start, pair_end))) = self.pairs.pop() {
            if self.is_pair(start, pair_end) {
                self.join(vocabulary, piece, (start, pair_end));
                count -= 1;
            }
        }
        count
    }

    /// Whether two parts still begin and end there.
    fn is_pair(&self, start: u32, end: u32) -> bool {
        let middle = self.next[start as usize];
        self.next.get(middle as usize) == Some(&end) && middle != 0
    }

    fn join(&mut self, vocabulary: &Vocabulary, piece: &[u8], (start, end): (u32, u32)) {
        let middle = std::mem::replace(&mut self.next[start as usize], end);
        self.next[middle as usize] = 0;
        if let Some(before) = self.before.get_mut(end as usize) {
            *before = start;
            self.offer(vocabulary, piece, start, self.next[end as usize]);
        }
        if start > 0 {
            self.offer(vocabulary, piece, self.before[start as usize], end);
        }
    }

    fn offer(&mut self, vocabulary: &Vocabulary, piece: &[u8], start: u32, end: u32) {
        if let Some(rank) = vocabulary.rank(&piece[start as usize..end as usize]) {
            self.pairs.push(Reverse((rank, start, end)));
        }
    }
}

#[cfg(test)]
mod tests {
    use bpe_openai::{Tokenizer, cl100k_base, o200k_base};
    use proptest::prelude::*;

    use super::*;

    fn vocabularies() -> [(&'static Vocabulary, &'static Tokenizer); 2] {
        [(&O200K, o200k_base()), (&CL100K, cl100k_base())]
    }

    fn assert_counted_as_published(piece: &[u8]) {
        for (vocabulary, published) in vocabularies() {
            let count = vocabulary.count(piece, &mut Joining::default());
            assert_eq!(count, published.bpe.count(piece), "{piece:?}");
        }
    }

    #[test]
    fn every_token_is_found_and_is_one() {
        let mut joining = Joining::default();
        for (vocabulary, published) in vocabularies() {
            let mut last = None;
            for token in 0..u32::try_from(published.bpe.num_tokens()).unwrap() {
                let bytes = published.bpe.token_bytes(token);
                let rank = vocabulary.rank(bytes);
                assert!(rank.is_some() && rank > last, "{token}");
                assert_eq!(vocabulary.count(bytes, &mut joining), 1);
                last = rank;
            }
        }
    }

    #[test]
    fn long_pieces_of_one_sign_are_counted_as_published() {
        for sign in [" ", "=", "a", "ab", "\n", "é"] {
            for length in [127, 128, 129, 255, 3_000] {
                assert_counted_as_published(sign.repeat(length).as_bytes());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn words_are_counted_as_published(piece in "[ ]?[A-Za-z]{1,40}") {
            assert_counted_as_published(piece.as_bytes());
        }

        #[test]
        fn any_bytes_are_counted_as_published(piece in prop::collection::vec(any::<u8>(), 1..60)) {
            assert_counted_as_published(&piece);
        }

        #[test]
        fn few_signs_in_any_order_are_counted_as_published(piece in "[ae=\\-_ ]{1,200}") {
            assert_counted_as_published(piece.as_bytes());
        }
    }
}
