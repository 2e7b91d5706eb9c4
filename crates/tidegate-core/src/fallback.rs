//! Which failures may be taken to another target.
//!
//! "Fall back on errors" is too little to say: a prompt that is too long for one model belongs to a larger one and not
//! to the next in line, and a refusal of its content must not be routed round unless somebody decided that it may.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::failure::FailureKind;

/// What a fallback is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// Too many requests or tokens for the moment.
    RateLimited,
    /// A quota, budget or credit is spent.
    QuotaExhausted,
    /// The provider has no capacity.
    Overloaded,
    /// The provider fails, or cannot be reached.
    Outage,
    /// Silence, by any of the clocks.
    Timeout,
    /// An answer that broke off, cannot be read, or is too large.
    BadAnswer,
    /// This target will never serve such a request: refused credential, no such model, not expressible there.
    Unusable,
    /// The prompt does not fit the model.
    ContextTooLong,
    /// The provider declined the content.
    ContentFiltered,
}

impl Condition {
    /// Every condition, with the word that configurations use for it.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::RateLimited, "rate_limited"),
        (Self::QuotaExhausted, "quota_exhausted"),
        (Self::Overloaded, "overloaded"),
        (Self::Outage, "outage"),
        (Self::Timeout, "timeout"),
        (Self::BadAnswer, "bad_answer"),
        (Self::Unusable, "unusable"),
        (Self::ContextTooLong, "context_too_long"),
        (Self::ContentFiltered, "content_filtered"),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        let row = Self::ALL.iter().find(|(condition, _)| *condition == self);
        row.map_or("", |(_, word)| word)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// The condition a failure is an instance of; `None` where no other target can help, since the request is at fault
    /// or the run is over.
    pub const fn of(kind: FailureKind) -> Option<Self> {
        Some(match kind {
            FailureKind::RateLimited => Self::RateLimited,
            FailureKind::QuotaExhausted => Self::QuotaExhausted,
            FailureKind::Overloaded => Self::Overloaded,
            FailureKind::ServerError
            | FailureKind::NotStarted
            | FailureKind::Unreachable
            | FailureKind::Disconnected => Self::Outage,
            FailureKind::ConnectTimeout
            | FailureKind::FirstTokenTimeout
            | FailureKind::IdleTimeout
            | FailureKind::AttemptTimeout => Self::Timeout,
            FailureKind::StreamBroken | FailureKind::Malformed | FailureKind::OutputTooLarge => {
                Self::BadAnswer
            }
            FailureKind::AuthFailed
            | FailureKind::PermissionDenied
            | FailureKind::NotFound
            | FailureKind::RequestTooLarge
            | FailureKind::Unsupported
            | FailureKind::CommandNotFound
            | FailureKind::CommandFailed => Self::Unusable,
            FailureKind::ContextTooLong => Self::ContextTooLong,
            FailureKind::ContentFiltered => Self::ContentFiltered,
            FailureKind::RunTimeout | FailureKind::InvalidRequest => return None,
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCondition;

impl FromStr for Condition {
    type Err = UnknownCondition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let row = Self::ALL.iter().find(|(_, word)| *word == text);
        row.map(|(condition, _)| *condition).ok_or(UnknownCondition)
    }
}

/// A set of conditions: what one fallback takes.
///
/// # Examples
/// ```
/// # use tidegate_core::fallback::{Condition, Conditions};
/// assert!(Conditions::usual().contains(Condition::Overloaded));
/// assert!(!Conditions::usual().contains(Condition::ContentFiltered), "only where somebody says so");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Conditions(u16);

impl Conditions {
    /// What a fallback takes of which nobody said more: everything but refused content.
    pub fn usual() -> Self {
        let all = Condition::ALL.iter().map(|(condition, _)| *condition);
        all.filter(|condition| *condition != Condition::ContentFiltered)
            .collect()
    }

    /// Whether it holds this one.
    pub const fn contains(self, condition: Condition) -> bool {
        self.0 & condition.bit() != 0
    }

    /// Whether a fallback with this set takes a failure of this kind.
    pub const fn take(self, kind: FailureKind) -> bool {
        match Condition::of(kind) {
            Some(condition) => self.contains(condition),
            None => false,
        }
    }

    /// The conditions in it.
    pub fn iter(self) -> impl Iterator<Item = Condition> {
        let all = Condition::ALL.iter().map(|(condition, _)| *condition);
        all.filter(move |condition| self.contains(*condition))
    }
}

impl FromIterator<Condition> for Conditions {
    fn from_iter<I: IntoIterator<Item = Condition>>(conditions: I) -> Self {
        Self(
            conditions
                .into_iter()
                .fold(0, |set, condition| set | condition.bit()),
        )
    }
}

impl fmt::Debug for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Conditions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Condition::word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_is_met_by_some_failure_and_spelt_as_it_is_read() {
        for (condition, word) in Condition::ALL {
            assert_eq!(word.parse(), Ok(condition));
            assert_eq!(condition.to_string(), word);
            let met = FailureKind::ALL
                .into_iter()
                .any(|kind| Condition::of(kind) == Some(condition));
            assert!(met, "no failure is {word}");
        }
        assert_eq!("overload".parse::<Condition>(), Err(UnknownCondition));
    }

    #[test]
    fn a_set_takes_what_it_holds_and_never_a_request_at_fault() {
        let larger: Conditions = [Condition::ContextTooLong].into_iter().collect();
        assert!(larger.take(FailureKind::ContextTooLong));
        assert!(!larger.take(FailureKind::Overloaded));
        let everything: Conditions = Condition::ALL.iter().map(|(c, _)| *c).collect();
        assert!(everything.take(FailureKind::ContentFiltered));
        assert!(!everything.take(FailureKind::InvalidRequest));
        assert!(!everything.take(FailureKind::RunTimeout));
        assert!(!Conditions::usual().take(FailureKind::ContentFiltered));
        assert_eq!(Conditions::usual().iter().count(), Condition::ALL.len() - 1);
        assert_eq!(format!("{larger:?}"), "{ContextTooLong}");
    }
}
