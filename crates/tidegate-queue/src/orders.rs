//! What a store's thread is told to do, and how its callers wait for it.
//!
//! A file and a server may be slow, and a task must not hold up its runtime for them. So a thread of the store's own does the
//! work, in the order it was given, and is bounded in how much it is given. It starts with the first order: a process
//! that never needs it never has it.

mod job;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::JoinHandle;

use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use crate::store::{Ask, KeyStatus, Report, StoreError, Turn};
pub(crate) use job::{Backlog, Done, Job, News, Row, What};

/// Orders the thread may be given before it has done the first of them.
const ORDERS: usize = 1024;
/// Of these, those that somebody waits for. The rest is for reports from destructors.
const AWAITED: usize = 768;

/// A clock other than the store's own, for tests that move time.
#[derive(Clone, Default)]
pub(crate) struct OwnClock(Option<Arc<dyn Fn() -> Timestamp + Send + Sync>>);

impl OwnClock {
    #[cfg(feature = "redis")]
    pub(crate) fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(clock)))
    }

    pub(crate) fn now(&self) -> Option<Timestamp> {
        self.0.as_ref().map(|clock| clock())
    }
}

/// What the thread works through.
pub(crate) struct Inbox {
    pub(crate) jobs: Receiver<Job>,
    pub(crate) backlog: Backlog,
    is_closing: Arc<AtomicBool>,
}

impl Inbox {
    /// Whether the process waits for the thread to end.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }
}

/// The way to the thread.
pub(crate) struct Orders {
    jobs: Option<SyncSender<Job>>,
    /// Room in the channel, taken before a job is sent, so that sending never blocks.
    room: Semaphore,
    backlog: Backlog,
    /// As many more of it are about as there are orders not done.
    undone: Arc<()>,
    is_closing: Arc<AtomicBool>,
    clock: OwnClock,
    begun: Once,
    thread: Mutex<Thread>,
}

enum Thread {
    Waiting(Box<dyn FnOnce() + Send>),
    Working(JoinHandle<()>),
    None,
}

impl Orders {
    /// To a thread that does `work` until nobody can order any more. News are stamped by `clock`.
    pub(crate) fn to(work: impl FnOnce(Inbox) + Send + 'static, clock: OwnClock) -> Self {
        let (jobs, received) = sync_channel(ORDERS);
        let (backlog, is_closing) = (Backlog::default(), Arc::new(AtomicBool::new(false)));
        let inbox = Inbox {
            jobs: received,
            backlog: Arc::clone(&backlog),
            is_closing: Arc::clone(&is_closing),
        };
        Self {
            jobs: Some(jobs),
            room: Semaphore::new(AWAITED),
            backlog,
            undone: Arc::default(),
            is_closing,
            clock,
            begun: Once::new(),
            thread: Mutex::new(Thread::Waiting(Box::new(move || work(inbox)))),
        }
    }

    /// Whether all that was ordered is done. An order that was given before this is asked counts until it is done.
    #[cfg(feature = "sqlite")]
    pub(crate) fn are_done(&self) -> bool {
        Arc::strong_count(&self.undone) == 1
            && self
                .backlog
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_empty()
    }

    /// Has one of those who ask let go.
    pub(crate) async fn ask(
        &self,
        key: &LimitKey,
        asks: &[Ask],
        limits: &Limits,
    ) -> Result<Turn, StoreError> {
        let what = What::Ask {
            key: key.clone(),
            asks: asks.to_vec(),
            limits: *limits,
        };
        let (_room, answer) = self.hand_over(what).await?;
        let mut question = Question {
            orders: self,
            key,
            asks,
            limits,
            answer,
        };
        match (&mut question.answer).await.map_err(|_| gone())?? {
            Done::Turn(turn) => Ok(turn),
            _ => Err(amiss()),
        }
    }

    /// Has it told what happened to an attempt.
    pub(crate) async fn report(&self, news: News) -> Result<(), StoreError> {
        self.order(What::Report(news)).await.map(drop)
    }

    /// As [`report`](Self::report), when nobody waits for it.
    pub(crate) fn report_later(&self, news: News) {
        let Some(jobs) = self.jobs() else { return };
        let job = self.job(What::Report(news), None);
        if let Err(TrySendError::Full(Job {
            what: What::Report(news),
            ..
        })) = jobs.try_send(job)
        {
            let mut backlog = self.backlog.lock().unwrap_or_else(PoisonError::into_inner);
            backlog.push(news);
        }
    }

