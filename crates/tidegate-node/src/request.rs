//! What JavaScript asks for, read into the engine's words.
//!
//! Keys are JavaScript's (`maxTokens`), times are milliseconds or texts (`"90s"`), and what is not understood is an
//! error by name: an option that is ignored costs more than one that is refused.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tidegate::config::{DeliveryMode, Origin, Settings, Sourced, Time};
use tidegate::quota::Priority;
use tidegate::{
    Context, EmbedRequest, EmbedRun, Message, OutputFormat, Request, RunRequest, Tool, ToolChoice,
};

use crate::reading;

const CALL: Origin = Origin::Flag("the call");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Run {
    endpoint: Option<String>,
    model: Option<String>,
    prompt: Option<String>,
    system: Option<String>,
    #[serde(default)]
    messages: Vec<Value>,
    max_tokens: Option<u32>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    top_k: Option<u32>,
    seed: Option<i64>,
    frequency_penalty: Option<f64>,
    presence_penalty: Option<f64>,
    #[serde(default)]
    stop: Vec<String>,
    #[serde(default)]
    tools: Vec<Value>,
    tool_choice: Option<ToolChoice>,
    parallel_tool_calls: Option<bool>,
    output: Option<OutputFormat>,
    #[serde(default)]
    extra: Map<String, Value>,
    context: Option<Files>,
    #[serde(default)]
    priority: Priority,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Files {
    root: PathBuf,
    #[serde(default)]
    include_dirs: Vec<PathBuf>,
    named_in: Option<String>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    allow_secrets: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Embed {
    endpoint: Option<String>,
    model: Option<String>,
    inputs: Vec<String>,
    dimensions: Option<u32>,
    #[serde(default)]
    extra: Map<String, Value>,
    #[serde(default)]
    priority: Priority,
}

/// A request for an answer.
pub(crate) fn run(json: &str) -> Result<RunRequest, String> {
    let (asked, settings): (Run, _) = read(json)?;
    let mut messages = Vec::with_capacity(asked.messages.len() + 1);
    for (nth, written) in asked.messages.into_iter().enumerate() {
        messages.push(message(nth, written)?);
    }
    messages.extend(asked.prompt.map(Message::user));
    if messages.is_empty() {
        return Err("a request needs a `prompt` or `messages`".into());
    }
    let tools = asked.tools.into_iter().enumerate();
    let tools = tools.map(|(nth, written)| tool(nth, written));
    Ok(RunRequest {
        endpoint: asked.endpoint,
        model: asked.model,
        request: Request {
            system: asked.system,
            messages,
            max_tokens: asked.max_tokens,
            temperature: asked.temperature,
            top_p: asked.top_p,
            top_k: asked.top_k,
            seed: asked.seed,
            frequency_penalty: asked.frequency_penalty,
            presence_penalty: asked.presence_penalty,
            stop: asked.stop,
            tools: tools.collect::<Result<_, _>>()?,
            tool_choice: asked.tool_choice,
            parallel_tool_calls: asked.parallel_tool_calls,
            output: asked.output,
            stream: false,
            shared_prefix: 0,
            extra: asked.extra,
        },
        context: asked.context.map(|files| Context {
            root: files.root,
            include_dirs: files.include_dirs,
            named_in: files.named_in,
            allow_secrets: files.allow_secrets,
            progress: tidegate::context::Progress::default(),
            strict: files.strict,
        }),
        settings,
        priority: asked.priority,
    })
}

/// A request for vectors.
pub(crate) fn embed(json: &str) -> Result<EmbedRun, String> {
    let (asked, settings): (Embed, _) = read(json)?;
    if asked.inputs.is_empty() {
        return Err("`inputs` must hold a text at least".into());
    }
    Ok(EmbedRun {
        endpoint: asked.endpoint,
        model: asked.model,
        request: EmbedRequest {
            inputs: asked.inputs,
            dimensions: asked.dimensions,
            extra: asked.extra,
        },
        settings,
        priority: asked.priority,
    })
}

fn read<T: DeserializeOwned>(json: &str) -> Result<(T, Settings), String> {
    let mut options: Map<String, Value> = reading::read(json)?;
    // What is `null` was left out, here as in a configuration.
    options.retain(|_, value| !value.is_null());
    let settings = settings(&mut options)?;
    let rest = reading::read_at("", Value::Object(options))?;
    Ok((rest, settings))
}

/// A turn: `{ role, content }` with a text, or `{ role, parts }`.
fn message(nth: usize, written: Value) -> Result<Message, String> {
    let place = format!("messages[{nth}]");
    let mut turn = renamed(written, &snake);
    only(&place, &turn, &["role", "content", "parts"])?;
    let content = turn.as_object_mut().and_then(|turn| turn.remove("content"));
    if let Some(content) = content {
        let text: String = reading::read_at(&format!("{place}.content"), content)?;
        turn["parts"] = serde_json::json!([{ "type": "text", "text": text }]);
    }
    reading::read_at(&place, turn)
}

fn tool(nth: usize, written: Value) -> Result<Tool, String> {
    let place = format!("tools[{nth}]");
    let known = ["name", "description", "parameters", "strict"];
    only(&place, &written, &known)?;
    reading::read_at(&place, written)
}

/// Refuses an object that says more than is understood.
fn only(place: &str, written: &Value, known: &[&str]) -> Result<(), String> {
    let mut names = written.as_object().into_iter().flat_map(Map::keys);
    match names.find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(format!(
            "`{place}.{name}` is not known: there are `{}`",
            known.join("`, `")
        )),
    }
}

/// Takes the settings out of a request's options.
fn settings(options: &mut Map<String, Value>) -> Result<Settings, String> {
    let mut of = Taken { options };
    Ok(Settings {
        max_retries: of.plain("maxRetries")?,
        retry_base_delay: of.time("retryBaseDelay")?,
        retry_max_delay: of.time("retryMaxDelay")?,
        retry_jitter: of.share("retryJitter")?,
        max_retry_after: of.time("maxRetryAfter")?,
        fallback_after: of.time("fallbackAfter")?,
        resend_unknown: of.plain("resendUnknown")?,
        delivery: of.delivery()?,
        connect_timeout: of.time("connectTimeout")?,
        first_token_timeout: of.time("firstTokenTimeout")?,
        idle_timeout: of.time("idleTimeout")?,
        timeout: of.time("timeout")?,
        deadline: of.time("deadline")?,
        // Limits belong to an account, not to one of its requests.
        ..Settings::default()
    })
}

struct Taken<'o> {
    options: &'o mut Map<String, Value>,
}

