//! The tables: vendors' codes, their set phrases, and what a bare status means.
//!
//! Sources: the vendors' error references and clients, gathered per provider in the fixtures beside the tests.

use http::StatusCode;
use tidegate_core::{FailureClass, FailureKind};

use super::body::ErrorBody;

/// Codes and types whose meaning does not depend on the status. Generic types (`invalid_request_error`) are left
/// out on purpose: vendors send them with 401 and 429 too.
const CODES: &[(FailureKind, &[&str])] = &[
    (
        FailureKind::QuotaExhausted,
        &[
            "insufficient_quota",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
            "billing_hard_limit_reached",
            "billing_not_active",
            "enforced_spend_limit_reached",
            "usage_limit_reached",
            "usage_not_included",
            "billing_error",
            "payment_required",
            "quota_exhausted",
            "budget_exceeded",
        ],
    ),
    (
        FailureKind::ContextTooLong,
        &[
            "context_length_exceeded",
            "string_above_max_length",
            "context_window_exceeded",
        ],
    ),
    (
        FailureKind::ContentFiltered,
        &[
            "content_policy_violation",
            "content_filter",
            "cyber_policy",
            "bio_policy",
            "image_content_policy_violation",
            "responsibleaipolicyviolation",
            "refusal",
        ],
    ),
    (
        FailureKind::Overloaded,
        &[
            "server_is_overloaded",
            "service_unavailable_error",
            "overloaded_error",
            "provider_overloaded",
            "model_capacity_exhausted",
            "service_tier_capacity_exceeded",
        ],
    ),
    (
        FailureKind::AuthFailed,
        &[
            "invalid_api_key",
            "authentication_error",
            "api_key_invalid",
            "expired_api_key",
        ],
    ),
    (
        FailureKind::PermissionDenied,
        &[
            "permission_error",
            "permission_denied",
            "unsupported_country_region_territory",
        ],
    ),
    (
        FailureKind::NotFound,
        &["model_not_found", "not_found_error", "deploymentnotfound"],
    ),
    (
        FailureKind::RateLimited,
        &[
            "openrouter_in_flight_budget",
            "rate_limit_exceeded",
            "rate_limit_error",
            "rate_limited",
            "resource_exhausted",
            "too_many_requests",
            "slow_down",
            "throttling_error",
        ],
    ),
    (
        FailureKind::ServerError,
        &[
            "server_error",
            "internal_server_error",
            "api_error",
            "timeout_error",
            "timeout",
        ],
    ),
];

/// Set phrases of error *messages*, for what vendors give no code of its own. Matched in lower case.
const PHRASES: &[(FailureKind, &[&str])] = &[
    (FailureKind::RequestTooLarge, &["request too large"]),
    (
        FailureKind::QuotaExhausted,
        &[
            "exceeded your current quota",
            "insufficient balance",
            "reached your specified api usage limits",
            "credit balance is too low",
        ],
    ),
    (
        FailureKind::ContextTooLong,
        &[
            "maximum context length",
            "prompt is too long",
            "exceeds the context window",
            "exceed context limit",
            "exceeds the maximum number of tokens",
        ],
    ),
    (
        FailureKind::Overloaded,
        &[
            "currently overloaded",
            "experiencing high demand",
            "capacity exceeded",
            "exhausted your capacity",
        ],
    ),
    (
        FailureKind::AuthFailed,
        &["incorrect api key", "api key not valid", "invalid api key"],
    ),
];

/// What the error says it is; `None` when it says nothing of its own.
///
/// A refused credential stays refused whatever the body says beside it: 401 and 403 never become retryable.
pub(super) fn kind(error: &ErrorBody, status: Option<StatusCode>) -> Option<FailureKind> {
    let kind =
        by_phrase(&error.message).or_else(|| error.codes.iter().find_map(|code| by_code(code)))?;
    let refused = matches!(
        status,
        Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    );
    let final_ = matches!(kind.class(), FailureClass::Target | FailureClass::Request);
    (!refused || final_).then_some(kind)
}

/// The kind a code or type stands for.
pub(super) fn by_code(code: &str) -> Option<FailureKind> {
    CODES
        .iter()
        .find(|(_, codes)| codes.contains(&code))
        .map(|(kind, _)| *kind)
}

/// The kind a message's set phrase stands for.
pub(super) fn by_phrase(message: &str) -> Option<FailureKind> {
    let message = message.to_ascii_lowercase();
    PHRASES
        .iter()
        .find(|(_, phrases)| phrases.iter().any(|phrase| message.contains(phrase)))
        .map(|(kind, _)| *kind)
}

/// What a status means when the body says nothing. `told_to_wait`: the reply names a time to come back.
pub(super) fn by_status(status: StatusCode, told_to_wait: bool) -> FailureKind {
    match status.as_u16() {
        401 | 407 => FailureKind::AuthFailed,
        402 if told_to_wait => FailureKind::RateLimited,
        402 => FailureKind::QuotaExhausted,
        403 => FailureKind::PermissionDenied,
        404 | 410 | 300..=399 => FailureKind::NotFound,
        413 => FailureKind::RequestTooLarge,
        429 => FailureKind::RateLimited,
        // 408, 409 and 425 ask for the same again; 424 is a model that failed behind its API; 499 is a proxy that
        // gave up waiting.
        408 | 409 | 424 | 425 | 499 => FailureKind::ServerError,
        498 | 529 => FailureKind::Overloaded,
        400..=499 => FailureKind::InvalidRequest,
        500..=599 => FailureKind::ServerError,
        _ => FailureKind::Malformed,
    }
}
