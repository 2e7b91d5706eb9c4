//! What the file holds, and the steps of a transaction on it.

mod accounts;
mod follow;

use std::time::Duration;

use rusqlite::{Connection, params};
use tidegate_core::quota::{Answer, Limits, OpId, QuotaState};
use tidegate_core::{LimitKey, Timestamp};

use super::busy::Patience;
use super::clock::HostClock;
use super::file::Opened;
use super::log::Log;
use super::standing::Standing;
use crate::heard::Heard;
use crate::orders::Row;
use crate::store::{Ask, Holder, LastKnown, Report, Turn};
use accounts::Accounts;

/// Processes number their attempts each for itself; so far apart are two that begin alike.
const OPS_OF_A_PROCESS: u32 = 40;

/// The file, as one process uses it.
#[derive(Debug)]
pub(super) struct Ledger {
    connection: Connection,
    patience: Patience,
    log: Log,
    standing: Standing,
    /// The thread waited for it in vain when it last did.
    pub(super) is_away: bool,
    owner: u64,
    name: String,
    clock: Box<dyn HostClock>,
    ttl: Duration,
    /// When this process counts as gone.
    expires: Timestamp,
    /// No process can count as gone before.
    nobody_gone_before: Timestamp,
    accounts: Accounts,
    /// Processes that were heard of, this one among them, as of the last look for those that are gone.
    processes: u32,
    /// For when the file is away.
    pub(super) heard: Heard,
    /// Whether the thread looks after what is held, and whether it was told of a long log.
    pub(super) is_watched: bool,
    is_told: bool,
}

impl Ledger {
    pub(super) fn new(opened: Opened, clock: Box<dyn HostClock>, ttl: Duration) -> Self {
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(|path| path.file_name());
        let program = program.map(|name| name.to_string_lossy().into_owned());
        Self {
            connection: opened.connection,
            patience: opened.patience,
            log: opened.log,
            standing: opened.standing,
            is_away: false,
            owner: opened.owner,
            name: program.unwrap_or_default(),
            clock,
            ttl,
            expires: Timestamp::default(),
            nobody_gone_before: Timestamp::default(),
            accounts: Accounts::of_owner(opened.owner),
            processes: 1,
            heard: Heard::default(),
            is_watched: false,
            is_told: false,
        }
    }

    /// Whether there is something to keep alive.
    pub(super) fn holds(&self) -> bool {
        self.accounts.hold()
    }

    /// Whether the thread has to do something first.
    pub(super) fn awaits_the_thread(&self) -> bool {
        self.log.is_too_long()
    }

    /// Whether there is something for the thread to do that it does not know of yet: something to keep alive, a long log.
    pub(super) fn wants_the_thread(&mut self) -> bool {
        let (holds, is_long) = (self.holds(), self.log.is_long());
        let wants = (holds && !self.is_watched) || (is_long && !self.is_told);
        self.is_watched |= holds;
        self.is_told |= is_long;
        wants
    }

    /// Within [`atomically`](Self::atomically), as all that reads or changes a limit.
    pub(super) fn ask(
        &mut self,
        key: &LimitKey,
        asks: &[Ask],
        limits: &Limits,
    ) -> rusqlite::Result<Turn> {
        // Read behind the lock, so that times are in the order of the transactions.
        let now = self.clock.now();
        // Whoever slept past its time and asks is not gone, and neither is what it has under way.
        if self.holds() {
            self.live(now)?;
        }
        self.drop_the_gone(now)?;
        let account = self.accounts.of_or_new(&self.connection, key)?;
        let owner = self.owner;
        let let_go = |ask: &Ask| account.lease(name(owner, ask.op)).map(|lease| lease.seq);
        if let Some((index, seq)) = (0..).zip(asks).find_map(|(i, ask)| Some((i, let_go(ask)?))) {
            return Ok(Turn::Go { index, seq });
        }
        let named = |ask: &Ask| {
            let op = name(owner, ask.op);
            Ask { op, ..*ask }.at(now)
        };
        let answer = match asks {
            [ask] => account.state.ask(&[named(ask)], limits, now),
            asks => {
                let asks: Vec<_> = asks.iter().map(named).collect();
                account.state.ask(&asks, limits, now)
            }
        };
        if self.heard.is_stale(key) {
            let sharers = account.sharers(owner).max(self.processes);
            let known = last_known(&account.state, limits, now, sharers);
            self.heard.keep(key, known);
        }
        if let Answer::Go { lease, .. } = answer {
            account.begin(owner, lease);
            self.live(now)?;
        }
        Ok(Turn::of(&answer, now))
    }

