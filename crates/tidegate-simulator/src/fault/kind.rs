//! The errors that providers answer with.

/// An error a provider answers with. The dialect holds the body, this holds what every dialect shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// 400: something about the request.
    InvalidRequest,
    /// 400: more tokens than the model can read.
    ContextLength,
    /// 400: refused by the content filter.
    ContentPolicy,
    /// 400: the conversation ends with an assistant message and the model cannot continue one.
    Prefill,
    /// 400: the owner of the account has set a limit on what it may spend, and it is reached.
    SpendLimit,
    /// 401: a wrong key.
    InvalidApiKey,
    /// 402: no money left at a prepaid provider.
    InsufficientBalance,
    /// 403: not from this country.
    UnsupportedCountry,
    /// 404: no such model.
    ModelNotFound,
    /// 408: the provider gave up reading or computing.
    RequestTimeout,
    /// 413: more bytes than the provider reads.
    PayloadTooLarge,
    /// 429: requests per minute.
    RateLimit,
    /// 429: tokens per minute.
    TokenLimit,
    /// 429: the account has spent its quota; waiting does not help.
    InsufficientQuota,
    /// 429: this one request is over the tokens per minute; waiting does not help.
    RequestTooLarge,
    /// 500.
    ServerError,
    /// 502: a page of HTML from a proxy.
    BadGateway,
    /// 503: overloaded.
    Overloaded,
    /// 503: ramped up too fast.
    SlowDown,
    /// 504: a page of HTML from a proxy, or the provider's own words for it.
    GatewayTimeout,
    /// 529: the provider behind the provider is overloaded.
    ProviderOverloaded,
}

/// Kinds, the words that scripts use for them (the provider's own codes where it has one), and statuses. The first
/// kind of a status is what the bare number means.
const KINDS: [(ErrorKind, &str, u16); 21] = [
    (ErrorKind::InvalidRequest, "invalid_request", 400),
    (ErrorKind::ContextLength, "context_length_exceeded", 400),
    (ErrorKind::ContentPolicy, "content_policy_violation", 400),
    (ErrorKind::Prefill, "prefill_unsupported", 400),
    (ErrorKind::SpendLimit, "spend_limit", 400),
    (ErrorKind::InvalidApiKey, "invalid_api_key", 401),
    (ErrorKind::InsufficientBalance, "insufficient_balance", 402),
    (ErrorKind::UnsupportedCountry, "unsupported_country", 403),
    (ErrorKind::ModelNotFound, "model_not_found", 404),
    (ErrorKind::RequestTimeout, "request_timeout", 408),
    (ErrorKind::PayloadTooLarge, "payload_too_large", 413),
    (ErrorKind::RateLimit, "rate_limit_exceeded", 429),
    (ErrorKind::TokenLimit, "token_limit_exceeded", 429),
    (ErrorKind::InsufficientQuota, "insufficient_quota", 429),
    (ErrorKind::RequestTooLarge, "request_too_large", 429),
    (ErrorKind::ServerError, "server_error", 500),
    (ErrorKind::BadGateway, "bad_gateway", 502),
    (ErrorKind::Overloaded, "overloaded", 503),
    (ErrorKind::SlowDown, "slow_down", 503),
    (ErrorKind::GatewayTimeout, "gateway_timeout", 504),
    (ErrorKind::ProviderOverloaded, "provider_overloaded", 529),
];

impl ErrorKind {
    /// Every kind, in the order of statuses.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|(kind, _, _)| *kind)
    }

    /// The word for it in scripts.
    pub fn word(self) -> &'static str {
        self.row().1
    }

    /// The HTTP status it is answered with, as its first meaning has it; a wire that knows no such thing may answer
    /// with the status of what it has instead.
    pub fn status(self) -> u16 {
        self.row().2
    }

    /// The kind of that word, hyphens allowed.
    pub(crate) fn named(word: &str) -> Option<Self> {
        let word = word.replace('-', "_");
        Self::all().find(|kind| kind.word() == word)
    }

    /// The kind that a bare status stands for.
    pub(crate) fn of_status(status: u16) -> Option<Self> {
        Self::all().find(|kind| kind.status() == status)
    }

    pub(super) fn row(self) -> (Self, &'static str, u16) {
        let row = KINDS.iter().find(|(kind, _, _)| *kind == self);
        row.copied().unwrap_or(KINDS[0])
    }
}
