//! Lays out the vocabularies that the feature `exact-tokens` counts with, so that nothing has to be loaded to count.
//!
//! `NAME.bytes` holds the bytes of all tokens by rank, `NAME.slots` a table of them by their hash.

#[cfg(feature = "exact-tokens")]
#[path = "src/tokens/hash.rs"]
mod hash;
#[cfg(feature = "exact-tokens")]
#[expect(dead_code, reason = "slots are read by the crate")]
#[path = "src/tokens/slot.rs"]
mod slot;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/tokens");
    #[cfg(feature = "exact-tokens")]
    {
        layout::lay_out("o200k", &bpe_openai::o200k_base().bpe);
        layout::lay_out("cl100k", &bpe_openai::cl100k_base().bpe);
    }
}

#[cfg(feature = "exact-tokens")]
mod layout {
    use std::fs;
    use std::path::PathBuf;

    use bpe_openai::byte_pair_encoding::BytePairEncoding;

    use crate::{hash, slot};

    #[expect(clippy::disallowed_methods, reason = "so cargo tells where to write")]
    pub(super) fn lay_out(name: &str, encoding: &BytePairEncoding) {
        let count = u32::try_from(encoding.num_tokens()).expect("fewer tokens than 2^32");
        let tokens = (0..count).map(|rank| encoding.token_bytes(rank));
        let bytes: Vec<u8> = tokens.clone().flatten().copied().collect();
        let mut slots = vec![slot::EMPTY; (count as usize + 1).next_power_of_two()];
        let mut place = 0;
        for token in tokens {
            put(&mut slots, token, place);
            place += token.len();
        }
        assert!(place < slot::MOST_BYTES, "{name} has too many bytes");
        let slots: Vec<u8> = slots.into_iter().flat_map(u32::to_le_bytes).collect();
        let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
        fs::write(out.join(format!("{name}.bytes")), bytes).expect("OUT_DIR can be written");
        fs::write(out.join(format!("{name}.slots")), slots).expect("OUT_DIR can be written");
    }

    fn put(slots: &mut [u32], token: &[u8], place: usize) {
        assert!((1..=slot::LONGEST).contains(&token.len()), "{token:?}");
        let hash = hash::hash(token);
        let mut at = slot::first(hash, slots.len());
        while slots[at] != slot::EMPTY {
            at = (at + 1) % slots.len();
        }
        slots[at] = slot::slot(place, slot::tag(token.len(), hash));
    }
}
