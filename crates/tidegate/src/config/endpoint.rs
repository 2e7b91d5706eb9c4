//! A configured endpoint: what a user names.

use super::context::ContextConfig;
use super::fallback::FallbackConfig;
use super::origin::Sourced;
use super::settings::Settings;

/// An endpoint as configured: `[endpoints.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointConfig {
    /// What users call it.
    pub name: String,
    /// The configured provider it asks.
    pub provider: Sourced<String>,
    /// The model, as the provider names it.
    pub model: Sourced<String>,
    /// The system prompt of its runs, unless they bring one.
    pub system: Option<Sourced<String>>,
    /// Where its runs go when it does not answer, in order.
    pub fallbacks: Vec<FallbackConfig>,
    /// Whether it may be asked.
    pub enabled: bool,
    /// How patient runs with it are.
    pub settings: Settings,
    /// How the files that its prompts name are packed.
    pub context: ContextConfig,
}

impl EndpointConfig {
    /// An endpoint for this model at this provider and nothing else said of it.
    pub fn new(name: impl Into<String>, provider: Sourced<String>, model: Sourced<String>) -> Self {
        Self {
            name: name.into(),
            provider,
            model,
            system: None,
            fallbacks: Vec::new(),
            enabled: true,
            settings: Settings::default(),
            context: ContextConfig::default(),
        }
    }
}
