//! Runs requests; the only place that knows every store and transport.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tidegate_core::{Embeddings, LimitKey, RetryBudget};
use tidegate_providers::Provider;
use tidegate_queue::{Clock, KeyStatus, MemoryStore, Queue, QueueStore, StoreError};

use crate::circuits::Circuits;
use crate::config::Config;
use crate::engine::Engine;
use crate::error::Error;
use crate::events::EventSink;
use crate::execution;
use crate::outcome::Outcome;
use crate::plan;
use crate::preview::{self, Preview};
use crate::run_request::{EmbedRun, RunRequest};
use crate::stream::ResponseStream;
use crate::traffic::Traffic;
use crate::transport::Transport;
use crate::transport::http::HttpTransport;
use crate::transport::process::ProcessTransport;
use crate::watches::Positions;

/// Runs requests. Cheap to clone: clones share connections, queues and limits.
#[derive(Debug, Clone)]
pub struct Executor {
    engine: Arc<Engine>,
}

/// Puts an [`Executor`] together.
pub struct ExecutorBuilder {
    config: Config,
    registered: Vec<Box<dyn Provider>>,
    http: Option<Arc<dyn Transport>>,
    process: Option<Arc<dyn Transport>>,
    store: Option<Arc<dyn QueueStore>>,
    queue: Option<Queue>,
    budget: Option<RetryBudget>,
    sinks: Vec<Arc<dyn EventSink>>,
}

impl Executor {
    /// An executor of this configuration, with everything else as it comes.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(config: Config) -> Self {
        Self::builder(config).build()
    }

    /// An executor to be put together.
    pub fn builder(config: Config) -> ExecutorBuilder {
        ExecutorBuilder {
            config,
            registered: Vec::new(),
            http: None,
            process: None,
            store: None,
            queue: None,
            budget: None,
            sinks: Vec::new(),
        }
    }

    /// The configuration it runs by.
    pub fn config(&self) -> &Config {
        &self.engine.config
    }

    /// Runs a request for vectors to its end. The texts are sent as one request; dropping the future stops it.
    pub async fn embed(&self, request: EmbedRun) -> Outcome<Embeddings> {
        execution::vectors(&self.engine, &request).await
    }

    /// Runs a request to its answer or its end. Dropping the future stops the attempt under way and leaves nothing
    /// behind.
    pub fn run(&self, request: RunRequest) -> impl Future<Output = Outcome> + Send {
        // Boxed, because whoever spawns it moves it several times.
        Box::pin(execution::answer(&self.engine, request, None))
    }

    /// Runs a request and hands its answer over piece by piece. Once output was handed over nothing is retried; with
    /// `delivery = "whole"` nothing is handed over before the answer is whole.
    pub fn stream(&self, mut request: RunRequest) -> ResponseStream {
        request.request.stream = true;
        let engine = Arc::clone(&self.engine);
        ResponseStream::new(move |sink| async move {
            execution::answer(&engine, request, Some(&sink)).await
        })
    }

    /// What running this request would send, and to whom. Nothing is sent, and no event is told.
    ///
    /// # Errors
    /// Those that a run would meet before its first attempt.
    pub async fn preview(&self, request: RunRequest) -> Result<Preview, Error> {
        preview::preview(&self.engine, request).await
    }

    /// Something to look at where its runs stand in line with.
    pub fn positions(&self) -> Positions {
        Positions {
            watches: Arc::downgrade(&self.engine.watches),
        }
    }

    /// How every limit stands that the queue's store knows.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be reached.
    pub async fn queue_status(&self) -> Result<Vec<KeyStatus>, StoreError> {
        let limits = plan::limits(&self.engine.config);
        let limits_of = |key: &str| limits.get(key).copied().unwrap_or_default();
        self.engine.queue.status(&limits_of).await
    }

    /// Forgets what was learned of a limit and is held against it; whoever waits or is under way, stays. Says whether the
    /// store knew it.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be reached.
    pub async fn queue_reset(&self, key: &LimitKey) -> Result<bool, StoreError> {
        self.engine.queue.reset(key).await
    }

    /// Waits until nothing is left of attempts that were stopped: child processes ended and reaped.
    pub async fn settled(&self) {
        tokio::join!(self.engine.http.settled(), self.engine.process.settled());
    }
}

impl ExecutorBuilder {
    /// Adds a provider; one of a built-in name replaces it.
    #[must_use]
    pub fn provider(mut self, provider: Box<dyn Provider>) -> Self {
        self.registered.push(provider);
        self
    }

    /// Carries all calls with this transport: for tests, and for embedders that have their own.
    #[must_use]
    pub fn transport(self, transport: Arc<dyn Transport>) -> Self {
        self.http_transport(Arc::clone(&transport))
            .process_transport(transport)
    }

    /// Carries HTTP calls with this transport.
    #[must_use]
    pub fn http_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.http = Some(transport);
        self
    }

    /// Carries calls to child processes with this transport.
    #[must_use]
    pub fn process_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.process = Some(transport);
        self
    }

    /// Keeps queue state in this store instead of memory.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn QueueStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Stands in these lines instead of lines of its own.
    #[must_use]
    pub fn queue(mut self, queue: Queue) -> Self {
        self.queue = Some(queue);
        self
    }

    /// Stands in the same lines as `other` and uses its connections: for a configuration that is read anew while runs of
    /// the old one are under way. A transport given afterwards replaces the shared one.
    #[must_use]
    pub fn beside(mut self, other: &Executor) -> Self {
        self.queue = Some(other.engine.queue.clone());
        self.http_transport(Arc::clone(&other.engine.http))
            .process_transport(Arc::clone(&other.engine.process))
    }

    /// Bounds the retries of transient failures per limit. Off unless asked for: a single run has nobody to storm
    /// with.
    #[must_use]
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Adds someone who hears every event.
    #[must_use]
    pub fn event_sink(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.sinks.push(sink);
        self
    }

    /// The executor.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn build(self) -> Executor {
        let store = self.store;
        let queue = self.queue.unwrap_or_else(|| {
            let store = store.unwrap_or_else(|| Arc::new(MemoryStore::default()));
            Queue::new(store, Clock::system())
        });
        let engine = Engine {
            config: self.config,
            registered: self.registered,
            http: self.http.unwrap_or_else(|| Arc::new(HttpTransport::new())),
            process: self
                .process
                .unwrap_or_else(|| Arc::new(ProcessTransport::new())),
            queue,
            traffic: Traffic::new(self.budget),
            circuits: Circuits::default(),
            watches: Arc::default(),
            sinks: self.sinks,
        };
        Executor {
            engine: Arc::new(engine),
        }
    }
}

impl fmt::Debug for ExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorBuilder").finish_non_exhaustive()
    }
}
