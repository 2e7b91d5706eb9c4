//! A fixture as a value: what `fixtures/README.md` describes, read strictly.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tidegate_core::{
    Command, EmbedRequest, Embeddings, Failure, LimitKey, Network, PromptBy, Request, Response,
    RetryPolicy, Secret, Status, Target, Timeouts, Timestamp,
};
use tidegate_providers::providers::command::CCW_LITELLM;
use tidegate_providers::{Provider, Reply, ReplyHead};

/// The credential of every fixture that does not bring its own.
pub(crate) const KEY: &str = "sk-fixture-0123456789abcdef";

/// The moment every reply comes in: 2026-11-23T12:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

/// One file.
pub(crate) struct Fixture {
    pub(crate) provider: String,
    pub(crate) name: String,
    pub(crate) case: Case,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// Where it comes from and what it shows: for readers.
    #[expect(dead_code, reason = "required of every fixture, read by people")]
    about: String,
    #[serde(default)]
    pub(crate) target: TargetCase,
    pub(crate) request: Option<Request>,
    pub(crate) embed: Option<EmbedRequest>,
    pub(crate) reply: Option<HttpCase>,
    pub(crate) embed_reply: Option<HttpCase>,
    pub(crate) stream: Option<StreamCase>,
    pub(crate) process: Option<ProcessCase>,
    pub(crate) expect: Expect,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TargetCase {
    model: Option<String>,
    base_url: Setting,
    key: Setting,
    headers: BTreeMap<String, String>,
    argv: Option<Vec<String>>,
    prompt: Option<String>,
}

/// A setting that a fixture leaves as usual, takes away with `null`, or gives.
#[derive(Deserialize, Default)]
#[serde(from = "Option<String>")]
enum Setting {
    #[default]
    Usual,
    Absent,
    Given(String),
}

impl From<Option<String>> for Setting {
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::Absent, Self::Given)
    }
}

