//! The tables of the file: which keys each takes.

use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_context::Format;
use tidegate_core::PromptBy;
use tidegate_core::quota::Metering;
use toml::Spanned;

use super::super::delivery::DeliveryMode;
use super::super::dollars::Dollars;
use super::super::queue::{Pacing, StoreKind};
use super::super::settings::{Settings, every_setting};
use super::super::template::Template;
use super::super::time::Time;
use super::super::value::Value;
use super::Document;
use super::fallbacks::Entry;

pub(super) type Key<T> = Option<Spanned<Value<T>>>;
pub(super) type List = Option<Spanned<Vec<Value<String>>>>;
pub(super) type Directories = Option<Spanned<Vec<Spanned<Value<Template>>>>>;
/// An endpoint's fallbacks.
pub(super) type Fallbacks = Option<Vec<Spanned<Entry>>>;
pub(super) type Map<T> = BTreeMap<String, Spanned<T>>;

/// A table of the file: its own keys, and all settings where it takes them.
macro_rules! table {
    ($name:ident { $($own:ident: $kind:ty,)* }) => {
        table! { { $name { $($own: $kind,)* } } {} }
    };
    ({ $name:ident { $($own:ident: $kind:ty,)* } } { $($(#[$doc:meta])* $setting:ident: $type:ty,)* }) => {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name {
            $(pub(super) $own: $kind,)*
            $(pub(super) $setting: Key<$type>,)*
        }

        impl $name {
            pub(super) const KEYS: &'static [&'static str] = &[$(stringify!($own),)* $(stringify!($setting)),*];
        }

        table! { settings $name $($setting)* }
    };
    (settings $name:ident) => {};
    (settings $name:ident $($setting:ident)+) => {
        impl $name {
            pub(super) fn settings(&mut self, document: &Document<'_>) -> Settings {
                Settings { $($setting: document.sourced(self.$setting.take()),)+ }
            }
        }
    };
}

table!(ConfigFile {
    providers: Map<ProviderTable>,
    endpoints: Map<EndpointTable>,
    defaults: DefaultsTable,
    queue: QueueTable,
    context: ContextTable,
    cache: CacheTable,
});

every_setting!(table! { ProviderTable {
    r#type: Key<String>,
    enabled: Key<bool>,
    base_url: Key<Template>,
    api_key: Key<Template>,
    account: Key<String>,
    limit_group: Key<String>,
    headers: Map<Value<Template>>,
    proxy: Key<Template>,
    ca_file: Key<Template>,
    client_cert_file: Key<Template>,
    client_key_file: Key<Template>,
    preset: Key<String>,
    argv: List,
    prompt: Key<PromptBy>,
    env: Map<Value<Template>>,
} });

every_setting!(table! { EndpointTable {
    provider: Key<String>,
    model: Key<Template>,
    system: Key<String>,
    enabled: Key<bool>,
    fallbacks: Fallbacks,
    include_dirs: Directories,
    max_file_bytes: Key<u64>,
    max_total_bytes: Key<u64>,
    max_files: Key<usize>,
    max_tokens: Key<u64>,
    prompt_cache: Key<bool>,
    input_price: Key<Dollars>,
    output_price: Key<Dollars>,
} });

every_setting!(table! { DefaultsTable { endpoint: Key<String>, } });

table!(QueueTable {
    pacing: Key<Pacing>,
    max_wait: Key<Time>,
    store: Key<StoreKind>,
    path: Key<Template>,
    url: Key<Template>,
    prefix: Key<String>,
    hash_key: Key<Template>,
});

table!(ContextTable {
    include_dirs: Directories,
    max_file_bytes: Key<u64>,
    max_total_bytes: Key<u64>,
    max_files: Key<usize>,
    max_tokens: Key<u64>,
    allow_secrets: Key<bool>,
    cache_enabled: Key<bool>,
    cache_ttl: Key<Time>,
    file_patterns: List,
    strict: Key<bool>,
    format: Key<Format>,
    sizes: Key<bool>,
    times: Key<bool>,
    prompt_cache: Key<bool>,
});

table!(CacheTable {
    enabled: Key<bool>,
    dir: Key<Template>,
    max_total_bytes: Key<u64>,
});

/// The keys that a table takes; none for one that takes any.
pub(in super::super) fn keys_of(table: &[String]) -> Vec<&'static str> {
    let names: Vec<_> = table.iter().map(String::as_str).collect();
    let keys = match names.as_slice() {
        [] => ConfigFile::KEYS,
        ["providers", _] => ProviderTable::KEYS,
        ["endpoints", _] => EndpointTable::KEYS,
        ["defaults"] => DefaultsTable::KEYS,
        ["queue"] => QueueTable::KEYS,
        ["context"] => ContextTable::KEYS,
        ["cache"] => CacheTable::KEYS,
        _ => &[],
    };
    let key = |name: &&'static str| name.trim_start_matches("r#");
    keys.iter().map(key).collect()
}
