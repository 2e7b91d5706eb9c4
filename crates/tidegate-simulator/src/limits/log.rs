//! The sliding log: the strictest form, since no span of its length holds more than its number.

use std::collections::VecDeque;
use std::time::Duration;

use super::Wait;
use super::counter::Count;

#[derive(Debug, Clone)]
pub(super) struct Log {
    units: u64,
    length: u64,
    /// When how many units were counted, oldest first; no time twice and no entry of none, so there are never more
    /// entries than units.
    entries: VecDeque<Entry>,
    /// The units of all entries.
    sum: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: u64,
    units: u64,
}

impl Log {
    pub(super) fn new(units: u64, length: u64) -> Self {
        Self {
            units,
            length,
            entries: VecDeque::new(),
            sum: 0,
        }
    }

    fn expires(&self, entry: Entry) -> u64 {
        entry.at.saturating_add(self.length)
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.entries.pop_front() {
            self.sum = self.sum.saturating_sub(oldest.units);
        }
    }
}

impl Count for Log {
    fn wait(&self, now: u64, units: u64) -> Wait {
        if units > self.units {
            return Wait::Never;
        }
        let mut over = self.sum.saturating_add(units).saturating_sub(self.units);
        for &entry in &self.entries {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(entry.units);
            if over == 0 {
                let wait = self.expires(entry).saturating_sub(now);
                return Wait::Exactly(Duration::from_nanos(wait));
            }
        }
        Wait::NONE
    }

    fn charge(&mut self, now: u64, units: u64) {
        while let Some(&oldest) = self.entries.front()
            && self.expires(oldest) <= now
        {
            self.drop_oldest();
        }
        if units == 0 {
            return;
        }
        self.sum = self.sum.saturating_add(units);
        match self.entries.back_mut() {
            Some(newest) if newest.at == now => newest.units = newest.units.saturating_add(units),
            _ => self.entries.push_back(Entry { at: now, units }),
        }
    }

    /// Entries that are followed by a full span of newer ones say nothing any more: whoever has to wait for those,
    /// has waited for them. So the log stays as short as the limit, however hard it is hammered.
    fn punish(&mut self, now: u64, units: u64) {
        self.charge(now, units);
        while let Some(oldest) = self.entries.front()
            && self.sum - oldest.units >= self.units
        {
            self.drop_oldest();
        }
    }

    fn refund(&mut self, _: u64, at: u64, units: u64) {
        let Ok(index) = self.entries.binary_search_by_key(&at, |entry| entry.at) else {
            return;
        };
        let entry = &mut self.entries[index];
        let units = units.min(entry.units);
        entry.units -= units;
        self.sum = self.sum.saturating_sub(units);
        if entry.units == 0 {
            self.entries.remove(index);
        }
    }

    fn left(&self, now: u64) -> (u64, u64) {
        let counted = self.entries.iter().rev();
        let counted = counted.take_while(|entry| self.expires(**entry) > now);
        let used = counted.fold(0_u64, |used, entry| used.saturating_add(entry.units));
        let newest = self
            .entries
            .back()
            .map_or(0, |newest| self.expires(*newest));
        (self.units.saturating_sub(used), newest.saturating_sub(now))
    }
}

#[cfg(test)]
impl Log {
    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }
}
