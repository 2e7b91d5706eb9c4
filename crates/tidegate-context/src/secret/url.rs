//! `postgres://user:password@host`: passwords in addresses.

use std::ops::Range;

use super::line_from;
use super::randomness::{entropy, is_placeholder};

pub(super) const WORDS: &[&str] = &["://"];

/// The fewest characters of a password that is no example's `pass` or `postgres`.
const LEAST: usize = 8;

/// Hosts of examples, of tests and of one's own machine.
const NOWHERE: &[&str] = &["localhost", "127.", "0.0.0.0", "[::1]", "host:"];

pub(super) fn holds_password(text: &str, word: Range<usize>) -> bool {
    let rest = line_from(text, word.end);
    let end = rest.find(|c: char| {
        c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`' | '<' | '>' | '?' | '#')
    });
    let authority = &rest[..end.unwrap_or(rest.len())];
    let Some((login, host)) = authority.rsplit_once('@') else {
        return false;
    };
    login
        .split_once(':')
        .is_some_and(|(user, password)| is_somewhere(host) && is_password(user, password))
}

fn is_somewhere(host: &str) -> bool {
    let nowhere = NOWHERE.iter().any(|nowhere| host.starts_with(nowhere));
    !host.is_empty() && host != "host" && !nowhere && !host.contains("example")
}

fn is_password(user: &str, password: &str) -> bool {
    password.len() >= LEAST
        && password != user
        && password.bytes().any(|byte| byte.is_ascii_digit())
        && !password.contains(['$', '{', '<', '%', '*', '['])
        && !is_placeholder(password)
        && entropy(password) >= 2.5
}
