//! Opening the file: made where it is missing, refused where it is not ours, begun anew where it is broken.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use rustix::fs::{FlockOperation, flock};

use super::busy::{Patience, Wait};
use super::clock::HostClock;
use super::log::Log;
use super::standing::Standing;

/// "TDGQ": says whose file it is.
const APPLICATION: i64 = 0x5444_4751;
/// The layout below.
const SCHEMA: i64 = 2;
const LAYOUT: &str = "
    CREATE TABLE host (boot TEXT NOT NULL, owners INTEGER NOT NULL);
    CREATE TABLE limits (key TEXT PRIMARY KEY, state TEXT NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE owners (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, name TEXT NOT NULL, expires INTEGER NOT NULL);
    INSERT INTO host VALUES ('', 0);
";
/// What an older layout may have. It is begun anew: nothing in it outlasts the host's next start anyway.
const OLDER: &str = "
    DROP TABLE IF EXISTS host;
    DROP TABLE IF EXISTS limits;
    DROP TABLE IF EXISTS leases;
    DROP TABLE IF EXISTS owners;
";
/// How long a key that nobody uses is remembered.
const IDLE: u64 = 7 * 24 * 3600 * 1_000_000;

/// Why a file cannot hold a queue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory or the file can be neither made nor written.
    #[error(
        "the queue's file {path} cannot be written: {source}; make its directory writable or name another"
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file system cannot hold a file that several processes write.
    #[error(
        "the queue's file {path} cannot be shared by processes: {reason}; put it on a local file system"
    )]
    Unshareable {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        reason: String,
    },
    /// Another program's database, or no database at all.
    #[error("{path} belongs to another program; name another file for the queue")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer version.
    #[error(
        "the queue's file {path} has layout {found}, and this version knows {SCHEMA}; update, or name another file"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
    },
    /// Anything else.
    #[error("the queue's file {path} cannot be opened: {source}; mend that, or name another")]
    Failed {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        source: rusqlite::Error,
    },
}

/// An open file and this process's number in it.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) patience: Patience,
    pub(super) log: Log,
    pub(super) owner: u64,
    pub(super) standing: Standing,
}

pub(super) fn open(path: &Path, clock: &dyn HostClock) -> Result<Opened, OpenError> {
    let unwritable = |source| OpenError::Unwritable {
        path: path.to_owned(),
        source,
    };
    if let Some(directory) = path.parent() {
        make_directory(directory).map_err(unwritable)?;
    }
    touch(path).map_err(unwritable)?;
    match patiently(path, clock) {
        Err(OpenError::Failed { source, .. }) if is_corrupt(&source) => {
            if !may_be_ours(path).map_err(unwritable)? {
                return Err(OpenError::Foreign {
                    path: path.to_owned(),
                });
            }
            mend(path, clock, &source).map_err(unwritable)?;
            attempt(path, clock)
        }
        outcome => outcome,
    }
}

/// Where two switch a new file to its journal at the same time, `SQLite` refuses one of them at once: each waits for the other.
fn patiently(path: &Path, clock: &dyn HostClock) -> Result<Opened, OpenError> {
    let (mut tries, mut wait) = (0, Wait::default());
    loop {
        match attempt(path, clock) {
            Err(OpenError::Failed { source, .. }) if is_busy(&source) && wait.a_moment(tries) => {
                tries += 1;
            }
            outcome => return outcome,
        }
    }
}

/// Whether a broken file may have been a queue: it begins as `SQLite`'s files do, with our number or none, or with nothing
/// but zeros, as a file does that a crash cut off. Anything else is somebody's file that was named by mistake.
fn may_be_ours(path: &Path) -> io::Result<bool> {
    const BEGINNING: &[u8; 16] = b"SQLite format 3\0";
    // Where the number of the application stands (https://www.sqlite.org/fileformat.html).
    const NUMBER: std::ops::Range<usize> = 68..72;
    let mut head = Vec::with_capacity(NUMBER.end);
    let most = NUMBER.end as u64;
    File::open(path)?.take(most).read_to_end(&mut head)?;
    let number = head.get(NUMBER).unwrap_or_default();
    let ours = i32::try_from(APPLICATION).unwrap_or_default().to_be_bytes();
    let begins =
        head.starts_with(BEGINNING) && (number == ours || number.iter().all(|byte| *byte == 0));
    Ok(begins || head.iter().all(|byte| *byte == 0))
}

