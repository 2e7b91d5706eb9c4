//! What was last heard of each limit, kept where it is found when the store is away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidegate_core::LimitKey;
use tokio::time::Instant;

use crate::store::LastKnown;

/// What was heard of a limit is heard anew with the next question after so long.
const STALE: Duration = Duration::from_millis(50);

/// Written by whoever speaks to the store, read by whoever cannot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<HashMap<LimitKey, (Instant, LastKnown)>>>);

impl Heard {
    /// Whether it is time to hear of the limit again.
    pub(crate) fn is_stale(&self, key: &LimitKey) -> bool {
        let heard = self.lock();
        heard.get(key).is_none_or(|(at, _)| at.elapsed() >= STALE)
    }

    pub(crate) fn keep(&self, key: &LimitKey, known: LastKnown) {
        self.lock().insert(key.clone(), (Instant::now(), known));
    }

    /// Keeps how many share a limit now, if anything is known of it.
    #[cfg(feature = "redis")]
    pub(crate) fn count(&self, key: &LimitKey, sharers: u32) {
        if let Some((_, known)) = self.lock().get_mut(key) {
            known.sharers = sharers;
        }
    }

    /// What is known of the limit, as of now.
    pub(crate) fn of(&self, key: &LimitKey) -> Option<LastKnown> {
        let (at, known) = *self.lock().get(key)?;
        let next = known.next.saturating_sub(at.elapsed());
        Some(LastKnown { next, ..known })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LimitKey, (Instant, LastKnown)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
