//! Counts of tokens: apart for what was read, what came from the cache and what was written to it.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tidegate_core::Usage;

/// Counts as they came. In a stream they come at the beginning and again, cumulative and in part, at the end.
#[derive(Clone, Copy, Default, Deserialize)]
pub(super) struct Counts {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    output_tokens_details: Option<Details>,
}

#[derive(Clone, Copy, Deserialize)]
struct Details {
    #[serde(default)]
    thinking_tokens: Option<u64>,
}

/// Counts that cannot be read are none: the answer beside them is there, and paid for.
pub(super) fn lenient<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Counts>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(Counts::deserialize(value).ok())
}

impl Counts {
    /// Takes later counts over these. A zero beside a count is no count: some servers know the prompt's length at the
    /// beginning alone.
    pub(super) fn update(&mut self, later: Self) {
        let newer =
            |old: Option<u64>, new: Option<u64>| new.filter(|count| *count > 0).or(old).or(new);
        self.input_tokens = newer(self.input_tokens, later.input_tokens);
        self.cache_read_input_tokens =
            newer(self.cache_read_input_tokens, later.cache_read_input_tokens);
        self.cache_creation_input_tokens = newer(
            self.cache_creation_input_tokens,
            later.cache_creation_input_tokens,
        );
        self.output_tokens = newer(self.output_tokens, later.output_tokens);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details);
    }

    /// The counts in our words; `None` where nobody counted: a prompt has a token at the least.
    pub(super) fn counted(self) -> Option<Usage> {
        let count = |count: Option<u64>| count.unwrap_or(0);
        let cached = count(self.cache_read_input_tokens);
        let written = count(self.cache_creation_input_tokens);
        let usage = Usage {
            input_tokens: count(self.input_tokens)
                .saturating_add(cached)
                .saturating_add(written),
            output_tokens: count(self.output_tokens),
            cached_input_tokens: cached,
            cache_write_tokens: written,
            reasoning_tokens: count(
                self.output_tokens_details
                    .and_then(|details| details.thinking_tokens),
            ),
        };
        (usage != Usage::default()).then_some(usage)
    }
}