    pub(super) fn report(
        &mut self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
    ) -> rusqlite::Result<()> {
        let (name, now) = (name(self.owner, op), self.clock.now());
        let Some(account) = self.accounts.of(&self.connection, key)? else {
            return Ok(());
        };
        if report == Report::Left {
            account.state.leave(name);
            return Ok(());
        }
        let lease = if report.ends() {
            account.end(self.owner, name)
        } else {
            account.lease(name)
        };
        if let Some(lease) = lease {
            report.apply(&mut account.state, &lease, limits, now);
        }
        Ok(())
    }

    /// Every limit, in the order of their keys.
    pub(super) fn rows(&mut self) -> rusqlite::Result<Vec<Row>> {
        self.accounts.write(&self.connection, self.clock.now())?;
        let now = self.clock.now();
        let owners = self.owners(now)?;
        let text = "SELECT key, state FROM limits ORDER BY key";
        let mut limits = self.connection.prepare_cached(text)?;
        let rows = limits.query_map([], |row| {
            let (state, held) = accounts::parse(row.get_ref(1)?.as_str()?);
            let holders = owners.iter().filter_map(|(owner, holder)| {
                let attempts = *held.get(owner)?;
                Some(Holder {
                    attempts,
                    ..holder.clone()
                })
            });
            Ok(Row {
                key: row.get(0)?,
                now,
                state,
                holders: holders.collect(),
            })
        })?;
        rows.collect()
    }

