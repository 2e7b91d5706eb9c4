//! What a person can do about a failure: the line below the error of `endpoint test` and in `explain`.

use tidegate::FailureKind;

/// What to do about a failure of this kind.
pub(crate) const fn about(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::RateLimited => {
            "wait for the limit (`tidegate queue status` says how it stands), or name a fallback"
        }
        FailureKind::Overloaded | FailureKind::ServerError => {
            "it is the provider's to mend: try again later, or allow retries with `max_retries`"
        }
        FailureKind::NotStarted => "this machine is short of memory or processes: free some",
        FailureKind::Unreachable | FailureKind::ConnectTimeout => {
            "check `base_url`, and the network and proxy between here and there"
        }
        FailureKind::Disconnected | FailureKind::StreamBroken => {
            "look for a proxy in between that gives up early, or allow retries with `max_retries`"
        }
        FailureKind::FirstTokenTimeout
        | FailureKind::IdleTimeout
        | FailureKind::AttemptTimeout
        | FailureKind::RunTimeout => {
            "give it longer (`timeout`, `first_token_timeout`, `idle_timeout`, `deadline`), or ask a faster model"
        }
        FailureKind::Malformed => {
            "check `base_url` and `type`: what answers there does not speak this provider's language"
        }
        FailureKind::OutputTooLarge => "ask for a shorter answer",
        FailureKind::AuthFailed => {
            "check the key: `tidegate config show --origin` says where it comes from"
        }
        FailureKind::PermissionDenied => {
            "the key may not do this: ask the provider for access, or use another model or region"
        }
        FailureKind::QuotaExhausted => {
            "add credit or raise the budget at the provider: waiting a moment does not help"
        }
        FailureKind::NotFound => {
            "check `model` and `base_url`: there is no such model or route there"
        }
        FailureKind::RequestTooLarge => {
            "send less at once: it is larger than the whole limit, or than the server reads"
        }
        FailureKind::ContextTooLong => "send less, or use a model with a longer context",
        FailureKind::ContentFiltered => "change what is asked: the provider declined it",
        FailureKind::InvalidRequest => {
            "change the request: the provider's words say what is wrong with it"
        }
        FailureKind::Unsupported => "use an endpoint that can do what is asked",
        FailureKind::CommandNotFound => "check `argv`: the program is not there, or may not be run",
        FailureKind::CommandFailed => {
            "run the command by hand: it did not say why in words known here"
        }
    }
}
