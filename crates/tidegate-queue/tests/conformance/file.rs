//! The file itself: who may read it, and what is done with one that is not as it should be.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};
use tidegate_queue::{HostClock, OpenError, QueueStore, Report, SqliteStore};

use crate::desk::{Hand, a_second_each, ask, is_go};

const TTL: Duration = Duration::from_secs(10);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// A host that may have been started anew.
#[derive(Debug, Clone)]
struct Host {
    hand: Hand,
    restarted: Arc<AtomicBool>,
}

impl HostClock for Host {
    fn now(&self) -> Timestamp {
        self.hand.now()
    }

    fn boot(&self) -> String {
        format!("restarted: {}", self.restarted.load(Ordering::SeqCst))
    }
}

pub(crate) fn key() -> LimitKey {
    LimitKey::new("k")
}

fn sql(path: &Path, text: &str) {
    Connection::open(path).unwrap().execute_batch(text).unwrap();
}

pub(crate) async fn goes(store: &SqliteStore, op: u64, limits: &Limits) -> bool {
    let (key, asks) = (key(), [ask(op)]);
    let turn = store.ask(&key, &asks, limits, Timestamp::default());
    is_go(turn.await.unwrap())
}

pub(crate) async fn known(store: &SqliteStore) -> usize {
    let all = store.status(&|_| Limits::UNKNOWN, Timestamp::default());
    all.await.unwrap().len()
}

#[tokio::test]
async fn nobody_else_can_read_it() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("state/queue.db");
    let store = SqliteStore::open(&path).unwrap();
    assert!(goes(&store, 1, &Limits::UNKNOWN).await);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for name in ["queue.db", "queue.db-wal", "queue.db-shm"] {
        assert_eq!(mode(&path.with_file_name(name)), 0o600, "{name}");
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = SqliteStore::open(&file.path().join("queue.db")).unwrap_err();
    assert!(matches!(error, OpenError::Unwritable { .. }), "{error}");
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("theirs.db");
    sql(&path, "CREATE TABLE theirs (a)");
    let before = std::fs::read(&path).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_layout_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    drop(SqliteStore::open(&path).unwrap());
    sql(&path, "PRAGMA user_version = 99");
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { found: 99, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_broken_file_is_moved_aside_and_begun_anew() {
    let cut_off = vec![0; 8192];
    let mut rotten = b"SQLite format 3\0".to_vec();
    rotten.resize(100, 0);
    rotten.resize(8192, b'x');
    for broken in [cut_off, rotten] {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("queue.db");
        std::fs::write(&path, &broken).unwrap();
        let store = SqliteStore::open(&path).unwrap();
        assert!(goes(&store, 1, &Limits::UNKNOWN).await);
        let aside = std::fs::read(place.path().join("queue.db.corrupt")).unwrap();
        assert!(aside == broken);
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_somebodys_and_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("notes.txt");
    let notes = "buy milk\n".repeat(1_000);
    std::fs::write(&path, &notes).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
    assert!(!place.path().join("notes.txt.corrupt").exists());
}

#[tokio::test]
async fn a_file_with_a_broken_page_is_moved_aside() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let store = SqliteStore::open(&path).unwrap();
    assert!(goes(&store, 1, &Limits::UNKNOWN).await);
    drop(store);
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'limits'";
    let root = Connection::open(&path)
        .unwrap()
        .query_row(root, [], |row| row.get::<_, u16>(0));
    let mut pages = std::fs::read(&path).unwrap();
    pages[usize::from(root.unwrap() - 1) * 4096..][..4096].fill(0xff);
    std::fs::write(&path, pages).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(known(&store).await, 0);
    assert!(place.path().join("queue.db.corrupt").exists());
}

#[tokio::test]
async fn a_new_start_of_the_host_begins_anew() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let host = Host {
        hand: Hand::new(),
        restarted: Arc::default(),
    };
    let limits = a_second_each();
    let store = SqliteStore::open_with(&path, host.clone(), TTL).unwrap();
    assert!(goes(&store, 1, &limits).await);
    assert!(!goes(&store, 2, &limits).await);
    drop(store);
    host.restarted.store(true, Ordering::SeqCst);
    let store = SqliteStore::open_with(&path, host, TTL).unwrap();
    assert_eq!(known(&store).await, 0);
    assert!(goes(&store, 2, &limits).await);
}

#[tokio::test]
async fn a_key_nobody_used_for_a_week_is_forgotten() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let hand = Hand::new();
    let store = SqliteStore::open_with(&path, hand.clone(), TTL).unwrap();
    assert!(goes(&store, 1, &Limits::UNKNOWN).await);
    store.report_later(
        &key(),
        OpId(1),
        Report::Ended,
        &Limits::UNKNOWN,
        Timestamp::default(),
    );
    drop(store);
    hand.pass(WEEK);
    assert_eq!(
        known(&SqliteStore::open_with(&path, hand.clone(), TTL).unwrap()).await,
        1
    );
    hand.pass(Duration::from_micros(1));
    assert_eq!(
        known(&SqliteStore::open_with(&path, hand, TTL).unwrap()).await,
        0
    );
}

