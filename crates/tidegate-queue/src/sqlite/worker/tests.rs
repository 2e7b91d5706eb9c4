//! The end of a process whose file is away.

use super::*;
use crate::orders::{Orders, OwnClock};
use crate::sqlite::clock::BootClock;
use crate::sqlite::file;

/// Whether the thread of a process that ends tries a transaction once more.
fn tries_at_the_end(is_away: bool) -> bool {
    let place = tempfile::tempdir().unwrap();
    let opened = file::open(&place.path().join("queue.db"), &BootClock).unwrap();
    let mut ledger = Ledger::new(opened, Box::new(BootClock), Duration::from_secs(10));
    ledger.is_away = is_away;
    let (tell, told) = std::sync::mpsc::channel();
    let work = move |inbox: Inbox| {
        assert!(
            inbox.jobs.iter().count() > 0,
            "until nobody can order any more"
        );
        let worker = Worker {
            ledger: Arc::new(Mutex::new(ledger)),
            inbox,
            file: String::new(),
            rest: Duration::from_secs(3),
        };
        tell.send(worker.on_the_file(|_| Ok(())).is_ok()).unwrap();
    };
    let orders = Orders::to(work, OwnClock::default());
    orders.nudge();
    drop(orders);
    told.recv().unwrap()
}

#[test]
fn a_process_that_ends_does_not_wait_again_for_a_file_that_is_away() {
    assert!(tries_at_the_end(false));
    assert!(!tries_at_the_end(true));
}
