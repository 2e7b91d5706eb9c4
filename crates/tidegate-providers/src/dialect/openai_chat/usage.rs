//! Counts of tokens, which vendors write in as many ways as there are vendors.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tidegate_core::Usage;

/// Counts as they came.
#[derive(Deserialize)]
pub(super) struct TokenUsage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek.
    #[serde(default)]
    prompt_cache_hit_tokens: Option<u64>,
    /// Moonshot.
    #[serde(default)]
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
    /// OpenRouter.
    #[serde(default)]
    cache_write_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
}

/// Counts that cannot be read are none: the answer beside them is there, and paid for.
pub(super) fn lenient<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Box<TokenUsage>>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    Ok(value
        .and_then(|value| TokenUsage::deserialize(value).ok())
        .map(Box::new))
}

impl TokenUsage {
    /// The counts; `None` where nobody counted (`OpenRouter` writes nulls).
    pub(super) fn counted(&self) -> Option<Usage> {
        self.prompt_tokens.or(self.completion_tokens)?;
        let prompt = self.prompt_tokens_details.as_ref();
        let details = self.completion_tokens_details.as_ref();
        let cached = (prompt.and_then(|details| details.cached_tokens))
            .or(self.prompt_cache_hit_tokens)
            .or(self.cached_tokens);
        Some(Usage {
            input_tokens: self.prompt_tokens.unwrap_or(0),
            output_tokens: self.written(),
            cached_input_tokens: cached.unwrap_or(0),
            cache_write_tokens: prompt
                .and_then(|details| details.cache_write_tokens)
                .unwrap_or(0),
            reasoning_tokens: details
                .and_then(|details| details.reasoning_tokens)
                .unwrap_or(0),
        })
    }

    /// Tokens written, reasoning included: Gemini and xAI count it in the total alone.
    fn written(&self) -> u64 {
        let completion = self.completion_tokens.unwrap_or(0);
        let beside_prompt = match (self.total_tokens, self.prompt_tokens) {
            (Some(total), Some(prompt)) => total.saturating_sub(prompt),
            _ => 0,
        };
        completion.max(beside_prompt)
    }
}
