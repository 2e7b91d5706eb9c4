//! What the provider says when it refuses: the real bodies, since clients judge the body before the status.

use std::time::Duration;

use crate::duration;
use crate::fault::ErrorKind;
use crate::limits::{Metered, Refused, Wait};
use crate::refusal::{Refusal, Why};

const INVALID: &str = "invalid_request_error";
const LIMITS_PAGE: &str = "Visit https://platform.openai.com/account/rate-limits to learn more.";

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::error(400, INVALID, message)
}

pub(super) fn bad_json() -> Refusal {
    invalid(
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP \
         library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
    )
}

pub(super) fn no_model() -> Refusal {
    invalid("you must provide a model parameter")
}

pub(super) fn missing(param: &'static str) -> Refusal {
    invalid(format!("Missing required parameter: '{param}'."))
        .param(param)
        .code("missing_required_parameter")
}

pub(super) fn empty(param: &'static str) -> Refusal {
    invalid(format!(
        "Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead."
    ))
    .param(param)
    .code("empty_array")
}

pub(super) fn wrong_type(param: &'static str, want: &str) -> Refusal {
    invalid(format!("Invalid type for '{param}': expected {want}."))
        .param(param)
        .code("invalid_type")
}

/// What the provider says to a request for this model.
pub(super) fn refusal(why: Why<'_>, model: &str) -> Refusal {
    match why {
        Why::Kind(kind) => of_kind(kind, model),
        Why::Status(status) => plain(status),
        Why::Limit(refused, wait) => limited(model, refused, wait),
        Why::NoSuchUrl(method, path) => {
            Refusal::error(404, INVALID, format!("Invalid URL ({method} {path})"))
        }
        Why::WrongMethod(method, path) => {
            let message = format!("Not allowed to {method} on {path}.");
            Refusal::error(405, INVALID, message).code("method_not_supported")
        }
        Why::Needs(needs) => {
            let (code, message) = needs.told();
            Refusal::error(500, "server_error", message).code(code)
        }
    }
}

/// A limit was reached; the text tells when to come back only if it may.
fn limited(model: &str, refused: Refused, wait: Option<Duration>) -> Refusal {
    let (standing, requested) = (refused.standing, refused.cost);
    let (r#type, metered) = match standing.metered {
        Metered::Requests => ("requests", "requests per min (RPM)"),
        Metered::InFlight => ("requests", "concurrent requests"),
        Metered::Tokens => ("tokens", "tokens per min (TPM)"),
        Metered::InputTokens => ("tokens", "input tokens per min (ITPM)"),
        Metered::OutputTokens => ("tokens", "output tokens per min (OTPM)"),
    };
    let of = format!("{model} in organization org-simulator on {metered}");
    let limit = standing.limit;
    let message = if refused.wait == Wait::Never {
        format!(
            "Request too large for {of}: Limit {limit}, Requested {requested}. The input or output tokens must be \
             reduced in order to run successfully. {LIMITS_PAGE}"
        )
    } else {
        let used = limit.saturating_sub(standing.remaining);
        let again = wait.map_or_else(String::new, |wait| {
            format!("Please try again in {}. ", duration::go(wait))
        });
        format!(
            "Rate limit reached for {of}: Limit {limit}, Used {used}, Requested {requested}. {again}{LIMITS_PAGE}"
        )
    };
    Refusal::error(429, r#type, message).code("rate_limit_exceeded")
}

/// A status without a kind of its own.
fn plain(status: u16) -> Refusal {
    let r#type = if status < 500 {
        INVALID
    } else {
        "server_error"
    };
    Refusal::error(
        status,
        r#type,
        format!("The simulator was told to answer {status}."),
    )
}

/// The body that a kind of error has on this wire.
fn of_kind(kind: ErrorKind, model: &str) -> Refusal {
    let refusal = match kind {
        ErrorKind::BadGateway => return Refusal::page(502, "502 Bad Gateway"),
        ErrorKind::GatewayTimeout => return Refusal::page(504, "504 Gateway Time-out"),
        // What Anthropic says, passed on as it is.
        ErrorKind::ProviderOverloaded => {
            let body =
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
            return Refusal::raw(529, body);
        }
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLength
        | ErrorKind::ContentPolicy
        | ErrorKind::Prefill
        | ErrorKind::SpendLimit
        | ErrorKind::PayloadTooLarge => request_error(kind),
        ErrorKind::InvalidApiKey
        | ErrorKind::InsufficientBalance
        | ErrorKind::UnsupportedCountry
        | ErrorKind::ModelNotFound => account_error(kind, model),
        ErrorKind::RateLimit
        | ErrorKind::TokenLimit
        | ErrorKind::InsufficientQuota
        | ErrorKind::RequestTooLarge => limit_error(kind, model),
        ErrorKind::RequestTimeout
        | ErrorKind::ServerError
        | ErrorKind::Overloaded
        | ErrorKind::SlowDown => server_error(kind),
    };
    Refusal {
        status: kind.status(),
        ..refusal
    }
}

