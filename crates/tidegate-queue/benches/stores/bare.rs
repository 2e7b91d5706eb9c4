//! The same work with nothing around it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::Connection;
use tidegate_core::Timestamp;
use tidegate_core::quota::{Answer, Lease, Limits, OpId, QuotaState};
use tokio::sync::oneshot;

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

/// [`File`] on a thread of its own, as whoever waits for it in a task must have it.
#[derive(Clone)]
pub(crate) struct Threaded(SyncSender<oneshot::Sender<()>>);

impl Threaded {
    pub(crate) fn create(path: &Path) -> Self {
        let file = File::create(path);
        let (orders, received) = sync_channel::<oneshot::Sender<()>>(1024);
        std::thread::spawn(move || {
            for done in received {
                file.transaction();
                done.send(()).unwrap();
            }
        });
        Self(orders)
    }

    /// Two transactions: a reservation and a settlement.
    pub(crate) async fn pair(&self) {
        for _ in 0..2 {
            let (done, awaited) = oneshot::channel();
            self.0.try_send(done).unwrap();
            awaited.await.unwrap();
        }
    }
}

/// One row, read and written in a transaction: as many bytes as a state has.
pub(crate) struct File(Connection);

impl File {
    pub(crate) fn create(path: &Path) -> Self {
        let file = Connection::open(path).unwrap();
        let layout = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
            CREATE TABLE limits (key TEXT PRIMARY KEY, state TEXT NOT NULL);";
        file.execute_batch(layout).unwrap();
        let state = serde_json::to_string(&QuotaState::default()).unwrap();
        file.execute("INSERT INTO limits VALUES ('k', ?1)", [state])
            .unwrap();
        Self(file)
    }

    pub(crate) fn transaction(&self) {
        self.run("BEGIN IMMEDIATE");
        let read = "SELECT state FROM limits WHERE key = 'k'";
        let mut read = self.0.prepare_cached(read).unwrap();
        let state: String = read.query_row([], |row| row.get(0)).unwrap();
        let write = "UPDATE limits SET state = ?1 WHERE key = 'k'";
        let mut write = self.0.prepare_cached(write).unwrap();
        write.execute([state]).unwrap();
        self.run("COMMIT");
    }

    fn run(&self, text: &str) {
        self.0.prepare_cached(text).unwrap().execute([]).unwrap();
    }
}