    /// News of an attempt, with the time where that is not the store's to tell.
    pub(crate) fn news(&self, key: &LimitKey, op: OpId, report: Report, limits: &Limits) -> News {
        News {
            key: key.clone(),
            op,
            report,
            limits: *limits,
            at: self.clock.now(),
        }
    }

    pub(crate) async fn status(
        &self,
        limits: &(dyn Fn(&str) -> Limits + Sync),
    ) -> Result<Vec<KeyStatus>, StoreError> {
        let status = |row: Row| row.status(limits);
        Ok(self.rows().await?.into_iter().map(status).collect())
    }

    /// Every limit as it is kept.
    pub(crate) async fn rows(&self) -> Result<Vec<Row>, StoreError> {
        match self.order(What::Status).await? {
            Done::Rows(rows) => Ok(rows),
            _ => Err(amiss()),
        }
    }

    pub(crate) async fn reset(&self, key: &LimitKey) -> Result<bool, StoreError> {
        match self.order(What::Reset(key.clone())).await? {
            Done::Known(known) => Ok(known),
            _ => Err(amiss()),
        }
    }

    pub(crate) async fn reach(&self) -> Result<(), StoreError> {
        self.order(What::Reach).await.map(drop)
    }

    /// Has the thread see for itself what is to be done. Nobody waits for that.
    #[cfg(feature = "sqlite")]
    pub(crate) fn nudge(&self) {
        if let Some(jobs) = self.jobs() {
            // A full channel nudges, too.
            drop(jobs.try_send(self.job(What::Look, None)));
        }
    }

    /// Has the thread do something, and waits for the answer.
    async fn order(&self, what: What) -> Result<Done, StoreError> {
        let (_room, answer) = self.hand_over(what).await?;
        answer.await.map_err(|_| gone())?
    }

    async fn hand_over(&self, what: What) -> Result<(SemaphorePermit<'_>, Answer), StoreError> {
        let room = self.room.acquire().await.map_err(|_| gone())?;
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs().ok_or_else(gone)?;
        match jobs.try_send(self.job(what, Some(reply))) {
            Ok(()) => Ok((room, answer)),
            Err(TrySendError::Full(_)) => {
                Err(StoreError("too much is asked of it at once".to_owned()))
            }
            Err(TrySendError::Disconnected(_)) => Err(gone()),
        }
    }

    fn job(&self, what: What, reply: Option<Reply>) -> Job {
        Job {
            what,
            reply,
            undone: Arc::clone(&self.undone),
        }
    }

    /// To a thread that has begun.
    fn jobs(&self) -> Option<&SyncSender<Job>> {
        self.begun.call_once(|| self.begin());
        self.jobs.as_ref()
    }

    fn begin(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Thread::Waiting(work) = std::mem::replace(&mut *thread, Thread::None) {
            let named = std::thread::Builder::new().name("tidegate-queue".to_owned());
            match named.spawn(work) {
                Ok(working) => *thread = Thread::Working(working),
                Err(error) => tracing::warn!("the queue's store has no thread: {error}"),
            }
        }
    }
}

impl fmt::Debug for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orders")
            .field("begun", &self.begun.is_completed())
            .finish_non_exhaustive()
    }
}

impl Drop for Orders {
    /// Waits until all is done that was ordered: the process may end next.
    fn drop(&mut self) {
        self.is_closing.store(true, Ordering::Relaxed);
        drop(self.jobs.take());
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Thread::Working(thread) = std::mem::replace(thread, Thread::None) {
            // A panic there was shown there.
            drop(thread.join());
        }
    }
}

type Reply = oneshot::Sender<Result<Done, StoreError>>;
type Answer = oneshot::Receiver<Result<Done, StoreError>>;

/// The thread answers what it is asked.
fn amiss() -> StoreError {
    StoreError("it answered another question".to_owned())
}

fn gone() -> StoreError {
    StoreError("its thread has ended".to_owned())
}

/// A question on its way. Dropped when its answer has come and was not read, it gives back what it was given.
struct Question<'a> {
    orders: &'a Orders,
    key: &'a LimitKey,
    asks: &'a [Ask],
    limits: &'a Limits,
    answer: Answer,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.answer.close();
        let Ok(Ok(Done::Turn(Turn::Go { index, .. }))) = self.answer.try_recv() else {
            return;
        };
        if let Some(ask) = self.asks.get(index) {
            let (orders, unsent) = (self.orders, Report::Unsent);
            orders.report_later(orders.news(self.key, ask.op, unsent, self.limits));
        }
    }
}
