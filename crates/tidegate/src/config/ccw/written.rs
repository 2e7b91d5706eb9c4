//! The seed's file as it is written: the keys that mean something here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::template::Template;
use super::super::value::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub(super) struct File {
    pub(super) providers: Option<Vec<Provider>>,
    pub(super) endpoints: Option<Vec<Endpoint>>,
    pub(super) default_endpoint: Option<Value<String>>,
    pub(super) global_cache_settings: Option<GlobalCache>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub(super) struct GlobalCache {
    pub(super) enabled: Option<Value<bool>>,
    pub(super) cache_dir: Option<Value<String>>,
    #[serde(rename = "maxTotalSizeMB")]
    pub(super) max_total_size_mb: Option<Value<u64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub(super) struct Provider {
    pub(super) id: Option<Value<String>>,
    pub(super) name: Option<Value<String>>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Value<String>>,
    pub(super) api_key: Option<Value<Template>>,
    pub(super) api_base: Option<Value<Template>>,
    pub(super) api_keys: Option<Vec<ApiKey>>,
    pub(super) advanced_settings: Option<Advanced>,
    pub(super) enabled: Option<Value<bool>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub(super) struct ApiKey {
    pub(super) key: Option<Value<Template>>,
    pub(super) enabled: Option<Value<bool>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub(super) struct Advanced {
    pub(super) timeout: Option<Value<f64>>,
    pub(super) max_retries: Option<Value<u32>>,
    pub(super) organization: Option<Value<Template>>,
    pub(super) custom_headers: Option<BTreeMap<String, Option<Value<Template>>>>,
    pub(super) api_version: Option<serde::de::IgnoredAny>,
    pub(super) rpm: Option<serde::de::IgnoredAny>,
    pub(super) tpm: Option<serde::de::IgnoredAny>,
    pub(super) proxy: Option<Value<Template>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub(super) struct Endpoint {
    pub(super) id: Option<Value<String>>,
    pub(super) provider_id: Option<Value<String>>,
    pub(super) model: Option<Value<String>>,
    pub(super) cache_strategy: Option<CacheStrategy>,
    pub(super) enabled: Option<Value<bool>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub(super) struct CacheStrategy {
    pub(super) enabled: Option<Value<bool>>,
    pub(super) ttl_minutes: Option<Value<f64>>,
    #[serde(rename = "maxSizeKB")]
    pub(super) max_size_kb: Option<Value<u64>>,
    pub(super) file_patterns: Option<Vec<Value<String>>>,
}

impl CacheStrategy {
    /// Whether it is on, where it says so.
    pub(super) fn is_enabled(&self) -> Option<bool> {
        self.enabled.as_ref().map(|enabled| enabled.0)
    }
}
