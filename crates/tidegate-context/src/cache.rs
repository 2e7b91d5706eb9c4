//! Packs, kept until something changes.
//!
//! Most prompts of a day name the same files. A pack that is kept is used again when nothing it rests on has changed: no
//! file in size, time or identity, no directory in its list, no rule, and nothing new under a name that was looked up. A
//! file written so shortly before it was packed that a second write might carry the same time is read again and compared.
//!
//! Nothing here can fail a run. Another process may write, read or delete at the same moment: an entry appears whole, by
//! a rename, under a name that holds the hash of its content, is read without a lock, and one that is not what its name
//! says is no entry. What is too old, or least used once there is too much, is deleted by whoever adds the next.

mod body;
mod codec;
mod copy;
mod directory;
pub(crate) mod entry;
mod head;
mod listed;
mod question;

use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use self::copy::{Torn, copy};
use self::directory::Directory;
use self::entry::Kept;
use self::head::Head;
pub(crate) use self::head::{KeptFile, Steps};
pub use self::listed::{KeptPack, NoSuchPack};
pub(crate) use self::question::question;
use crate::directories::Directories;
use crate::marks::Marks;
use crate::opener::Opener;
use crate::options::{CacheOptions, PackOptions};
use crate::packed::{Packed, PackedFile, Written};
use crate::parallel;
use crate::read;
use crate::render::Layout;
use crate::skip::Skipped;
use crate::text::{Text, Texts};
use crate::trail::Stamp;

impl CacheOptions {
    /// What is kept there now.
    pub fn usage(&self) -> CacheUsage {
        let entries = Directory::of(&self.dir).entries();
        CacheUsage {
            entries: entries.len(),
            bytes: entries.iter().map(|entry| entry.bytes).sum(),
        }
    }

