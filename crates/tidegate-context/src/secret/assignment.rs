//! `api_key = "..."`: values that a name beside them calls a secret.
//!
//! Keys without a prefix of their own are found by the name they are given. Programs use the same names for variables,
//! settings and messages, so the value decides: a literal, long, of one piece, and drawn by lot.

use std::ops::Range;

use super::randomness::{entropy, has_letter_and_digit, is_placeholder, is_uuid};
use super::{before, line_from};

/// How a name may end that stands before a secret.
pub(super) const WORDS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "access-key",
    "secretkey",
    "secret_key",
    "secret-key",
    "privatekey",
    "private_key",
    "private-key",
    "signingkey",
    "signing_key",
    "encryptionkey",
    "encryption_key",
    "accountkey",
    "credential",
    "authkey",
    "auth_key",
    "auth-key",
];

const LEAST: usize = 16;
const MOST: usize = 200;

/// Bits for a character that 16 and more drawn characters have, and words hardly ever.
const DRAWN: f64 = 3.3;

/// Whether the name that ends with this word is given a secret.
pub(super) fn assigns_secret(text: &str, word: Range<usize>) -> bool {
    value(line_from(text, word.end)).is_some_and(is_drawn)
        && !is_public(before(text, word.start, LONGEST_NAME))
}

/// How much of a name before its last word is read, in bytes.
const LONGEST_NAME: usize = 32;

/// What turns the end of a name into something nobody hides: `PublicKeyToken`, `next_page_token`.
const PUBLIC: &[&str] = &[
    "public",
    "page",
    "next",
    "csrf",
    "xsrf",
    "cursor",
    "continuation",
    "sync",
    "hash",
];

fn is_public(before: &str) -> bool {
    let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
    let name =
        before[start.map_or(0, |at| before.ceil_char_boundary(at + 1))..].to_ascii_lowercase();
    PUBLIC.iter().any(|word| name.contains(word))
}

/// The literal that stands on the right: in quotes, or alone to the end of the line as files of settings have it.
fn value(rest: &str) -> Option<&str> {
    let rest = rest.trim_start_matches(['"', '\'', '`', ']']).trim_start();
    let (sure, rest) = operator(rest)?;
    let rest = rest.trim_start();
    if let Some(quote) = rest
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\'' | '`'))
    {
        return rest[1..].split_once(quote).map(|(value, _)| value);
    }
    let value = rest.trim_end();
    (sure && !value.ends_with([';', ',', ')'])).then_some(value)
}

/// What assigns, and whether a bare word can follow it.
fn operator(rest: &str) -> Option<(bool, &str)> {
    const OPERATORS: &[(&str, bool)] = &[
        ("=>", false),
        (":=", false),
        ("===", false),
        ("==", false),
        ("=", true),
        (":", true),
    ];
    OPERATORS
        .iter()
        .find_map(|(operator, bare)| Some((*bare, rest.strip_prefix(operator)?)))
}

fn is_drawn(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.~!@#%^&*".contains(&byte);
    (LEAST..=MOST).contains(&value.len())
        && value.bytes().all(plain)
        && has_letter_and_digit(value)
        && !is_uuid(value)
        && !is_placeholder(value)
        && !is_words(value)
        && entropy(value) >= DRAWN
}

/// Names and paths: pieces of one case with few digits, as in `projects/app-1/locations/europe-west4`.
fn is_words(value: &str) -> bool {
    let pieces = || {
        value
            .split(['-', '_', '.', '/', '@', '=', '~'])
            .filter(|piece| !piece.is_empty())
    };
    let wordy = |piece: &str| {
        let letters = piece.bytes().filter(u8::is_ascii_alphabetic).count();
        let changes = piece
            .as_bytes()
            .windows(2)
            .filter(|pair| changes(pair[0], pair[1]))
            .count();
        letters == 0 && piece.len() < 5 || changes <= 1 + piece.len() / 8
    };
    pieces().all(wordy)
}

/// Whether a reader stumbles between the two: a letter meets a digit, or a capital follows a capital's neighbour.
const fn changes(one: u8, other: u8) -> bool {
    one.is_ascii_digit() != other.is_ascii_digit()
        || one.is_ascii_lowercase() && other.is_ascii_uppercase()
}