impl Setting {
    fn or(&self, usual: &str) -> Option<String> {
        match self {
            Self::Usual => Some(usual.to_owned()),
            Self::Absent => None,
            Self::Given(value) => Some(value.clone()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpCase {
    pub(crate) status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    body_text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamCase {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    lines: Option<Vec<String>>,
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcessCase {
    ended: Ended,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Ended {
    Exit(i32),
    Signal(i32),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) call: Option<Value>,
    pub(crate) refused: Option<String>,
    pub(crate) response: Option<Response>,
    pub(crate) embeddings: Option<Embeddings>,
    pub(crate) failure: Option<Map<String, Value>>,
    pub(crate) limits: Option<Value>,
    pub(crate) deltas: Option<Vec<Value>>,
    pub(crate) end: Option<Value>,
}

/// Where the fixtures lie.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Names of the folders in `root`, sorted.
pub(crate) fn folders() -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Every fixture of a provider, sorted by name; none where the folder is missing.
pub(crate) fn of(provider: &str) -> Vec<Fixture> {
    let Ok(entries) = fs::read_dir(root().join(provider)) else {
        return Vec::new();
    };
    let mut fixtures: Vec<_> = entries
        .map(|entry| read(provider, &entry.unwrap().path()))
        .collect();
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    fixtures
}

fn read(provider: &str, path: &Path) -> Fixture {
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = fs::read(path).unwrap();
    let case: Case = serde_json::from_slice(&text)
        .unwrap_or_else(|error| panic!("{provider}/{name}.json is not a fixture: {error}"));
    Fixture {
        provider: provider.to_owned(),
        name,
        case,
    }
}

impl Fixture {
    /// What stands before every message about it.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}.json", self.provider, self.name)
    }

    /// The target it speaks of.
    pub(crate) fn target(&self, provider: &dyn Provider) -> Target {
        let case = &self.case.target;
        let default_url = provider
            .default_base_url()
            .unwrap_or("https://llm.example/v1");
        let key = case.key.or(KEY);
        let env = key
            .clone()
            .map(|key| ("OPENAI_API_KEY".to_owned(), Secret::new(key)));
        let command = Command {
            argv: case
                .argv
                .clone()
                .unwrap_or_else(|| CCW_LITELLM.iter().map(|&arg| arg.to_owned()).collect()),
            prompt: match case.prompt.as_deref() {
                Some("stdin") => PromptBy::Stdin,
                None | Some("argument") => PromptBy::Argument,
                Some(other) => panic!("{}: no such way for a prompt: {other}", self.label()),
            },
            env: env.into_iter().collect(),
        };
        Target {
            endpoint: "fixture".into(),
            account: "fixture".into(),
            provider: self.provider.clone(),
            model: case.model.clone().unwrap_or_else(|| "test-model".into()),
            base_url: case.base_url.or(default_url),
            credential: key.map(Secret::new),
            headers: (case.headers.iter())
                .map(|(name, value)| (name.clone(), Secret::new(value.clone())))
                .collect(),
            network: Network::default(),
            command: provider.is_command().then_some(command),
            limit_key: LimitKey::new("fixture"),
            timeouts: Timeouts::HTTP,
            retry: RetryPolicy::default(),
            limits: tidegate_core::quota::Limits::default(),
        }
    }

    /// The failure expected, spelled out: the number the reply came with, answered, and nothing else unless said.
    pub(crate) fn failure(&self) -> Option<Value> {
        let whole = self.case.reply.as_ref().or(self.case.embed_reply.as_ref());
        let status = match (whole, &self.case.process) {
            (Some(reply), _) => json!({ "http": reply.status }),
            (None, Some(process)) => serde_json::to_value(process.status()).unwrap(),
            (None, None) => Value::Null,
        };
        let mut whole = json!({
            "kind": null, "delivery": "answered", "status": status, "code": null, "retry_after_ms": null,
            "limit_ms": null, "retry_advised": null,
        });
        for (field, value) in self.case.expect.failure.as_ref()? {
            match field.as_str() {
                "detail" | "detail_has" => {}
                known if whole.get(known).is_some() => whole[known] = value.clone(),
                unknown => panic!("{}: a failure has no `{unknown}`", self.label()),
            }
        }
        Some(with_floats(whole))
    }
}

/// A failure as a fixture writes it.
pub(crate) fn shown(failure: &Failure) -> Value {
    with_floats(serde_json::to_value(failure).unwrap())
}

/// `20` and `20.0` are one number in a fixture.
fn with_floats(mut value: Value) -> Value {
    if let Some(millis) = value.get("retry_after_ms").and_then(Value::as_f64) {
        value["retry_after_ms"] = millis.into();
    }
    value
}

impl HttpCase {
    /// The reply as a transport would hand it over.
    pub(crate) fn reply(&self) -> Reply {
        let body = match (&self.body, &self.body_text) {
            (Some(json), None) => Bytes::from(serde_json::to_vec_pretty(json).unwrap()),
            (None, text) => Bytes::from(text.clone().unwrap_or_default()),
            (Some(_), Some(_)) => panic!("a reply has `body` or `body_text`, not both"),
        };
        Reply {
            head: ReplyHead::Http {
                status: StatusCode::from_u16(self.status).unwrap(),
                headers: header_map(&self.headers),
            },
            body,
        }
    }
}

impl StreamCase {
    /// The head: a success that announces events.
    pub(crate) fn head(&self) -> ReplyHead {
        let mut headers = header_map(&self.headers);
        headers
            .entry("content-type")
            .or_insert(HeaderValue::from_static("text/event-stream; charset=utf-8"));
        ReplyHead::Http {
            status: StatusCode::OK,
            headers,
        }
    }

    /// The bytes that follow it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match (&self.lines, &self.text) {
            (Some(lines), None) => lines
                .iter()
                .flat_map(|line| [line.as_str(), "\n"])
                .collect::<String>()
                .into(),
            (None, Some(text)) => text.clone().into(),
            _ => panic!("a stream has either `lines` or `text`"),
        }
    }
}

impl ProcessCase {
    fn status(&self) -> Status {
        match self.ended {
            Ended::Exit(code) => Status::Exit(code),
            Ended::Signal(signal) => Status::Signal(signal),
        }
    }

    /// How the process ended, as a transport would hand it over.
    pub(crate) fn reply(&self) -> Reply {
        Reply {
            head: ReplyHead::Process {
                ended: self.status(),
                stderr: self.stderr.clone().into(),
            },
            body: self.stdout.clone().into(),
        }
    }
}

fn header_map(headers: &BTreeMap<String, String>) -> HeaderMap {
    headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::try_from(name).unwrap(),
                HeaderValue::try_from(value).unwrap(),
            )
        })
        .collect()
}
