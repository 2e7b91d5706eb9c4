//! Why a text is no answer or no script. Whoever mistypes a word is told which words there are.

use std::fmt;

use super::REPLIES;
use crate::fault::ErrorKind;

/// The options, as the compact form spells them; JSON writes `_` for `-`.
pub(super) const OPTIONS: &str = "times, for, text, tokens, reasoning, tool, cached, cache-written, model, finish, \
    body, content-type, header, retry-after, retry-after-ms, retry-after-date, delay, first-token, token-delay, opens-early, ping, cut, end, stall, malformed, \
    error, goaway, no-done, hold, size, drip, gzip, bad-gzip, length, header-size, close-after";

/// Why a text is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerError {
    /// The word is none of the answers.
    UnknownAnswer(String),
    /// The word is none of the options.
    UnknownOption(String),
    /// The option needs a value.
    NoValue(String),
    /// The option's value is not what it needs.
    BadValue {
        /// The option.
        option: String,
        /// The value given.
        value: String,
        /// What it needs.
        want: String,
    },
    /// The answer already fails in another way.
    SecondFault(String),
    /// A double quote that opens a value is not closed.
    OpenQuote(String),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAnswer(word) => {
                let replies: Vec<_> = REPLIES.iter().map(|(_, word)| *word).collect();
                let kinds: Vec<_> = ErrorKind::all().map(ErrorKind::word).collect();
                let (replies, kinds) = (replies.join(", "), kinds.join(", "));
                write!(
                    f,
                    "unknown answer `{word}`: {replies}, a status 200-599, or one of {kinds}"
                )
            }
            Self::UnknownOption(word) => {
                write!(f, "unknown option `{word}`: one of {OPTIONS}")?;
                f.write_str(" (a text with commas or semicolons stands in double quotes)")
            }
            Self::NoValue(option) => write!(f, "`{option}` needs a value: {option}=..."),
            Self::BadValue {
                option,
                value,
                want,
            } => {
                write!(f, "`{option}` cannot be `{value}`: it needs {want}")
            }
            Self::SecondFault(option) => {
                write!(
                    f,
                    "`{option}` is one too many: an answer has one of cut, end, stall, malformed, error, goaway"
                )
            }
            Self::OpenQuote(text) => write!(f, "a double quote is not closed in `{text}`"),
        }
    }
}

impl std::error::Error for AnswerError {}

/// Why a text is no script, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    pub(super) place: String,
    pub(super) reason: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

impl std::error::Error for ScriptError {}
