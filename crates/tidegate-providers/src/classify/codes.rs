//! The tables: vendors' codes, their set phrases, and what a bare status means.
//!
//! Sources: the vendors' error references and clients, gathered per provider in the fixtures beside the tests.

use http::StatusCode;
use tidegate_core::{FailureClass, FailureKind};

use super::body::ErrorBody;
use super::rule::Rule;

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
            "openrouter_credits",
            "openrouter_key_limit",
            "openrouter_guardrail_budget",
            "openrouter_workspace_budget",
        ],
    ),
    (
        FailureKind::ContextTooLong,
        &[
            "context_length_exceeded",
            "string_above_max_length",
            "context_window_exceeded",
            "exceed_context_size_error",
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
            "model_capacity_exceeded",
            "service_tier_capacity_exceeded",
            "unavailable",
            "unavailable_error",
        ],
    ),
    (
        FailureKind::AuthFailed,
        &[
            "invalid_api_key",
            "authentication_error",
            "api_key_invalid",
            "expired_api_key",
            // LiteLLM's proxy knows one key without a database, and looks for every other in the one it lacks.
            "no_db_connection",
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
            "out of call volume quota",
            "extra usage is required",
            "no deployments available - crossed budget",
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
        FailureKind::ContentFiltered,
        &[
            "violating our usage policy",
            "input was flagged",
            "blocked by content filtering policy",
            "rejected as a result of our safety system",
        ],
    ),
    (
        FailureKind::Overloaded,
        &[
            "currently overloaded",
            "model is overloaded",
            "resource exhausted. please try again",
            "experiencing high demand",
            "capacity exceeded",
            "exhausted your capacity",
        ],
    ),
    (
        FailureKind::AuthFailed,
        &["incorrect api key", "api key not valid", "invalid api key"],
    ),
    (
        FailureKind::NotFound,
        &[
            "invalid model name passed in model=",
            "there are no healthy deployments for this model",
        ],
    ),
];

/// Exceptions of the common clients, in lower case: `LiteLLM` names one and often no number.
const EXCEPTIONS: &[(&str, FailureKind)] = &[
    ("ratelimiterror", FailureKind::RateLimited),
    ("overloadederror", FailureKind::Overloaded),
    ("serviceunavailableerror", FailureKind::ServerError),
    ("internalservererror", FailureKind::ServerError),
    ("authenticationerror", FailureKind::AuthFailed),
    ("permissiondeniederror", FailureKind::PermissionDenied),
    ("budgetexceedederror", FailureKind::QuotaExhausted),
    ("contextwindowexceedederror", FailureKind::ContextTooLong),
    ("contentpolicyviolationerror", FailureKind::ContentFiltered),
    ("notfounderror", FailureKind::NotFound),
    ("badrequesterror", FailureKind::InvalidRequest),
];

/// What the error says it is, and where; `None` when it says nothing of its own.
///
/// A refused credential stays refused whatever the body says beside it: 401 and 403 never become retryable.
pub(super) fn judge(error: &ErrorBody, status: Option<StatusCode>) -> Option<(FailureKind, Rule)> {
    let refused = matches!(
        status,
        Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    );
    by_details(error)
        .or_else(|| by_phrase(&error.message, status))
        .or_else(|| by_codes(error).filter(|(kind, _)| !says_less(*kind, status)))
        .or_else(|| by_leading_exception(&error.message))
        .filter(|(kind, _)| !refused || is_final(*kind))
}

/// As [`judge`], and by the status where the error says nothing of its own. `told_to_wait` as for [`by_status`].
pub(super) fn judge_with(
    error: Option<&ErrorBody>,
    status: StatusCode,
    told_to_wait: bool,
) -> (FailureKind, Rule) {
    let said = error.and_then(|error| judge(error, Some(status)));
    said.unwrap_or_else(|| {
        let rule = match status.as_u16() {
            refused @ (401 | 403) => Rule::Refused(refused),
            other => Rule::Status(other),
        };
        (by_status(status, told_to_wait), rule)
    })
}

/// Whether a code says less than the status beside it: proxies write "server error" on what they have no word for.
fn says_less(kind: FailureKind, status: Option<StatusCode>) -> bool {
    kind == FailureKind::ServerError
        && status.is_some_and(|status| matches!(status.as_u16(), 402 | 413 | 429 | 498 | 529))
}

