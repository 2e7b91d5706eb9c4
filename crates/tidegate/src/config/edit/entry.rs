//! What can be put into the file, as keys and values.

use tidegate_core::Secret;
use toml_edit::{Array, Value};

use super::super::time::Time;

/// The keys of a table in the order they are written in.
pub(super) type Keys = Vec<(&'static str, Value)>;

/// A provider to add. What is `None` or empty is not written.
#[derive(Debug, Clone, Default)]
pub struct NewProvider {
    /// What endpoints call it.
    pub name: String,
    /// Its `type`, where its name is none.
    pub kind: Option<String>,
    /// Where its API lives.
    pub base_url: Option<String>,
    /// Its credential, as the file is to hold it: `${VAR}`, or the key itself.
    pub api_key: Option<Secret>,
    /// The account whose limits it shares.
    pub account: Option<String>,
    /// An `argv` that is known.
    pub preset: Option<String>,
    /// Program and arguments.
    pub argv: Vec<String>,
}

/// An endpoint to add. What is `None` or empty is not written.
#[derive(Debug, Clone, Default)]
pub struct NewEndpoint {
    /// What users call it.
    pub name: String,
    /// The provider it asks.
    pub provider: String,
    /// The model, as the provider names it.
    pub model: String,
    /// The system prompt of its runs.
    pub system: Option<String>,
    /// How often a failed attempt is repeated.
    pub max_retries: Option<u32>,
    /// For one attempt as a whole.
    pub timeout: Option<Time>,
    /// The endpoints that stand in for it, in order.
    pub fallbacks: Vec<String>,
}

impl NewProvider {
    pub(super) fn keys(&self) -> Keys {
        let api_key = self.api_key.as_ref().map(Secret::expose);
        let texts = [
            ("type", self.kind.as_deref()),
            ("base_url", self.base_url.as_deref()),
            ("api_key", api_key),
            ("account", self.account.as_deref()),
            ("preset", self.preset.as_deref()),
        ];
        texts
            .into_iter()
            .filter_map(text)
            .chain(list("argv", &self.argv))
            .collect()
    }
}

impl NewEndpoint {
    pub(super) fn keys(&self) -> Keys {
        let texts = [
            ("provider", Some(self.provider.as_str())),
            ("model", Some(self.model.as_str())),
            ("system", self.system.as_deref()),
        ];
        let retries = self.max_retries.map(i64::from);
        let timeout = self.timeout.map(|timeout| timeout.to_string());
        texts
            .into_iter()
            .filter_map(text)
            .chain(retries.map(|retries| ("max_retries", retries.into())))
            .chain(timeout.map(|timeout| ("timeout", timeout.into())))
            .chain(list("fallbacks", &self.fallbacks))
            .collect()
    }
}

fn text((key, value): (&'static str, Option<&str>)) -> Option<(&'static str, Value)> {
    Some((key, value?.into()))
}

fn list(key: &'static str, values: &[String]) -> Option<(&'static str, Value)> {
    let array: Array = values.iter().map(String::as_str).collect();
    (!array.is_empty()).then(|| (key, array.into()))
}
