//! A target that is a child process.

use tidegate_core::{Command, LimitKey, Network, PromptBy, RetryPolicy, Secret, Target, Timeouts};

pub(crate) const KEY: &str = "sk-fixture-0123456789abcdef";

/// The command `argv`, whose key stands in `OPENAI_API_KEY`.
pub(crate) fn target(argv: &[&str], prompt: PromptBy) -> Target {
    Target {
        endpoint: "cli".into(),
        account: "cli".into(),
        provider: "command".into(),
        model: "gpt-4o".into(),
        base_url: None,
        credential: Some(Secret::new(KEY)),
        headers: Vec::new(),
        command: Some(Command {
            argv: argv.iter().map(|&arg| arg.to_owned()).collect(),
            prompt,
            env: vec![("OPENAI_API_KEY".into(), Secret::new(KEY))],
        }),
        network: Network::default(),
        limit_key: LimitKey::new("cli"),
        timeouts: Timeouts::COMMAND,
        retry: RetryPolicy::default(),
        limits: tidegate_core::quota::Limits::default(),
    }
}
