//! The drop-in's end: calls as the seed's first callers make them.

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::future::{Either, select};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use serde_json::json;
use tidegate::ccw::{self, CcwResult, Line, Stream};
use tidegate::config::Config;
use tidegate::{Executor, Status};
use tokio::sync::watch;

use crate::channel::{Channel, Deliver, Portion};
use crate::configuration;
use crate::idle::Busy;
use crate::process::Processes;
use crate::reading;
use crate::runtime::{runtime, stepping_aside, unharmed};

/// The lines that all calls of a process stand in, whichever thread or copy of the package they come from.
static LINES: LazyLock<Executor> = LazyLock::new(|| Executor::new(Config::default()));

/// Makes calls for one thread of JavaScript.
#[napi]
#[derive(Debug)]
pub struct Caller {
    channel: Channel,
    processes: Processes,
    /// Its calls end with it: nobody is left to start their commands, and others would wait behind them.
    here: watch::Sender<()>,
}

#[napi]
impl Caller {
    /// `deliver` is called when there is something to [`take`](Self::take): what a call says (`line`, `result`) and
    /// wants (`spawn`, `kill`).
    #[napi(constructor)]
    pub fn new(deliver: Deliver) -> Self {
        let channel = Channel::new(deliver);
        let processes = Processes::new(channel.clone());
        let here = watch::Sender::default();
        Self {
            channel,
            processes,
            here,
        }
    }

    /// Makes the call `number` with these options, in this environment.
    #[napi]
    pub fn call(&self, number: u32, options: String, environment: String) -> napi::Result<()> {
        let (channel, busy) = (self.channel.clone(), Busy::begin());
        let made = make(
            number,
            options,
            environment,
            self.processes.clone(),
            channel.clone(),
        );
        let mut here = self.here.subscribe();
        runtime()?.spawn(async move {
            let gone = pin!(here.changed());
            let made = Box::pin(unharmed(stepping_aside(made)));
            if let Either::Left((made, _)) = select(made, gone).await {
                let result = made.unwrap_or_else(CcwResult::failed);
                let result = serde_json::to_string(&result).unwrap_or_default();
                channel.tell(number, "result", result);
            }
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
    pub fn exited(
        &self,
        number: u32,
        code: Option<i32>,
        signal: Option<i32>,
        stdout: Buffer,
        stderr: Buffer,
    ) {
        let by_signal = Status::Signal(signal.unwrap_or_default());
        let ended = code.map_or(by_signal, Status::Exit);
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

async fn make(
    number: u32,
    options: String,
    environment: String,
    processes: Processes,
    channel: Channel,
) -> CcwResult {
    let tell = move |Line { stream, content }: Line| {
        let kind = match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        let line = json!({ "type": kind, "content": content });
        channel.tell(number, "line", line.to_string());
    };
    let read = reading::read(&options);
    let read = read.and_then(|options| Ok((options, configuration::environment(&environment)?)));
    match read {
        Ok((options, environment)) => {
            let processes = Arc::new(processes);
            ccw::execute(&LINES, environment, options, processes, Arc::new(tell)).await
        }
        Err(error) => CcwResult::failed(format!("wrong options: {error}")),
    }
}
