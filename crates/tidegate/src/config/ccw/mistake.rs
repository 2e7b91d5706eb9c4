//! What is wrong with a JSON file, and what to do about it.

use std::path::Path;
use std::sync::Arc;

use serde_json::error::{Category, Error};

use super::super::error::{ConfigError, Place};
use super::super::value::MUST_BE;

/// The mistake with its place. `serde_json` quotes what it found, which may be a key: its words are not repeated
/// where they could.
pub(super) fn of(error: &Error, text: &str, path: &Arc<Path>) -> ConfigError {
    let column = Some(error.column()).filter(|column| *column > 0);
    let line = Some(error.line());
    let place = Place {
        line,
        column,
        ..Place::file(path)
    };
    let words = words(error);
    let message = match error.classify() {
        Category::Eof => {
            "the file ends too early: it was probably cut off while it was written; save it again"
                .to_owned()
        }
        Category::Syntax | Category::Io => {
            format!(
                "not JSON: {words}; mend it here, or save it again from the program that writes it"
            )
        }
        Category::Data => data(&words, key_before(text, error)),
    };
    ConfigError::new(place, message)
}

/// The words of a complaint without the place that `serde_json` puts behind them.
fn words(error: &Error) -> String {
    let words = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    words.strip_suffix(&place).unwrap_or(&words).to_owned()
}

fn data(words: &str, key: Option<&str>) -> String {
    let key = key.map_or_else(|| "this value".to_owned(), |key| format!("`{key}`"));
    if words.starts_with("duplicate field") {
        return format!("{words}: keep one");
    }
    match words.split_once(", expected ") {
        Some((found, wanted)) if found.starts_with("invalid") => {
            format!("{key} {MUST_BE}{}", wanted_here(wanted))
        }
        _ => format!("{key} {words}"),
    }
}

fn wanted_here(wanted: &str) -> &str {
    match wanted {
        "a sequence" => "a list",
        "a map" => "an object",
        other => other,
    }
}

/// The key whose value ends where the mistake was noticed: the last one before it.
fn key_before<'t>(text: &'t str, error: &Error) -> Option<&'t str> {
    let line: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let before = text.get(..line + error.column()).unwrap_or(text);
    let colon = before
        .rmatch_indices(':')
        .map(|(at, _)| before[..at].trim_end())
        .find(|key| key.ends_with('"') && !key.ends_with("\\\""))?;
    let key = colon.strip_suffix('"')?;
    key.rsplit_once('"').map(|(_, key)| key)
}
