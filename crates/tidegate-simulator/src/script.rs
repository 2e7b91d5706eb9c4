//! What the simulator answers, as data.
//!
//! A test, a command line and a benchmark describe failures in the same words: `503`, `429,retry-after=2`, `cut=40`.
//! One table of options reads both the compact form and JSON, so neither knows a word that the other does not.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};

use crate::completion::Finish;
use crate::fault::{ErrorKind, Fault};

mod json;
mod text;

pub use text::{AnswerError, ScriptError, parse, parse_lines};

/// Milliseconds to wait: the finer twin of `retry-after`.
pub(crate) const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// What an answer is, apart from its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reply {
    /// A good answer.
    #[default]
    Ok,
    /// 200 whose body is an error, as routers in front of providers send it.
    OkError,
    /// 200 without a body.
    Empty,
    /// Accepts the request and never answers.
    Hang,
    /// The connection is reset before any header. Needs a socket.
    Reset,
    /// The connection is closed in good order before any header. Needs a socket.
    Close,
    /// The provider's error of that kind, with its status and body.
    Error(ErrorKind),
    /// A status that has no kind of its own, with a plain body in the provider's form.
    Status(u16),
}

/// One answer of a script. The default is a good answer at once.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use tidegate_simulator::{Answer, ErrorKind, Reply};
/// let answer: Answer = "429,retry-after=2,delay=200ms".parse()?;
/// assert_eq!(answer.reply, Reply::Error(ErrorKind::RateLimit));
/// assert_eq!(answer.delay, Duration::from_millis(200));
///
/// let answer: Answer = serde_json::from_str(r#"{"answer": "ok", "text": "Hello", "cut": 1}"#)?;
/// assert_eq!(answer, "ok=Hello,cut=1".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it is.
    pub reply: Reply,
    /// How many requests it answers, one after another. Default 1.
    pub times: u32,
    /// The text of a good answer. Default: that of the settings.
    pub text: Option<String>,
    /// Tokens of a good answer: the text is repeated or shortened to that. Default: that of the settings.
    pub tokens: Option<u32>,
    /// The model that a good answer names. Default: that of the settings.
    pub model: Option<String>,
    /// Why a good answer ends. Default: because it is complete, or reached the request's maximum.
    pub finish: Option<Finish>,
    /// The body as it is, in place of the one the simulator would write.
    pub body: Option<String>,
    /// The content type that goes with [`Answer::body`]. Default `application/json`.
    pub content_type: Option<HeaderValue>,
    /// More headers; they replace those of the same name.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// `retry-after` as the HTTP date of that much later.
    pub retry_after_date: Option<Duration>,
    /// Wait before the headers.
    pub delay: Duration,
    /// Wait between the headers and the first event of a stream.
    pub first_token: Duration,
    /// Wait before each further token.
    pub token_delay: Duration,
    /// A comment (`: keep-alive`) that often while a stream waits or stalls. Default: none.
    pub ping: Option<Duration>,
    /// What goes wrong on the way.
    pub fault: Option<Fault>,
    /// Leave out `data: [DONE]`.
    pub no_done: bool,
    /// Never end the body of a stream after its last event.
    pub hold: bool,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            reply: Reply::Ok,
            times: 1,
            text: None,
            tokens: None,
            model: None,
            finish: None,
            body: None,
            content_type: None,
            headers: Vec::new(),
            retry_after_date: None,
            delay: Duration::ZERO,
            first_token: Duration::ZERO,
            token_delay: Duration::ZERO,
            ping: None,
            fault: None,
            no_done: false,
            hold: false,
        }
    }
}

impl Answer {
    /// A good answer with that text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// The provider's error of that kind.
    pub fn error(kind: ErrorKind) -> Self {
        Self {
            reply: Reply::Error(kind),
            ..Self::default()
        }
    }

    /// The same answer to so many requests in a row; 0 counts as 1.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times.max(1);
        self
    }
}

/// The answers still to come, in order.
#[derive(Debug, Default)]
pub(crate) struct Script {
    answers: VecDeque<Answer>,
    /// Where each prompt stands in a script that is played to every prompt from its beginning.
    per_prompt: Option<HashMap<u64, VecDeque<Answer>>>,
}

impl Script {
    /// A script that is played once, or to every distinct prompt from its beginning.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>, per_prompt: bool) -> Self {
        let per_prompt = per_prompt.then(HashMap::new);
        Self {
            answers: answers.into_iter().collect(),
            per_prompt,
        }
    }

    /// Appends answers. Prompts that have begun a script of their own keep it as it was.
    pub(crate) fn extend(&mut self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.extend(answers);
    }

    /// Requests that the script will still answer, or would answer for a new prompt.
    pub(crate) fn remaining(&self) -> u64 {
        self.answers
            .iter()
            .map(|answer| u64::from(answer.times.max(1)))
            .sum()
    }

    /// The answer to a request with this prompt, by its hash.
    pub(crate) fn next(&mut self, prompt: u64) -> Option<Answer> {
        let answers = match &mut self.per_prompt {
            None => &mut self.answers,
            Some(begun) => begun.entry(prompt).or_insert_with(|| self.answers.clone()),
        };
        take(answers)
    }
}

fn take(answers: &mut VecDeque<Answer>) -> Option<Answer> {
    let front = answers.front_mut()?;
    if front.times > 1 {
        front.times -= 1;
        return Some(Answer {
            times: 1,
            ..front.clone()
        });
    }
    answers.pop_front()
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::OkError => f.write_str("ok_error"),
            Self::Empty => f.write_str("empty"),
            Self::Hang => f.write_str("hang"),
            Self::Reset => f.write_str("reset"),
            Self::Close => f.write_str("close"),
            Self::Error(kind) => f.write_str(kind.word()),
            Self::Status(status) => write!(f, "{status}"),
        }
    }
}

#[cfg(test)]
mod tests;
