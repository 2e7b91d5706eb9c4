//! The dispatcher of `adaptive` pacing.

use std::sync::Arc;
use std::time::Duration;

use tidegate_core::LimitKey;
use tidegate_core::quota::{Limits, OpId, Waiting};
use tokio::sync::Notify;

use super::line::{Line, Outlook, Rank, Ticket};
use super::{AcquireError, Inner};
use crate::store::{Ask, Report, StoreError, Turn};

/// How many may be looked at behind a head whose size holds it up.
const LOOK_AHEAD: usize = 32;
/// The longest sleep. Whoever shares the store may learn better in the meantime, and cannot wake this process.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

impl Inner {
    /// Puts a ticket into its line, and a dispatcher before a line that has none. Returns how many stand before it.
    pub(super) fn join(self: &Arc<Self>, key: &LimitKey, rank: Rank, ticket: Ticket) -> usize {
        let mut lines = self.lines();
        let unserved = !lines.contains_key(key);
        let line = lines.entry(key.clone()).or_insert_with(Line::new);
        let ahead = line.ahead(rank);
        line.waiting.insert(rank, ticket);
        if ahead < LOOK_AHEAD {
            line.news.notify_one();
        }
        let news = Arc::clone(&line.news);
        drop(lines);
        if unserved {
            let dispatcher = Dispatcher {
                inner: Arc::clone(self),
                key: key.clone(),
                news,
                more: 0,
                open: true,
            };
            tokio::spawn(dispatcher.serve());
        }
        ahead
    }

    /// Takes a ticket out of its line, if it still stands there.
    pub(super) fn leave(&self, key: &LimitKey, rank: Rank) {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(key) else {
            return;
        };
        let was_head = line
            .waiting
            .first_key_value()
            .is_some_and(|(first, _)| *first == rank);
        let Some(ticket) = line.waiting.remove(&rank) else {
            return;
        };
        line.news.notify_one();
        drop(lines);
        if was_head {
            let now = self.clock.now();
            self.store
                .report_later(key, ticket.ask.op, Report::Left, &ticket.limits, now);
        }
    }

    /// Tells the dispatcher of a limit that something has ended or was learned here.
    pub(crate) fn nudge(&self, key: &LimitKey) {
        if let Some(line) = self.lines().get(key) {
            line.news.notify_one();
        }
    }
}

/// Serves one line until it is empty.
struct Dispatcher {
    inner: Arc<Inner>,
    key: LimitKey,
    news: Arc<Notify>,
    /// How many behind the head are asked for with it.
    more: usize,
    open: bool,
}

impl Dispatcher {
    async fn serve(mut self) {
        while let Some((heads, limits)) = self.heads() {
            let asks: Vec<Ask> = heads.iter().map(|(_, ask)| *ask).collect();
            let now = self.inner.clock.now();
            let turn = self.inner.store.ask(&self.key, &asks, &limits, now).await;
            self.answer(&heads, turn, limits).await;
        }
        self.open = false;
    }

    /// The head of the line, and those that may go by it. An empty line is closed: whoever comes next opens a new one.
    fn heads(&self) -> Option<(Vec<(Rank, Ask)>, Limits)> {
        let mut lines = self.inner.lines();
        let line = lines.get(&self.key)?;
        let Some((_, head)) = line.waiting.first_key_value() else {
            lines.remove(&self.key);
            return None;
        };
        let (limits, now) = (head.limits, self.inner.clock.now());
        let mut heads = line.heads(self.more);
        for (rank, ask) in &mut heads {
            let deadline = line.waiting.get(rank).and_then(|ticket| ticket.deadline);
            ask.within = deadline.map(|deadline| deadline.saturating_since(now));
        }
        Some((heads, limits))
    }

    async fn answer(
        &mut self,
        heads: &[(Rank, Ask)],
        turn: Result<Turn, StoreError>,
        limits: Limits,
    ) {
        let now = self.inner.clock.now();
        let Some((head, asked)) = heads.first().copied() else {
            return;
        };
        match turn {
            Ok(Turn::Go { index, seq }) => {
                let called = heads.get(index).copied();
                let Some((rank, ask)) = called else { return };
                if !self.tell(rank, Ok(seq)) {
                    let store = &self.inner.store;
                    store.report_later(&self.key, ask.op, Report::Unsent, &limits, now);
                }
            }
            Ok(Turn::Wait { by_size: true, .. }) if self.more == 0 => self.more = LOOK_AHEAD,
            Ok(Turn::Wait {
                after,
                seq,
                why,
                by_size,
                gap,
                ahead,
            }) => {
                if !by_size {
                    self.more = 0;
                }
                let outlook = Outlook {
                    why,
                    head: now.saturating_add(after),
                    gap,
                    others: ahead,
                };
                self.note(head, seq, outlook);
                self.wait(asked.op, outlook, after, by_size).await;
            }
            Ok(Turn::Refused { after: None }) => {
                self.tell(head, Err(AcquireError::TooLarge));
            }
            Ok(Turn::Refused { after: Some(after) }) => {
                let earliest = Some(now.saturating_add(after));
                self.tell(head, Err(AcquireError::DeadlineTooClose { earliest }));
            }
            Ok(Turn::Closed { after }) => {
                let until = now.saturating_add(after);
                self.tell(head, Err(AcquireError::Closed { until }));
            }
            Err(error) => {
                self.tell(head, Err(error.into()));
            }
        }
    }

    /// Keeps the number of the head's place, should the place lapse, and how things stand.
    fn note(&self, head: Rank, seq: u64, outlook: Outlook) {
        if let Some(line) = self.inner.lines().get_mut(&self.key) {
            if let Some(ticket) = line.waiting.get_mut(&head) {
                ticket.ask.seq = Some(seq);
            }
            line.expect(outlook);
        }
    }

    /// Sleeps until the head that was asked for may leave, or until there is reason to ask sooner. Another may have become
    /// the head while the store was asked.
    async fn wait(&self, asked: OpId, outlook: Outlook, after: Duration, by_size: bool) {
        let until = self
            .inner
            .clock
            .now()
            .saturating_add(after.min(LONGEST_SLEEP));
        let sleep = self.inner.clock.sleep_until(until);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                () = &mut sleep => return,
                () = self.news.notified() => {
                    // At a known pace nothing that happens here brings the turn nearer, unless somebody else is the head.
                    if by_size || outlook.why != Waiting::Pace || self.head() != Some(asked) {
                        return;
                    }
                }
            }
        }
    }

    fn head(&self) -> Option<OpId> {
        let lines = self.inner.lines();
        let line = lines.get(&self.key)?;
        let (rank, _) = line.waiting.first_key_value()?;
        line.op_of(*rank)
    }

    /// Wakes one waiter with its answer. Says whether it was there to hear it.
    fn tell(&self, rank: Rank, answer: Result<u64, AcquireError>) -> bool {
        let mut lines = self.inner.lines();
        let ticket = lines
            .get_mut(&self.key)
            .and_then(|line| line.waiting.remove(&rank));
        drop(lines);
        ticket.is_some_and(|ticket| ticket.turn.send(answer).is_ok())
    }
}

impl Drop for Dispatcher {
    /// Dropped before its line was empty, its runtime is going down. Closing the line tells its waiters that nobody
    /// will call them; they stand in line again, on the runtime they live on.
    fn drop(&mut self) {
        if self.open {
            drop(self.inner.lines().remove(&self.key));
        }
    }
}
