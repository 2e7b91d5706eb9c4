//! A configured provider: an account somewhere.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tidegate_core::PromptBy;

use super::origin::{Origin, Sourced};
use super::settings::Settings;
use super::template::Template;

/// A provider as configured: `[providers.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderConfig {
    /// What endpoints call it.
    pub name: String,
    /// The provider in the table of providers that speaks for it: the key `type`.
    pub kind: Sourced<String>,
    /// The account it belongs to: providers that say the same share its limits.
    pub account: Option<Sourced<String>>,
    /// Where its API lives.
    pub base_url: Option<Sourced<Template>>,
    /// Its credential.
    pub api_key: Option<Sourced<Template>>,
    /// Further headers to send.
    pub headers: BTreeMap<String, Sourced<Template>>,
    /// The proxy it is reached through: a URL, or `none`. Unset: what the environment says.
    pub proxy: Option<Sourced<Template>>,
    /// PEM certificates of authorities to trust besides the system's.
    pub ca_file: Option<Sourced<PathBuf>>,
    /// A PEM certificate to show to a server that asks for one.
    pub client_cert_file: Option<Sourced<PathBuf>>,
    /// The PEM key that belongs to it, where it is not in the same file.
    pub client_key_file: Option<Sourced<PathBuf>>,
    /// Program and arguments of a command.
    pub argv: Option<Sourced<Vec<String>>>,
    /// How the prompt reaches a command.
    pub prompt: Option<Sourced<PromptBy>>,
    /// Environment variables of a command.
    pub env: BTreeMap<String, Sourced<Template>>,
    /// What its models are metered as together. Without one, each model has a limit of its own.
    pub limit_group: Option<Sourced<String>>,
    /// Whether it may be asked.
    pub enabled: bool,
    /// How patient runs with it are.
    pub settings: Settings,
}

impl ProviderConfig {
    /// A provider of this type and nothing else said of it.
    pub fn new(name: impl Into<String>, kind: Sourced<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            account: None,
            base_url: None,
            api_key: None,
            headers: BTreeMap::new(),
            proxy: None,
            ca_file: None,
            client_cert_file: None,
            client_key_file: None,
            argv: None,
            prompt: None,
            env: BTreeMap::new(),
            limit_group: None,
            enabled: true,
            settings: Settings::default(),
        }
    }

    /// The provider of that name as it works without configuration.
    pub fn built_in(name: impl Into<String>) -> Self {
        let name = name.into();
        let kind = Sourced::new(name.clone(), Origin::BuiltIn("built in"));
        Self::new(name, kind)
    }
}
