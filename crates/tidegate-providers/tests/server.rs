//! The two ends of `openai-chat` are each other's proof: what one writes the other reads back as it was.
#![expect(
    clippy::unwrap_used,
    reason = "what must be readable and is not is a failed test"
)]

#[path = "server/answers.rs"]
mod answers;
#[path = "server/conversations.rs"]
mod conversations;
#[path = "server/refusals.rs"]
mod refusals;
#[path = "server/requests.rs"]
mod requests;

use tidegate_core::{LimitKey, Network, RetryPolicy, Target, Timeouts, Timestamp};

const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

fn target(provider: &str) -> Target {
    Target {
        endpoint: "law".into(),
        account: "law".into(),
        provider: provider.into(),
        model: "some-model".into(),
        base_url: Some("https://llm.example/v1".into()),
        credential: None,
        headers: Vec::new(),
        network: Network::default(),
        command: None,
        limit_key: LimitKey::new("law"),
        timeouts: Timeouts::HTTP,
        retry: RetryPolicy::default(),
        limits: tidegate_core::quota::Limits::default(),
    }
}
