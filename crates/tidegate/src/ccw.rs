//! The call as the seed's first callers make it: one function, its options, its result and its lines of output.
//!
//! Those callers name an endpoint of `litellm-api-config.json`, look for exact texts in errors and lines, and replace
//! the parts of a process under it. What they meet is the same engine as everywhere: this module puts their words
//! before it and behind it, and nothing between.

mod overheard;
mod packing;
mod tell;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_core::Request;
use tidegate_providers::providers::command::MAX_ARGUMENT;

use self::overheard::Overheard;
use self::packing::Packing;
pub use self::tell::{Line, Stream, Tell};
use crate::config::{CcwEndpoint, CcwMiss, Environment, Origin, Settings, Sourced, Time};
use crate::error::Error;
use crate::executor::Executor;
use crate::run_request::RunRequest;
use crate::transport::Transport;

/// What stands for the transport in the callers' environment.
const TRANSPORT: &str = "TIDEGATE_TRANSPORT";

/// What a caller asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CcwOptions {
    /// What is asked.
    pub prompt: String,
    /// The endpoint, by its id.
    pub endpoint_id: String,
    /// The project: its files are looked up after those of `cwd` and of `include_dirs`.
    pub base_dir: Option<PathBuf>,
    /// Where `@patterns` are looked up.
    #[serde(default)]
    pub cwd: PathBuf,
    /// Further directories for them.
    pub include_dirs: Option<Vec<PathBuf>>,
    /// Whether the prompt's files are packed before it; unset: as the endpoint says.
    pub enable_cache: Option<bool>,
    /// Another model than the endpoint's.
    pub model: Option<String>,
    /// How often a failed attempt is repeated. Never, unless chosen.
    pub max_retries: Option<u32>,
    /// The delay before the first retry; it doubles with each. 1,000 unless chosen.
    pub retry_base_delay_ms: Option<f64>,
    /// `http`: without the command. Unset: as `TIDEGATE_TRANSPORT` says.
    pub transport: Option<String>,
    /// The interpreter of the command. `python` unless chosen.
    pub python: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CcwResult {
    /// Whether there is an answer.
    pub success: bool,
    /// The answer.
    pub output: String,
    /// The model asked; empty where none was found.
    pub model: String,
    /// The provider's type; empty where none was found.
    pub provider: String,
    /// Whether files were packed before the prompt.
    pub cache_used: bool,
    /// Their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_files: Option<Vec<String>>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Makes the call. `executor` owns the lines that parallel calls stand in; `process` starts the command, and `tell`
/// hears the lines. The configuration is read anew.
pub async fn execute(
    executor: &Executor,
    environment: Environment,
    options: CcwOptions,
    process: Arc<dyn Transport>,
    tell: Arc<dyn Tell>,
) -> CcwResult {
    let id = options.endpoint_id.clone();
    let chosen =
        (options.is_native(&environment)).and_then(|native| Ok((native, options.settings()?)));
    let (native, settings) = match chosen {
        Ok(chosen) => chosen,
        Err(wrong) => return CcwResult::failed(format!("wrong options: {wrong}")),
    };
    let load = move || CcwEndpoint::load(&id, environment);
    let endpoint = match tokio::task::spawn_blocking(load).await {
        Ok(Ok(endpoint)) => endpoint,
        Ok(Err(miss)) => return CcwResult::missed(&miss),
        Err(error) => return CcwResult::failed(error.to_string()),
    };
    let call = Call {
        model: options
            .model
            .clone()
            .unwrap_or_else(|| endpoint.model.clone()),
        endpoint,
        options,
        settings,
        native,
        overheard: Arc::new(Overheard::new(process)),
        tell,
    };
    call.make(executor).await
}

impl CcwOptions {
    fn is_native(&self, environment: &Environment) -> Result<bool, String> {
        let (name, chosen) = match &self.transport {
            Some(chosen) => ("transport", Some(chosen.as_str())),
            None => (TRANSPORT, environment.get(TRANSPORT)),
        };
        match chosen {
            Some("http") => Ok(true),
            None | Some("" | "command") => Ok(false),
            Some(other) => Err(format!(
                "`{name}`: must be `http` or `command`, found {other:?}"
            )),
        }
    }

    fn settings(&self) -> Result<Settings, String> {
        const CALL: Origin = Origin::Flag("the call");
        let base = self.retry_base_delay_ms.unwrap_or(1_000.0) / 1_000.0;
        let base = Duration::try_from_secs_f64(base).ok();
        let base = base.filter(|base| *base <= Time::LONGEST).ok_or(
            "`retryBaseDelayMs`: must be a number of milliseconds, from zero to those of a year",
        )?;
        let time = |time: Duration| Some(Sourced::new(Time(time), CALL));
        Ok(Settings {
            max_retries: Some(Sourced::new(self.max_retries.unwrap_or(0), CALL)),
            retry_base_delay: time(base),
            deadline: time(Time::LONGEST),
            ..Settings::default()
        })
    }
}

/// A call whose endpoint is found.
struct Call {
    endpoint: CcwEndpoint,
    options: CcwOptions,
    settings: Settings,
    model: String,
    native: bool,
    overheard: Arc<Overheard>,
    tell: Arc<dyn Tell>,
}

impl Call {
    async fn make(self, executor: &Executor) -> CcwResult {
        let packing = Packing::of(&self.endpoint, &self.options, &*self.tell);
        let (prompt, cached) = packing.before(&self.options.prompt).await;
        let calling = format!("[LiteLLM: Calling {}/{}]\n", self.endpoint.kind, self.model);
        self.tell.err(calling);
        let result = self.run(executor, prompt).await;
        match &result {
            Ok(output) => self.tell.out(output.clone()),
            Err(error) => self.tell.err(format!("[LiteLLM error: {error}]\n")),
        }
        let told = CcwResult {
            model: self.model,
            provider: self.endpoint.kind,
            cache_used: !cached.is_empty(),
            ..CcwResult::default()
        };
        match result {
            Ok(output) => CcwResult {
                success: true,
                output,
                cached_files: Some(cached),
                ..told
            },
            Err(error) => CcwResult {
                error: Some(error),
                ..told
            },
        }
    }

    async fn run(&self, executor: &Executor, prompt: String) -> Result<String, String> {
        let config = if self.native {
            self.endpoint.config.clone()
        } else {
            fits(&prompt)?;
            let python = self.options.python.as_deref().unwrap_or("python");
            let config = self.endpoint.through_command(python);
            config.map_err(|error| error.to_string())?
        };
        let request = RunRequest {
            endpoint: Some(self.endpoint.id.clone()),
            model: self.options.model.clone(),
            request: Request::prompt(prompt),
            settings: self.settings.clone(),
            ..RunRequest::default()
        };
        let retries = tell::Retries {
            tell: Arc::clone(&self.tell),
            overheard: Arc::clone(&self.overheard),
            allowed: self.options.max_retries.unwrap_or(0),
        };
        let process: Arc<dyn Transport> = Arc::clone(&self.overheard) as _;
        let executor = Executor::builder(config)
            .beside(executor)
            .process_transport(process)
            .event_sink(Arc::new(retries))
            .build();
        let outcome = executor.run(request).await;
        match outcome.result {
            Ok(response) => Ok(response.text),
            Err(error) => Err(self.overheard.last().unwrap_or_else(|| words(&error))),
        }
    }
}

/// What an error says where no child has said it: the engine's line and the provider's own words.
fn words(error: &Error) -> String {
    let detail = error.failure().map(|failure| failure.detail.as_str());
    match detail.filter(|detail| !detail.is_empty()) {
        Some(detail) => format!("{error}: {detail}"),
        None => error.to_string(),
    }
}

/// A prompt that no argument can hold fails before anything is started, with the way out.
fn fits(prompt: &str) -> Result<(), String> {
    let bytes = prompt.len();
    let why = if prompt.contains('\0') {
        "the prompt contains a NUL byte, which no argument of a command can hold".to_owned()
    } else if bytes > MAX_ARGUMENT {
        format!("the prompt has {bytes} bytes and one argument of a command holds {MAX_ARGUMENT}")
    } else {
        return Ok(());
    };
    Err(format!(
        "{why}: set {TRANSPORT}=http to send it without a command"
    ))
}

impl CcwResult {
    /// A call that could not be made for a reason of its own.
    pub fn failed(error: impl Into<String>) -> Self {
        Self {
            error: Some(error.into()),
            ..Self::default()
        }
    }

    fn missed(miss: &CcwMiss) -> Self {
        let failed = Self::failed(miss.to_string());
        match miss {
            CcwMiss::Key { model, kind, .. } => Self {
                model: model.clone(),
                provider: kind.clone(),
                ..failed
            },
            _ => failed,
        }
    }
}
