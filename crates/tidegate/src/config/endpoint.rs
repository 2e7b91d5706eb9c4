//! A configured endpoint: what a user names.

use tidegate_core::Price;

use super::context::ContextConfig;
use super::dollars::Dollars;
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
    /// What its model costs to read a million tokens.
    pub input_price: Option<Sourced<Dollars>>,
    /// What its model costs to write a million tokens.
    pub output_price: Option<Sourced<Dollars>>,
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
            input_price: None,
            output_price: None,
            context: ContextConfig::default(),
        }
    }

    /// What its model costs, as far as that is configured. It says nothing of another model.
    pub fn price(&self) -> Price {
        let dollars = |price: &Option<Sourced<Dollars>>| Some(price.as_ref()?.value.get());
        Price {
            input: dollars(&self.input_price),
            output: dollars(&self.output_price),
        }
    }
}
