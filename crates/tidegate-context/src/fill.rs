//! Reading what was chosen, on all processors, as far as it fits.
//!
//! What is packed must not depend on which thread was first. So the files are taken in by their order, in stretches that
//! fit for certain by the sizes the system tells: a stretch is read in parallel and settled in order, with the sizes that
//! were really read. A file that does not fit then is judged before the next stretch, and never read. What was taken in is
//! handed on stretch by stretch: whoever need not keep the texts does not hold them all.

use std::ops::Range;
use std::time::SystemTime;

use crate::directories::Directories;
use crate::opener::Opener;
use crate::options::{PackOptions, Secrets};
use crate::packed::{PackError, PackedFile, SecretFound};
use crate::parallel;
use crate::read;
use crate::render::Section;
use crate::secret::{self, Secret};
use crate::select::Choice;
use crate::skip::{SkipReason, Skipped};
use crate::trail::Stamp;

/// Fewer files than this are read sooner than a thread starts.
const WORTH_A_THREAD: usize = 16;

/// The most files and bytes read before what was read is settled: until then all of it takes memory. A larger file is a
/// stretch of its own.
const LONGEST_STRETCH: usize = 1024;
const LARGEST_STRETCH: u64 = 4 * 1024 * 1024;

/// What was taken in.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    /// The places of the choices that are packed, in their order.
    pub(crate) numbers: Vec<usize>,
    pub(crate) skipped: Vec<Skipped>,
    /// 0 where nobody counts.
    pub(crate) tokens: u64,
}

/// Takes the files in, those first that must, and has them `put` in the order of the choices. Of what is packed, its choice
/// gives the label away.
pub(crate) fn fill<E: From<PackError>>(
    choices: &mut [Choice],
    stamps: &[Result<Stamp, SkipReason>],
    directories: &Directories,
    options: &PackOptions,
    mut put: impl FnMut(Vec<PackedFile>) -> Result<(), E>,
) -> Result<Filled, E> {
    let mut filling = Filling {
        choices,
        stamps,
        directories,
        options,
        total: 0,
        filled: Filled::default(),
        secrets: Vec::new(),
    };
    let mut next = 0;
    while next < filling.choices.len() {
        let (taken, end) = filling.some(next)?;
        // With a secret in it there will be no pack: what follows is looked at for more of them alone.
        if filling.secrets.is_empty() && !taken.is_empty() {
            put(taken)?;
        }
        next = end;
    }
    let Filling {
        filled, secrets, ..
    } = filling;
    if secrets.is_empty() {
        Ok(filled)
    } else {
        Err(PackError::Secrets { found: secrets }.into())
    }
}

struct Filling<'p> {
    choices: &'p mut [Choice],
    stamps: &'p [Result<Stamp, SkipReason>],
    directories: &'p Directories,
    options: &'p PackOptions,
    total: u64,
    filled: Filled,
    secrets: Vec<SecretFound>,
}

/// What reading one file gave.
struct Reading {
    modified: Option<SystemTime>,
    text: String,
    /// 0 where nobody counts.
    tokens: u64,
    secret: Option<Secret>,
}

