//! What the provider says when it refuses: the real bodies, since clients judge the body before the status.

use std::time::Duration;

use serde::Serialize;

use super::json;
use crate::duration;
use crate::fault::ErrorKind;
use crate::limits::Standing;

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const LIMITS_PAGE: &str = "Visit https://platform.openai.com/account/rate-limits to learn more.";

/// A refusal, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Refusal {
    /// The same with another body.
    pub(crate) fn with_body(self, body: String) -> Self {
        Self {
            content_type: JSON,
            body,
            ..self
        }
    }
}

#[derive(Debug, Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

fn refusal(
    status: u16,
    message: &str,
    r#type: &str,
    param: Option<&str>,
    code: Option<&str>,
) -> Refusal {
    let error = Body {
        message,
        r#type,
        param,
        code,
    };
    Refusal {
        status,
        content_type: JSON,
        body: json(&Envelope { error }),
    }
}

fn invalid(message: &str, param: Option<&str>, code: Option<&str>) -> Refusal {
    refusal(400, message, "invalid_request_error", param, code)
}

pub(crate) fn bad_json() -> Refusal {
    let message = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your \
        HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)";
    invalid(message, None, None)
}

pub(crate) fn no_model() -> Refusal {
    invalid("you must provide a model parameter", None, None)
}

pub(crate) fn missing(param: &str) -> Refusal {
    let message = format!("Missing required parameter: '{param}'.");
    invalid(&message, Some(param), Some("missing_required_parameter"))
}

pub(crate) fn no_messages() -> Refusal {
    let message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array \
        instead.";
    invalid(message, Some("messages"), Some("empty_array"))
}

pub(crate) fn wrong_type(param: &str, want: &str) -> Refusal {
    let message = format!("Invalid type for '{param}': expected {want}.");
    invalid(&message, Some(param), Some("invalid_type"))
}

pub(crate) fn too_long() -> Refusal {
    refusal(
        413,
        "Request body is too large.",
        "invalid_request_error",
        None,
        None,
    )
}

pub(crate) fn no_such_url(method: &str, path: &str) -> Refusal {
    let message = format!("Invalid URL ({method} {path})");
    refusal(404, &message, "invalid_request_error", None, None)
}

pub(crate) fn wrong_method(method: &str, path: &str) -> Refusal {
    let message = format!("Not allowed to {method} on {path}.");
    refusal(
        405,
        &message,
        "invalid_request_error",
        None,
        Some("method_not_supported"),
    )
}

/// A limit was reached; the text tells when to come back only if it may.
pub(crate) fn limited(model: &str, standing: Standing, wait: Option<Duration>) -> Refusal {
    let limit = standing.limit;
    let used = limit - standing.remaining;
    let again = wait.map_or_else(String::new, |wait| {
        format!("Please try again in {}. ", duration::go(wait))
    });
    let message = format!(
        "Rate limit reached for {model} in organization org-simulator on requests per min (RPM): Limit {limit}, \
         Used {used}, Requested 1. {again}{LIMITS_PAGE}"
    );
    refusal(429, &message, "requests", None, Some("rate_limit_exceeded"))
}

/// A status without a kind of its own.
pub(crate) fn plain(status: u16) -> Refusal {
    let r#type = if status < 500 {
        "invalid_request_error"
    } else {
        "server_error"
    };
    refusal(
        status,
        &format!("The simulator was told to answer {status}."),
        r#type,
        None,
        None,
    )
}

/// A broken connection was asked for where there is none.
pub(crate) fn no_socket() -> Refusal {
    let message = "A broken connection needs a socket, and this simulator was called in process.";
    refusal(500, message, "server_error", None, Some("needs_socket"))
}

