//! The limits between the file and the arithmetic.
//!
//! A limit is one row: its state, and how many attempts each process has under way. What an attempt left behind stays with
//! its process, which alone can bring it back; others need the number, for when the process is gone. So an operation reads
//! and writes one row, once per transaction, and a row is read into numbers only where its text is not the one that was
//! written last: alone on a limit, a process never reads its own writing.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, params};
use tidegate_core::quota::{Lease, OpId, QuotaState};
use tidegate_core::{LimitKey, Timestamp};

/// Limits that are kept ready. A process uses a few.
const MOST: usize = 64;

/// How many attempts each process has under way, by its number.
pub(super) type Held = BTreeMap<u64, u32>;

/// The limits that this process uses, as they stand in the transaction that is open.
#[derive(Debug)]
pub(super) struct Accounts {
    owner: u64,
    known: HashMap<LimitKey, Account>,
    /// Used in this transaction.
    used: Vec<LimitKey>,
    text: Vec<u8>,
}

/// One limit.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) state: QuotaState,
    held: Held,
    /// As the file has both; empty where it has neither.
    text: String,
    /// To be begun in the file.
    is_new: bool,
    /// What this process has under way, under the names that attempts have in the file.
    leases: HashMap<OpId, Lease>,
    /// What this transaction changed of `leases`.
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Begun(OpId),
    Ended(Lease),
}

