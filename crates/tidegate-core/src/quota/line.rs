//! Who waits for a limit: the first of each process, in one order for all of them.

use serde::{Deserialize, Serialize};

use super::{Cost, OpId};

/// Who goes first where all want to go.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Somebody looks at the screen.
    #[default]
    Interactive,
    /// Nobody waits for this one in particular.
    Batch,
}

/// One place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) op: OpId,
    pub(super) priority: Priority,
    /// Its number in the order of arrival. An attempt that was refused comes back under its old one.
    pub(super) seq: u64,
    pub(super) cost: Cost,
    /// How many smaller ones went by.
    pub(super) passed: u32,
    /// When it lapses, unless its holder asks again.
    pub(super) expires: u64,
}

/// All places, the first to go first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Line {
    places: Vec<Place>,
}

impl Line {
    /// Takes a place, or keeps the one already taken. Returns how many stand before it.
    pub(super) fn join(&mut self, place: Place) -> usize {
        if let Some(index) = self.find(place.op) {
            return index;
        }
        let key = |place: &Place| (place.priority, place.seq);
        let index = self
            .places
            .partition_point(|other| key(other) <= key(&place));
        self.places.insert(index, place);
        index
    }

    /// The number of a place that is taken.
    pub(super) fn seq(&self, op: OpId) -> Option<u64> {
        self.find(op).map(|index| self.places[index].seq)
    }

    pub(super) fn leave(&mut self, op: OpId) {
        if let Some(index) = self.find(op) {
            self.places.remove(index);
        }
    }

    /// Drops the places whose holders did not come back.
    pub(super) fn lapse(&mut self, now: u64) {
        self.places.retain(|place| place.expires > now);
    }

    pub(super) fn before(&self, index: usize) -> &[Place] {
        &self.places[..index.min(self.places.len())]
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Place> {
        self.places.get_mut(index)
    }

    /// The places that have not lapsed, also where nobody has asked since.
    pub(super) fn waiting(&self, now: u64) -> usize {
        let still = |place: &&Place| place.expires > now;
        self.places.iter().filter(still).count()
    }

    pub(super) const fn len(&self) -> usize {
        self.places.len()
    }

    fn find(&self, op: OpId) -> Option<usize> {
        self.places.iter().position(|place| place.op == op)
    }
}
