//! Whether a text was drawn by lot.
//!
//! Issuers draw their keys; people write examples. A drawn text uses its characters evenly, holds no words and no runs
//! of the alphabet.

/// Words of examples, in lower case. Short ones are chosen so that a drawn key hardly ever holds one.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "sample",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "replace",
    "redacted",
    "dummy",
    "fake",
    "your",
    "insert",
    "todo",
    "xxxx",
    "****",
    "....",
    "0000000",
    "1111111",
    "1234567",
    "abcdef",
    "deadbeef",
    "foobar",
    "secret",
    "password",
    "passwd",
];

/// Shannon's measure, in bits for a character: 0 for one character again and again, 4 for even hexadecimal digits.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let used = counts.iter().filter(|count| **count > 0);
    used.map(|&count| {
        let share = f64::from(count) / length;
        -share * share.log2()
    })
    .sum()
}

/// Whether it reads like an example.
pub(super) fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// Whether it is written like an identifier that machines draw and nobody hides: `8-4-4-4-12` hexadecimal digits.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

pub(super) fn has_letter_and_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.bytes().any(|byte| byte.is_ascii_digit())
}
