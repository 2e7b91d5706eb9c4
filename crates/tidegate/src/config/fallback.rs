//! Where a run goes when its endpoint does not answer.

use tidegate_core::Conditions;

use super::origin::Sourced;

/// One fallback of an endpoint: `"name"`, or `{ endpoint = "name", on = ["context_too_long"] }`.
#[derive(Debug, Clone, PartialEq)]
pub struct FallbackConfig {
    /// The endpoint, by its name or as `provider/model`.
    pub endpoint: Sourced<String>,
    /// The failures it is there for; `None`: all but refused content.
    pub on: Option<Conditions>,
}

impl FallbackConfig {
    /// A fallback for the usual failures.
    pub const fn usual(endpoint: Sourced<String>) -> Self {
        Self { endpoint, on: None }
    }
}