impl Accounts {
    pub(super) fn of_owner(owner: u64) -> Self {
        Self {
            owner,
            known: HashMap::new(),
            used: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Whether this process has attempts under way, as far as it knows.
    pub(super) fn hold(&self) -> bool {
        self.known
            .values()
            .any(|account| !account.leases.is_empty())
    }

    /// Limits of which this process has attempts under way.
    pub(super) fn holding(&self) -> Vec<LimitKey> {
        let holding = self
            .known
            .iter()
            .filter(|(_, account)| !account.leases.is_empty());
        holding.map(|(key, _)| key.clone()).collect()
    }

    /// A limit that the file knows.
    pub(super) fn of(
        &mut self,
        file: &Connection,
        key: &LimitKey,
    ) -> rusqlite::Result<Option<&mut Account>> {
        let account = self.read(file, key)?;
        Ok(Some(account).filter(|account| account.is_new || !account.text.is_empty()))
    }

    /// As [`of`](Self::of), begun where the file does not know it.
    pub(super) fn of_or_new(
        &mut self,
        file: &Connection,
        key: &LimitKey,
    ) -> rusqlite::Result<&mut Account> {
        let account = self.read(file, key)?;
        account.is_new = account.text.is_empty();
        Ok(account)
    }

    fn read(&mut self, file: &Connection, key: &LimitKey) -> rusqlite::Result<&mut Account> {
        let account = self.known.entry(key.clone()).or_default();
        if !self.used.contains(key) {
            self.used.push(key.clone());
            account.read(file, key)?;
            account.agree(self.owner);
        }
        Ok(account)
    }

    /// Writes what has changed.
    pub(super) fn write(&mut self, file: &Connection, now: Timestamp) -> rusqlite::Result<()> {
        for key in &self.used {
            if let Some(account) = self.known.get_mut(key) {
                account.write(file, key, now, &mut self.text)?;
            }
        }
        Ok(())
    }

    /// The transaction has ended: all of it is in the file, or nothing.
    pub(super) fn end(&mut self, is_written: bool) {
        for key in self.used.drain(..) {
            if let Some(account) = self.known.get_mut(&key) {
                account.is_new = false;
                if is_written {
                    account.changes.clear();
                } else {
                    account.undo();
                }
            }
        }
        if self.known.len() > MOST {
            self.known.retain(|_, account| !account.leases.is_empty());
        }
    }
}

impl Account {
    fn read(&mut self, file: &Connection, key: &LimitKey) -> rusqlite::Result<()> {
        let mut find = file.prepare_cached("SELECT state FROM limits WHERE key = ?1")?;
        let read = |row: &rusqlite::Row<'_>| {
            let text = row.get_ref(0)?.as_str()?;
            if text != self.text {
                (self.state, self.held) = parse(text);
                text.clone_into(&mut self.text);
            }
            Ok(())
        };
        if find.query_row([key.as_str()], read).optional()?.is_none() {
            (self.state, self.held) = Default::default();
            self.text.clear();
        }
        Ok(())
    }

    fn write(
        &mut self,
        file: &Connection,
        key: &LimitKey,
        now: Timestamp,
        text: &mut Vec<u8>,
    ) -> rusqlite::Result<()> {
        if self.text.is_empty() && !self.is_new {
            return Ok(());
        }
        let wrong = |error| rusqlite::Error::ToSqlConversionFailure(error);
        text.clear();
        serde_json::to_writer(&mut *text, &(&self.state, &self.held))
            .map_err(|error| wrong(error.into()))?;
        let text = std::str::from_utf8(text).map_err(|error| wrong(error.into()))?;
        if text == self.text {
            return Ok(());
        }
        let write = if self.text.is_empty() {
            "INSERT INTO limits VALUES (?1, ?2, ?3)"
        } else {
            "UPDATE limits SET state = ?2, used = ?3 WHERE key = ?1"
        };
        let now = now.as_micros().cast_signed();
        file.prepare_cached(write)?
            .execute(params![key.as_str(), text, now])?;
        text.clone_into(&mut self.text);
        Ok(())
    }

    /// Others have taken this process for gone, and all it had under way with it, where the file has less than it knows; and
    /// what the file has more of nobody knows.
    fn agree(&mut self, owner: u64) {
        let here = u32::try_from(self.leases.len()).unwrap_or(u32::MAX);
        let there = self.held.get(&owner).copied().unwrap_or_default();
        if there < here {
            self.changes
                .extend(self.leases.drain().map(|(_, lease)| Change::Ended(lease)));
            self.expire(owner, there);
        } else {
            self.expire(owner, there - here);
        }
    }

    /// The attempt of that name, if it is under way here.
    pub(super) fn lease(&self, op: OpId) -> Option<Lease> {
        self.leases.get(&op).copied()
    }

    pub(super) fn begin(&mut self, owner: u64, lease: Lease) {
        *self.held.entry(owner).or_default() += 1;
        self.leases.insert(lease.op, lease);
        self.changes.push(Change::Begun(lease.op));
    }

    pub(super) fn end(&mut self, owner: u64, op: OpId) -> Option<Lease> {
        let lease = self.leases.remove(&op)?;
        self.lower(owner, 1);
        self.changes.push(Change::Ended(lease));
        Some(lease)
    }

    /// How many processes have attempts under way, and `owner`.
    pub(super) fn sharers(&self, owner: u64) -> u32 {
        let others = self.held.keys().filter(|id| **id != owner).count();
        u32::try_from(others + 1).unwrap_or(u32::MAX)
    }

    /// Takes for ended whatever those have under way whom nobody hears of any more.
    pub(super) fn expire_all_but(&mut self, alive: &dyn Fn(u64) -> bool) {
        let gone: Vec<_> = self
            .held
            .iter()
            .map(|(owner, held)| (*owner, *held))
            .collect();
        for (owner, held) in gone.into_iter().filter(|(owner, _)| !alive(*owner)) {
            self.expire(owner, held);
        }
    }

    fn expire(&mut self, owner: u64, attempts: u32) {
        for _ in 0..attempts {
            self.state.expire();
        }
        self.lower(owner, attempts);
    }

    fn lower(&mut self, owner: u64, attempts: u32) {
        if let Some(held) = self.held.get_mut(&owner) {
            *held = held.saturating_sub(attempts);
            if *held == 0 {
                self.held.remove(&owner);
            }
        }
    }

    fn undo(&mut self) {
        while let Some(change) = self.changes.pop() {
            match change {
                Change::Begun(op) => drop(self.leases.remove(&op)),
                Change::Ended(lease) => drop(self.leases.insert(lease.op, lease)),
            }
        }
        // Not the file's, so that it is read again.
        self.text.clear();
    }
}

/// A row that cannot be read is begun anew: at worst the provider refuses once more.
pub(super) fn parse(text: &str) -> (QuotaState, Held) {
    serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::warn!("a limit's state in the queue's file is broken ({error}); it begins anew");
        Default::default()
    })
}
