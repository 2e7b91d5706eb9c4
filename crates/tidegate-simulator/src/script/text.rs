//! The compact form of answers: `WORD[=TEXT][,OPTION[=VALUE]]...`, and scripts of them separated by `;`.
//!
//! Commas and semicolons inside a value stand in double quotes that open right after the `=`. Whoever mistypes a word
//! is told which words there are.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue};

use super::{Answer, RETRY_AFTER_MS, Reply};
use crate::completion::Finish;
use crate::duration;
use crate::fault::{ErrorKind, Fault};

/// The options, as the compact form spells them; JSON writes `_` for `-`.
const OPTIONS: &str = "times, text, tokens, model, finish, body, content-type, header, retry-after, retry-after-ms, \
    retry-after-date, delay, first-token, token-delay, ping, cut, end, stall, malformed, error, no-done, hold";

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
                let kinds: Vec<_> = ErrorKind::all().map(ErrorKind::word).collect();
                let kinds = kinds.join(", ");
                write!(
                    f,
                    "unknown answer `{word}`: ok, ok_error, empty, hang, reset, close, "
                )?;
                write!(f, "a status 200-599, or one of {kinds}")
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
                    "`{option}` is one too many: an answer has one of cut, end, stall, malformed, error"
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
    place: String,
    reason: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

impl std::error::Error for ScriptError {}

/// Reads a script in the compact form: answers separated by `;`, as in `503; 429,retry-after=1; ok=Hello`.
pub fn parse(script: &str) -> Result<Vec<Answer>, ScriptError> {
    let at = |place: String| {
        move |error: AnswerError| ScriptError {
            place,
            reason: error.to_string(),
        }
    };
    let entries = split(script, ';').map_err(at("script".into()))?;
    let entries = entries
        .into_iter()
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    let answers = entries.enumerate().map(|(index, entry)| {
        entry
            .parse()
            .map_err(at(format!("answer {} of the script", index + 1)))
    });
    answers.collect()
}

/// Reads a script file: on each line answers in the compact form, or JSON (an object, a string, or an array of
/// these). Blank lines and lines that begin with `#` are skipped.
pub fn parse_lines(text: &str) -> Result<Vec<Answer>, ScriptError> {
    let mut answers = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let of_line = parse_line(line.trim()).map_err(|reason| ScriptError {
            place: format!("line {}", index + 1),
            reason,
        })?;
        answers.extend(of_line);
    }
    Ok(answers)
}

fn parse_line(line: &str) -> Result<Vec<Answer>, String> {
    match line.chars().next() {
        None | Some('#') => Ok(Vec::new()),
        Some('{' | '"') => serde_json::from_str(line)
            .map(|answer| vec![answer])
            .map_err(|e| e.to_string()),
        Some('[') => serde_json::from_str(line).map_err(|e| e.to_string()),
        Some(_) => parse(line).map_err(|e| e.to_string()),
    }
}

impl FromStr for Answer {
    type Err = AnswerError;

    fn from_str(text: &str) -> Result<Self, AnswerError> {
        let mut answer = Self::default();
        for (index, part) in split(text, ',')?.into_iter().enumerate() {
            let (word, value) = match part.split_once('=') {
                Some((word, value)) => (word.trim(), Some(unquote(value.trim()))),
                None => (part.trim(), None),
            };
            if index == 0 && answer.set_reply(word, value.as_deref()).is_ok() {
                continue;
            }
            answer
                .set(word, value.as_deref())
                .map_err(|error| first_word(error, index))?;
        }
        Ok(answer)
    }
}

/// The first word may be an option (`cut=40` is a good answer that breaks), but who mistypes it meant an answer.
fn first_word(error: AnswerError, index: usize) -> AnswerError {
    match error {
        AnswerError::UnknownOption(word) if index == 0 => AnswerError::UnknownAnswer(word),
        other => other,
    }
}

impl Answer {
    pub(super) fn set_reply(&mut self, word: &str, text: Option<&str>) -> Result<(), AnswerError> {
        let reply = word.parse()?;
        if text.is_some() && reply != Reply::Ok {
            return Err(AnswerError::UnknownAnswer(word.into()));
        }
        self.reply = reply;
        self.text = text.map(str::to_owned);
        Ok(())
    }

    /// Sets one option; `None` is a word without value.
    pub(super) fn set(&mut self, option: &str, value: Option<&str>) -> Result<(), AnswerError> {
        let spelled = option.replace('_', "-");
        match (spelled.as_str(), value) {
            ("no-done", None) => self.no_done = true,
            ("hold", None) => self.hold = true,
            ("no-done" | "hold", Some(value)) => return Err(bad(option, value, "no value")),
            (known, None) if OPTIONS.split(", ").any(|name| name == known) => {
                return Err(AnswerError::NoValue(option.into()));
            }
            (_, None) => return Err(AnswerError::UnknownOption(option.into())),
            (known, Some(value)) => return self.set_value(known, value),
        }
        Ok(())
    }

