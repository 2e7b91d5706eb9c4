//! An attempt on its way out.
//!
//! A permit is given when the queue lets an attempt go. Whoever sends it may do so later: a thread that starts the
//! queue's commands may be busy with something else. What is spaced are real departures, so the queue is told of them.

use std::fmt;
use std::sync::Arc;

use tidegate_core::LimitKey;
use tokio::sync::Notify;

use super::Inner;

/// Says when an attempt has really left: when it is dropped. The next of its line leaves its spacing after that, though the
/// line waits no longer than a second to hear of it.
///
/// The default is that of an attempt whose departure nobody waits for.
#[derive(Default)]
#[must_use = "an attempt leaves when this is dropped"]
pub struct Leaving(Option<Spaced>);

struct Spaced {
    inner: Arc<Inner>,
    key: LimitKey,
    /// Tells the dispatcher.
    left: Arc<Notify>,
}

impl Leaving {
    pub(super) const fn spaced(inner: Arc<Inner>, key: LimitKey, left: Arc<Notify>) -> Self {
        Self(Some(Spaced { inner, key, left }))
    }

    /// It has left, now.
    pub fn left(self) {
        drop(self);
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(Spaced { inner, key, left }) = self.0.take() {
            inner.left_spaced(&key);
            left.notify_one();
        }
    }
}

impl fmt::Debug for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.0.as_ref().map(|spaced| &spaced.key);
        f.debug_tuple("Leaving").field(&key).finish()
    }
}
