//! Where a token stands in its table: computed once when the table is built, and again for every look-up.

/// Any odd number whose bits look drawn by lot will do: this is 2^64 divided by the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads `bytes` over all 64 bits, the upper ones best.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let hash = words.iter().fold(bytes.len() as u64, |hash, word| {
        mixed(hash, u64::from_le_bytes(*word))
    });
    mixed(hash, u64::from_le_bytes(last))
}

const fn mixed(hash: u64, word: u64) -> u64 {
    let product = (hash ^ word).wrapping_mul(FACTOR);
    (product ^ (product >> 32)).wrapping_mul(FACTOR)
}
