//! A place in the line of one limit.

use std::sync::{Arc, Weak};

use tidegate_core::quota::{OpId, Waiting};
use tidegate_core::{Cost, LimitKey, Timestamp};
use tokio::sync::oneshot;

use super::line::{Outlook, Rank, Ticket};
use super::permit::Permit;
use super::spaced::SpacedPlace;
use super::{AcquireError, Admission, Inner, Number, Pacing, Wanted};
use crate::store::{Ask, Report, Turn};

/// A place in the line of one limit.
#[derive(Debug)]
#[must_use = "a place is given up when it is dropped"]
pub struct Place {
    standing: Standing,
}

#[derive(Debug)]
enum Standing {
    Spaced(SpacedPlace),
    // Boxed, because it knows its limits, and a place of the other kind should not have room for them.
    Adaptive(Box<AdaptivePlace>),
}

impl Place {
    pub(super) fn take(inner: &Arc<Inner>, key: LimitKey, wanted: Wanted) -> Self {
        let standing = match wanted.pacing {
            Pacing::Spaced { slot } => {
                Standing::Spaced(SpacedPlace::take(inner, key, slot, wanted.deadline))
            }
            Pacing::Adaptive(admission) => {
                Standing::Adaptive(Box::new(AdaptivePlace::take(inner, key, wanted, admission)))
            }
        };
        Self { standing }
    }

    /// How many stood before it when it was taken, of this process and, as far as was known, of all who share the store.
    pub fn ahead(&self) -> usize {
        match &self.standing {
            Standing::Spaced(place) => place.ahead(),
            Standing::Adaptive(place) => {
                let others = place.outlook().map_or(0, |outlook| outlook.others);
                place.ahead.saturating_add(others)
            }
        }
    }

    /// Something to look at its position with, while it is somebody else's turn to wait for it. `None` under `spaced`
    /// pacing, where the time of its departure is known from the beginning.
    pub fn watch(&self) -> Option<Watch> {
        match &self.standing {
            Standing::Spaced(_) => None,
            Standing::Adaptive(place) => Some(Watch {
                inner: Arc::downgrade(&place.inner),
                key: place.key.clone(),
                rank: place.rank,
            }),
        }
    }

    /// When it should leave, as far as that was known when it was taken.
    pub fn expected(&self) -> Option<Timestamp> {
        match &self.standing {
            Standing::Spaced(place) => Some(place.expected()),
            Standing::Adaptive(place) => place.outlook().map(|it| it.expected(place.ahead)),
        }
    }

    /// What is waited for, where that is known.
    pub fn why(&self) -> Option<Waiting> {
        match &self.standing {
            Standing::Spaced(_) => None,
            Standing::Adaptive(place) => place.outlook().map(|outlook| outlook.why),
        }
    }

    /// Whether its holder stands in a line.
    pub const fn is_waiting(&self) -> bool {
        match &self.standing {
            Standing::Spaced(place) => place.is_waiting(),
            Standing::Adaptive(place) => place.turn.is_some(),
        }
    }

    /// Asks whether the way is free, and takes a place in the line when it is not: after this,
    /// [`is_waiting`](Self::is_waiting) says whether there is anything to wait for.
    ///
    /// # Errors
    /// [`AcquireError`] when the turn cannot come in time, or at all.
    pub async fn step_up(&mut self) -> Result<(), AcquireError> {
        match &mut self.standing {
            Standing::Spaced(_) => Ok(()),
            Standing::Adaptive(place) => place.step_up().await,
        }
    }

    /// Waits for the turn, and leaves.
    ///
    /// # Errors
    /// [`AcquireError`] when the turn cannot come in time, or at all.
    pub async fn permit(self) -> Result<Permit, AcquireError> {
        match self.standing {
            Standing::Spaced(place) => place.permit().await,
            Standing::Adaptive(place) => (*place).permit().await,
        }
    }
}

/// Looks at a place in line from elsewhere. Nobody is woken for it, and it keeps nothing alive.
#[derive(Debug, Clone)]
pub struct Watch {
    inner: Weak<Inner>,
    key: LimitKey,
    rank: Rank,
}

/// Where a place stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// How many stand before it, of this process and, as far as is known, of all who share the store.
    pub ahead: usize,
    /// When it should leave, as things stand.
    pub expected: Timestamp,
}

impl Watch {
    /// Where it stands now; `None` when it does not stand in line any more, or nobody has asked for it yet.
    pub fn position(&self) -> Option<Position> {
        let inner = self.inner.upgrade()?;
        let lines = inner.lines();
        let line = lines.get(&self.key)?;
        let outlook = line
            .outlook
            .filter(|_| line.waiting.contains_key(&self.rank))?;
        let ahead = line.waiting.range(..self.rank).count();
        Some(Position {
            ahead: ahead.saturating_add(outlook.others),
            expected: outlook.expected(ahead),
        })
    }
}

/// A place in a line that asks a store.
#[derive(Debug)]
struct AdaptivePlace {
    inner: Arc<Inner>,
    key: LimitKey,
    cost: Cost,
    deadline: Option<Timestamp>,
    admission: Admission,
    rank: Rank,
    op: OpId,
    ahead: usize,
    /// Where its turn will be told, while it stands in line.
    turn: Option<oneshot::Receiver<Result<u64, AcquireError>>>,
    /// The store was asked, and has not answered.
    asking: bool,
    /// It was let go, under this number, and has not left.
    let_go: Option<u64>,
}

