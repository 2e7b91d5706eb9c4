//! The directory of entries: `QUESTION-CONTENT.pack`.

use std::cmp::Reverse;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::CacheOptions;

const ENDING: &str = ".pack";
const UNFINISHED: &str = ".unfinished-";

/// How long a file may be unfinished before its writer is taken for dead.
const WRITING: Duration = Duration::from_secs(60 * 60);

pub(super) struct Directory<'c> {
    path: &'c Path,
}

/// An entry, by its name alone.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// What it answers, as its name says.
    pub(super) question: String,
    /// The hash of what it holds, as its name says.
    pub(super) content: String,
    pub(super) bytes: u64,
    /// When it was last of use.
    pub(super) used: SystemTime,
}

impl<'c> Directory<'c> {
    pub(super) const fn of(path: &'c Path) -> Self {
        Self { path }
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let listed = fs::read_dir(self.path).into_iter().flatten().flatten();
        listed.filter_map(|listed| entry(&listed)).collect()
    }

    /// Those that answer `question`, the latest first. There is more than one only while one takes another's place.
    pub(super) fn entries_of(&self, question: &str) -> impl Iterator<Item = Entry> {
        let of_question =
            |listed: &fs::DirEntry| listed.file_name().to_string_lossy().starts_with(question);
        let listed = fs::read_dir(self.path).into_iter().flatten().flatten();
        let mut entries: Vec<_> = listed
            .filter(of_question)
            .filter_map(|listed| entry(&listed))
            .collect();
        entries.sort_by_key(|entry| Reverse(entry.used));
        entries.into_iter()
    }

    /// Adds an entry in the place of those that answered the same question.
    /// `write` tells the hash of what it has written.
    pub(super) fn add(
        &self,
        question: &str,
        write: impl FnOnce(&File) -> io::Result<String>,
    ) -> io::Result<()> {
        self.make()?;
        let unfinished = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(self.path)?;
        let content = write(unfinished.as_file())?;
        let replaced: Vec<_> = self.entries_of(question).collect();
        let name = format!("{question}-{content}{ENDING}");
        self.name(unfinished, &name)?;
        for entry in replaced.iter().filter(|entry| entry.content != content) {
            Self::remove(entry);
        }
        Ok(())
    }

    fn name(&self, unfinished: NamedTempFile, name: &str) -> io::Result<()> {
        unfinished.persist(self.path.join(name))?;
        Ok(())
    }

    /// For its owner alone, whoever made it.
    fn make(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
            builder.mode(0o700).create(self.path)?;
            let open = self.path.metadata()?.permissions().mode() & 0o077 != 0;
            if open {
                fs::set_permissions(self.path, Permissions::from_mode(0o700))?;
            }
            Ok(())
        }
        #[cfg(not(unix))]
        builder.create(self.path)
    }

    pub(super) fn remove(entry: &Entry) {
        // Another process may have been faster.
        let _ = fs::remove_file(&entry.path);
    }

    pub(super) fn clear(&self) {
        self.entries().iter().for_each(Self::remove);
        self.remove_unfinished(|_| true);
    }

    /// Deletes what is too old, then what was not used for longest, until the rest may stay.
    pub(super) fn tidy(&self, options: &CacheOptions, now: SystemTime) {
        let age = |used: SystemTime| now.duration_since(used).unwrap_or_default();
        self.remove_unfinished(|used| age(used) > WRITING);
        let mut entries = self.entries();
        entries.sort_by_key(|entry| Reverse(entry.used));
        let mut total = 0;
        for entry in &entries {
            total += entry.bytes;
            if age(entry.used) > options.ttl || total > options.max_total_bytes {
                Self::remove(entry);
            }
        }
    }

    fn remove_unfinished(&self, old: impl Fn(SystemTime) -> bool) {
        for listed in fs::read_dir(self.path).into_iter().flatten().flatten() {
            let unfinished = listed.file_name().to_string_lossy().starts_with(UNFINISHED);
            let used = listed.metadata().and_then(|metadata| metadata.modified());
            if unfinished && used.is_ok_and(&old) {
                let _ = fs::remove_file(listed.path());
            }
        }
    }
}

fn entry(listed: &fs::DirEntry) -> Option<Entry> {
    let name = listed.file_name();
    let (question, content) = name.to_str()?.strip_suffix(ENDING)?.split_once('-')?;
    let metadata = listed.metadata().ok().filter(fs::Metadata::is_file)?;
    Some(Entry {
        path: listed.path(),
        question: question.to_owned(),
        content: content.to_owned(),
        bytes: metadata.len(),
        used: metadata.modified().ok()?,
    })
}

/// Marks an entry as of use now.
pub(super) fn touch(file: &File, now: SystemTime) {
    let _ = file.set_modified(now);
}
