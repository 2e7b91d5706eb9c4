//! From serde's complaint about a `tidegate.toml` to one that names line, key and table.
//!
//! Serde tells a span and what it expected. Which key that is, in which table, and what the key was probably meant to
//! be, the document itself tells.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::file::{Document, keys_of};
use super::nearest::hint;
use super::value::MUST_BE;

/// A file that is no TOML at all.
pub(super) fn syntax(document: &Document<'_>, error: &toml::de::Error) -> ConfigError {
    let message = error.message().replace('\n', " ");
    let key = error.span().and_then(|span| document.text.get(span));
    let message = match key {
        Some(key) if message == "duplicate key" => format!("`{key}` is set twice: keep one"),
        _ => format!("not TOML: {message}"),
    };
    document.error(error.span().as_ref(), message)
}

/// TOML that is no configuration.
pub(super) fn shape(document: &Document<'_>, error: &toml::de::Error) -> ConfigError {
    let span = error.span().unwrap_or_default();
    let table = DeTable::parse(document.text).ok();
    let spot = table.and_then(|table| find(table.get_ref(), &span, &mut Vec::new()));
    let message = match spot {
        Some(Spot {
            table,
            key,
            on_key: true,
        }) => unknown_key(&table, &key),
        Some(Spot { table, key, .. }) => {
            format!("`{key}`{} {}", within(&table), complaint(error.message()))
        }
        None => error.message().replace('\n', " "),
    };
    document.error(Some(&span), message)
}

/// What is wrong with a value: its own words, or for a table or list those that serde's amount to.
fn complaint(message: &str) -> String {
    if message.starts_with("invalid type") {
        let list = message.ends_with("a sequence");
        return format!("{MUST_BE}{}", if list { "a list" } else { "a table" });
    }
    message.replace('\n', " ")
}

fn unknown_key(table: &[String], key: &str) -> String {
    let known = keys_of(table);
    let what = if table.is_empty() {
        "table or key"
    } else {
        "key"
    };
    let all = if table.is_empty() {
        "a file has"
    } else {
        "it takes"
    };
    format!(
        "unknown {what} `{key}`{}{}",
        within(table),
        hint(key, known, all)
    )
}

/// ` in [providers.openai]`; nothing for the file itself.
fn within(table: &[String]) -> String {
    match table {
        [] => String::new(),
        table => format!(" in [{}]", dotted(table)),
    }
}

/// A table's name as its header writes it.
pub(super) fn dotted(table: &[impl AsRef<str>]) -> String {
    let keys: Vec<_> = table.iter().map(|key| key_text(key.as_ref())).collect();
    keys.join(".")
}

/// A key as TOML writes it: quoted where it must be.
pub(super) fn key_text(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        format!("{key:?}")
    }
}

/// Where in a document something is.
struct Spot {
    table: Vec<String>,
    key: String,
    /// The key itself, rather than its value.
    on_key: bool,
}

fn find(table: &DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) -> Option<Spot> {
    for (key, value) in table {
        let name = key.get_ref().to_string();
        let spot = |on_key| Spot {
            table: path.clone(),
            key: name.clone(),
            on_key,
        };
        if key.span() == *span && is_unknown(path, &name) {
            return Some(spot(true));
        }
        if let DeValue::Table(inner) = value.get_ref() {
            path.push(name.clone());
            let found = find(inner, span, path);
            path.pop();
            if found.is_some() {
                return found;
            }
        }
        if holds(value, span) {
            return Some(Spot {
                table: path.clone(),
                key: name,
                on_key: false,
            });
        }
    }
    None
}

/// Whether a table takes no such key. A table that its inner tables alone declare stands where its key does, so that
/// the span cannot tell.
fn is_unknown(table: &[String], key: &str) -> bool {
    let known = keys_of(table);
    !known.is_empty() && !known.contains(&key)
}

/// Whether a value is, or a list of values holds, what stands at `span`. A table's own span is its header alone.
fn holds(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    let place = value.span();
    match value.get_ref() {
        DeValue::Array(_) => place.start <= span.start && span.end <= place.end,
        _ => place == *span,
    }
}
