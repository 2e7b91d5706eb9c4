//! Exit codes: what a script may rely on.

use std::process::ExitCode;

use tidegate::{Error, ErrorKind, FailureKind};

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// A fault of Tidegate itself.
    Internal = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The configuration is wrong, or does not name the endpoint.
    Config = 3,
    /// The prompt's files could not be packed.
    Context = 4,
    /// A credential is missing or refused.
    Credentials = 5,
    /// A rate limit or a quota.
    Limit = 6,
    /// A time-out, or the deadline.
    Time = 7,
    /// The provider, the command or the network failed.
    Provider = 8,
    /// The request was refused.
    Refused = 9,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// The code for an error of the engine.
    pub(crate) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Config => Self::Config,
            ErrorKind::Credentials => Self::Credentials,
            ErrorKind::Context => Self::Context,
            ErrorKind::Failed(kind) => Self::of_failure(kind),
            ErrorKind::Internal => Self::Internal,
        }
    }

    /// The code for a run whose last attempt failed like this.
    pub(crate) const fn of_failure(kind: FailureKind) -> Self {
        match kind {
            FailureKind::AuthFailed | FailureKind::PermissionDenied => Self::Credentials,
            FailureKind::RateLimited | FailureKind::QuotaExhausted => Self::Limit,
            FailureKind::ConnectTimeout
            | FailureKind::FirstTokenTimeout
            | FailureKind::IdleTimeout
            | FailureKind::AttemptTimeout
            | FailureKind::RunTimeout => Self::Time,
            FailureKind::Overloaded
            | FailureKind::ServerError
            | FailureKind::NotStarted
            | FailureKind::Unreachable
            | FailureKind::Disconnected
            | FailureKind::StreamBroken
            | FailureKind::Malformed
            | FailureKind::OutputTooLarge
            | FailureKind::CommandFailed => Self::Provider,
            FailureKind::NotFound
            | FailureKind::RequestTooLarge
            | FailureKind::ContextTooLong
            | FailureKind::ContentFiltered
            | FailureKind::InvalidRequest
            | FailureKind::Unsupported => Self::Refused,
            FailureKind::CommandNotFound => Self::Config,
        }
    }

    /// The code as a number.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
