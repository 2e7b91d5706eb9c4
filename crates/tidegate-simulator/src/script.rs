//! What the simulator answers, as data.
//!
//! A test, a command line and a benchmark describe failures in the same words: `503`, `429,retry-after=2`, `cut=40`.
//! One table of options reads both the compact form and JSON, so neither knows a word that the other does not.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};

use crate::completion::{Finish, ToolCall};
use crate::fault::{ErrorKind, Fault};
use crate::transfer::Transfer;

mod error;
mod json;
mod quote;
mod text;
mod value;

pub use error::{AnswerError, ScriptError};
pub use text::{parse, parse_lines};

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
    /// 307 to another URL: the text, or one that does not exist.
    Redirect,
    /// Headers without end. Needs a socket and HTTP/1.
    EndlessHeaders,
    /// Bytes that are no HTTP. Needs a socket and HTTP/1.
    Garbage,
    /// The connection ends with GOAWAY that says this request was not handled. Needs HTTP/2.
    GoAway,
    /// The stream is reset as not handled (`REFUSED_STREAM`). Needs HTTP/2.
    RefusedStream,
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

/// The replies that have a word of their own.
const REPLIES: [(Reply, &str); 11] = [
    (Reply::Ok, "ok"),
    (Reply::OkError, "ok_error"),
    (Reply::Empty, "empty"),
    (Reply::Hang, "hang"),
    (Reply::Reset, "reset"),
    (Reply::Close, "close"),
    (Reply::Redirect, "redirect"),
    (Reply::EndlessHeaders, "endless_headers"),
    (Reply::Garbage, "garbage"),
    (Reply::GoAway, "goaway"),
    (Reply::RefusedStream, "refused_stream"),
];

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
    /// How long it answers all requests, counted from the first; then the script goes on, whatever `times` says.
    pub lasts: Option<Duration>,
    /// The text of a good answer. Default: that of the settings.
    pub text: Option<String>,
    /// Tokens of a good answer: the text is repeated or shortened to that. Default: that of the settings.
    pub tokens: Option<u32>,
    /// What a good answer reasons before its text.
    pub reasoning: Option<String>,
    /// The tools that a good answer calls after its text; without a text there are only these.
    pub tools: Vec<ToolCall>,
    /// Tokens of the prompt that came from the cache.
    pub cached: usize,
    /// Tokens of the prompt that were written to the cache.
    pub cache_written: usize,
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
    /// What opens a stream leaves at once, and only the first token waits: to tell progress from signs of life.
    pub opens_early: bool,
    /// Wait before each further token.
    pub token_delay: Duration,
    /// A comment (`: keep-alive`) that often while a stream waits or stalls. Default: none.
    pub ping: Option<Duration>,
    /// What goes wrong on the way.
    pub fault: Option<Fault>,
    /// Leave out the end mark: `data: [DONE]`, `message_stop`.
    pub no_done: bool,
    /// Never end the body of a stream after its last event.
    pub hold: bool,
    /// How the body travels.
    pub transfer: Transfer,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            reply: Reply::Ok,
            times: 1,
            lasts: None,
            text: None,
            tokens: None,
            reasoning: None,
            tools: Vec::new(),
            cached: 0,
            cache_written: 0,
            model: None,
            finish: None,
            body: None,
            content_type: None,
            headers: Vec::new(),
            retry_after_date: None,
            delay: Duration::ZERO,
            first_token: Duration::ZERO,
            opens_early: false,
            token_delay: Duration::ZERO,
            ping: None,
            fault: None,
            no_done: false,
            hold: false,
            transfer: Transfer::default(),
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
    answers: Answers,
    /// Where each prompt stands in a script that is played to every prompt from its beginning.
    per_prompt: Option<HashMap<u64, Answers>>,
}

impl Script {
    /// A script that is played once, or to every distinct prompt from its beginning.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>, per_prompt: bool) -> Self {
        let mut script = Self {
            answers: Answers::default(),
            per_prompt: per_prompt.then(HashMap::new),
        };
        script.extend(answers);
        script
    }

    /// Appends answers. Prompts that have begun a script of their own keep it as it was.
    pub(crate) fn extend(&mut self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.queue.extend(answers);
    }

    /// Requests that the script will still answer, or would answer for a new prompt. An answer that lasts counts as
    /// one.
    pub(crate) fn remaining(&self) -> u64 {
        let queue = self.answers.queue.iter();
        queue.map(|answer| u64::from(answer.times.max(1))).sum()
    }

    /// The answer at that time to a request with this prompt, by its hash.
    pub(crate) fn next(&mut self, prompt: u64, now: Duration) -> Option<Answer> {
        let answers = match &mut self.per_prompt {
            None => &mut self.answers,
            Some(begun) => begun.entry(prompt).or_insert_with(|| self.answers.clone()),
        };
        answers.next(now)
    }
}

/// A queue of answers, the first of which may have begun.
#[derive(Debug, Clone, Default)]
struct Answers {
    queue: VecDeque<Answer>,
    /// When the first one gave its first answer.
    began: Option<Duration>,
}

impl Answers {
    fn next(&mut self, now: Duration) -> Option<Answer> {
        while let Some(lasts) = self.queue.front()?.lasts {
            let began = *self.began.get_or_insert(now);
            if now < began.saturating_add(lasts) {
                return self.queue.front().cloned();
            }
            self.advance();
        }
        let front = self.queue.front_mut()?;
        if front.times > 1 {
            front.times -= 1;
            return Some(Answer {
                times: 1,
                ..front.clone()
            });
        }
        self.advance()
    }

    fn advance(&mut self) -> Option<Answer> {
        self.began = None;
        self.queue.pop_front()
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(kind) => f.write_str(kind.word()),
            Self::Status(status) => write!(f, "{status}"),
            other => {
                let row = REPLIES.iter().find(|(reply, _)| reply == other);
                f.write_str(row.map_or("ok", |(_, word)| word))
            }
        }
    }
}

#[cfg(test)]
mod tests;
