//! The way to a target over real sockets: TLS, proxies, HTTP/2, and what closing a run does to its connection.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

mod authority;
mod cancel;
mod distrust;
mod http2;
mod proxy;
mod tls;

use std::path::Path;

use tidegate::config::{Config, Environment};
use tidegate::{Delivery, Executor, FailureKind, Outcome, Request, RunRequest};

/// An executor with the one endpoint `ep`, whose provider has these further lines.
fn executor(base_url: &str, provider: &str, endpoint: &str) -> Executor {
    let text = format!(
        "[queue]\npacing = \"spaced\"\n[providers.sim]\ntype = \"openai-compatible\"\nbase_url = \"{base_url}\"\n{provider}\n\
         [endpoints.ep]\nprovider = \"sim\"\nmodel = \"any\"\n{endpoint}\n"
    );
    Executor::new(Config::from_toml(&text, None, Environment::of([])).unwrap())
}

fn request() -> RunRequest {
    RunRequest {
        request: Request::prompt("hi"),
        ..RunRequest::default()
    }
}

/// Kind, delivery and words of the failure a run ended with.
fn failure(outcome: &Outcome) -> (FailureKind, Delivery, &str) {
    let error = outcome.result.as_ref().expect_err("it should fail");
    let failure = error.failure().unwrap_or_else(|| panic!("{error}"));
    (failure.kind, failure.delivery, failure.detail.as_str())
}

/// A path as a configuration writes it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}
