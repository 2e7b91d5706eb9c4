//! A store under a clock that only the test moves.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidegate_core::quota::{Dimension, Limit, Limits, OpId, Priority, Standing};
use tidegate_core::{Cost, LimitKey, ObservedLimits, Timestamp};
use tidegate_queue::{Ask, MemoryStore, QueueStore, Report, Turn};

/// Time that stands still until a test moves it.
#[derive(Debug, Clone)]
pub(crate) struct Hand(Arc<AtomicU64>);

impl Hand {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(100_000_000)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap();
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

#[cfg(feature = "sqlite")]
impl tidegate_queue::HostClock for Hand {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    fn boot(&self) -> String {
        "test".to_owned()
    }
}

/// A store, one key and what is configured for it.
pub(crate) struct Desk {
    pub(crate) store: Box<dyn QueueStore>,
    pub(crate) hand: Hand,
    pub(crate) limits: Limits,
    key: LimitKey,
    /// What the store lives in, as long as the test runs.
    _home: Option<Box<dyn Any>>,
}

impl Desk {
    pub(crate) fn memory(limits: Limits) -> Self {
        Self::over(Box::new(MemoryStore::default()), Hand::new(), limits, None)
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn sqlite(limits: Limits) -> Self {
        let place = tempfile::tempdir().unwrap();
        let hand = Hand::new();
        let path = place.path().join("queue.db");
        let store =
            tidegate_queue::SqliteStore::open_with(&path, hand.clone(), Duration::from_secs(3600));
        Self::over(
            Box::new(store.unwrap()),
            hand,
            limits,
            Some(Box::new(place)),
        )
    }

    #[cfg(feature = "redis")]
    pub(crate) fn redis(limits: Limits) -> Self {
        let server = crate::server::Server::start();
        let hand = Hand::new();
        let clock = hand.clone();
        let options = tidegate_queue::RedisOptions {
            ttl: Duration::from_secs(3600),
            ..server.options()
        };
        let store = tidegate_queue::RedisStore::connect_by(&options, move || clock.now());
        Self::over(
            Box::new(store.unwrap()),
            hand,
            limits,
            Some(Box::new(server)),
        )
    }

    fn over(
        store: Box<dyn QueueStore>,
        hand: Hand,
        limits: Limits,
        home: Option<Box<dyn Any>>,
    ) -> Self {
        Self {
            store,
            hand,
            limits,
            key: LimitKey::new("k"),
            _home: home,
        }
    }

    pub(crate) async fn ask(&self, asks: &[Ask]) -> Turn {
        let now = self.hand.now();
        self.store
            .ask(&self.key, asks, &self.limits, now)
            .await
            .unwrap()
    }

    pub(crate) async fn report(&self, op: u64, report: Report) {
        let now = self.hand.now();
        let told = self
            .store
            .report(&self.key, OpId(op), report, &self.limits, now);
        told.await.unwrap();
    }

    pub(crate) async fn accept(&self, op: u64) {
        self.report(op, Report::Accepted(ObservedLimits::default()))
            .await;
    }

    pub(crate) async fn in_flight(&self) -> u32 {
        self.standing()
            .await
            .map_or(0, |standing| standing.in_flight)
    }

    pub(crate) async fn barrier(&self) -> Option<u64> {
        self.standing().await.and_then(|standing| standing.barrier)
    }

    pub(crate) async fn epoch(&self) -> u64 {
        self.standing().await.map_or(0, |standing| standing.epoch)
    }

    pub(crate) async fn standing(&self) -> Option<Standing> {
        let limits = self.limits;
        let rows = self
            .store
            .status(&move |_| limits, self.hand.now())
            .await
            .unwrap();
        rows.first().map(|row| row.standing)
    }
}

pub(crate) fn ask(op: u64) -> Ask {
    sized(op, 0)
}

pub(crate) fn sized(op: u64, tokens: u64) -> Ask {
    Ask {
        op: OpId(op),
        cost: Cost {
            requests: 1,
            input_tokens: tokens,
            output_tokens: 0,
        },
        priority: Priority::Interactive,
        seq: None,
        within: None,
    }
}

pub(crate) fn a_second_each() -> Limits {
    Limits::UNKNOWN.with(Dimension::Requests, Limit::per_minute(60))
}

pub(crate) fn is_go(turn: Turn) -> bool {
    matches!(turn, Turn::Go { .. })
}
