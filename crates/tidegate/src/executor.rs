//! Runs requests; the only place that knows every store and transport.

use std::fmt;
use std::sync::Arc;

use tidegate_context::{PackOptions, Packed};
use tidegate_core::{
    Delivery, Delta, EventKind, Failure, FailureKind, GiveUp, Part, Request, Response, RetryBudget,
    RunId, Target,
};
use tidegate_providers::Provider;
use tidegate_queue::{Clock, MemoryStore, Queue, QueueStore};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::config::Config;
use crate::engine::Engine;
use crate::error::Error;
use crate::events::{EventSink, Journal};
use crate::outcome::Outcome;
use crate::plan::{self, Plan};
use crate::run::{Record, Run};
use crate::run_request::{Context, RunRequest};
use crate::stream::ResponseStream;
use crate::traffic::Traffic;
use crate::transport::Transport;
use crate::transport::http::HttpTransport;
use crate::transport::process::ProcessTransport;

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
            budget: None,
            sinks: Vec::new(),
        }
    }

    /// The configuration it runs by.
    pub fn config(&self) -> &Config {
        &self.engine.config
    }

    /// Runs a request to its answer or its end. Dropping the future stops the attempt under way and leaves nothing
    /// behind.
    pub async fn run(&self, request: RunRequest) -> Outcome {
        execute(&self.engine, request, None).await
    }

    /// Runs a request and hands its answer over piece by piece. Once output was handed over nothing is retried.
    pub fn stream(&self, mut request: RunRequest) -> ResponseStream {
        request.request.stream = true;
        let engine = Arc::clone(&self.engine);
        ResponseStream::new(move |sink| async move { execute(&engine, request, Some(&sink)).await })
    }

    /// Waits until nothing is left of attempts that were stopped: child processes ended and reaped.
    pub async fn settled(&self) {
        tokio::join!(self.engine.http.settled(), self.engine.process.settled());
    }
}

/// One run, from the request to what became of it.
async fn execute(
    engine: &Engine,
    request: RunRequest,
    sink: Option<&mpsc::Sender<Delta>>,
) -> Outcome {
    let started = Instant::now();
    let run = RunId(fastrand::u64(..));
    let mut journal = Journal::new(run, engine.clock(), &engine.sinks);
    let (mut record, mut packed) = (Record::default(), Packed::default());
    let result = steps(
        engine,
        request,
        sink,
        started,
        &mut journal,
        &mut record,
        &mut packed,
    )
    .await;
    let took = started.elapsed();
    let attempts = u32::try_from(record.attempts.len()).unwrap_or(u32::MAX);
    let gave_up = result.as_ref().err().and_then(Error::gave_up);
    journal.emit(EventKind::RunFinished {
        ok: result.is_ok(),
        attempts,
        took,
        gave_up,
    });
    let Record {
        attempts,
        queued,
        limits,
        target,
    } = record;
    Outcome {
        run,
        result,
        target,
        attempts,
        queued,
        took,
        limits,
        packed,
    }
}

/// Plan, pack, drive.
async fn steps(
    engine: &Engine,
    mut asked: RunRequest,
    sink: Option<&mpsc::Sender<Delta>>,
    started: Instant,
    journal: &mut Journal<'_>,
    record: &mut Record,
    packed: &mut Packed,
) -> Result<Response, Error> {
    let plan = plan::plan(&engine.config, |name| engine.provider(name), &asked)?;
    let targets = plan.targets.iter().map(Target::label).collect();
    journal.emit(EventKind::RunStarted {
        endpoint: plan.endpoint.clone(),
        targets,
    });
    asked.request.system = asked.request.system.or_else(|| plan.system.clone());
    if let Some(context) = asked.context.take() {
        let packing = pack(&plan, context, &mut asked.request);
        *packed = match timeout_at(started + plan.deadline, packing).await {
            Ok(packed) => packed?,
            Err(_) => return Err(too_late(&plan, started)),
        };
        if !packed.is_empty() || !packed.skipped().is_empty() {
            let (files, skipped) = (packed.files().len(), packed.skipped().len());
            journal.emit(EventKind::ContextPacked {
                files,
                bytes: packed.bytes(),
                skipped,
            });
        }
    }
    let request = &asked.request;
    let mut run = Run {
        engine,
        plan: &plan,
        request,
        sink,
        started,
        record: std::mem::take(record),
    };
    let result = run.drive(journal).await;
    *record = run.record;
    result
}

/// The deadline passed before anything was sent.
fn too_late(plan: &Plan, started: Instant) -> Error {
    let failure = Failure::timeout(FailureKind::RunTimeout, plan.deadline);
    let failure = Failure {
        delivery: Delivery::NotSent,
        ..failure
    };
    Error::failed(
        plan.endpoint.clone(),
        failure,
        GiveUp::DeadlineTooClose,
        0,
        started.elapsed(),
    )
}

/// Packs the files that the prompt names before its last turn.
async fn pack(plan: &Plan, context: Context, request: &mut Request) -> Result<Packed, Error> {
    let last = request
        .messages
        .last_mut()
        .and_then(|message| message.parts.last_mut());
    let Some(Part::Text { text }) = last else {
        return Ok(Packed::default());
    };
    let patterns = tidegate_context::patterns(context.named_in.as_deref().unwrap_or(text));
    if patterns.is_empty() {
        return Ok(Packed::default());
    }
    let mut options = plan
        .context
        .clone()
        .into_options(PackOptions::new(context.root));
    options.include_dirs.splice(0..0, context.include_dirs);
    let packing = tokio::task::spawn_blocking(move || tidegate_context::pack(&patterns, &options));
    let packed = packing
        .await
        .map_err(|error| Error::internal(error.to_string()))??;
    if !packed.is_empty() {
        *text = packed.render_before(text);
    }
    Ok(packed)
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
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let engine = Engine {
            config: self.config,
            registered: self.registered,
            http: self.http.unwrap_or_else(|| Arc::new(HttpTransport::new())),
            process: self
                .process
                .unwrap_or_else(|| Arc::new(ProcessTransport::new())),
            queue: Queue::new(store, Clock::system()),
            traffic: Traffic::new(self.budget),
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