    /// Processes that were heard of, by their numbers.
    fn owners(&self, now: Timestamp) -> rusqlite::Result<Vec<(u64, Holder)>> {
        let text = "SELECT id, pid, name, expires FROM owners ORDER BY id";
        let mut owners = self.connection.prepare_cached(text)?;
        let owners = owners.query_map([], |row| {
            let (pid, name): (i64, String) = (row.get(1)?, row.get(2)?);
            let holder = Holder {
                name: format!("{name} (process {pid})"),
                attempts: 0,
                expires: time(row.get(3)?).saturating_since(now),
            };
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), holder))
        })?;
        owners.collect()
    }

    pub(super) fn reset(&mut self, key: &LimitKey) -> rusqlite::Result<bool> {
        let known = self.accounts.of(&self.connection, key)?;
        Ok(known.map(|account| account.state.reset()).is_some())
    }

    /// What the thread does besides: says that this process lives, if it has not been said for a while, and shortens the log.
    pub(super) fn look_after(&mut self) -> rusqlite::Result<()> {
        if self.log.is_long() {
            self.log.take_over(&self.connection)?;
            self.is_told = false;
        }
        let now = self.clock.now();
        if !self.holds() || !self.is_due(now) {
            return Ok(());
        }
        self.atomically(|this| this.live(now))
    }

    /// Says that this process is gone, and drops what it still holds.
    fn retire(&mut self) -> rusqlite::Result<()> {
        if self.expires == Timestamp::default() {
            return Ok(());
        }
        self.atomically(|this| {
            let me = this.owner;
            let text = "DELETE FROM owners WHERE id = ?1";
            this.connection.execute(text, [me.cast_signed()])?;
            for key in this.accounts.holding() {
                if let Some(account) = this.accounts.of(&this.connection, &key)? {
                    account.expire_all_but(&|owner| owner != me);
                }
            }
            Ok(())
        })
    }

    /// All of the steps, or none, at once: nobody is waited for.
    pub(super) fn at_once<T>(
        &mut self,
        steps: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let patience = self.patience.clone();
        patience.without(|| self.atomically(steps))
    }

    /// All of the steps, or none.
    pub(super) fn atomically<T>(
        &mut self,
        steps: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        if !self.connection.is_autocommit() {
            self.break_off()?;
        }
        self.look_for_the_file()?;
        let done = self.run("BEGIN IMMEDIATE");
        let done = done.and_then(|()| steps(self)).and_then(|outcome| {
            self.accounts.write(&self.connection, self.clock.now())?;
            self.run("COMMIT").map(|()| outcome)
        });
        match done {
            Ok(outcome) => {
                self.accounts.end(true);
                Ok(outcome)
            }
            Err(error) => {
                self.note_what_failed(&error);
                self.break_off().and(Err(error))
            }
        }
    }

    fn break_off(&mut self) -> rusqlite::Result<()> {
        self.accounts.end(false);
        // What was said of this process was perhaps not written.
        self.expires = Timestamp::default();
        self.nobody_gone_before = Timestamp::default();
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.run("ROLLBACK")
    }

    fn run(&self, text: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(text)?.execute([]).map(drop)
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.expires <= now.saturating_add(self.ttl * 2 / 3)
    }

    fn live(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        if !self.is_due(now) {
            return Ok(());
        }
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

    /// Drops what processes have under way that are gone. Looks for them when the first can have gone: a process lives until it
    /// expires, and expires later each time it is heard of.
    fn drop_the_gone(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        if now < self.nobody_gone_before {
            return Ok(());
        }
        let mut owners = self
            .connection
            .prepare_cached("SELECT id, expires FROM owners")?;
        let owners = owners.query_map([], |row| {
            let owner: i64 = row.get(0)?;
            Ok((owner.cast_unsigned(), time(row.get(1)?)))
        })?;
        let owners = owners.collect::<rusqlite::Result<Vec<_>>>()?;
        let (alive, gone): (Vec<_>, Vec<_>) =
            owners.into_iter().partition(|(_, expires)| *expires > now);
        if !gone.is_empty() {
            for key in self.keys()? {
                if let Some(account) = self.accounts.of(&self.connection, &key)? {
                    account.expire_all_but(&|owner| alive.iter().any(|(id, _)| *id == owner));
                }
            }
            let forget = "DELETE FROM owners WHERE expires <= ?1";
            let until = now.as_micros().cast_signed();
            self.connection.prepare_cached(forget)?.execute([until])?;
        }
        let others = alive.iter().filter(|(id, _)| *id != self.owner).count();
        self.processes = u32::try_from(others + 1).unwrap_or(u32::MAX);
        let newcomer = now.saturating_add(self.ttl);
        let first = alive.into_iter().map(|(_, expires)| expires).min();
        self.nobody_gone_before = first.map_or(newcomer, |first| first.min(newcomer));
        Ok(())
    }

    fn keys(&self) -> rusqlite::Result<Vec<LimitKey>> {
        let mut keys = self.connection.prepare_cached("SELECT key FROM limits")?;
        let keys = keys.query_map([], |row| row.get::<_, String>(0).map(LimitKey::new))?;
        keys.collect()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        let patience = self.patience.clone();
        let retired = if self.is_away {
            patience.without(|| self.retire())
        } else {
            self.retire()
        };
        let close = || self.log.close(&self.connection);
        if let Err(error) = retired.and_then(|()| self.patience.without(close)) {
            tracing::debug!("closing the queue's file: {error}");
        }
    }
}

/// What a process needs to go on alone. The file does not tell processes by the limits they use, but where they have attempts
/// under way: all that live count, so that a share is rather too small.
fn last_known(state: &QuotaState, limits: &Limits, now: Timestamp, sharers: u32) -> LastKnown {
    let standing = state.standing(limits, now);
    let opens = standing.barrier.max(standing.closed_until);
    let mut learned = standing.limits;
    for (limit, configured) in learned.iter_mut().zip(limits.dimensions) {
        *limit = limit.filter(|_| configured.is_none());
    }
    let micros = opens.unwrap_or_default().saturating_sub(now.as_micros());
    LastKnown {
        next: Duration::from_micros(micros),
        most: None,
        sharers,
        pace: standing.pace,
        learned,
    }
}

/// What an attempt is called in the file.
const fn name(owner: u64, op: OpId) -> OpId {
    OpId(op.0.wrapping_add(owner << OPS_OF_A_PROCESS))
}

const fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros.cast_unsigned())
}

#[cfg(test)]
mod tests;
