//! `.env`: files that exist to hold secrets.
//!
//! Here a short password is a password, and the name alone tells what a value is.

use super::Place;
use super::randomness::is_placeholder;

/// What the part of a variable's name that follows the last `_` can be, and what it can hold.
const NAMES: &[&str] = &[
    "KEY",
    "KEYS",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "TOKENS",
    "PASSWORD",
    "PASSWD",
    "PASS",
    "PASSPHRASE",
    "PWD",
    "CREDENTIALS",
    "APIKEY",
    "DSN",
    "PAT",
];

/// Endings of files that show which variables there are.
const EXAMPLES: &[&str] = &[
    "example", "sample", "template", "dist", "defaults", "schema",
];

/// The fewest characters of a value that is worth hiding.
const LEAST: usize = 6;

/// Whether `path` names such a file.
pub(super) fn is(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let parts: Vec<_> = name.split('.').collect();
    let is_env = name == ".envrc" || parts.len() > 1 && parts.contains(&"env");
    is_env && !parts.iter().any(|part| EXAMPLES.contains(part))
}

pub(super) fn find(text: &str) -> Option<Place> {
    let mut at = 0;
    text.split_inclusive('\n').find_map(|line| {
        let start = at;
        at += line.len();
        assigns_secret(line).then_some((start, "a secret of an environment file"))
    })
}

fn assigns_secret(line: &str) -> bool {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    if line.starts_with('#') || line.contains(super::ALLOWED_HERE) {
        return false;
    }
    line.split_once('=')
        .is_some_and(|(name, value)| is_secret_name(name.trim()) && is_value(bare(value.trim())))
}

fn is_secret_name(name: &str) -> bool {
    let last = name.rsplit('_').next().unwrap_or(name).to_ascii_uppercase();
    NAMES.contains(&last.as_str())
}

/// Without quotes, or without the remark behind it.
fn bare(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or(rest);
        }
    }
    value.split(" #").next().unwrap_or(value).trim_end()
}

fn is_value(value: &str) -> bool {
    let refers = value.starts_with(['$', '/', '<', '{', '~']) || value.starts_with("./");
    let elsewhere = value.contains("://") && !value.contains('@');
    let counts = value.bytes().all(|byte| byte.is_ascii_digit()) && value.len() < 8;
    value.len() >= LEAST && !refers && !elsewhere && !counts && !is_placeholder(value)
}