type Setting<T> = Result<Option<Sourced<T>>, String>;

impl Taken<'_> {
    fn plain<T: DeserializeOwned>(&mut self, name: &str) -> Setting<T> {
        let Some(value) = self.options.remove(name) else {
            return Ok(None);
        };
        let value = reading::read_at(name, value)?;
        Ok(Some(Sourced::new(value, CALL)))
    }

    fn time(&mut self, name: &str) -> Setting<Time> {
        let Some(value) = self.options.remove(name) else {
            return Ok(None);
        };
        let time = match &value {
            Value::Number(ms) => millis(ms.as_f64()),
            Value::String(text) => text.parse().map_err(|error| format!("{error}")),
            _ => Err("must be milliseconds or a text like \"90s\"".to_owned()),
        };
        let time = time.map_err(|error| format!("`{name}`: {error}"))?;
        Ok(Some(Sourced::new(time, CALL)))
    }

    /// A share: from 0 to 1.
    fn share(&mut self, name: &str) -> Setting<f64> {
        let share: Option<Sourced<f64>> = self.plain(name)?;
        match share {
            Some(share) if !(0.0..=1.0).contains(&share.value) => Err(format!(
                "`{name}`: must be from 0 to 1, found {}",
                share.value
            )),
            share => Ok(share),
        }
    }

    fn delivery(&mut self) -> Setting<DeliveryMode> {
        let written: Option<Sourced<String>> = self.plain("delivery")?;
        let mode = written.map(|written| match written.value.as_str() {
            "live" => Ok(Sourced::new(DeliveryMode::Live, CALL)),
            "whole" => Ok(Sourced::new(DeliveryMode::Whole, CALL)),
            _ => Err("`delivery` must be \"live\" or \"whole\"".to_owned()),
        });
        mode.transpose()
    }
}

fn millis(ms: Option<f64>) -> Result<Time, String> {
    let time = Duration::try_from_secs_f64(ms.unwrap_or(-1.0) / 1_000.0);
    match time {
        Ok(time) if time <= Time::LONGEST => Ok(Time(time)),
        _ => Err("must be a number of milliseconds, from zero to those of a year".to_owned()),
    }
}

/// A value with the keys of its objects spelled otherwise.
pub(crate) fn renamed(value: Value, spell: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Object(object) => {
            let entries = object.into_iter();
            let entries = entries.map(|(key, value)| (spell(&key), renamed(value, spell)));
            Value::Object(entries.collect())
        }
        Value::Array(items) => {
            let items = items.into_iter().map(|item| renamed(item, spell));
            Value::Array(items.collect())
        }
        other => other,
    }
}

/// `mediaType` as the engine spells it.
fn snake(key: &str) -> String {
    let mut spelled = String::with_capacity(key.len() + 4);
    for character in key.chars() {
        if character.is_ascii_uppercase() {
            spelled.push('_');
        }
        spelled.push(character.to_ascii_lowercase());
    }
    spelled
}

/// `media_type` as JavaScript spells it.
pub(crate) fn camel(key: &str) -> String {
    let mut words = key.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut spelled, word| {
        let mut characters = word.chars();
        spelled.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        spelled.push_str(characters.as_str());
        spelled
    })
}
