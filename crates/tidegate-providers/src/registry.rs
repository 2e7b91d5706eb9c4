//! The table of providers. To add one: its file in `providers/`, one line here, its folder of fixtures.

use crate::provider::Provider;
use crate::providers::{anthropic, command, openai, openai_compatible};

/// Every provider this build knows, by the `type` a configuration names.
pub const PROVIDERS: &[&dyn Provider] = &[
    &openai::OpenAi,
    &openai_compatible::OpenAiCompatible,
    &anthropic::Anthropic,
    &command::Command,
];

/// The provider of that name.
pub fn find(name: &str) -> Option<&'static dyn Provider> {
    PROVIDERS
        .iter()
        .copied()
        .find(|provider| provider.name() == name)
}