impl AdaptivePlace {
    fn take(inner: &Arc<Inner>, key: LimitKey, wanted: Wanted, admission: Admission) -> Self {
        let number = admission
            .again
            .map_or_else(|| inner.next_number(), |again| again.here);
        let rank = Rank {
            priority: admission.priority,
            due: admission.due.unwrap_or(Timestamp::from_micros(u64::MAX)),
            number,
        };
        let mut place = Self {
            inner: Arc::clone(inner),
            key,
            cost: wanted.cost,
            deadline: wanted.deadline,
            admission,
            rank,
            op: inner.next_op(),
            ahead: 0,
            turn: None,
            asking: false,
            let_go: None,
        };
        if inner.lines().contains_key(&place.key) {
            place.join();
        }
        place
    }

    fn outlook(&self) -> Option<Outlook> {
        self.turn.as_ref()?;
        self.inner.lines().get(&self.key)?.outlook
    }

    fn ask(&self) -> Ask {
        let now = self.inner.clock.now();
        Ask {
            op: self.op,
            cost: self.cost,
            priority: self.admission.priority,
            seq: self.admission.again.map(|again| again.everywhere),
            within: self.deadline.map(|deadline| deadline.saturating_since(now)),
        }
    }

    fn join(&mut self) {
        let (sender, turn) = oneshot::channel();
        let ticket = Ticket {
            ask: self.ask(),
            limits: self.admission.limits,
            deadline: self.deadline,
            turn: sender,
        };
        self.ahead = self.inner.join(&self.key, self.rank, ticket);
        self.turn = Some(turn);
    }

    /// Nobody waits, so nobody is overtaken: asks the store itself, and saves itself a dispatcher.
    async fn step_up(&mut self) -> Result<(), AcquireError> {
        if self.turn.is_some() || self.let_go.is_some() {
            return Ok(());
        }
        let inner = Arc::clone(&self.inner);
        let _one_of_few = inner.asking.acquire().await;
        if inner.lines().contains_key(&self.key) {
            self.join();
            return Ok(());
        }
        let (asks, now) = ([self.ask()], self.inner.clock.now());
        self.asking = true;
        let turn = self
            .inner
            .store
            .ask(&self.key, &asks, &self.admission.limits, now)
            .await?;
        self.asking = false;
        match turn {
            Turn::Go { seq, .. } => self.let_go = Some(seq),
            Turn::Wait {
                after,
                seq,
                why,
                gap,
                ahead,
                ..
            } => {
                self.admission.again = Some(Number {
                    here: self.rank.number,
                    everywhere: seq,
                });
                self.join();
                self.stand_behind();
                let outlook = Outlook {
                    why,
                    head: now.saturating_add(after),
                    gap,
                    others: ahead,
                };
                if let Some(line) = self.inner.lines().get_mut(&self.key) {
                    line.outlook.get_or_insert(outlook);
                }
            }
            Turn::Refused { after: None } => return Err(AcquireError::TooLarge),
            Turn::Refused { after } => {
                let earliest = after.map(|after| now.saturating_add(after));
                return Err(AcquireError::DeadlineTooClose { earliest });
            }
            Turn::Closed { after } => {
                let until = now.saturating_add(after);
                return Err(AcquireError::Closed { until });
            }
        }
        Ok(())
    }

    /// Where others of this process came first, the dispatcher asks for them alone. A place that nobody asks for again
    /// would be in everybody's way until it lapses.
    fn stand_behind(&self) {
        if self.ahead > 0 {
            let (limits, now) = (&self.admission.limits, self.inner.clock.now());
            let store = &self.inner.store;
            store.report_later(&self.key, self.op, Report::Left, limits, now);
        }
    }

    async fn permit(mut self) -> Result<Permit, AcquireError> {
        loop {
            let outlook = self.outlook();
            let late = outlook.and_then(|outlook| outlook.too_late(self.ahead, self.deadline));
            if late.is_some() {
                return Err(AcquireError::DeadlineTooClose { earliest: late });
            }
            self.step_up().await?;
            if let Some(turn) = &mut self.turn {
                // An error is a dispatcher that went down with the runtime it lived on: stand in line again, on this one.
                let answer = turn.await;
                self.turn = None;
                match answer {
                    Ok(answer) => self.let_go = Some(answer?),
                    Err(_) => self.join(),
                }
            }
            if let Some(everywhere) = self.let_go.take() {
                let number = Number {
                    here: self.rank.number,
                    everywhere,
                };
                return Ok(Permit::adaptive(
                    Arc::clone(&self.inner),
                    self.key.clone(),
                    self.op,
                    self.admission.limits,
                    number,
                ));
            }
        }
    }
}

impl Drop for AdaptivePlace {
    fn drop(&mut self) {
        if let Some(mut turn) = self.turn.take() {
            self.inner.leave(&self.key, self.rank);
            // Called in the same moment: then the ticket was gone already, and the answer lies here.
            if let Ok(Ok(seq)) = turn.try_recv() {
                self.let_go = Some(seq);
            }
        }
        let given: &[Report] = match (self.asking, self.let_go) {
            (true, _) => &[Report::Left, Report::Unsent],
            (false, Some(_)) => &[Report::Unsent],
            (false, None) => &[],
        };
        let (store, limits, now) = (
            &self.inner.store,
            &self.admission.limits,
            self.inner.clock.now(),
        );
        for report in given {
            store.report_later(&self.key, self.op, *report, limits, now);
            self.inner.nudge(&self.key);
        }
    }
}
