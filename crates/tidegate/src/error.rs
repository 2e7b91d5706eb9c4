//! The one error a run ends with.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use tidegate_context::PackError;
use tidegate_core::{Failure, FailureKind, GiveUp, Response, Spell};

use crate::plan::PlanError;

/// Why a run has no answer. Its `Display` is one line that tells the whole story, without prompt or key.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it stands in a box as a whole")]
enum Inner {
    Plan(PlanError),
    Context(PackError),
    Failed(Failed),
    Internal(String),
}

#[derive(Debug)]
struct Failed {
    target: String,
    failure: Failure,
    gave_up: GiveUp,
    attempts: u32,
    took: Duration,
    received: Response,
}

/// What sort of error it is: what exit codes, HTTP statuses and codes of bindings are matched from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The configuration does not say where to go.
    Config,
    /// A credential is missing.
    Credentials,
    /// The prompt's files could not be packed.
    Context,
    /// Attempts failed; the kind is the last one's.
    Failed(FailureKind),
    /// A fault of Tidegate itself.
    Internal,
}

impl Error {
    pub(crate) fn failed(
        target: String,
        failure: Failure,
        gave_up: GiveUp,
        attempts: u32,
        took: Duration,
        received: Response,
    ) -> Self {
        Self(Box::new(Inner::Failed(Failed {
            target,
            failure,
            gave_up,
            attempts,
            took,
            received,
        })))
    }

    pub(crate) fn internal(what: impl Into<String>) -> Self {
        Self(Box::new(Inner::Internal(what.into())))
    }

    /// What sort of error it is.
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Inner::Plan(error) if error.is_missing_credential() => ErrorKind::Credentials,
            Inner::Plan(_) => ErrorKind::Config,
            Inner::Context(_) => ErrorKind::Context,
            Inner::Failed(failed) => ErrorKind::Failed(failed.failure.kind),
            Inner::Internal(_) => ErrorKind::Internal,
        }
    }

    /// Why the run stopped trying; `None` when it never began.
    pub fn gave_up(&self) -> Option<GiveUp> {
        self.as_failed().map(|failed| failed.gave_up)
    }

    /// The failure of the last attempt.
    pub fn failure(&self) -> Option<&Failure> {
        self.as_failed().map(|failed| &failed.failure)
    }

    /// What the last attempt had received of its answer when it failed; `None` when that was nothing.
    pub fn received(&self) -> Option<&Response> {
        let failed = self.as_failed()?;
        (!failed.received.is_empty()).then_some(&failed.received)
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        self.as_failed().map_or(0, |failed| failed.attempts)
    }

    fn as_failed(&self) -> Option<&Failed> {
        match &*self.0 {
            Inner::Failed(failed) => Some(failed),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Inner::Plan(error) => error.fmt(f),
            Inner::Context(error) => error.fmt(f),
            Inner::Failed(failed) => failed.fmt(f),
            Inner::Internal(what) => write!(f, "internal error: {what}"),
        }
    }
}

impl fmt::Display for Failed {
    /// `groq/llama-3: rate limited (HTTP 429), gave up after 3 attempts in 12.4s (server asked for 1h)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.target, self.failure)?;
        if self.gave_up == GiveUp::Permanent && self.attempts <= 1 {
            return Ok(());
        }
        let plural = if self.attempts == 1 { "" } else { "s" };
        write!(
            f,
            ", gave up after {} attempt{plural} in {} (",
            self.attempts,
            Spell(self.took)
        )?;
        match (self.gave_up, self.failure.retry_after) {
            (GiveUp::ServerAskedTooLong, Some(asked)) => {
                write!(f, "the server asked for {})", Spell(asked))
            }
            (why, _) => write!(f, "{why})"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.0 {
            Inner::Plan(error) => Some(error),
            Inner::Context(error) => Some(error),
            Inner::Failed(_) | Inner::Internal(_) => None,
        }
    }
}

impl From<PlanError> for Error {
    fn from(error: PlanError) -> Self {
        Self(Box::new(Inner::Plan(error)))
    }
}

impl From<PackError> for Error {
    fn from(error: PackError) -> Self {
        Self(Box::new(Inner::Context(error)))
    }
}
