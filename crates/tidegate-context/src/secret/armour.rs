//! Private keys in their armour.
//!
//! Code that reads keys and pages that explain them name the armour all the time. A key is armour with something in it.

use std::ops::Range;

use super::randomness::entropy;
use super::{after, before};

/// What ends the line that begins a private key.
pub(super) const WORDS: &[&str] = &[
    "PRIVATE KEY-----",
    "PRIVATE KEY BLOCK-----",
    "PuTTY-User-Key-File-",
];

const BEGIN: &str = "-----BEGIN ";

/// The longest kind of key between the two: `EC`, `OPENSSH`, `ENCRYPTED`.
const LONGEST_KIND: usize = 16;

/// How far behind the armour its content must begin: lines that tell of the encryption come first.
const HEADERS: usize = 300;

/// The fewest characters of content in one line. Shorter lines are an explanation's `MIIE...`.
const LEAST: usize = 32;

pub(super) fn is_private_key(text: &str, word: Range<usize>) -> bool {
    let armour = &text[word.clone()];
    let exact = WORDS.contains(&armour);
    let begins = || before(text, word.start, BEGIN.len() + LONGEST_KIND).contains(BEGIN);
    exact
        && (armour.starts_with("PuTTY") || begins())
        && has_content(after(text, word.end, HEADERS))
}

/// The content may stand in a string of a program, with `\n` for the ends of lines.
fn has_content(after: &str) -> bool {
    let near = after.split("-----").next().unwrap_or_default();
    near.replace("\\n", "\n")
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')))
        .any(|run| run.len() >= LEAST && entropy(run) > 3.0)
}
