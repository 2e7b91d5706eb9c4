//! The compact form of answers: `WORD[=TEXT][,OPTION[=VALUE]]...`, and scripts of them separated by `;`.
//!
//! Commas and semicolons inside a value stand in double quotes that open right after the `=`. Whoever mistypes a word
//! is told which words there are.

use std::str::FromStr;

use axum::http::HeaderName;
use axum::http::header::RETRY_AFTER;

use super::error::{AnswerError, OPTIONS, ScriptError};
use super::quote::{split, unquote};
use super::value::{
    bad, difference, error_event, finish, header, header_value, number, size, span, stall, tool,
};
use super::{Answer, REPLIES, RETRY_AFTER_MS, Reply};
use crate::fault::{ErrorKind, Fault};
use crate::transfer::Encoding;

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
        if text.is_some() && !matches!(reply, Reply::Ok | Reply::Redirect) {
            return Err(AnswerError::UnknownAnswer(word.into()));
        }
        self.reply = reply;
        self.text = text.map(str::to_owned);
        Ok(())
    }

    /// Sets one option; `None` is a word without value.
    pub(super) fn set(&mut self, option: &str, value: Option<&str>) -> Result<(), AnswerError> {
        let spelled = option.replace('_', "-");
        let spelled = spelled.as_str();
        match (self.set_flag(spelled), value) {
            (true, None) => Ok(()),
            (true, Some(value)) => Err(bad(option, value, "no value")),
            (false, Some(value)) => self.set_value(spelled, value),
            (false, None) if OPTIONS.split(", ").any(|name| name == spelled) => {
                Err(AnswerError::NoValue(option.into()))
            }
            (false, None) => Err(AnswerError::UnknownOption(option.into())),
        }
    }

    /// Sets an option that has no value; false if there is none of that name.
    fn set_flag(&mut self, option: &str) -> bool {
        match option {
            "no-done" => self.no_done = true,
            "hold" => self.hold = true,
            "opens-early" => self.opens_early = true,
            "gzip" => self.transfer.encoding = Encoding::Gzip,
            "bad-gzip" => self.transfer.encoding = Encoding::BadGzip,
            "close-after" => self.transfer.close_after = true,
            _ => return false,
        }
        true
    }

    fn set_value(&mut self, option: &str, value: &str) -> Result<(), AnswerError> {
        match option {
            "times" => self.times = number::<u32>(option, value)?.max(1),
            "for" => self.lasts = Some(span(option, value)?),
            "text" => self.text = Some(value.into()),
            "tokens" => self.tokens = Some(number(option, value)?),
            "reasoning" => self.reasoning = Some(value.into()),
            "tool" => self.tools.push(tool(option, value)?),
            "cached" => self.cached = number(option, value)?,
            "cache-written" => self.cache_written = number(option, value)?,
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
            "size" => self.transfer.size = size(option, value)?,
            "drip" => self.transfer.drip = span(option, value)?,
            "length" => self.transfer.length = difference(option, value)?,
            "header-size" => self.transfer.header_size = number(option, value)?,
            "cut" | "end" | "stall" | "malformed" | "error" | "goaway" => {
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
            "stall" => stall(option, value)?,
            "goaway" => Fault::GoAway(number(option, value)?),
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
        let word = word.replace('-', "_");
        let reply = REPLIES.iter().find(|(_, name)| *name == word);
        reply
            .map(|(reply, _)| *reply)
            .or_else(|| ErrorKind::named(&word).map(Self::Error))
            .ok_or_else(unknown)
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
