//! The states of limits between the file and the arithmetic.
//!
//! A state is written once per transaction, however many operations it has seen, and read into numbers only where the text
//! in the file is not the one that was written last: alone on a limit, a process never reads its own writing.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use tidegate_core::quota::QuotaState;
use tidegate_core::{LimitKey, Timestamp};

/// Limits that are kept ready. A process uses a few.
const MOST: usize = 64;

/// As they stand in the transaction that is open.
#[derive(Debug, Default)]
pub(super) struct States {
    known: HashMap<LimitKey, Known>,
    /// Used in this transaction.
    used: Vec<LimitKey>,
}

#[derive(Debug)]
struct Known {
    /// As the file has it.
    text: String,
    state: QuotaState,
}

impl States {
    /// What was read may have been changed by others since.
    pub(super) fn begin(&mut self) {
        self.used.clear();
        if self.known.len() > MOST {
            self.known.clear();
        }
    }

    /// The state of a limit that the file knows, to be read or changed.
    pub(super) fn of(
        &mut self,
        file: &Connection,
        key: &LimitKey,
    ) -> rusqlite::Result<Option<&mut QuotaState>> {
        if !self.used.contains(key) {
            let Some(text) = read(file, key)? else {
                self.known.remove(key);
                return Ok(None);
            };
            if self.known.get(key).is_none_or(|known| known.text != text) {
                let state = parse(&text);
                self.known.insert(key.clone(), Known { text, state });
            }
            self.used.push(key.clone());
        }
        Ok(self.known.get_mut(key).map(|known| &mut known.state))
    }

    /// As [`of`](Self::of), begun where the file does not know it.
    pub(super) fn of_or_new(
        &mut self,
        file: &Connection,
        key: &LimitKey,
    ) -> rusqlite::Result<&mut QuotaState> {
        if self.of(file, key)?.is_none() {
            self.used.push(key.clone());
        }
        let new = || Known {
            text: String::new(),
            state: QuotaState::default(),
        };
        let known = self.known.entry(key.clone()).or_insert_with(new);
        Ok(&mut known.state)
    }

    /// Writes what has changed.
    pub(super) fn write(&mut self, file: &Connection, now: Timestamp) -> rusqlite::Result<()> {
        for key in &self.used {
            let Some(known) = self.known.get_mut(key) else {
                continue;
            };
            let text = serde_json::to_string(&known.state)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            if text == known.text {
                continue;
            }
            let write = "INSERT INTO limits VALUES (?1, ?2, ?3)
                ON CONFLICT (key) DO UPDATE SET state = excluded.state, used = excluded.used";
            let now = now.as_micros().cast_signed();
            file.prepare_cached(write)?
                .execute(params![key.as_str(), text, now])?;
            known.text = text;
        }
        Ok(())
    }
}

fn read(file: &Connection, key: &LimitKey) -> rusqlite::Result<Option<String>> {
    let mut find = file.prepare_cached("SELECT state FROM limits WHERE key = ?1")?;
    find.query_row([key.as_str()], |row| row.get(0)).optional()
}

/// A state that cannot be read is begun anew: at worst the provider refuses once more.
pub(super) fn parse(text: &str) -> QuotaState {
    serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::warn!("a limit's state in the queue's file is broken ({error}); it begins anew");
        QuotaState::default()
    })
}
