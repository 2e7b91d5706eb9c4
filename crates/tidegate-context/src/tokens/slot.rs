//! A token in its table: where its bytes are, and enough of its hash that most others are told apart without a look.
//!
//! The bytes of all tokens lie behind one another by rank. So the place of a token's bytes is also its rank: of two
//! tokens, the one that lies first is merged first.

/// No token.
pub(crate) const EMPTY: u32 = u32::MAX;

/// The longest token in bytes.
pub(crate) const LONGEST: usize = 1 << LENGTH_BITS;

/// The most bytes of all tokens. The last place is [`EMPTY`]'s.
pub(crate) const MOST_BYTES: usize = (1 << (u32::BITS - TAG_BITS)) - 1;

const LENGTH_BITS: u32 = 7;
const HASH_BITS: u32 = 4;
const TAG_BITS: u32 = LENGTH_BITS + HASH_BITS;

/// What a slot has in common with all tokens of this length, which is not 0, and hash.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a token is never longer than 7 bits tell"
)]
pub(crate) const fn tag(length: usize, hash: u64) -> u32 {
    let of_hash = hash as u32 & ((1 << HASH_BITS) - 1);
    ((length as u32 - 1) << HASH_BITS) | of_hash
}

/// Whether a token with this tag may be meant.
pub(crate) const fn has_tag(slot: u32, tag: u32) -> bool {
    slot & ((1 << TAG_BITS) - 1) == tag
}

/// Where the bytes of the token begin.
pub(crate) const fn place(slot: u32) -> u32 {
    slot >> TAG_BITS
}

/// The slot of a token whose bytes begin at `place`, at most [`MOST_BYTES`].
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is laid out is checked against MOST_BYTES"
)]
pub(crate) const fn slot(place: usize, tag: u32) -> u32 {
    (place as u32) << TAG_BITS | tag
}

/// Where in a table of `slots` slots, a power of two, a token is looked for first: then in the one behind, and so on.
pub(crate) const fn first(hash: u64, slots: usize) -> usize {
    (hash >> 32) as usize % slots
}