fn request_error(kind: ErrorKind) -> Refusal {
    match kind {
        ErrorKind::ContextLength => invalid(
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9216 tokens. \
             Please reduce the length of the messages.",
        )
        .param("messages")
        .code("context_length_exceeded"),
        ErrorKind::ContentPolicy => invalid(
            "Your request was rejected as a result of our safety system. Your prompt may contain text that is not \
             allowed by our safety system.",
        )
        .code("content_policy_violation"),
        ErrorKind::Prefill => invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        )
        .param("messages"),
        ErrorKind::SpendLimit => Refusal::error(
            400,
            "invalid_request_error",
            "Billing hard limit has been reached.",
        )
        .code("billing_hard_limit_reached"),
        ErrorKind::PayloadTooLarge => invalid("Request body is too large."),
        _ => invalid("Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 7 instead.")
            .param("temperature")
            .code("decimal_above_max_value"),
    }
}

fn account_error(kind: ErrorKind, model: &str) -> Refusal {
    match kind {
        ErrorKind::InsufficientBalance => {
            Refusal::error(402, "unknown_error", "Insufficient Balance").code(INVALID)
        }
        ErrorKind::UnsupportedCountry => Refusal::error(
            403,
            "request_forbidden",
            "Country, region, or territory not supported",
        )
        .code("unsupported_country_region_territory"),
        ErrorKind::ModelNotFound => invalid(format!(
            "The model `{model}` does not exist or you do not have access to it."
        ))
        .code("model_not_found"),
        // The real one repeats a part of the key; this one never does.
        _ => invalid(
            "Incorrect API key provided: sk-*****. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
        )
        .code("invalid_api_key"),
    }
}

fn limit_error(kind: ErrorKind, model: &str) -> Refusal {
    let (requests, tokens) = ("requests", "tokens");
    let on = |metered: &str| format!("{model} in organization org-simulator on {metered}");
    let by_tokens = on("tokens per min (TPM)");
    let (r#type, message) = match kind {
        ErrorKind::InsufficientQuota => {
            let message = "You exceeded your current quota, please check your plan and billing details. For more \
                information on this error, read the docs: \
                https://platform.openai.com/docs/guides/error-codes/api-errors.";
            return Refusal::error(429, "insufficient_quota", message).code("insufficient_quota");
        }
        ErrorKind::RequestTooLarge => (
            tokens,
            format!(
                "Request too large for {by_tokens}: Limit 30000, Requested 40960. The input or output tokens must be \
                 reduced in order to run successfully. {LIMITS_PAGE}"
            ),
        ),
        ErrorKind::TokenLimit => (
            tokens,
            format!(
                "Rate limit reached for {by_tokens}: Limit 30000, Used 29744, Requested 512. {LIMITS_PAGE}"
            ),
        ),
        _ => {
            let by_requests = on("requests per min (RPM)");
            (
                requests,
                format!(
                    "Rate limit reached for {by_requests}: Limit 500, Used 500, Requested 1. {LIMITS_PAGE}"
                ),
            )
        }
    };
    Refusal::error(429, r#type, message).code("rate_limit_exceeded")
}

fn server_error(kind: ErrorKind) -> Refusal {
    match kind {
        ErrorKind::RequestTimeout => {
            Refusal::error(408, "timeout", "Request timed out.").code("timeout")
        }
        ErrorKind::Overloaded => Refusal::error(
            503,
            "service_unavailable_error",
            "Our servers are currently overloaded. Please try again later.",
        )
        .code("server_is_overloaded"),
        ErrorKind::SlowDown => Refusal::error(
            503,
            "service_unavailable_error",
            "Your request rate increased too quickly. Please slow down and ramp up gradually.",
        )
        .code("slow_down"),
        _ => Refusal::error(
            500,
            "server_error",
            "The server had an error while processing your request. Sorry about that!",
        ),
    }
}
