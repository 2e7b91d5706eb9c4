//! The same work with nothing around it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::Connection;
use tidegate_core::Timestamp;
use tidegate_core::quota::{Answer, Lease, Limits, OpId, QuotaState};

use crate::{ONE, ask};

/// The arithmetic behind a mutex, its attempts in a map.
#[derive(Default)]
pub(crate) struct Mutexed(Mutex<(QuotaState, HashMap<OpId, Lease>)>);

impl Mutexed {
    pub(crate) fn pair(&self, op: u64, limits: &Limits) {
        let now = Timestamp::from_secs(1_000).saturating_add(Duration::from_micros(op * 100));
        let mut held = self.0.lock().unwrap();
        let Answer::Go { lease, .. } = held.0.ask(&[ask(op).at(now)], limits, now) else {
            panic!("there is plenty")
        };
        held.1.insert(lease.op, lease);
        drop(held);
        let mut held = self.0.lock().unwrap();
        let lease = held.1.remove(&OpId(op)).unwrap();
        held.0.settle(&lease, ONE, limits);
    }
}

/// One row, read and written in a transaction: as many bytes as a state has, and others than before. The same bytes would be
/// found to be there, and not be written.
pub(crate) struct File {
    connection: Connection,
    states: [String; 2],
}

impl File {
    pub(crate) fn create(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        let layout = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
            CREATE TABLE limits (key TEXT PRIMARY KEY, state TEXT NOT NULL);";
        connection.execute_batch(layout).unwrap();
        let state = serde_json::to_string(&QuotaState::default()).unwrap();
        let states = ["0", "1"].map(|digit| state.replace('0', digit));
        connection
            .execute("INSERT INTO limits VALUES ('k', ?1)", [&states[0]])
            .unwrap();
        Self { connection, states }
    }

    pub(crate) fn transaction(&self) {
        self.run("BEGIN IMMEDIATE");
        let read = "SELECT state FROM limits WHERE key = 'k'";
        let mut read = self.connection.prepare_cached(read).unwrap();
        let state: String = read.query_row([], |row| row.get(0)).unwrap();
        let other = usize::from(state == self.states[0]);
        let write = "UPDATE limits SET state = ?1 WHERE key = 'k'";
        let mut write = self.connection.prepare_cached(write).unwrap();
        write.execute([&self.states[other]]).unwrap();
        self.run("COMMIT");
    }

    fn run(&self, text: &str) {
        let mut statement = self.connection.prepare_cached(text).unwrap();
        statement.execute([]).unwrap();
    }
}
