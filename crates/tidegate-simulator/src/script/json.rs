//! Answers as JSON: an object of the same options (`{"answer": 429, "retry_after": 2}`), or the compact form in a
//! string. Reading goes through the option table of the compact form; writing lists what differs from the default.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{Answer, AnswerError};
use crate::completion::ToolCall;
use crate::duration::exact;
use crate::fault::Fault;
use crate::transfer::{Encoding, Transfer};

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnswerVisitor)
    }
}

struct AnswerVisitor;

impl<'de> Visitor<'de> for AnswerVisitor {
    type Value = Answer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer: an object such as {\"answer\": 429, \"retry_after\": 2}, or a text such as \"503\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Answer, E> {
        Answer::from_str(text).map_err(E::custom)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Answer, M::Error> {
        let mut answer = Answer::default();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            set(&mut answer, &key, value).map_err(M::Error::custom)?;
        }
        Ok(answer)
    }
}

fn set(answer: &mut Answer, key: &str, value: Value) -> Result<(), String> {
    match value {
        Value::Null | Value::Bool(false) => Ok(()),
        Value::Bool(true) => set_text(answer, key, None),
        Value::Number(number) => set_text(answer, key, Some(&number.to_string())),
        Value::String(text) => set_text(answer, key, Some(&text)),
        Value::Object(headers) if key == "headers" => set_headers(answer, &headers),
        Value::Array(tools) if key == "tools" => {
            let mut tools = tools.into_iter();
            tools.try_for_each(|tool| set_tool(answer, &tool))
        }
        body if key == "body" => set_text(answer, key, Some(&body.to_string())),
        other => Err(format!("`{key}` cannot be `{other}`")),
    }
}

fn set_text(answer: &mut Answer, key: &str, value: Option<&str>) -> Result<(), String> {
    let set = match (key, value) {
        ("answer", Some(word)) => word.parse().map(|reply| answer.reply = reply),
        (key, value) => answer.set(key, value),
    };
    set.map_err(|error: AnswerError| error.to_string())
}

/// `{"name": "weather", "arguments": {"city": "Rome"}}`; arguments that are a text stand as they are.
fn set_tool(answer: &mut Answer, tool: &Value) -> Result<(), String> {
    let name = tool.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| format!("a tool needs a `name`: `{tool}`"))?;
    let arguments = match tool.get("arguments") {
        None => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(arguments) => arguments.to_string(),
    };
    let name = name.to_owned();
    answer.tools.push(ToolCall { name, arguments });
    Ok(())
}

fn set_headers(answer: &mut Answer, headers: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in headers {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let header = format!("{name}:{value}");
        set_text(answer, "header", Some(&header))?;
    }
    Ok(())
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("answer", &self.reply.to_string())?;
        for (option, value) in self.options() {
            map.serialize_entry(option, &value)?;
        }
        if !self.headers.is_empty() {
            map.serialize_entry("headers", &self.headers_as_json())?;
        }
        map.end()
    }
}

impl Answer {
    /// The options that differ from the default, headers apart.
    fn options(&self) -> Vec<(&'static str, Value)> {
        let content_type = self.content_type.as_ref();
        let options = [
            ("times", (self.times != 1).then(|| self.times.into())),
            ("for", self.lasts.map(|span| exact(span).into())),
            ("text", self.text.clone().map(Value::from)),
            ("tokens", self.tokens.map(Value::from)),
            ("reasoning", self.reasoning.clone().map(Value::from)),
            (
                "tools",
                (!self.tools.is_empty()).then(|| self.tools_as_json()),
            ),
            ("cached", (self.cached > 0).then(|| self.cached.into())),
            (
                "cache_written",
                (self.cache_written > 0).then(|| self.cache_written.into()),
            ),
            ("model", self.model.clone().map(Value::from)),
            ("finish", self.finish.map(|finish| finish.word().into())),
            ("body", self.body.clone().map(Value::from)),
            (
                "content_type",
                content_type.map(|value| lossy(value.as_bytes())),
            ),
            (
                "retry_after_date",
                self.retry_after_date.map(|span| exact(span).into()),
            ),
            (
                "delay",
                (!self.delay.is_zero()).then(|| exact(self.delay).into()),
            ),
            (
                "first_token",
                (!self.first_token.is_zero()).then(|| exact(self.first_token).into()),
            ),
            (
                "token_delay",
                (!self.token_delay.is_zero()).then(|| exact(self.token_delay).into()),
            ),
            ("opens_early", self.opens_early.then_some(Value::Bool(true))),
            ("ping", self.ping.map(|span| exact(span).into())),
            ("no_done", self.no_done.then_some(Value::Bool(true))),
            ("hold", self.hold.then_some(Value::Bool(true))),
        ];
        let set = options
            .into_iter()
            .filter_map(|(option, value)| Some((option, value?)));
        set.chain(self.fault.map(fault))
            .chain(transfer(&self.transfer))
            .collect()
    }

    fn tools_as_json(&self) -> Value {
        let tools = self.tools.iter();
        tools
            .map(|call| json!({"name": call.name, "arguments": call.arguments}))
            .collect()
    }

    fn headers_as_json(&self) -> Map<String, Value> {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| (name.to_string(), lossy(value.as_bytes())))
            .collect()
    }
}

fn transfer(transfer: &Transfer) -> impl Iterator<Item = (&'static str, Value)> {
    let encoding = match transfer.encoding {
        Encoding::Plain => None,
        Encoding::Gzip => Some(("gzip", Value::Bool(true))),
        Encoding::BadGzip => Some(("bad_gzip", Value::Bool(true))),
    };
    let (size, header_size) = (transfer.size, transfer.header_size);
    let length = (transfer.length != 0).then(|| format!("{:+}", transfer.length));
    let drip = (!transfer.drip.is_zero()).then(|| exact(transfer.drip));
    let options = [
        ("size", (size > 0).then(|| size.into())),
        ("drip", drip.map(Value::from)),
        ("length", length.map(Value::from)),
        ("header_size", (header_size > 0).then(|| header_size.into())),
        (
            "close_after",
            transfer.close_after.then_some(Value::Bool(true)),
        ),
    ];
    let options = options.into_iter();
    options
        .filter_map(|(option, value)| Some((option, value?)))
        .chain(encoding)
}

fn lossy(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into()
}

fn fault(fault: Fault) -> (&'static str, Value) {
    match fault {
        Fault::Cut(after) => ("cut", after.into()),
        Fault::End(after) => ("end", after.into()),
        Fault::Stall(after) => ("stall", after.into()),
        Fault::Pause(after, length) => ("stall", format!("{after}:{}", exact(length)).into()),
        Fault::GoAway(after) => ("goaway", after.into()),
        Fault::Malformed(at) => ("malformed", at.into()),
        Fault::Error(after, kind) => ("error", format!("{after}:{}", kind.word()).into()),
    }
}
