//! One run, from the request to what became of it: plan, pack, drive.

use std::future::Future;

use tidegate_context::Packed;
use tidegate_core::{
    Delivery, Delta, Embeddings, EventKind, Failure, FailureKind, GiveUp, Request, Response, RunId,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::engine::Engine;
use crate::error::Error;
use crate::events::Journal;
use crate::outcome::Outcome;
use crate::packing;
use crate::plan::{self, Asked, Plan};
use crate::run::{Record, Run};
use crate::run_request::{Context, EmbedRun, RunRequest};
use crate::work::Work;

/// A run under way, before and after its loop.
struct Execution<'e> {
    engine: &'e Engine,
    journal: Journal<'e>,
    started: Instant,
    record: Record,
    packed: Packed,
}

/// Runs a request for an answer.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn would hold the request twice: as it came, and as its variable"
)]
pub(crate) fn answer<'e>(
    engine: &'e Engine,
    mut request: RunRequest,
    sink: Option<&'e mpsc::Sender<Delta>>,
) -> impl Future<Output = Outcome> + Send + 'e {
    async move {
        let mut execution = Execution::begin(engine);
        let result = execution.chat(&mut request, sink).await;
        execution.end(result, |response| response.usage)
    }
}

/// Runs a request for vectors.
pub(crate) async fn vectors(engine: &Engine, request: &EmbedRun) -> Outcome<Embeddings> {
    let mut execution = Execution::begin(engine);
    let result = match execution.plan(request) {
        Ok(plan) => execution.drive(&plan, &request.request, None).await,
        Err(error) => Err(error),
    };
    execution.end(result, |embeddings| embeddings.usage)
}

impl<'e> Execution<'e> {
    fn begin(engine: &'e Engine) -> Self {
        let run = RunId(fastrand::u64(..));
        Self {
            engine,
            journal: Journal::new(run, engine.clock(), &engine.sinks),
            started: Instant::now(),
            record: Record::default(),
            packed: Packed::default(),
        }
    }

    fn plan<'r>(&mut self, asked: impl Into<Asked<'r>>) -> Result<Plan, Error> {
        let engine = self.engine;
        let plan = plan::plan(&engine.config, |name| engine.provider(name), asked.into())?;
        let targets = plan.targets.iter().map(|choice| choice.target.label());
        self.journal.emit(EventKind::RunStarted {
            endpoint: plan.endpoint.clone(),
            targets: targets.collect(),
        });
        Ok(plan)
    }

    async fn chat(
        &mut self,
        asked: &mut RunRequest,
        sink: Option<&mpsc::Sender<Delta>>,
    ) -> Result<Response, Error> {
        let plan = self.plan(&*asked)?;
        let system = asked.request.system.take();
        asked.request.system = system.or_else(|| plan.system.clone());
        if let Some(context) = asked.context.take() {
            self.pack(&plan, context, &mut asked.request).await?;
        }
        self.drive(&plan, &asked.request, sink).await
    }

    async fn drive<W: Work>(
        &mut self,
        plan: &Plan,
        work: &W,
        sink: Option<&mpsc::Sender<Delta>>,
    ) -> Result<W::Answer, Error> {
        let mut run = Run::new(self.engine, plan, work, sink, self.started);
        let result = run.drive(&mut self.journal).await;
        self.record = run.record;
        result
    }

    async fn pack(
        &mut self,
        plan: &Plan,
        context: Context,
        request: &mut Request,
    ) -> Result<(), Error> {
        let packing = timeout_at(
            self.started + plan.deadline,
            packing::pack(&self.engine.config, plan, context, request),
        );
        self.packed = match packing.await {
            Ok(packed) => packed?,
            Err(_) => return Err(too_late(plan, self.started)),
        };
        let (files, skipped) = (self.packed.files().len(), self.packed.skipped().len());
        if files + skipped > 0 {
            self.journal.emit(EventKind::ContextPacked {
                files,
                bytes: self.packed.bytes(),
                skipped,
            });
        }
        Ok(())
    }

    fn end<A>(
        mut self,
        result: Result<A, Error>,
        usage: impl FnOnce(&A) -> Option<tidegate_core::Usage>,
    ) -> Outcome<A> {
        let took = self.started.elapsed();
        let Record {
            attempts,
            queued,
            limits,
            target,
        } = self.record;
        self.journal.emit(EventKind::RunFinished {
            ok: result.is_ok(),
            attempts: u32::try_from(attempts.len()).unwrap_or(u32::MAX),
            took,
            gave_up: result.as_ref().err().and_then(Error::gave_up),
        });
        Outcome {
            run: self.journal.run(),
            usage: result.as_ref().ok().and_then(usage),
            result,
            target,
            attempts,
            queued,
            took,
            limits,
            packed: self.packed,
        }
    }
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
        Response::default(),
    )
}