    fn set_value(&mut self, option: &str, value: &str) -> Result<(), AnswerError> {
        match option {
            "times" => self.times = number(option, value)?.max(1),
            "text" => self.text = Some(value.into()),
            "tokens" => self.tokens = Some(number(option, value)?),
            "model" => self.model = Some(value.into()),
            "finish" => self.finish = Some(finish(option, value)?),
            "body" => self.body = Some(value.into()),
            "content-type" => self.content_type = Some(header_value(option, value)?),
            "header" => self.headers.push(header(value)?),
            "retry-after" => self.push_header(RETRY_AFTER, option, value)?,
            "retry-after-ms" => self.push_header(RETRY_AFTER_MS, option, value)?,
            "retry-after-date" => self.retry_after_date = Some(span(option, value)?),
            "delay" => self.delay = span(option, value)?,
            "first-token" => self.first_token = span(option, value)?,
            "token-delay" => self.token_delay = span(option, value)?,
            "ping" => self.ping = Some(span(option, value)?),
            "cut" | "end" | "stall" | "malformed" | "error" => {
                return self.set_fault(option, value);
            }
            unknown => return Err(AnswerError::UnknownOption(unknown.into())),
        }
        Ok(())
    }

    fn push_header(
        &mut self,
        name: HeaderName,
        option: &str,
        value: &str,
    ) -> Result<(), AnswerError> {
        self.headers.push((name, header_value(option, value)?));
        Ok(())
    }

    fn set_fault(&mut self, option: &str, value: &str) -> Result<(), AnswerError> {
        if self.fault.is_some() {
            return Err(AnswerError::SecondFault(option.into()));
        }
        self.fault = Some(match option {
            "cut" => Fault::Cut(number(option, value)?),
            "end" => Fault::End(number(option, value)?),
            "stall" => Fault::Stall(number(option, value)?),
            "malformed" => Fault::Malformed(number(option, value)?),
            _ => error_event(option, value)?,
        });
        Ok(())
    }
}

impl FromStr for Reply {
    type Err = AnswerError;

    fn from_str(word: &str) -> Result<Self, AnswerError> {
        let unknown = || AnswerError::UnknownAnswer(word.into());
        if let Ok(status) = word.parse::<u16>() {
            return Self::of_status(status).ok_or_else(unknown);
        }
        match word {
            "ok" => Ok(Self::Ok),
            "ok_error" | "ok-error" => Ok(Self::OkError),
            "empty" => Ok(Self::Empty),
            "hang" => Ok(Self::Hang),
            "reset" => Ok(Self::Reset),
            "close" => Ok(Self::Close),
            other => ErrorKind::named(other).map(Self::Error).ok_or_else(unknown),
        }
    }
}

impl Reply {
    fn of_status(status: u16) -> Option<Self> {
        match status {
            200 => Some(Self::Ok),
            201..=599 => {
                Some(ErrorKind::of_status(status).map_or(Self::Status(status), Self::Error))
            }
            _ => None,
        }
    }
}

/// Splits at a separator outside of quoted values. A quote opens only right after a `=`.
fn split(text: &str, separator: char) -> Result<Vec<&str>, AnswerError> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut last) = (false, false, ' ');
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if quoted => quoted = false,
            '"' if last == '=' => quoted = true,
            c if c == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
        last = c;
    }
    parts.push(&text[start..]);
    if quoted {
        Err(AnswerError::OpenQuote(text.into()))
    } else {
        Ok(parts)
    }
}

/// What stands in the quotes, with `\"`, `\\` and `\n` resolved; a value without quotes as it is.
fn unquote(value: &str) -> String {
    let inside = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(inside) = inside else {
        return value.to_owned();
    };
    let (mut text, mut chars) = (String::with_capacity(inside.len()), inside.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next().map(|c| if c == 'n' { '\n' } else { c })),
            c => text.push(c),
        }
    }
    text
}

fn number(option: &str, value: &str) -> Result<u32, AnswerError> {
    value
        .parse()
        .map_err(|_| bad(option, value, "a whole number"))
}

fn span(option: &str, value: &str) -> Result<Duration, AnswerError> {
    duration::parse(value).map_err(|_| bad(option, value, "a duration such as 200ms, 1.5s or 2m"))
}

fn finish(option: &str, value: &str) -> Result<Finish, AnswerError> {
    Finish::named(value).ok_or_else(|| bad(option, value, "stop, length, tools or refusal"))
}

fn header_value(option: &str, value: &str) -> Result<HeaderValue, AnswerError> {
    value
        .parse()
        .map_err(|_| bad(option, value, "what a header may carry"))
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), AnswerError> {
    let want = "NAME:VALUE, such as x-should-retry:false";
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| bad("header", text, want))?;
    let name = name.trim().parse().map_err(|_| bad("header", text, want))?;
    Ok((name, header_value("header", value.trim())?))
}

/// `20` or `20:overloaded`.
fn error_event(option: &str, value: &str) -> Result<Fault, AnswerError> {
    let (after, word) = value.split_once(':').unwrap_or((value, "server_error"));
    let kind =
        ErrorKind::named(word.trim()).ok_or_else(|| AnswerError::UnknownAnswer(word.into()))?;
    Ok(Fault::Error(number(option, after.trim())?, kind))
}

fn bad(option: &str, value: &str, want: &str) -> AnswerError {
    AnswerError::BadValue {
        option: option.into(),
        value: value.into(),
        want: want.into(),
    }
}
