//! The runs of one executor, by number, from when JavaScript asks for them to their end.
//!
//! They are handed over many at a time and begun on the runtime: a thousand that JavaScript asks for in one turn of its loop
//! must not cost it the turn.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use serde_json::Value;
use tidegate::{Embeddings, Executor, Outcome, ResponseStream};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::channel::Channel;
use crate::idle::Busy;
use crate::runtime::{step_aside, stepping_aside, unharmed};
use crate::{answer, failure, request};

/// Pieces handed over at once at most: those that have come by the time JavaScript asks.
const MOST_PIECES: usize = 64;

/// A run, as JavaScript asks for it.
struct Asked {
    id: u32,
    what: What,
    /// Its options.
    says: String,
}

/// What is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Run,
    Embed,
    Stream,
}

/// A run that JavaScript waits for.
struct Running {
    /// `None` until it has begun.
    task: Option<AbortHandle>,
    /// For a stream: JavaScript wants the next pieces.
    wanted: Option<Arc<Notify>>,
}

/// The runs. Clones share everything.
#[derive(Clone)]
pub(crate) struct Runs {
    executor: Executor,
    channel: Channel,
    under_way: Arc<Mutex<HashMap<u32, Running>>>,
}

impl Runs {
    pub(crate) fn new(executor: Executor, channel: Channel) -> Self {
        Self {
            executor,
            channel,
            under_way: Arc::default(),
        }
    }

    /// Begins runs: a line for each, with its number, what it is (`run`, `embed`, `stream`) and its options.
    pub(crate) fn begin(&self, on: &Handle, lines: &str) {
        let asked: Vec<_> = lines.lines().filter_map(Asked::read).collect();
        let mut under_way = self.under_way();
        for Asked { id, what, .. } in &asked {
            let wanted = (*what == What::Stream).then(Arc::default);
            under_way.insert(*id, Running { task: None, wanted });
        }
        drop(under_way);
        let runs = self.clone();
        on.spawn(async move {
            for asked in asked {
                runs.begin_one(asked);
                step_aside();
            }
        });
    }

    fn begin_one(&self, Asked { id, what, says }: Asked) {
        let mut under_way = self.under_way();
        // It may have been cancelled by now.
        let Some(running) = under_way.get_mut(&id) else {
            return;
        };
        let runs = self.clone();
        let task = match &running.wanted {
            Some(wanted) => {
                let wanted = Arc::clone(wanted);
                self.start(id, async move { runs.stream(id, &says, &wanted).await })
            }
            None if what == What::Embed => {
                self.start(id, async move { runs.embed(id, &says).await })
            }
            None => self.start(id, async move { runs.run(id, &says).await }),
        };
        running.task = Some(task);
    }

    fn start(&self, id: u32, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let (runs, busy) = (self.clone(), Busy::begin());
        let task = tokio::spawn(async move {
            if let Err(bug) = unharmed(stepping_aside(work)).await {
                runs.failed(id, failure::internal(bug));
            }
            runs.under_way().remove(&id);
            drop(busy);
        });
        task.abort_handle()
    }

    /// Lets a stream hand its next pieces over.
    pub(crate) fn pull(&self, id: u32) {
        let under_way = self.under_way();
        let wanted = under_way.get(&id).and_then(|run| run.wanted.as_ref());
        if let Some(wanted) = wanted {
            wanted.notify_one();
        }
    }

    /// Stops a run, begun or not.
    pub(crate) fn cancel(&self, id: u32) {
        let run = self.under_way().remove(&id);
        if let Some(task) = run.and_then(|run| run.task) {
            task.abort();
        }
    }

    /// Stops all.
    pub(crate) fn cancel_all(&self) {
        for (_, run) in self.under_way().drain() {
            if let Some(task) = run.task {
                task.abort();
            }
        }
    }

    async fn run(&self, id: u32, options: &str) {
        match request::run(options) {
            Ok(request) => self.answered(id, &self.executor.run(request).await),
            Err(error) => self.misunderstood(id, error),
        }
    }

    async fn embed(&self, id: u32, options: &str) {
        match request::embed(options) {
            Ok(request) => self.embedded(id, &self.executor.embed(request).await),
            Err(error) => self.misunderstood(id, error),
        }
    }

    async fn stream(&self, id: u32, options: &str, wanted: &Notify) {
        match request::run(options) {
            Ok(request) => {
                let mut stream = self.executor.stream(request);
                self.hand_over(id, &mut stream, wanted).await;
                self.answered(id, &stream.finish().await);
            }
            Err(error) => self.misunderstood(id, error),
        }
    }

    /// Hands pieces over as they are asked for, until there are no more.
    async fn hand_over(&self, id: u32, stream: &mut ResponseStream, wanted: &Notify) {
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
            let pieces = Value::Array(pieces).to_string();
            self.channel.tell(id, "pieces", pieces);
            if over {
                return;
            }
        }
    }

    fn answered(&self, id: u32, outcome: &Outcome) {
        match &outcome.result {
            Ok(response) => {
                let answer = answer::answer(outcome, response);
                self.channel.tell(id, "done", answer);
            }
            Err(error) => self.failed(id, failure::failed(outcome, error)),
        }
    }

    fn embedded(&self, id: u32, outcome: &Outcome<Embeddings>) {
        match &outcome.result {
            Ok(embeddings) => {
                let (said, numbers) = answer::vectors(outcome, embeddings);
                self.channel.tell_with(id, "done", said, Some(numbers));
            }
            Err(error) => self.failed(id, failure::failed(outcome, error)),
        }
    }

    fn misunderstood(&self, id: u32, error: String) {
        self.failed(id, failure::options(error));
    }

    fn failed(&self, id: u32, says: String) {
        self.channel.tell(id, "failed", says);
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<u32, Running>> {
        let under_way = self.under_way.lock();
        under_way.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.splitn(3, ' ');
        let id = words.next()?.parse().ok()?;
        let what = match words.next()? {
            "run" => What::Run,
            "embed" => What::Embed,
            "stream" => What::Stream,
            _ => return None,
        };
        let says = words.next()?.to_owned();
        Some(Self { id, what, says })
    }
}
