//! The native door's end: an executor, its runs by number, and the way back for what becomes of them.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use napi_derive::napi;
use serde::Deserialize;
use serde_json::Value;
use tidegate::{Embeddings, Executor, Outcome, ResponseStream};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::channel::{Channel, Deliver, Message};
use crate::configuration::{self, Written};
use crate::events::Events;
use crate::runtime::runtime;
use crate::{answer, failure, request};

/// Pieces handed over at once at most: those that have come by the time JavaScript asks.
const MOST_PIECES: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    config: Option<Written>,
    store: Option<String>,
}

/// A run under way.
struct Running {
    task: AbortHandle,
    /// For a stream: JavaScript wants the next pieces.
    wanted: Option<Arc<Notify>>,
}

type Runs = Arc<Mutex<HashMap<u32, Running>>>;

/// An executor for one thread of JavaScript.
#[napi]
pub struct Engine {
    executor: Executor,
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
        Ok(Self {
            executor,
            channel,
            events,
            runs: Runs::default(),
        })
    }

    /// Runs a request to its answer.
    #[napi]
    pub fn run(&self, id: u32, options: String) -> napi::Result<()> {
        let (executor, channel) = (self.executor.clone(), self.channel.clone());
        self.start(id, None, async move {
            match request::run(&options) {
                Ok(request) => answered(&channel, id, &executor.run(request).await),
                Err(error) => channel.tell(id, "failed", failure::options(error)),
            }
        })
    }

    /// Turns texts into vectors.
    #[napi]
    pub fn embed(&self, id: u32, options: String) -> napi::Result<()> {
        let (executor, channel) = (self.executor.clone(), self.channel.clone());
        self.start(id, None, async move {
            match request::embed(&options) {
                Ok(request) => embedded(&channel, id, &executor.embed(request).await),
                Err(error) => channel.tell(id, "failed", failure::options(error)),
            }
        })
    }

    /// Begins a streamed run; [`pull`](Self::pull) asks for its pieces.
    #[napi]
    pub fn stream(&self, id: u32, options: String) -> napi::Result<()> {
        let (executor, channel) = (self.executor.clone(), self.channel.clone());
        let wanted = Arc::new(Notify::new());
        let pulled = Arc::clone(&wanted);
        self.start(id, Some(wanted), async move {
            match request::run(&options) {
                Ok(request) => {
                    let mut stream = executor.stream(request);
                    hand_over(&channel, id, &mut stream, &pulled).await;
                    answered(&channel, id, &stream.finish().await);
                }
                Err(error) => channel.tell(id, "failed", failure::options(error)),
            }
        })
    }

    /// Asks for the next pieces of a streamed run.
    #[napi]
    pub fn pull(&self, id: u32) {
        if let Some(wanted) = runs(&self.runs)
            .get(&id)
            .and_then(|run| run.wanted.as_ref())
        {
            wanted.notify_one();
        }
    }

    /// Stops a run: its connection is closed, its command ended, its place in the queue given up.
    #[napi]
    pub fn cancel(&self, id: u32) {
        if let Some(run) = runs(&self.runs).remove(&id) {
            run.task.abort();
        }
    }

    /// The oldest of what has happened, `most` at most.
    #[napi]
    pub fn take(&self, most: u32) -> Vec<Message> {
        self.channel.take(most)
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

    fn start(
        &self,
        id: u32,
        wanted: Option<Arc<Notify>>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> napi::Result<()> {
        let all = Arc::clone(&self.runs);
        // Held until the run is entered, so that it cannot leave before.
        let mut entered = runs(&self.runs);
        let task = runtime()?.spawn(async move {
            work.await;
            runs(&all).remove(&id);
        });
        let task = task.abort_handle();
        entered.insert(id, Running { task, wanted });
        Ok(())
    }
}

impl Drop for Engine {
    /// Its thread has ended, or nobody holds it any more: nobody is left to hear of its runs.
    fn drop(&mut self) {
        for (_, run) in runs(&self.runs).drain() {
            run.task.abort();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("executor", &self.executor)
            .finish_non_exhaustive()
    }
}

fn runs(of: &Runs) -> MutexGuard<'_, HashMap<u32, Running>> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Hands pieces over as they are asked for, until there are no more.
async fn hand_over(channel: &Channel, id: u32, stream: &mut ResponseStream, wanted: &Notify) {
    loop {
        wanted.notified().await;
        let Some(first) = stream.next().await else {
            return;
        };
        let mut pieces: Vec<Value> = answer::piece(&first).into_iter().collect();
        let mut over = false;
        while pieces.len() < MOST_PIECES {
            match stream.next().now_or_never() {
                Some(Some(delta)) => pieces.extend(answer::piece(&delta)),
                Some(None) => {
                    over = true;
                    break;
                }
                None => break,
            }
        }
        channel.tell(id, "pieces", Value::Array(pieces).to_string());
        if over {
            return;
        }
    }
}

fn answered(channel: &Channel, id: u32, outcome: &Outcome) {
    match &outcome.result {
        Ok(response) => channel.tell(id, "done", answer::answer(outcome, response)),
        Err(error) => channel.tell(id, "failed", failure::failed(outcome, error)),
    }
}

fn embedded(channel: &Channel, id: u32, outcome: &Outcome<Embeddings>) {
    match &outcome.result {
        Ok(embeddings) => {
            let (said, numbers) = answer::vectors(outcome, embeddings);
            channel.tell_with(id, "done", said, Some(numbers));
        }
        Err(error) => channel.tell(id, "failed", failure::failed(outcome, error)),
    }
}
