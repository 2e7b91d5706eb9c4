//! The circuits of an executor: which targets its runs pass by.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_core::{Circuit, FailureKind, LimitKey, Timestamp};

/// What is held against targets, by what their provider meters together: endpoints that share it go down together. One
/// that nothing is held against is not remembered.
#[derive(Debug, Default)]
pub(crate) struct Circuits {
    circuits: Mutex<HashMap<LimitKey, Circuit>>,
}

impl Circuits {
    /// Whether a run that could go elsewhere may go there.
    pub(crate) fn admits(&self, key: &LimitKey, now: Timestamp) -> bool {
        self.circuits()
            .get_mut(key)
            .is_none_or(|circuit| circuit.admits(now, fastrand::f64()))
    }

    /// A run was served there.
    pub(crate) fn succeeded(&self, key: &LimitKey, now: Timestamp) {
        let mut circuits = self.circuits();
        if let Some(circuit) = circuits.get_mut(key) {
            circuit.succeeded(now);
            if circuit.is_clear() {
                circuits.remove(key);
            }
        }
    }

    /// An attempt failed there.
    pub(crate) fn failed(&self, key: &LimitKey, kind: FailureKind, now: Timestamp) {
        let mut circuits = self.circuits();
        let mut circuit = circuits.get(key).copied().unwrap_or_default();
        circuit.failed(kind, now);
        if circuit.is_clear() {
            circuits.remove(key);
        } else {
            circuits.insert(key.clone(), circuit);
        }
    }

    /// What it holds is whole whenever the lock is free, so a panic elsewhere has not harmed it.
    fn circuits(&self) -> MutexGuard<'_, HashMap<LimitKey, Circuit>> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
