//! What an answer cost, in the provider's own count.

use serde::{Deserialize, Serialize};

/// Tokens as the provider counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Tokens written, reasoning included.
    pub output_tokens: u64,
    /// Those of `input_tokens` that came from the provider's prompt cache.
    pub cached_input_tokens: u64,
    /// Those of `input_tokens` that were written to the provider's prompt cache, which some bill higher.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_tokens: u64,
    /// Those of `output_tokens` that were reasoning.
    pub reasoning_tokens: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(tokens: &u64) -> bool {
    *tokens == 0
}
