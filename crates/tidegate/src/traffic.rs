//! Counting, for the retry budget.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tidegate_core::{LimitKey, RetryBudget};

/// Runs under way and retries under way, per limit. Counts nothing without a budget.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    budget: Option<RetryBudget>,
    counts: Mutex<HashMap<LimitKey, Arc<Counts>>>,
}

#[derive(Debug, Default)]
struct Counts {
    under_way: AtomicU32,
    retrying: AtomicU32,
}

impl Traffic {
    pub(crate) fn new(budget: Option<RetryBudget>) -> Self {
        Self {
            budget,
            counts: Mutex::default(),
        }
    }

    /// Counts a run at a target for as long as the guard lives.
    pub(crate) fn enter(&self, key: &LimitKey) -> Visit {
        let counts = self.budget.map(|budget| {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            (budget, Arc::clone(counts.entry(key.clone()).or_default()))
        });
        if let Some((_, counts)) = &counts {
            counts.under_way.fetch_add(1, Ordering::Relaxed);
        }
        Visit {
            counts,
            retrying: false,
        }
    }
}

/// One run at one target.
#[derive(Debug)]
pub(crate) struct Visit {
    counts: Option<(RetryBudget, Arc<Counts>)>,
    retrying: bool,
}

impl Visit {
    /// Whether the budget allows this run a retry. One that is already retrying holds its share.
    pub(crate) fn may_retry(&self) -> bool {
        self.counts.as_ref().is_none_or(|(budget, counts)| {
            let (under_way, retrying) = (
                counts.under_way.load(Ordering::Relaxed),
                counts.retrying.load(Ordering::Relaxed),
            );
            self.retrying || budget.allows(under_way, retrying)
        })
    }

    /// Counts this run as retrying from now on.
    pub(crate) fn retry(&mut self) {
        if let (false, Some((_, counts))) = (self.retrying, &self.counts) {
            counts.retrying.fetch_add(1, Ordering::Relaxed);
            self.retrying = true;
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some((_, counts)) = &self.counts {
            counts.under_way.fetch_sub(1, Ordering::Relaxed);
            counts
                .retrying
                .fetch_sub(u32::from(self.retrying), Ordering::Relaxed);
        }
    }
}
