//! Options read from JSON. What cannot be read is told with its place and with what belongs there, in JavaScript's words, and
//! without the text that stands there: it may be a prompt.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a text that JavaScript wrote.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    // What `JSON.stringify` has written is JSON: there can only be too much of it.
    let value =
        serde_json::from_str(json).map_err(|error| format!("nested too deeply: {error}"))?;
    read_at("", value)
}

/// Reads a value that stands at `place`, which is empty for the options themselves.
pub(crate) fn read_at<T: DeserializeOwned>(place: &str, value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let below = error.path().to_string();
        let said = said(&error.into_inner().to_string());
        match (place, below.as_str()) {
            ("", ".") => said,
            ("", below) => format!("`{below}`: {said}"),
            (place, ".") => format!("`{place}`: {said}"),
            (place, below) if below.starts_with('[') => format!("`{place}{below}`: {said}"),
            (place, below) => format!("`{place}.{below}`: {said}"),
        }
    })
}

/// `invalid type: string "...", expected u32`, as a caller wants to read it.
fn said(error: &str) -> String {
    let wrong = error.strip_prefix("invalid type: ");
    let wrong = wrong.or_else(|| error.strip_prefix("invalid value: "));
    let Some((found, expected)) = wrong.and_then(|wrong| wrong.rsplit_once(", expected ")) else {
        return error.to_owned();
    };
    let found = match found {
        text if text.starts_with("string ") => "a text",
        "map" => "an object",
        "sequence" => "an array",
        other => other,
    };
    let expected = match expected {
        "u32" => "a whole number, not below zero",
        "i64" => "a whole number",
        "f64" => "a number",
        "a string" | "path string" => "a text",
        "a sequence" => "an array",
        form if form.starts_with("struct ") || form.contains(" enum ") || form == "a map" => {
            "an object"
        }
        other => other,
    };
    format!("must be {expected}, found {found}")
}
