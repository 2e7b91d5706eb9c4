//! Why a reply was judged as it was, for a person who asks.
//!
//! The judgement and its reason come out of the same tables in the same step, so that an explanation cannot tell of a
//! rule that was not the one applied.

use std::fmt;

use tidegate_core::Status;

/// What decided of which kind a failure is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A code or type whose meaning does not depend on the status.
    Code(&'static str),
    /// A set phrase of the message.
    Phrase(&'static str),
    /// A reason, or the id of a quota, among Google's details.
    Detail(String),
    /// The status alone: the body says nothing of its own.
    Status(u16),
    /// 401 or 403, which no body makes anything else than refused.
    Refused(u16),
    /// A generic type of error, which means that the request is wrong where no status says more.
    GenericType(String),
    /// The number that a command's words call a status.
    Named(u16),
    /// The exception that a command's words name.
    Exception(&'static str),
    /// A phrase of network failures.
    Network(&'static str),
    /// How the command ended: its words say nothing that is known.
    Ended(Status),
    /// An error inside a success that says nothing of its kind.
    Unsaid,
    /// What stands in the answer itself: how it ended, or that it is none.
    Answer,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "the code `{code}`"),
            Self::Phrase(phrase) => write!(f, "the phrase \"{phrase}\" in its message"),
            Self::Detail(detail) => write!(f, "`{detail}` among its details"),
            Self::Status(status) => write!(f, "the status {status}; its body says nothing known"),
            Self::Refused(status) => write!(f, "the status {status}, whatever its body says"),
            Self::GenericType(code) => write!(f, "the type `{code}`, with no status beside it"),
            Self::Named(status) => write!(f, "the number {status}, which its words call a status"),
            Self::Exception(name) => write!(f, "the exception `{name}`"),
            Self::Network(phrase) => write!(f, "the words \"{phrase}\""),
            Self::Ended(ended) => write!(f, "{ended}; its words say nothing known"),
            Self::Unsaid => {
                f.write_str("an error inside a success that does not say of which kind")
            }
            Self::Answer => f.write_str("the answer itself"),
        }
    }
}
