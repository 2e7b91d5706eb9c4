//! The two ends of `anthropic-messages` are each other's proof: what one writes the other reads back as it was.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

#[path = "anthropic/answers.rs"]
mod answers;
#[path = "anthropic/conversations.rs"]
mod conversations;
#[path = "anthropic/order.rs"]
mod order;
#[path = "anthropic/pieces.rs"]
mod pieces;
#[path = "anthropic/refusals.rs"]
mod refusals;
#[path = "anthropic/requests.rs"]
mod requests;

use tidegate_core::{LimitKey, Network, RetryPolicy, Secret, Target, Timeouts, Timestamp};
use tidegate_providers::Provider;
use tidegate_providers::providers::anthropic::Anthropic;

/// The moment every reply comes in: 2026-11-23T12:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

const MODEL: &str = "claude-test";

fn target() -> Target {
    Target {
        endpoint: "law".into(),
        account: "law".into(),
        provider: "anthropic".into(),
        model: MODEL.into(),
        base_url: Anthropic.default_base_url().map(Into::into),
        credential: Some(Secret::new("sk-law-0123456789")),
        headers: Vec::new(),
        network: Network::default(),
        command: None,
        limit_key: LimitKey::new("law"),
        timeouts: Timeouts::HTTP,
        retry: RetryPolicy::default(),
        limits: tidegate_core::quota::Limits::default(),
    }
}
