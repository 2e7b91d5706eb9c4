//! Whether the file can be used, and what is done where it is lost while it is open: deleted, or broken.

use rusqlite::ffi;
use tidegate_core::Timestamp;

use super::{Accounts, Ledger};
use crate::sqlite::file::{self, OpenError, Opened};

impl Ledger {
    /// Opens the file that has the name now, made where there is none and mended where it is broken, if this one is lost. What
    /// is under way was known to the lost one alone, and counts no more.
    pub(in crate::sqlite) fn follow(&mut self) -> Result<(), OpenError> {
        if !self.standing.is_lost() {
            return Ok(());
        }
        let opened = file::open(self.standing.path(), &*self.clock)?;
        let Opened {
            connection,
            patience,
            log,
            owner,
            standing,
        } = opened;
        self.accounts = Accounts::of_owner(owner);
        self.connection = connection;
        self.patience = patience;
        self.log = log;
        self.owner = owner;
        self.standing = standing;
        self.expires = Timestamp::default();
        self.nobody_gone_before = Timestamp::default();
        self.is_told = false;
        Ok(())
    }

    /// Fails where nothing can be written, on a full disk say: a transaction can be begun and ended there all the same.
    pub(in crate::sqlite) fn reach(&self) -> rusqlite::Result<()> {
        let same = "UPDATE host SET owners = owners";
        self.connection.execute(same, []).map(drop)
    }

    /// Fails where the file is lost.
    pub(super) fn look_for_the_file(&self) -> rusqlite::Result<()> {
        if !self.standing.is_lost() {
            return Ok(());
        }
        let code = ffi::Error::new(ffi::SQLITE_READONLY_DBMOVED);
        let why = "the file was deleted or broken while it was open";
        Err(rusqlite::Error::SqliteFailure(code, Some(why.to_owned())))
    }

    /// Learns from a failure whether the file is broken.
    pub(super) fn note_what_failed(&mut self, error: &rusqlite::Error) {
        if file::is_corrupt(error) {
            self.standing.note_broken();
        }
    }
}
