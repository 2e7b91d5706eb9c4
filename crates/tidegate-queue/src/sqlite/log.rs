//! The log that `SQLite` writes before the file, and when it is taken over into it.
//!
//! That takes two waits for the disk. By itself `SQLite` does it in the middle of whatever transaction makes the log long,
//! and whenever the last process closes the file, which for short commands is each of them. Here the store's thread does
//! it, and whoever closes the file only where the log has become long: the next one to open it reads through it.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};

/// Pages after which the log is taken over: `SQLite`'s own number.
const LONG: u32 = 1000;
/// Pages that may be left in it. To read through them takes some 0.2 ms, to take them over some 5 ms, and a command writes
/// about five.
const LEFT: u32 = 100;

#[derive(Debug)]
pub(super) struct Log {
    /// Pages in it after the last transaction of this connection.
    pages: Arc<AtomicU32>,
    /// As many of them were there when it was last taken over, and still are: somebody was reading.
    known: u32,
}

impl Log {
    /// Takes it over from `SQLite`.
    pub(super) fn of(connection: &mut Connection) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&pages);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: c_int| {
            told.store(u32::try_from(pages).unwrap_or_default(), Ordering::Relaxed);
            Ok(())
        }))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(Self { pages, known: 0 })
    }

    /// Whether it is time to take it over.
    pub(super) fn is_long(&self) -> bool {
        self.new_pages() >= LONG
    }

    /// Whether it is high time: whoever would make it longer waits until it is taken over.
    pub(super) fn is_too_long(&self) -> bool {
        self.new_pages() >= 2 * LONG
    }

    fn new_pages(&self) -> u32 {
        let pages = self.pages();
        pages - if pages < self.known { 0 } else { self.known }
    }

    /// Takes over what nobody reads any more.
    pub(super) fn take_over(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.known = self.pages();
        connection
            .wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE)
            .map(drop)
    }

    /// What whoever closes the file does. Where others have it open, they will.
    pub(super) fn close(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.pages() < LEFT {
            return Ok(());
        }
        connection
            .wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::TRUNCATE)
            .map(drop)
    }

    fn pages(&self) -> u32 {
        self.pages.load(Ordering::Relaxed)
    }
}
