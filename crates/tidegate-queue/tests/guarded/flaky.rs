//! A store that does what it is told.

use std::future::{pending, ready};
use std::sync::Mutex;

use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};
use tidegate_queue::{
    Ask, KeyStatus, LastKnown, MemoryStore, QueueStore, Report, StoreError, StoreFuture, Turn,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Fails at once.
    Broken,
    /// Never answers.
    Hanging,
    /// Fails, and says that it is well.
    Deceiving,
}

#[derive(Debug)]
pub(crate) struct Flaky {
    store: MemoryStore,
    known: Option<LastKnown>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    mood: Mood,
    looks: usize,
    numbers: Vec<Option<u64>>,
    let_go: Vec<OpId>,
    ended: Vec<OpId>,
}

impl Flaky {
    pub(crate) fn new(known: Option<LastKnown>) -> Self {
        let seen = Seen {
            mood: Mood::Well,
            looks: 0,
            numbers: Vec::new(),
            let_go: Vec::new(),
            ended: Vec::new(),
        };
        Self {
            store: MemoryStore::default(),
            known,
            seen: Mutex::new(seen),
        }
    }

    pub(crate) fn be(&self, mood: Mood) {
        self.seen.lock().unwrap().mood = mood;
    }

    /// How often it was looked for.
    pub(crate) fn looks(&self) -> usize {
        self.seen.lock().unwrap().looks
    }

    /// The numbers in the order of arrival that it was asked with while it was well.
    pub(crate) fn numbers(&self) -> Vec<Option<u64>> {
        self.seen.lock().unwrap().numbers.clone()
    }

    pub(crate) fn let_go(&self) -> Vec<OpId> {
        self.seen.lock().unwrap().let_go.clone()
    }

    /// Attempts whose end it was told, now or for later.
    pub(crate) fn ended(&self) -> Vec<OpId> {
        self.seen.lock().unwrap().ended.clone()
    }

    fn moody<'a, T: Send + 'a>(&self, answer: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        match self.seen.lock().unwrap().mood {
            Mood::Well => answer,
            Mood::Broken | Mood::Deceiving => Box::pin(ready(Err(StoreError("broken".to_owned())))),
            Mood::Hanging => Box::pin(pending()),
        }
    }
}

impl QueueStore for Flaky {
    fn ask<'a>(
        &'a self,
        key: &'a LimitKey,
        asks: &'a [Ask],
        limits: &'a Limits,
        now: Timestamp,
    ) -> StoreFuture<'a, Turn> {
        self.moody(Box::pin(async move {
            let turn = self.store.ask(key, asks, limits, now).await;
            let mut seen = self.seen.lock().unwrap();
            seen.numbers.extend(asks.iter().map(|ask| ask.seq));
            if let Ok(Turn::Go { index, .. }) = turn {
                seen.let_go.push(asks[index].op);
            }
            turn
        }))
    }

    fn report<'a>(
        &'a self,
        key: &'a LimitKey,
        op: OpId,
        report: Report,
        limits: &'a Limits,
        now: Timestamp,
    ) -> StoreFuture<'a, ()> {
        self.moody(Box::pin(async move {
            self.report_later(key, op, report, limits, now);
            Ok(())
        }))
    }

    fn report_later(
        &self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
        now: Timestamp,
    ) {
        self.store.report_later(key, op, report, limits, now);
        if report == Report::Ended {
            self.seen.lock().unwrap().ended.push(op);
        }
    }

    fn status<'a>(
        &'a self,
        limits: &'a (dyn Fn(&str) -> Limits + Sync),
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<KeyStatus>> {
        self.store.status(limits, now)
    }

    fn reset<'a>(&'a self, key: &'a LimitKey) -> StoreFuture<'a, bool> {
        self.store.reset(key)
    }

    fn last_known(&self, _key: &LimitKey) -> Option<LastKnown> {
        self.known
    }

    fn reach(&self) -> StoreFuture<'_, ()> {
        let mut seen = self.seen.lock().unwrap();
        seen.looks += 1;
        let mood = seen.mood;
        drop(seen);
        if mood == Mood::Deceiving {
            return Box::pin(ready(Ok(())));
        }
        self.moody(Box::pin(ready(Ok(()))))
    }
}