/// Moves a broken file aside. Of several processes that find it broken together, one does.
fn mend(path: &Path, clock: &dyn HostClock, reason: &rusqlite::Error) -> io::Result<()> {
    let mut writable = OpenOptions::new();
    writable.write(true).create(true).truncate(false);
    let lock = create(&mut writable, &beside(path, ".mending"))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    if !matches!(attempt(path, clock), Err(OpenError::Failed { source, .. }) if is_corrupt(&source))
    {
        return Ok(());
    }
    let aside = beside(path, ".corrupt");
    std::fs::rename(path, &aside)?;
    for part in ["-wal", "-shm"] {
        match std::fs::remove_file(beside(path, part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    touch(path)?;
    tracing::warn!(
        "the queue's file {} was broken ({reason}); it was moved to {} and begun anew",
        path.display(),
        aside.display()
    );
    Ok(())
}

fn attempt(path: &Path, clock: &dyn HostClock) -> Result<Opened, OpenError> {
    let failed = |source| OpenError::Failed {
        path: path.to_owned(),
        source,
    };
    // Before it is opened: one that takes its place in between is seen to be another.
    let standing = Standing::of(path);
    let mut connection = Connection::open(path).map_err(failed)?;
    let patience = Patience::default();
    connection
        .busy_handler(Some(patience.handler()))
        .map_err(failed)?;
    refuse_foreign(&mut connection, path)?;
    let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
        row.get::<_, String>(0)
    });
    let reason = match mode {
        Ok(mode) if mode == "wal" => None,
        Ok(mode) => Some(format!("its journal stays in mode `{mode}`")),
        Err(error) if is_corrupt(&error) || is_busy(&error) || is_full(&error) => {
            return Err(failed(error));
        }
        Err(error) => Some(error.to_string()),
    };
    if let Some(reason) = reason {
        return Err(OpenError::Unshareable {
            path: path.to_owned(),
            reason,
        });
    }
    connection
        .pragma_update(None, "synchronous", "NORMAL")
        .map_err(failed)?;
    let owner = prepare(&mut connection, path, clock)?;
    let log = Log::of(&mut connection).map_err(failed)?;
    Ok(Opened {
        connection,
        patience,
        log,
        owner,
        standing,
    })
}

fn refuse_foreign(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Failed {
        path: path.to_owned(),
        source,
    };
    // At one moment: another process may be laying it out.
    let moment = connection.transaction().map_err(failed)?;
    let number = |text| {
        moment
            .query_row(text, [], |row| row.get::<_, i64>(0))
            .map_err(failed)
    };
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let application = number("PRAGMA application_id")?;
    if application != APPLICATION && (application != 0 || tables > 0) {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
        });
    }
    let found = number("PRAGMA user_version")?;
    if found > SCHEMA {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
        });
    }
    Ok(())
}

/// Lays out a new file, forgets what is of another start of the host or too old, and takes a number.
fn prepare(
    connection: &mut Connection,
    path: &Path,
    clock: &dyn HostClock,
) -> Result<u64, OpenError> {
    let failed = |source| OpenError::Failed {
        path: path.to_owned(),
        source,
    };
    check(connection).map_err(failed)?;
    let mut steps = || {
        let all = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let laid_out: i64 = all.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if laid_out < SCHEMA {
            all.execute_batch(OLDER)?;
            all.execute_batch(LAYOUT)?;
            all.pragma_update(None, "application_id", APPLICATION)?;
            all.pragma_update(None, "user_version", SCHEMA)?;
        }
        let boot: String = all.query_row("SELECT boot FROM host", [], |row| row.get(0))?;
        if boot != clock.boot() {
            all.execute_batch("DELETE FROM limits; DELETE FROM owners;")?;
            all.execute("UPDATE host SET boot = ?1", [clock.boot()])?;
        }
        let oldest = clock.now().as_micros().saturating_sub(IDLE);
        let unused = "DELETE FROM limits WHERE used < ?1";
        all.execute(unused, [oldest.cast_signed()])?;
        let next = "UPDATE host SET owners = owners + 1 RETURNING owners";
        let owner: i64 = all.query_row(next, [], |row| row.get(0))?;
        all.commit()?;
        Ok(owner.cast_unsigned())
    };
    steps().map_err(failed)
}

/// Looks through the file, which is small, so that a broken page is found now and not by a run.
fn check(connection: &Connection) -> rusqlite::Result<()> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(code, Some(verdict)))
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Makes the file for its owner's eyes alone; `SQLite` gives those beside it the same mode. One that is there is not even
/// opened: closing it again would take the locks that another store of this process has on it.
fn touch(path: &Path) -> io::Result<()> {
    match create(OpenOptions::new().write(true).create_new(true), path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

fn create(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

pub(super) fn is_corrupt(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// A full disk says nothing about what its file system can do.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}
