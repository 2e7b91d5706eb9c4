//! Embeddings that no model made: equal inputs have equal vectors, and different ones hardly ever.

/// How long a vector is when nobody says so: short enough to read.
pub(crate) const DIMENSIONS: usize = 8;

/// What a request for embeddings wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Vectors {
    /// A hash of each input.
    pub(crate) inputs: Vec<u64>,
    pub(crate) dimensions: usize,
    /// As little-endian floats in base64 instead of numbers.
    pub(crate) base64: bool,
}

/// The vector of an input, of length one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "any number will do"
)]
pub(crate) fn vector(input: u64, dimensions: usize) -> Vec<f32> {
    let mut state = input;
    let raw: Vec<f32> = (0..dimensions)
        .map(|_| (split_mix(&mut state) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5)
        .map(|number| number as f32)
        .collect();
    let length = raw.iter().map(|number| number * number).sum::<f32>().sqrt();
    raw.into_iter().map(|number| number / length).collect()
}

/// The next number of `SplitMix64`.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A vector in base64 (RFC 4648, 4), little-endian.
pub(crate) fn base64(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| usize::from(group.get(at).copied().unwrap_or_default());
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for digit in 0..4 {
            let known = digit <= group.len();
            let value = (bits >> (18 - 6 * digit)) & 63;
            text.push(if known {
                char::from(DIGITS[value])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_depend_on_the_input_alone_and_have_length_one() {
        let (one, two) = (vector(1, 8), vector(2, 8));
        assert_eq!(one, vector(1, 8));
        assert_ne!(one, two);
        let length: f32 = one.iter().map(|number| number * number).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
        assert_eq!(vector(1, 3).len(), 3);
    }

    #[test]
    fn base64_is_that_of_little_endian_floats() {
        assert_eq!(base64(&[1.0]), "AACAPw==");
        assert_eq!(base64(&[1.0, -2.0]), "AACAPwAAAMA=");
        assert_eq!(base64(&[1.0, -2.0, 0.5]), "AACAPwAAAMAAAAA/");
    }
}
