//! The native door's end: an executor, its runs, and the way back for what becomes of them.

use std::fmt;
use std::sync::Arc;

use napi_derive::napi;
use serde::Deserialize;
use tidegate::config::{Origin, Sourced, StoreKind};
use tidegate::{Executor, store};

use crate::channel::{Channel, Deliver, Portion};
use crate::configuration::{self, Written};
use crate::events::Events;
use crate::failure;
use crate::reading;
use crate::runs::Runs;
use crate::runtime::runtime;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    config: Option<Written>,
    store: Option<String>,
}

/// An executor for one thread of JavaScript.
#[napi]
pub struct Engine {
    channel: Channel,
    events: Arc<Events>,
    runs: Runs,
    warning: Option<String>,
}

#[napi]
impl Engine {
    /// An engine of these options, in this environment. `deliver` is called when there is something to
    /// [`take`](Self::take): what becomes of its runs (`done`, `failed`, `pieces`), or events to fetch (`events`). An error's message is JSON.
    #[napi(constructor)]
    pub fn new(options: String, environment: String, deliver: Deliver) -> napi::Result<Self> {
        let misunderstood = |message| napi::Error::from_reason(failure::options(message));
        let refuse = |message| napi::Error::from_reason(failure::configuration(message));
        let options: Options = reading::read(&options).map_err(misunderstood)?;
        let chosen = options.store.as_deref().map(kind);
        let chosen = chosen.transpose().map_err(refuse)?;
        let environment = configuration::environment(&environment).map_err(misunderstood)?;
        let mut config = configuration::read(options.config, environment).map_err(refuse)?;
        if let Some(kind) = chosen {
            config.queue.store = Some(Sourced::new(kind, Origin::Flag("store")));
        }
        let opened = store::open(&config, StoreKind::Memory);
        let opened = opened.map_err(|error| refuse(error.to_string()))?;
        let channel = Channel::new(deliver);
        let events = Arc::new(Events::new(channel.clone()));
        let _inside = runtime()?.enter();
        let executor = Executor::builder(config)
            .event_sink(Arc::clone(&events) as _)
            .store(opened.store)
            .build();
        let runs = Runs::new(executor, channel.clone());
        Ok(Self {
            channel,
            events,
            runs,
            warning: opened.warning,
        })
    }

    /// What the caller should know of how it was put together.
    #[napi(getter)]
    pub fn warning(&self) -> Option<String> {
        self.warning.clone()
    }

    /// Begins runs: a line for each, with its number, what it is (`run`, `embed`, `stream`) and its options.
    #[napi]
    pub fn begin(&self, lines: String) -> napi::Result<()> {
        self.runs.begin(runtime()?, &lines);
        Ok(())
    }

    /// Asks for the next pieces of a streamed run.
    #[napi]
    pub fn pull(&self, id: u32) {
        self.runs.pull(id);
    }

    /// Stops a run: its connection is closed, its command ended, its place in the queue given up.
    #[napi]
    pub fn cancel(&self, id: u32) {
        self.runs.cancel(id);
    }

    /// The oldest of what has happened.
    #[napi]
    pub fn take(&self) -> Portion {
        self.channel.take()
    }

    /// Begins or ends keeping events.
    #[napi]
    pub fn listen(&self, on: bool) {
        self.events.listen(on);
    }

    /// Takes the events that wait, as one JSON array.
    #[napi]
    pub fn events(&self) -> String {
        self.events.take()
    }
}

impl Drop for Engine {
    /// Its thread has ended, or nobody holds it any more: nobody is left to hear of its runs.
    fn drop(&mut self) {
        self.runs.cancel_all();
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

/// Where the queue is to be kept.
fn kind(store: &str) -> Result<StoreKind, String> {
    match store {
        "memory" => Ok(StoreKind::Memory),
        "sqlite" => Ok(StoreKind::Sqlite),
        "redis" => Ok(StoreKind::Redis),
        other => Err(format!(
            "`store` must be \"memory\", \"sqlite\" or \"redis\", found {other:?}"
        )),
    }
}