impl Filling<'_> {
    /// Takes in a stretch from `next` on, or judges one file that does not fit; and tells where to go on.
    fn some(&mut self, next: usize) -> Result<(Vec<PackedFile>, usize), PackError> {
        let stretch = self.stretch(next);
        if stretch.is_empty() {
            let reason = self.room(next).err();
            reason.map_or(Ok(()), |reason| self.reject(next, reason))?;
            return Ok((Vec::new(), next + 1));
        }
        let end = stretch.end;
        Ok((self.take(stretch)?, end))
    }

    /// The files from `start` on that all fit if their sizes are what they are said to be, not too many at once.
    fn stretch(&self, start: usize) -> Range<usize> {
        let (mut total, mut files, mut end) = (self.total, self.filled.numbers.len(), start);
        let most = self.choices.len().min(start + LONGEST_STRETCH);
        while end < most && self.fits(end, files, total).is_ok() {
            let size = self.stamps[end].as_ref().map_or(0, |stamp| stamp.size);
            if end > start && total + size - self.total > LARGEST_STRETCH {
                break;
            }
            total += size;
            files += 1;
            end += 1;
        }
        start..end
    }

    fn room(&self, number: usize) -> Result<(), SkipReason> {
        self.fits(number, self.filled.numbers.len(), self.total)
    }

    /// Whether the file is worth opening, `files` files and `total` bytes being packed already.
    fn fits(&self, number: usize, files: usize, total: u64) -> Result<(), SkipReason> {
        let limit = self.options.max_files;
        if files >= limit {
            return Err(SkipReason::TooManyFiles { limit });
        }
        let stamp = self.stamps[number].as_ref().map_err(Clone::clone)?;
        fitting(stamp.size, total, self.options)
    }

    fn take(&mut self, stretch: Range<usize>) -> Result<Vec<PackedFile>, PackError> {
        let (start, mut taken) = (stretch.start, Vec::with_capacity(stretch.len()));
        let readings = parallel::each(
            stretch.len(),
            WORTH_A_THREAD,
            || Opener::new(self.directories),
            |opener, offset| self.read(start + offset, opener),
        );
        for (number, reading) in stretch.zip(readings) {
            match reading.and_then(|reading| self.settle(number, reading)) {
                Ok(file) => taken.extend(file),
                Err(reason) => self.reject(number, reason)?,
            }
        }
        Ok(taken)
    }

    fn read(&self, number: usize, opener: &mut Opener<'_>) -> Result<Reading, SkipReason> {
        let choice = &self.choices[number];
        let file = opener.open(&choice.real)?;
        let modified = file.metadata.modified().ok();
        // Nothing that has grown beyond its limit since is read.
        fitting(file.metadata.len(), 0, self.options)?;
        let text = read::text(file, self.options.max_file_bytes)?;
        self.options.progress.one_read();
        let searched = self.options.secrets != Secrets::Allow;
        let secret = searched
            .then(|| secret::find(&choice.label, &text))
            .flatten();
        let tokens = self.options.counting().map_or(0, |counter| {
            let section = Section {
                path: &choice.label,
                modified,
                text: &text,
            };
            counter.count_section(&section, &mut String::new())
        });
        Ok(Reading {
            modified,
            text,
            tokens,
            secret,
        })
    }

    /// With the size that was read: a file can have grown. `None` is left out.
    fn settle(
        &mut self,
        number: usize,
        reading: Reading,
    ) -> Result<Option<PackedFile>, SkipReason> {
        let Reading {
            modified,
            text,
            tokens,
            secret,
        } = reading;
        let bytes = text.len() as u64;
        fitting(bytes, self.total, self.options)?;
        self.fitting_tokens(tokens)?;
        let path = std::mem::take(&mut self.choices[number].label);
        if let Some(Secret { line, what }) = secret {
            if self.options.secrets == Secrets::LeaveOut {
                let reason = SkipReason::Secret { line, what };
                self.filled.skipped.push(Skipped { path, reason });
                return Ok(None);
            }
            let path = path.clone();
            self.secrets.push(SecretFound { path, line, what });
        }
        self.total += bytes;
        self.filled.tokens += tokens;
        self.filled.numbers.push(number);
        Ok(Some(PackedFile::of(path, modified, text.into())))
    }

    const fn fitting_tokens(&self, tokens: u64) -> Result<(), SkipReason> {
        match self.options.max_tokens {
            Some(limit) if tokens > limit.saturating_sub(self.filled.tokens) => {
                Err(SkipReason::TokensExceeded { tokens, limit })
            }
            _ => Ok(()),
        }
    }

    /// A file that was named itself fails the whole.
    fn reject(&mut self, number: usize, reason: SkipReason) -> Result<(), PackError> {
        let choice = &self.choices[number];
        if let Some(pattern) = choice.named_by.clone() {
            return Err(PackError::Unpackable { pattern, reason });
        }
        let path = choice.label.clone();
        self.filled.skipped.push(Skipped { path, reason });
        Ok(())
    }
}

fn fitting(bytes: u64, total: u64, options: &PackOptions) -> Result<(), SkipReason> {
    let PackOptions {
        max_file_bytes,
        max_total_bytes,
        ..
    } = *options;
    if bytes > max_file_bytes {
        let limit = max_file_bytes;
        return Err(SkipReason::TooLarge { bytes, limit });
    }
    if bytes > max_total_bytes.saturating_sub(total) {
        let limit = max_total_bytes;
        return Err(SkipReason::TotalExceeded { bytes, limit });
    }
    Ok(())
}
