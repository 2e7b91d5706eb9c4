//! What is kept, for people who ask.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::directory::{Directory, Entry};
use super::entry::Kept;
use super::head::Head;
use super::{now, still_holds, unpack};
use crate::options::CacheOptions;
use crate::packed::Packed;

/// The shortest beginning of an identifier that names a pack.
const LEAST_ID: usize = 4;

/// A pack that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptPack {
    /// Its name: 32 hexadecimal digits that depend on what was asked and how, not on the files.
    pub id: String,
    /// The working directory it was packed in.
    pub root: PathBuf,
    /// The patterns it answers, as they stood in the prompt.
    pub patterns: Vec<String>,
    /// When it was packed.
    pub packed: SystemTime,
    /// When it was last of use.
    pub used: SystemTime,
    /// How many files it holds.
    pub files: usize,
    /// The size of their texts in bytes.
    pub text_bytes: u64,
    /// The size of what is kept in bytes.
    pub bytes: u64,
    /// Whether it would be used if it were asked for now: it is young enough, and nothing that it rests on has changed
    /// as far as the file system tells.
    pub is_fresh: bool,
}

/// Why a name names no pack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSuchPack {
    /// None begins like this.
    #[error("no pack is kept as `{0}`; `tidegate context list` names those that are")]
    Unknown(String),
    /// Several do.
    #[error("`{id}` names {count} packs: give more of its digits, at least {LEAST_ID}")]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// How many begin like this.
        count: usize,
    },
    /// What is there is not what was written. It is deleted.
    #[error("the pack `{0}` was damaged, and is gone; the next run packs anew")]
    Damaged(String),
}

impl CacheOptions {
    /// The packs that are kept, the last used first. An entry that cannot be read is not among them.
    pub fn packs(&self) -> Vec<KeptPack> {
        let entries = Directory::of(&self.dir).entries().into_iter();
        let mut packs: Vec<_> = entries
            .filter_map(|entry| Some(self.told(&entry, &Kept::open(&entry)?.head()?)))
            .collect();
        packs.sort_by(|a, b| (b.used, &a.id).cmp(&(a.used, &b.id)));
        packs
    }

    /// The pack whose name begins with `id`, with its texts, whether it is fresh or not.
    ///
    /// # Errors
    /// [`NoSuchPack`] where that names none, or several.
    pub fn pack(&self, id: &str) -> Result<(KeptPack, Packed), NoSuchPack> {
        let named = |entry: &Entry| id.len() >= LEAST_ID && entry.question.starts_with(id);
        let mut entries = Directory::of(&self.dir).entries();
        entries.retain(named);
        entries.sort_by(|a, b| (&a.question, b.used).cmp(&(&b.question, a.used)));
        entries.dedup_by(|a, b| a.question == b.question);
        let [entry] = entries.as_slice() else {
            let id = id.to_owned();
            return Err(match entries.len() {
                0 => NoSuchPack::Unknown(id),
                count => NoSuchPack::Ambiguous { id, count },
            });
        };
        let whole = Kept::open(entry).and_then(|kept| {
            let head = kept.head()?;
            let texts = kept.texts(&head)?;
            Some((self.told(entry, &head), unpack(&head, texts)))
        });
        whole.ok_or_else(|| {
            Directory::remove(entry);
            NoSuchPack::Damaged(entry.question.clone())
        })
    }

    fn told(&self, entry: &Entry, head: &Head<'_>) -> KeptPack {
        let age = Duration::from_nanos(now().saturating_sub(head.taken));
        KeptPack {
            id: entry.question.clone(),
            root: PathBuf::from(head.root),
            patterns: head.patterns.iter().map(ToString::to_string).collect(),
            packed: UNIX_EPOCH + Duration::from_nanos(head.taken),
            used: entry.used,
            files: head.files.len(),
            text_bytes: head.bytes(),
            bytes: entry.bytes,
            is_fresh: age <= self.ttl && still_holds(head),
        }
    }
}