/// The body that a kind of error has on this wire.
pub(crate) fn of_kind(kind: ErrorKind, model: &str) -> Refusal {
    let status = kind.status();
    let (message, r#type, param, code) = match kind {
        ErrorKind::BadGateway => return page(status, "502 Bad Gateway"),
        ErrorKind::GatewayTimeout => return page(status, "504 Gateway Time-out"),
        ErrorKind::ProviderOverloaded => return overloaded_behind(),
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLength
        | ErrorKind::ContentPolicy
        | ErrorKind::Prefill => request_error(kind),
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
    refusal(status, &message, r#type, param, code)
}

/// Message, type, param and code.
type Fields = (
    String,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
);

fn request_error(kind: ErrorKind) -> Fields {
    let (message, param, code) = match kind {
        ErrorKind::ContextLength => (
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9216 tokens. \
             Please reduce the length of the messages.",
            Some("messages"),
            Some("context_length_exceeded"),
        ),
        ErrorKind::ContentPolicy => (
            "Your request was rejected as a result of our safety system. Your prompt may contain text that is not \
             allowed by our safety system.",
            None,
            Some("content_policy_violation"),
        ),
        ErrorKind::Prefill => (
            "This model does not support assistant message prefill. The conversation must end with a user message.",
            Some("messages"),
            None,
        ),
        _ => (
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 7 instead.",
            Some("temperature"),
            Some("decimal_above_max_value"),
        ),
    };
    (message.into(), "invalid_request_error", param, code)
}

fn account_error(kind: ErrorKind, model: &str) -> Fields {
    let invalid = "invalid_request_error";
    match kind {
        ErrorKind::InsufficientBalance => (
            "Insufficient Balance".into(),
            "unknown_error",
            None,
            Some("invalid_request_error"),
        ),
        ErrorKind::UnsupportedCountry => (
            "Country, region, or territory not supported".into(),
            "request_forbidden",
            None,
            Some("unsupported_country_region_territory"),
        ),
        ErrorKind::ModelNotFound => {
            let message =
                format!("The model `{model}` does not exist or you do not have access to it.");
            (message, invalid, None, Some("model_not_found"))
        }
        // The real one repeats a part of the key; this one never does.
        _ => (
            "Incorrect API key provided: sk-*****. You can find your API key at \
             https://platform.openai.com/account/api-keys."
                .into(),
            invalid,
            None,
            Some("invalid_api_key"),
        ),
    }
}

fn limit_error(kind: ErrorKind, model: &str) -> Fields {
    let code = Some("rate_limit_exceeded");
    let on = |metered: &str| format!("{model} in organization org-simulator on {metered}");
    match kind {
        ErrorKind::InsufficientQuota => (
            "You exceeded your current quota, please check your plan and billing details. For more information on \
             this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."
                .into(),
            "insufficient_quota",
            None,
            Some("insufficient_quota"),
        ),
        ErrorKind::RequestTooLarge => {
            let on = on("tokens per min (TPM)");
            let message = format!(
                "Request too large for {on}: Limit 30000, Requested 40960. The input or output tokens must be \
                 reduced in order to run successfully. {LIMITS_PAGE}"
            );
            (message, "tokens", None, code)
        }
        ErrorKind::TokenLimit => {
            let on = on("tokens per min (TPM)");
            let message = format!("Rate limit reached for {on}: Limit 30000, Used 29744, Requested 512. {LIMITS_PAGE}");
            (message, "tokens", None, code)
        }
        _ => {
            let on = on("requests per min (RPM)");
            let message = format!("Rate limit reached for {on}: Limit 500, Used 500, Requested 1. {LIMITS_PAGE}");
            (message, "requests", None, code)
        }
    }
}

fn server_error(kind: ErrorKind) -> Fields {
    let (message, r#type, code) = match kind {
        ErrorKind::RequestTimeout => ("Request timed out.", "timeout", Some("timeout")),
        ErrorKind::Overloaded => (
            "Our servers are currently overloaded. Please try again later.",
            "service_unavailable_error",
            Some("server_is_overloaded"),
        ),
        ErrorKind::SlowDown => (
            "Your request rate increased too quickly. Please slow down and ramp up gradually.",
            "service_unavailable_error",
            Some("slow_down"),
        ),
        _ => (
            "The server had an error while processing your request. Sorry about that!",
            "server_error",
            None,
        ),
    };
    (message.into(), r#type, None, code)
}

/// What a proxy in front of a provider sends.
fn page(status: u16, title: &str) -> Refusal {
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
    );
    Refusal {
        status,
        content_type: HTML,
        body,
    }
}

/// What Anthropic says, passed on as it is.
fn overloaded_behind() -> Refusal {
    Refusal {
        status: 529,
        content_type: JSON,
        body: r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#
            .into(),
    }
}