#[tokio::test]
async fn reports_from_destructors_are_written_before_the_store_is_gone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let limits = Limits {
        max_concurrency: Some(3000),
        ..Limits::UNKNOWN
    };
    let limits = limits.with(
        tidegate_core::quota::Dimension::Requests,
        tidegate_core::quota::Limit::window(9000, WEEK),
    );
    let store = SqliteStore::open(&path).unwrap();
    for op in 0..1500 {
        assert!(goes(&store, op, &limits).await);
    }
    for op in 0..1500 {
        store.report_later(
            &key(),
            OpId(op),
            Report::Ended,
            &limits,
            Timestamp::default(),
        );
    }
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    let all = store
        .status(&|_| Limits::UNKNOWN, Timestamp::default())
        .await
        .unwrap();
    assert_eq!((all[0].standing.in_flight, all[0].holders.len()), (0, 0));
}

#[test]
fn a_file_may_be_begun_by_many_at_once() {
    for _ in 0..10 {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("state/queue.db");
        let begin = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            let open = || {
                begin.wait();
                SqliteStore::open(&path).map(drop)
            };
            let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            for one in all {
                one.join().unwrap().unwrap();
            }
        });
    }
}

#[tokio::test]
async fn a_layout_of_an_earlier_version_is_begun_anew() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let first = "
        CREATE TABLE host (boot TEXT NOT NULL, owners INTEGER NOT NULL);
        CREATE TABLE limits (key TEXT PRIMARY KEY, state TEXT NOT NULL, used INTEGER NOT NULL);
        CREATE TABLE leases (op INTEGER PRIMARY KEY, key TEXT NOT NULL, owner INTEGER NOT NULL, lease TEXT NOT NULL);
        INSERT INTO host VALUES ('', 0);
        INSERT INTO limits VALUES ('k', '{}', 0);
        PRAGMA application_id = 1413760849;
        PRAGMA user_version = 1;";
    sql(&path, first);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(known(&store).await, 0);
    assert!(goes(&store, 1, &a_second_each()).await);
}

#[tokio::test]
async fn who_goes_on_without_the_file_knows_how_many_share_a_limit() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let one = SqliteStore::open(&path).unwrap();
    assert!(one.last_known(&key()).is_none());
    assert!(goes(&one, 1, &Limits::UNKNOWN).await);
    assert_eq!(one.last_known(&key()).unwrap().sharers, 1);
    let two = SqliteStore::open(&path).unwrap();
    goes(&two, 1, &Limits::UNKNOWN).await;
    let known = two.last_known(&key()).unwrap();
    assert_eq!((known.sharers, known.pace), (2, None));
}

async fn under_way(store: &SqliteStore) -> u32 {
    let all = store.status(&|_| Limits::UNKNOWN, Timestamp::default());
    all.await.unwrap()[0].standing.in_flight
}

#[tokio::test]
async fn those_who_have_a_deleted_file_open_go_over_to_the_one_that_takes_its_place() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("state/queue.db");
    let one = SqliteStore::open(&path).unwrap();
    assert!(goes(&one, 1, &Limits::UNKNOWN).await);
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    let two = SqliteStore::open(&path).unwrap();
    assert!(goes(&two, 2, &Limits::UNKNOWN).await);
    assert!(goes(&one, 3, &Limits::UNKNOWN).await);
    assert_eq!((under_way(&one).await, under_way(&two).await), (2, 2));
}

#[tokio::test]
async fn a_file_that_is_deleted_is_made_again_by_those_who_have_it_open() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("state/queue.db");
    let store = SqliteStore::open(&path).unwrap();
    assert!(goes(&store, 1, &Limits::UNKNOWN).await);
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    assert!(goes(&store, 2, &Limits::UNKNOWN).await);
    let other = SqliteStore::open(&path).unwrap();
    assert_eq!(under_way(&other).await, 1);
}

#[tokio::test]
async fn who_is_gone_is_not_told_of_though_nobody_has_asked_since() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("queue.db");
    let hand = Hand::new();
    let open = || SqliteStore::open_with(&path, hand.clone(), TTL).unwrap();
    let (one, two) = (open(), open());
    let limits = Limits {
        max_concurrency: Some(1),
        ..Limits::UNKNOWN
    };
    assert!(goes(&one, 1, &limits).await && !goes(&one, 2, &limits).await);
    for (pass, told) in [(Duration::ZERO, (1, 1, 1)), (TTL, (0, 0, 0))] {
        hand.pass(pass);
        let limits_of = |_: &str| limits;
        let all = two.status(&limits_of, Timestamp::default());
        let limit = all.await.unwrap().remove(0);
        let standing = limit.standing;
        let seen = (standing.in_flight, standing.waiting, limit.holders.len());
        assert_eq!(seen, told);
    }
}
