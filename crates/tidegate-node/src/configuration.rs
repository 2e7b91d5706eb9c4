//! The configuration, as JavaScript gives it: a file, an object of the same shape, or nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tidegate::config::{Config, Environment};

use crate::reading;

/// Where the configuration is.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Written {
    /// In this file.
    File(String),
    /// Here: what `tidegate.toml` would say.
    Here(Value),
}

const NEITHER: &str = "`config` must be the path of a file or an object like a tidegate.toml";

/// The variables of a process, as one JSON object. What is no text becomes one, as it does in a process's own.
pub(crate) fn environment(json: &str) -> Result<Environment, String> {
    let variables: BTreeMap<String, Value> = reading::read(json)?;
    let mut texts = Vec::with_capacity(variables.len());
    for (name, value) in variables {
        match value {
            Value::Null => {}
            Value::String(text) => texts.push((name, text)),
            Value::Number(_) | Value::Bool(_) => texts.push((name, value.to_string())),
            _ => return Err(format!("`env.{name}`: must be a text")),
        }
    }
    Ok(Environment::of(
        texts
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    ))
}

/// Reads it. An error is one line.
pub(crate) fn read(written: Option<Written>, environment: Environment) -> Result<Config, String> {
    let said = |error: tidegate::config::ConfigError| error.to_string();
    match written {
        None => Config::load(None, environment).map_err(said),
        Some(Written::File(path)) if path.is_empty() => Err(NEITHER.to_owned()),
        Some(Written::File(path)) => {
            Config::load(Some(Path::new(&path)), environment).map_err(said)
        }
        Some(Written::Here(object)) => {
            if !object.is_object() {
                return Err(NEITHER.to_owned());
            }
            let text = toml::to_string(&without_nulls(object)).map_err(|error| {
                format!("`config` has to be an object like a tidegate.toml: {error}")
            })?;
            let config = Config::from_toml(&text, None, environment);
            // The lines are those of a text nobody has seen.
            config.map_err(|error| format!("`config`: {}", error.message()))
        }
    }
}

/// A value without what is `null`: TOML has no word for it, and to JavaScript it is what was left out.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let entries = object.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                entries
                    .map(|(key, value)| (key, without_nulls(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
