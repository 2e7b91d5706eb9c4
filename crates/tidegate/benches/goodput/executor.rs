//! The runs of a case, through the real executor.

use std::sync::Arc;

use tidegate::config::{Config, Environment};
use tidegate::{Executor, Request, RunRequest};
use tokio::task::JoinSet;

use crate::case::{Case, MAX_TOKENS};
use crate::provider::Provider;

/// An executor for one endpoint of which that is configured.
pub(crate) fn builder(base_url: &str, configured: &str) -> tidegate::ExecutorBuilder {
    let text = format!(
        "
        [queue]
        max_wait = \"2h\"
        [providers.vendor]
        type = \"openai\"
        base_url = \"{base_url}\"
        api_key = \"sk-bench\"
        [endpoints.chat]
        provider = \"vendor\"
        model = \"gpt-4o\"
        timeout = \"2h\"
        {configured}
        "
    );
    Executor::builder(Config::from_toml(&text, None, Environment::of([])).unwrap())
}

pub(crate) fn request(prompt: String) -> RunRequest {
    let request = Request {
        max_tokens: Some(MAX_TOKENS),
        ..Request::prompt(prompt)
    };
    RunRequest {
        endpoint: Some("chat".into()),
        request,
        ..RunRequest::default()
    }
}

/// All runs at once, each in a task of its own.
pub(crate) async fn play(case: &Case, provider: Provider, prompts: Vec<String>) {
    let executor = builder("http://127.0.0.1:1/v1", case.configured)
        .transport(Arc::new(provider))
        .build();
    let mut runs = JoinSet::new();
    for prompt in prompts {
        let executor = executor.clone();
        runs.spawn(async move { executor.run(request(prompt)).await.result });
    }
    while let Some(result) = runs.join_next().await {
        // A lost run counts as one: it was never answered.
        drop(result.unwrap());
    }
}
