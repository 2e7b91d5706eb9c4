//! How far a pack has come, for whoever waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what a pack has done so far. Cheap to clone: clones count together, so that one can be looked at while another
/// is at work.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    looked_at: AtomicUsize,
    read: AtomicUsize,
}

impl Progress {
    /// Files, directories and links that were looked at.
    pub fn looked_at(&self) -> usize {
        self.counts.looked_at.load(Ordering::Relaxed)
    }

    /// Files that were read.
    pub fn read(&self) -> usize {
        self.counts.read.load(Ordering::Relaxed)
    }

    pub(crate) fn one_looked_at(&self) {
        self.counts.looked_at.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn one_read(&self) {
        self.counts.read.fetch_add(1, Ordering::Relaxed);
    }
}

/// It says nothing of what is packed: options that differ in it alone are the same.
impl PartialEq for Progress {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Progress {}
