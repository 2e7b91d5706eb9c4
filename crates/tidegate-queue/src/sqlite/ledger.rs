//! What the file holds, and the one transaction of every operation on it.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tidegate_core::quota::{Answer, Lease, Limits, OpId, QuotaState};
use tidegate_core::{LimitKey, Timestamp};

use super::clock::HostClock;
use super::file::Opened;
use crate::store::{Ask, Holder, Report, Turn};

/// Processes number their attempts each for itself; so far apart are two that begin alike.
const OPS_OF_A_PROCESS: u32 = 40;

/// One limit as it was read.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) state: QuotaState,
    pub(super) holders: Vec<Holder>,
}

/// The file, as one process uses it.
#[derive(Debug)]
pub(super) struct Ledger {
    connection: Connection,
    owner: u64,
    name: String,
    clock: Box<dyn HostClock>,
    ttl: Duration,
    /// Attempts under way here, as far as this process knows.
    held: u64,
    /// When this process counts as gone.
    expires: Timestamp,
}

impl Ledger {
    pub(super) fn new(opened: Opened, clock: Box<dyn HostClock>, ttl: Duration) -> Self {
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(|path| path.file_name());
        let program = program.map(|name| name.to_string_lossy().into_owned());
        Self {
            connection: opened.connection,
            owner: opened.owner,
            name: program.unwrap_or_default(),
            clock,
            ttl,
            held: 0,
            expires: Timestamp::default(),
        }
    }

    /// Whether there is something to keep alive.
    pub(super) fn holds(&self) -> bool {
        self.held > 0
    }

    pub(super) fn ask(
        &mut self,
        key: &LimitKey,
        asks: &[Ask],
        limits: &Limits,
    ) -> rusqlite::Result<Turn> {
        self.atomically(|this| {
            for (index, ask) in asks.iter().enumerate() {
                if let Some(lease) = this.lease(ask.op)? {
                    return Ok(Turn::Go {
                        index,
                        seq: lease.seq,
                    });
                }
            }
            // Read behind the lock, so that times are in the order of the transactions.
            let now = this.clock.now();
            // Whoever slept past its time and asks is not gone, and neither is what it has under way.
            if this.held > 0 && this.is_due(now) {
                this.live(now)?;
            }
            let (before, mut state) = this.state(key)?.unwrap_or_default();
            this.drop_leases_of_the_gone(key, &mut state, now)?;
            let asks: Vec<_> = asks
                .iter()
                .map(|ask| {
                    Ask {
                        op: this.name_op(ask.op),
                        ..*ask
                    }
                    .at(now)
                })
                .collect();
            let answer = state.ask(&asks, limits, now);
            if let Answer::Go { lease, .. } = answer {
                this.hold(key, &lease, now)?;
            }
            this.keep(key, &before, &state, now)?;
            Ok(Turn::of(&answer, now))
        })
    }

    pub(super) fn report(
        &mut self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
    ) -> rusqlite::Result<()> {
        self.atomically(|this| {
            let lease = this.lease(op)?;
            if lease.is_none() && report != Report::Left {
                return Ok(());
            }
            let Some((before, mut state)) = this.state(key)? else {
                return Ok(());
            };
            let now = this.clock.now();
            match (lease, report) {
                (_, Report::Left) => state.leave(this.name_op(op)),
                (Some(lease), Report::Accepted(seen)) => state.observe(&lease, &seen, limits, now),
                (Some(lease), ended) => {
                    this.release(lease.op)?;
                    match ended {
                        Report::Settled(actual) => state.settle(&lease, actual, limits),
                        Report::Ended => state.settle(&lease, lease.cost, limits),
                        Report::Refused(refusal) => state.penalise(&lease, refusal, limits, now),
                        Report::Unsent => state.refund(&lease, limits),
                        Report::Accepted(_) | Report::Left => {}
                    }
                }
                (None, _) => {}
            }
            this.keep(key, &before, &state, now)
        })
    }

    /// Every limit, in the order of their keys, and the time it was read.
    pub(super) fn rows(&mut self) -> rusqlite::Result<(Timestamp, Vec<Row>)> {
        self.atomically(|this| {
            let now = this.clock.now();
            let mut limits = this
                .connection
                .prepare_cached("SELECT key, state FROM limits ORDER BY key")?;
            let mut rows = limits
                .query_map([], |row| {
                    Ok(Row {
                        key: row.get(0)?,
                        state: parse(&row.get::<_, String>(1)?),
                        holders: Vec::new(),
                    })
                })?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            let text = "SELECT name, pid, count(*), expires FROM leases JOIN owners ON owner = id
                WHERE key = ?1 GROUP BY owner ORDER BY owner";
            let mut holders = this.connection.prepare_cached(text)?;
            for row in &mut rows {
                let found = holders.query_map([&row.key], |found| {
                    let expires = Timestamp::from_micros(found.get::<_, i64>(3)?.cast_unsigned());
                    Ok(Holder {
                        name: format!(
                            "{} (process {})",
                            found.get::<_, String>(0)?,
                            found.get::<_, i64>(1)?
                        ),
                        attempts: found.get(2)?,
                        expires: expires.saturating_since(now),
                    })
                })?;
                row.holders = found.collect::<rusqlite::Result<_>>()?;
            }
            Ok((now, rows))
        })
    }

