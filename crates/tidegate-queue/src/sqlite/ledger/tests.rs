//! A process that sleeps past its time, seen from both sides.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidegate_core::Cost;
use tidegate_core::quota::Priority;

use super::*;

const TTL: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
struct Seconds(Arc<AtomicU64>);

impl HostClock for Seconds {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::SeqCst))
    }

    fn boot(&self) -> String {
        String::new()
    }
}

fn ask(op: u64) -> Ask {
    Ask {
        op: OpId(op),
        cost: Cost::default(),
        priority: Priority::Interactive,
        seq: None,
        within: None,
    }
}

fn goes(ledger: &mut Ledger, op: u64) -> bool {
    let limits = Limits {
        max_concurrency: Some(1),
        ..Limits::UNKNOWN
    };
    let turn = ledger.atomically(|ledger| ledger.ask(&LimitKey::new("k"), &[ask(op)], &limits));
    matches!(turn.unwrap(), Turn::Go { .. })
}

#[test]
fn what_a_process_that_slept_has_under_way_still_counts_until_another_takes_it_for_gone() {
    let place = tempfile::tempdir().unwrap();
    let clock = Seconds(Arc::new(AtomicU64::new(100)));
    let open = || {
        let opened = crate::sqlite::file::open(&place.path().join("queue.db"), &clock).unwrap();
        Ledger::new(opened, Box::new(clock.clone()), TTL)
    };
    let (mut sleeper, mut other) = (open(), open());
    assert!(goes(&mut sleeper, 1));
    clock.0.fetch_add(20, Ordering::SeqCst);
    assert!(!goes(&mut sleeper, 2), "it holds what it held");
    assert!(!goes(&mut other, 3), "and is heard of again");
    clock.0.fetch_add(20, Ordering::SeqCst);
    assert!(goes(&mut other, 4), "now it is gone");
    let ended = Report::Ended;
    let limits = Limits::UNKNOWN;
    let key = LimitKey::new("k");
    let told = sleeper.atomically(|ledger| ledger.report(&key, OpId(1), ended, &limits));
    told.unwrap();
    assert!(!goes(&mut sleeper, 5), "and ends nothing of another's");
}

#[test]
fn a_transaction_that_fails_begins_and_ends_nothing() {
    let place = tempfile::tempdir().unwrap();
    let clock = Seconds(Arc::new(AtomicU64::new(100)));
    let opened = crate::sqlite::file::open(&place.path().join("queue.db"), &clock).unwrap();
    let mut ledger = Ledger::new(opened, Box::new(clock), TTL);
    let (key, ended, limits) = (LimitKey::new("k"), Report::Ended, Limits::UNKNOWN);
    let failed = ledger.atomically(|ledger| {
        assert!(matches!(
            ledger.ask(&key, &[ask(1)], &limits)?,
            Turn::Go { .. }
        ));
        Err::<(), _>(rusqlite::Error::InvalidQuery)
    });
    assert!(failed.is_err() && !ledger.holds(), "it has not begun");
    assert!(goes(&mut ledger, 2));
    let failed = ledger.atomically(|ledger| {
        ledger.report(&key, OpId(2), ended, &limits)?;
        Err::<(), _>(rusqlite::Error::InvalidQuery)
    });
    assert!(failed.is_err() && ledger.holds(), "it has not ended");
    assert!(!goes(&mut ledger, 3), "and still counts");
    let told = ledger.atomically(|ledger| ledger.report(&key, OpId(2), ended, &limits));
    told.unwrap();
    assert!(goes(&mut ledger, 3), "now it has");
}

#[test]
fn a_file_that_a_transaction_found_broken_is_begun_anew() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let clock = Seconds(Arc::new(AtomicU64::new(100)));
    let opened = crate::sqlite::file::open(&path, &clock).unwrap();
    let mut ledger = Ledger::new(opened, Box::new(clock), TTL);
    assert!(goes(&mut ledger, 1));
    let take_over = "PRAGMA wal_checkpoint(TRUNCATE)";
    ledger.connection.execute_batch(take_over).unwrap();
    std::fs::write(&path, [0; 8192]).unwrap();
    let found = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    let found = || Err::<(), _>(rusqlite::Error::SqliteFailure(found, None));
    assert!(ledger.atomically(|_| found()).is_err());
    assert!(
        ledger.atomically(|_| Ok(())).is_err(),
        "not before it is mended"
    );
    ledger.follow().unwrap();
    assert!(place.path().join("queue.db.corrupt").exists());
    assert!(goes(&mut ledger, 2), "nothing is known of the first");
}

#[test]
fn a_file_that_takes_no_more_is_not_in_reach() {
    use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

    let place = tempfile::tempdir().unwrap();
    let clock = Seconds(Arc::new(AtomicU64::new(100)));
    let opened = crate::sqlite::file::open(&place.path().join("queue.db"), &clock).unwrap();
    let mut ledger = Ledger::new(opened, Box::new(clock), TTL);
    for is_full in [false, true, false] {
        // As on a full disk, a transaction may be begun and ended as long as nothing is written in it.
        let deny = move |context: AuthContext<'_>| match context.action {
            AuthAction::Update { .. } if is_full => Authorization::Deny,
            _ => Authorization::Allow,
        };
        ledger.connection.authorizer(Some(deny)).unwrap();
        assert!(ledger.atomically(|_| Ok(())).is_ok());
        assert_eq!(ledger.atomically(|ledger| ledger.reach()).is_err(), is_full);
    }
}