    /// Deletes what is kept there, and tells how much that was.
    pub fn clear(&self) -> CacheUsage {
        let usage = self.usage();
        Directory::of(&self.dir).clear();
        usage
    }
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheUsage {
    /// Packs.
    pub entries: usize,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Smaller packs are read sooner than they are looked up.
const LEAST_FILES: usize = 64;
const LEAST_BYTES: u64 = 256 * 1024;

/// A pack about to be kept, all but its texts.
pub(crate) struct Keeping<'p> {
    pub(crate) files: Vec<KeptFile<'p>>,
    pub(crate) skipped: &'p [Skipped],
    pub(crate) marks: Marks,
    /// The working directory, for people.
    pub(crate) root: String,
    /// What was asked for, for people.
    pub(crate) patterns: Vec<String>,
    /// What it rests on, as it was before anything was read.
    pub(crate) trail: Steps,
    /// When its stamps were taken: see [`now`].
    pub(crate) taken: u64,
}

/// An entry cannot be used: it is not what was written.
struct Damaged;

/// The pack that was made for the same question, if it still holds.
pub(crate) fn recall(
    question: &str,
    cache: &CacheOptions,
    now: u64,
    now_there: (&Directories, &PackOptions),
) -> Option<Packed> {
    find(question, cache, now, |kept, head| {
        unchanged(kept, head, now_there)
    })
}

/// The same, written into `file` as `layout` says. Without a pack that still holds nothing is in `file`.
pub(crate) fn copy_into(
    file: &mut File,
    layout: Layout,
    question: &str,
    cache: &CacheOptions,
    now: u64,
    now_there: (&Directories, &PackOptions),
) -> Option<io::Result<Written>> {
    let counting = now_there.1.counting();
    find(question, cache, now, |kept, head| {
        if head.is_in_doubt() {
            let packed = unchanged(kept, head, now_there)?;
            return Ok(packed.map(|packed| packed.write_into(file, layout, counting)));
        }
        match copy(kept, head, layout, counting, file) {
            Ok(tokens) => Ok(Some(Ok(head.written(tokens)))),
            Err(Torn::Unwritten(error)) => Ok(Some(Err(error))),
            Err(Torn::Damaged) => match emptied(file) {
                Ok(()) => Err(Damaged),
                Err(error) => Ok(Some(Err(error))),
            },
        }
    })
}

fn emptied(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()
}

/// What `used` makes of the first entry for `question` that it can use.
fn find<T>(
    question: &str,
    cache: &CacheOptions,
    now: u64,
    mut used: impl FnMut(&Kept, &Head<'_>) -> Result<Option<T>, Damaged>,
) -> Option<T> {
    let directory = Directory::of(&cache.dir);
    let mut entries = directory.entries_of(question);
    entries.find_map(|found| {
        let kept = Kept::open(&found)?;
        let head = kept.head()?;
        let age = Duration::from_nanos(now.saturating_sub(head.taken));
        if age > cache.ttl || !still_holds(&head) {
            return None;
        }
        let Ok(result) = used(&kept, &head) else {
            Directory::remove(&found);
            return None;
        };
        result.inspect(|_| kept.touch())
    })
}

/// The pack, in memory, if texts in doubt are the same.
fn unchanged(
    kept: &Kept,
    head: &Head<'_>,
    (directories, options): (&Directories, &PackOptions),
) -> Result<Option<Packed>, Damaged> {
    let texts = kept.texts(head).ok_or(Damaged)?;
    let same = is_unchanged(head, &texts, directories, options);
    Ok(same.then(|| unpack(head, texts)))
}

/// Keeps a pack, and deletes what there is too much of.
pub(crate) fn keep(question: &str, cache: &CacheOptions, keeping: Keeping<'_>, texts: &impl Texts) {
    let directory = Directory::of(&cache.dir);
    // What cannot be written is not kept: there is nobody to tell.
    let _ = directory.add(question, |file| entry::write(keeping, texts, file));
    directory.tidy(cache, SystemTime::UNIX_EPOCH + Duration::from_nanos(now()));
}

/// Whether a pack of these files is worth its place.
pub(crate) fn is_worth_keeping(files: &[KeptFile<'_>], cache: &CacheOptions) -> bool {
    let bytes: u64 = files.iter().map(|file| file.bytes as u64).sum();
    let chosen = || {
        let globs = globs(&cache.file_patterns);
        let all = |globs: GlobSet| files.iter().all(|file| globs.is_match(file.path));
        globs.is_some_and(|globs| globs.is_empty() || all(globs))
    };
    let large = files.len() >= LEAST_FILES || bytes >= LEAST_BYTES;
    large && bytes <= cache.max_total_bytes && chosen()
}

fn globs(patterns: &[String]) -> Option<GlobSet> {
    let mut globs = GlobSetBuilder::new();
    for pattern in patterns {
        globs.add(GlobBuilder::new(pattern).build().ok()?);
    }
    globs.build().ok()
}

fn still_holds(head: &Head<'_>) -> bool {
    let comparable = head.comparable();
    let holds = |(): &mut (), number: usize| {
        let (path, step, stamp) = &head.trail[number];
        let in_doubt =
            !comparable[number] && *stamp != Stamp::ABSENT && stamp.is_in_doubt(head.taken);
        !in_doubt && Stamp::at(path, *step) == *stamp
    };
    parallel::each(head.trail.len(), 512, || (), holds)
        .into_iter()
        .all(|holds| holds)
}

/// The pack that `head` and its texts are.
fn unpack(head: &Head<'_>, texts: Vec<Text>) -> Packed {
    let files =
        head.files.iter().zip(texts).map(|(file, text)| {
            PackedFile::of(file.path.to_owned(), modified(head.stamp(file)), text)
        });
    Packed::kept(files.collect(), head.skipped.clone(), head.marks)
}

fn modified(stamp: &Stamp) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_nanos(stamp.modified))
}

/// Reads the files again whose time does not tell.
pub(crate) fn is_unchanged(
    head: &Head<'_>,
    texts: &[Text],
    directories: &Directories,
    options: &PackOptions,
) -> bool {
    let mut opener = Opener::new(directories);
    let limit = options.max_file_bytes;
    let mut text = |path: &Path| opener.open(path).and_then(|file| read::text(file, limit));
    head.files.iter().zip(texts).all(|(file, kept)| {
        let (path, _, stamp) = head.trail[file.step];
        !stamp.is_in_doubt(head.taken) || text(path).is_ok_and(|text| text == **kept)
    })
}

/// Nanoseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "it is compared with what the file system says, which no test can own"
)]
pub(crate) fn now() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}
