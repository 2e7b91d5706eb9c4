//! Who stands in line, for those who want to look.
//!
//! A position changes with every departure; telling it as an event would wake every waiter for each. So it is not told: it
//! is there to be looked at, by whoever shows it, as often as he likes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use tidegate_core::RunId;
use tidegate_queue::{Position, Watch};

/// The runs that stand in line.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    waiting: Mutex<HashMap<RunId, Watch>>,
}

/// A run in line, until dropped.
#[derive(Debug)]
pub(crate) struct Watched<'w> {
    watches: &'w Watches,
    run: RunId,
}

impl Watches {
    pub(crate) fn enter(&self, run: RunId, watch: Watch) -> Watched<'_> {
        self.waiting().insert(run, watch);
        Watched { watches: self, run }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<RunId, Watch>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.watches.waiting().remove(&self.run);
    }
}

/// Looks at where the runs of an executor stand in line. Keeps nothing alive.
#[derive(Debug, Clone)]
pub struct Positions {
    pub(crate) watches: Weak<Watches>,
}

impl Positions {
    /// Where a run stands now, and when it should leave, as things stand; `None` when it does not stand in line.
    pub fn of(&self, run: RunId) -> Option<Position> {
        let watches = self.watches.upgrade()?;
        let watch = watches.waiting().get(&run).cloned();
        watch?.position()
    }
}
