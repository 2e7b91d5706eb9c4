//! The drop-in's end: calls as the seed's first callers make them.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use serde_json::json;
use tidegate::ccw::{self, CcwOptions, CcwResult, Line, Stream};
use tidegate::config::Config;
use tidegate::{Executor, Status};

use crate::channel::{Channel, Deliver, Portion};
use crate::configuration;
use crate::idle::Busy;
use crate::process::Processes;
use crate::runtime::{runtime, stepping_aside};

/// The lines that all calls of a process stand in, whichever thread or copy of the package they come from.
static LINES: LazyLock<Executor> = LazyLock::new(|| Executor::new(Config::default()));

/// Makes calls for one thread of JavaScript.
#[napi]
#[derive(Debug)]
pub struct Caller {
    channel: Channel,
    processes: Processes,
}

#[napi]
impl Caller {
    /// `deliver` is called when there is something to [`take`](Self::take): what a call says (`line`, `result`) and
    /// wants (`spawn`, `kill`).
    #[napi(constructor)]
    pub fn new(deliver: Deliver) -> Self {
        let channel = Channel::new(deliver);
        let processes = Processes::new(channel.clone());
        Self { channel, processes }
    }

    /// Makes the call `number` with these options, in this environment.
    #[napi]
    pub fn call(&self, number: u32, options: String, environment: String) -> napi::Result<()> {
        let channel = self.channel.clone();
        let (processes, busy) = (Arc::new(self.processes.clone()), Busy::begin());
        runtime()?.spawn(async move {
            let lines = channel.clone();
            let tell = move |Line { stream, content }: Line| {
                let kind = match stream {
                    Stream::Stdout => "stdout",
                    Stream::Stderr => "stderr",
                };
                let line = json!({ "type": kind, "content": content });
                lines.tell(number, "line", line.to_string());
            };
            let result = match serde_json::from_str::<CcwOptions>(&options) {
                Ok(options) => {
                    let environment = configuration::environment(&environment);
                    let tell = Arc::new(tell);
                    let made = ccw::execute(&LINES, environment, options, processes, tell);
                    Box::pin(stepping_aside(made)).await
                }
                Err(error) => CcwResult::failed(format!("wrong options: {error}")),
            };
            let result = serde_json::to_string(&result).unwrap_or_default();
            channel.tell(number, "result", result);
            drop(busy);
        });
        Ok(())
    }

    /// The oldest of what has happened.
    #[napi]
    pub fn take(&self) -> Portion {
        self.channel.take()
    }

    /// A command has been started, just now.
    #[napi]
    pub fn started(&self, number: u32) {
        self.processes.started(number);
    }

    /// A command has ended, with an exit code or by a signal.
    #[napi]
    pub fn exited(&self, number: u32, code: Option<i32>, stdout: Buffer, stderr: Buffer) {
        // Node names signals and does not number them; what counts is that there is no exit code.
        let ended = code.map_or(Status::Signal(0), Status::Exit);
        self.processes.exited(number, ended, stdout, stderr);
    }

    /// A command could not be started.
    #[napi]
    pub fn failed(&self, number: u32, code: String, message: String) {
        self.processes.failed(number, &code, message);
    }

    /// A command has used up its time.
    #[napi]
    pub fn timed_out(&self, number: u32, after_ms: f64) {
        let after = Duration::try_from_secs_f64(after_ms / 1_000.0);
        self.processes.timed_out(number, after.unwrap_or_default());
    }

    /// A command has written more than an answer may have.
    #[napi]
    pub fn too_large(&self, number: u32) {
        self.processes.too_large(number);
    }

    /// The `@patterns` of a prompt, as they stand in it.
    #[napi]
    pub fn patterns(prompt: String) -> Vec<String> {
        let patterns = tidegate_context::patterns(&prompt);
        patterns.iter().map(ToString::to_string).collect()
    }
}