/// The exception a message of `LiteLLM`'s proxy begins with: a 400 is not told apart by its code. What may be repeated,
/// its status tells.
fn by_leading_exception(message: &str) -> Option<(FailureKind, Rule)> {
    let (name, _) = message.strip_prefix("litellm.")?.split_once(':')?;
    by_exception(&name.to_ascii_lowercase()).filter(|(kind, _)| is_final(*kind))
}

fn is_final(kind: FailureKind) -> bool {
    matches!(kind.class(), FailureClass::Target | FailureClass::Request)
}

/// What Google's details stand for. Its message speaks of a spent quota for a minute's as for a day's, and of a limit
/// of 0 where the account has no access at all.
fn by_details(error: &ErrorBody) -> Option<(FailureKind, Rule)> {
    let with = |mark: &str| error.details.iter().find(|detail| detail.contains(mark));
    let rule = |kind| move |detail: &String| (kind, Rule::Detail(detail.clone()));
    let none_at_all = || {
        let first = error.details.first()?;
        error.message.contains("limit: 0").then_some(first)
    };
    let spent = with("perday")
        .or_else(|| with("daily"))
        .or_else(none_at_all);
    let reason = || {
        let mut details = error.details.iter();
        details.find_map(|detail| Some((by_code(detail)?.0, Rule::Detail(detail.clone()))))
    };
    spent
        .map(rule(FailureKind::QuotaExhausted))
        .or_else(reason)
        .or_else(|| with("perminute").map(rule(FailureKind::RateLimited)))
}

/// What its codes stand for. A string too long is too long an input only where the input is named.
fn by_codes(error: &ErrorBody) -> Option<(FailureKind, Rule)> {
    let elsewhere = error.param.as_deref().is_some_and(|param| {
        let input = ["messages", "input", "prompt"];
        !input.iter().any(|name| param.starts_with(name))
    });
    error
        .codes
        .iter()
        .filter(|code| !(elsewhere && *code == "string_above_max_length"))
        .find_map(|code| by_code(code))
}

/// What the generic types mean where no status says more: the request is wrong.
pub(super) fn without_status(error: &ErrorBody) -> Option<(FailureKind, Rule)> {
    const WRONG: &[&str] = &[
        "invalid_request_error",
        "invalid_request",
        "invalid_argument",
        "bad_request",
        "bad_request_error",
        "badrequesterror",
    ];
    let mut codes = error.codes.iter();
    let wrong = codes.find(|code| WRONG.contains(&code.as_str()))?;
    Some((
        FailureKind::InvalidRequest,
        Rule::GenericType(wrong.clone()),
    ))
}

/// The kind a code or type stands for.
pub(super) fn by_code(code: &str) -> Option<(FailureKind, Rule)> {
    let (kind, code) = entry(CODES, |known| known == code)?;
    Some((kind, Rule::Code(code)))
}

/// The kind an exception's name stands for, in lower case.
pub(super) fn by_exception(name: &str) -> Option<(FailureKind, Rule)> {
    let (known, kind) = EXCEPTIONS.iter().find(|(known, _)| *known == name)?;
    Some((*kind, Rule::Exception(known)))
}

/// The kind a message's set phrase stands for. A wrong request is not made retryable by its words: they may quote the
/// prompt.
pub(super) fn by_phrase(message: &str, status: Option<StatusCode>) -> Option<(FailureKind, Rule)> {
    let message = message.to_ascii_lowercase();
    let wrong =
        status.is_some_and(|status| matches!(status.as_u16(), 400 | 404 | 405 | 413 | 415 | 422));
    let (kind, phrase) = entry(PHRASES, |phrase| message.contains(phrase))?;
    (!wrong || is_final(kind)).then_some((kind, Rule::Phrase(phrase)))
}

/// The first entry of a table that matches, with its kind.
fn entry(
    table: &[(FailureKind, &[&'static str])],
    matches: impl Fn(&str) -> bool,
) -> Option<(FailureKind, &'static str)> {
    table.iter().find_map(|(kind, entries)| {
        let found = entries.iter().find(|entry| matches(entry))?;
        Some((*kind, *found))
    })
}

/// What a status means when the body says nothing. `told_to_wait`: the reply names a time to come back.
pub(super) fn by_status(status: StatusCode, told_to_wait: bool) -> FailureKind {
    match status.as_u16() {
        401 | 407 => FailureKind::AuthFailed,
        402 if told_to_wait => FailureKind::RateLimited,
        402 => FailureKind::QuotaExhausted,
        403 => FailureKind::PermissionDenied,
        // 501: what is asked is not there, and will not be.
        404 | 410 | 501 | 300..=399 => FailureKind::NotFound,
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
