//! The native door's end: an executor, its runs, and the way back for what becomes of them.

use std::fmt;
use std::sync::Arc;

use napi_derive::napi;
use serde::Deserialize;
use tidegate::Executor;

use crate::channel::{Channel, Deliver, Portion};
use crate::configuration::{self, Written};
use crate::events::Events;
use crate::failure;
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
}

#[napi]
impl Engine {
    /// An engine of these options, in this environment. `deliver` is called when there is something to
    /// [`take`](Self::take): what becomes of its runs (`done`, `failed`, `pieces`), or events to fetch (`events`). An error's message is JSON.
    #[napi(constructor)]
    pub fn new(options: String, environment: String, deliver: Deliver) -> napi::Result<Self> {
        let options: Options = serde_json::from_str(&options)
            .map_err(|error| napi::Error::from_reason(failure::options(error.to_string())))?;
        let refuse = |message| napi::Error::from_reason(failure::configuration(message));
        known(options.store.as_deref()).map_err(refuse)?;
        let environment = configuration::environment(&environment);
        let config = configuration::read(options.config, environment).map_err(refuse)?;
        let channel = Channel::new(deliver);
        let events = Arc::new(Events::new(channel.clone()));
        let _inside = runtime()?.enter();
        let executor = Executor::builder(config)
            .event_sink(Arc::clone(&events) as _)
            .build();
        let runs = Runs::new(executor, channel.clone());
        Ok(Self {
            channel,
            events,
            runs,
        })
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

/// The stores there are.
fn known(store: Option<&str>) -> Result<(), String> {
    match store {
        None | Some("memory") => Ok(()),
        Some("sqlite") => Err(
            "`store: \"sqlite\"` is not there yet: this version keeps its queue in memory, for one process".to_owned(),
        ),
        Some(other) => Err(format!("`store` must be \"memory\", found \"{other}\"")),
    }
}
