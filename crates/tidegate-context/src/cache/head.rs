//! What an entry says before its texts: what the pack rests on, what is in it, and how to tell that the texts are whole.
//!
//! Tens of thousands of names are in it. They are not taken out one by one: whoever reads a head borrows them from its
//! bytes.

mod reason;

use std::path::Path;

use super::Keeping;
use super::body::Check;
use super::codec::{Reader, Writer};
use crate::marks::Marks;
use crate::packed::Written;
use crate::skip::Skipped;
use crate::trail::{Stamp, Step};

/// Of a file: the length of its name, its size, and its step; of those that are not very large.
const LONGEST_NUMBERS_OF_FILE: usize = 8;

/// What is written besides steps and files, in bytes, mostly.
const LEAST: usize = 4096;

/// What a head says, as it stands in its bytes.
#[derive(Debug)]
pub(crate) struct Head<'h> {
    /// When its stamps were taken.
    pub(crate) taken: u64,
    /// The working directory, for people.
    pub(super) root: &'h str,
    /// What was asked for, for people.
    pub(super) patterns: Vec<&'h str>,
    pub(super) trail: Vec<(&'h Path, Step, Stamp)>,
    pub(super) files: Vec<KeptFile<'h>>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) marks: Marks,
    /// Of every block of texts.
    pub(super) checks: Vec<Check>,
}

#[derive(Debug)]
pub(crate) struct KeptFile<'h> {
    pub(crate) path: &'h str,
    pub(crate) bytes: usize,
    /// Its place in the trail.
    pub(crate) step: usize,
}

/// What a pack rests on, as bytes: the beginning of a head. There are as many steps as files and more, so they are written
/// down at once, and nobody holds them in another form while the texts are read.
#[derive(Debug)]
pub(crate) struct Steps(Writer);

impl Steps {
    /// `count` of them; `None` where a path cannot be told.
    pub(crate) fn of<'s>(
        count: usize,
        steps: impl Iterator<Item = (&'s Path, Step, Stamp)>,
    ) -> Option<Self> {
        let mut head = Writer::default();
        head.size(count);
        for (path, step, stamp) in steps {
            head.text(path.to_str()?);
            head.number(u64::from(step == Step::Present));
            for field in [
                stamp.device,
                stamp.inode,
                stamp.mode,
                stamp.size,
                stamp.modified,
                stamp.changed,
            ] {
                head.number(field);
            }
        }
        Some(Self(head))
    }
}

/// A head as bytes, all but the checks; `None` for a pack that cannot be told in these words.
pub(super) fn encode(keeping: Keeping<'_>) -> Option<Writer> {
    let (Steps(mut head), files) = (keeping.trail, keeping.files);
    let names = files
        .iter()
        .map(|file| file.path.len() + LONGEST_NUMBERS_OF_FILE);
    head.bytes.reserve_exact(LEAST + names.sum::<usize>());
    head.number(keeping.taken);
    head.text(&keeping.root);
    head.size(keeping.patterns.len());
    for pattern in &keeping.patterns {
        head.text(pattern);
    }
    head.size(files.len());
    for file in &files {
        head.text(file.path);
        head.size(file.bytes);
        head.size(file.step);
    }
    head.size(keeping.skipped.len());
    for skipped in keeping.skipped {
        head.text(&skipped.path);
        reason::write(&mut head, &skipped.reason)?;
    }
    head.size(keeping.marks.rule);
    head.size(keeping.marks.tag);
    Some(head)
}

impl<'h> Head<'h> {
    pub(super) fn decode(bytes: &'h [u8]) -> Option<Self> {
        let mut head = Reader::new(bytes);
        let trail = head.list(step)?;
        let (taken, root) = (head.number()?, head.text()?);
        let patterns = head.list(Reader::text)?;
        let files = head.list(|head| {
            let (path, bytes, step) = (head.text()?, head.size()?, head.size()?);
            (step < trail.len()).then_some(KeptFile { path, bytes, step })
        })?;
        let skipped = head.list(|head| {
            let (path, reason) = (head.text()?.to_owned(), reason::read(head)?);
            Some(Skipped { path, reason })
        })?;
        let (rule, tag) = (head.size()?, head.size()?);
        Some(Self {
            taken,
            root,
            patterns,
            trail,
            files,
            skipped,
            marks: Marks { rule, tag },
            checks: head.list(Check::decode)?,
        })
    }

    /// The stamp of a packed file.
    pub(super) fn stamp(&self, file: &KeptFile<'_>) -> &Stamp {
        let (_, _, stamp) = &self.trail[file.step];
        stamp
    }

    pub(super) fn sizes(&self) -> impl Iterator<Item = usize> {
        self.files.iter().map(|file| file.bytes)
    }

    /// The size of all texts.
    pub(super) fn bytes(&self) -> u64 {
        self.sizes().map(|bytes| bytes as u64).sum()
    }

    /// Whether a file's time does not tell whether it has changed.
    pub(super) fn is_in_doubt(&self) -> bool {
        let mut stamps = self.files.iter().map(|file| self.stamp(file));
        stamps.any(|stamp| stamp.is_in_doubt(self.taken))
    }

    /// What is told of it once it is written.
    pub(super) fn written(&self, tokens: Option<u64>) -> Written {
        Written {
            files: self.files.len(),
            bytes: self.bytes(),
            tokens,
            skipped: self.skipped.clone(),
            unmatched: Vec::new(),
            is_kept: true,
        }
    }

    /// Of every step of the trail, whether it is a packed file, whose content can be compared.
    pub(super) fn comparable(&self) -> Vec<bool> {
        let mut comparable = vec![false; self.trail.len()];
        for file in &self.files {
            comparable[file.step] = true;
        }
        comparable
    }
}

fn step<'h>(head: &mut Reader<'h>) -> Option<(&'h Path, Step, Stamp)> {
    let path = Path::new(head.text()?);
    let step = if head.number()? == 0 {
        Step::Unchanged
    } else {
        Step::Present
    };
    let stamp = Stamp {
        device: head.number()?,
        inode: head.number()?,
        mode: head.number()?,
        size: head.number()?,
        modified: head.number()?,
        changed: head.number()?,
    };
    Some((path, step, stamp))
}