    pub(super) fn reset(&mut self, key: &LimitKey) -> rusqlite::Result<bool> {
        self.atomically(|this| {
            let Some((before, mut state)) = this.state(key)? else {
                return Ok(false);
            };
            state.reset();
            let now = this.clock.now();
            this.keep(key, &before, &state, now)?;
            Ok(true)
        })
    }

    /// Says that this process lives, if it has not been said for a while.
    pub(super) fn renew(&mut self) -> rusqlite::Result<()> {
        let now = self.clock.now();
        if self.held == 0 || !self.is_due(now) {
            return Ok(());
        }
        self.atomically(|this| {
            this.live(now)?;
            let text = "SELECT count(*) FROM leases WHERE owner = ?1";
            let held: i64 = this
                .connection
                .query_row(text, [this.owner.cast_signed()], |row| row.get(0))?;
            this.held = held.cast_unsigned();
            Ok(())
        })
    }

    /// Says that this process is gone.
    pub(super) fn retire(&mut self) -> rusqlite::Result<()> {
        if self.expires == Timestamp::default() {
            return Ok(());
        }
        let text = "UPDATE owners SET expires = 0 WHERE id = ?1";
        self.connection
            .execute(text, [self.owner.cast_signed()])
            .map(drop)
    }

    fn atomically<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.run("BEGIN IMMEDIATE")?;
        let done = step(self).and_then(|outcome| self.run("COMMIT").map(|()| outcome));
        if done.is_err() {
            // What was said of this process was perhaps not written.
            self.expires = Timestamp::default();
            if !self.connection.is_autocommit() {
                self.run("ROLLBACK")?;
            }
        }
        done
    }

    fn run(&self, text: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(text)?.execute([]).map(drop)
    }

    const fn name_op(&self, op: OpId) -> OpId {
        OpId(op.0.wrapping_add(self.owner << OPS_OF_A_PROCESS))
    }

    fn lease(&self, op: OpId) -> rusqlite::Result<Option<Lease>> {
        let mut find = self
            .connection
            .prepare_cached("SELECT lease FROM leases WHERE op = ?1")?;
        let op = self.name_op(op).0.cast_signed();
        let text: Option<String> = find.query_row([op], |row| row.get(0)).optional()?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// The state and the text it was read from.
    fn state(&self, key: &LimitKey) -> rusqlite::Result<Option<(String, QuotaState)>> {
        let mut find = self
            .connection
            .prepare_cached("SELECT state FROM limits WHERE key = ?1")?;
        let text: Option<String> = find
            .query_row([key.as_str()], |row| row.get(0))
            .optional()?;
        Ok(text.map(|text| {
            let state = parse(&text);
            (text, state)
        }))
    }

    fn keep(
        &self,
        key: &LimitKey,
        before: &str,
        state: &QuotaState,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let text = serde_json::to_string(state)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        if text == before {
            return Ok(());
        }
        let write = "INSERT INTO limits VALUES (?1, ?2, ?3)
            ON CONFLICT (key) DO UPDATE SET state = excluded.state, used = excluded.used";
        let mut write = self.connection.prepare_cached(write)?;
        let now = now.as_micros().cast_signed();
        write.execute(params![key.as_str(), text, now]).map(drop)
    }

    fn hold(&mut self, key: &LimitKey, lease: &Lease, now: Timestamp) -> rusqlite::Result<()> {
        let text = serde_json::to_string(lease)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let (op, owner) = (lease.op.0.cast_signed(), self.owner.cast_signed());
        let write = "INSERT INTO leases VALUES (?1, ?2, ?3, ?4)";
        let mut write = self.connection.prepare_cached(write)?;
        write.execute(params![op, key.as_str(), owner, text])?;
        drop(write);
        self.held += 1;
        if self.is_due(now) {
            self.live(now)?;
        }
        Ok(())
    }

    fn release(&mut self, op: OpId) -> rusqlite::Result<()> {
        let mut delete = self
            .connection
            .prepare_cached("DELETE FROM leases WHERE op = ?1")?;
        delete.execute([op.0.cast_signed()])?;
        drop(delete);
        self.held = self.held.saturating_sub(1);
        Ok(())
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.expires <= now.saturating_add(self.ttl * 2 / 3)
    }

    fn live(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        let expires = now.saturating_add(self.ttl);
        let write = "INSERT INTO owners VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (id) DO UPDATE SET expires = excluded.expires";
        let mut write = self.connection.prepare_cached(write)?;
        let owner = self.owner.cast_signed();
        let until = expires.as_micros().cast_signed();
        write.execute(params![owner, std::process::id(), self.name, until])?;
        self.expires = expires;
        Ok(())
    }

    fn drop_leases_of_the_gone(
        &self,
        key: &LimitKey,
        state: &mut QuotaState,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let delete = "DELETE FROM leases WHERE key = ?1
            AND owner NOT IN (SELECT id FROM owners WHERE expires > ?2)";
        let mut delete = self.connection.prepare_cached(delete)?;
        let now = now.as_micros().cast_signed();
        for _ in 0..delete.execute(params![key.as_str(), now])? {
            state.expire();
        }
        Ok(())
    }
}

/// A state that cannot be read is begun anew: at worst the provider refuses once more.
fn parse(text: &str) -> QuotaState {
    serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::warn!("a limit's state in the queue's file is broken ({error}); it begins anew");
        QuotaState::default()
    })
}

#[cfg(test)]
mod tests;
