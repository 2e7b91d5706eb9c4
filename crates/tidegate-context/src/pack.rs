//! From the patterns of a prompt to the text that goes before it.
//!
//! The promise is that a prompt goes out with what it names or somebody is told. A file named itself that cannot be
//! packed is an error, with the numbers and what to do; what a glob or a directory could not bring along is listed; a
//! pattern that matches nothing is handed back with the names it may have meant, or is an error for those who ask.

mod chosen;

use std::fs::File;
use std::io;
use std::sync::Arc;

use self::chosen::Chosen;
use crate::cache::{self, Keeping, KeptFile, Steps};
use crate::directories::Directories;
use crate::fill::fill;
use crate::laid::Laid;
use crate::marks::Marks;
use crate::options::{CacheOptions, PackOptions};
use crate::packed::{PackError, Packed, WriteError, Written};
use crate::pattern::Pattern;
use crate::render::{Format, Layout, Taken};
use crate::skip::Skipped;
use crate::text::Texts;

/// Packs the files that `patterns` name.
///
/// The result depends on the files alone, not on the order of the directories' entries; on that of the patterns only
/// where not everything fits: files named themselves come first, then what the first pattern matches, and so on. It
/// blocks while it reads: call it where that is allowed. Without patterns the file system is not touched.
pub fn pack(patterns: &[Pattern], options: &PackOptions) -> Result<Packed, PackError> {
    pack_at(cache::now(), patterns, options)
}

/// Packs the files that `patterns` name, as [`pack`] does, and writes them as `layout` says into `file`, which is empty and
/// open for reading, too.
///
/// A pack that was [kept](PackOptions::cache) goes from there to the file piece by piece, and a new one as it is read: of
/// a large pack, memory holds the names. Only where several patterns give files another rank than their names do, all
/// texts are in memory at once. After an error, what is in `file` is of no use.
pub fn pack_into(
    file: &mut File,
    layout: Layout,
    patterns: &[Pattern],
    options: &PackOptions,
) -> Result<Written, WriteError> {
    pack_into_at(cache::now(), file, layout, (patterns, options))
}

/// The same, at another time than now.
fn pack_into_at(
    now: u64,
    file: &mut File,
    layout: Layout,
    (patterns, options): (&[Pattern], &PackOptions),
) -> Result<Written, WriteError> {
    let Some(asked) = Asked::at(now, patterns, options)? else {
        return Ok(Written::default());
    };
    match asked.copied(file, layout) {
        Some(written) => Ok(written?),
        None => asked.laid(file, layout),
    }
}

/// As [`pack`], at another time than now: what is kept grows old, and what was just written is in doubt.
pub(crate) fn pack_at(
    now: u64,
    patterns: &[Pattern],
    options: &PackOptions,
) -> Result<Packed, PackError> {
    let asked = Asked::at(now, patterns, options)?;
    asked.map_or_else(
        || Ok(Packed::default()),
        |asked| asked.recalled().map_or_else(|| asked.packed(), Ok),
    )
}

/// What is to be packed, and when.
struct Asked<'p> {
    now: u64,
    patterns: &'p [Pattern],
    options: &'p PackOptions,
    directories: Arc<Directories>,
    /// Where it may be kept, and under which name.
    kept: Option<(&'p CacheOptions, String)>,
}

impl<'p> Asked<'p> {
    /// `None`: nothing is.
    fn at(
        now: u64,
        patterns: &'p [Pattern],
        options: &'p PackOptions,
    ) -> Result<Option<Self>, PackError> {
        if patterns.is_empty() {
            return Ok(None);
        }
        let directories = Arc::new(Directories::open(&options.root, &options.include_dirs)?);
        let question = || cache::question(patterns, &directories, options);
        let kept = options.cache.as_ref().map(|cache| (cache, question()));
        Ok(Some(Self {
            now,
            patterns,
            options,
            directories,
            kept,
        }))
    }

    fn recalled(&self) -> Option<Packed> {
        let (cache, question) = self.kept.as_ref()?;
        cache::recall(question, cache, self.now, (&self.directories, self.options))
    }

    fn copied(&self, file: &mut File, layout: Layout) -> Option<io::Result<Written>> {
        let (cache, question) = self.kept.as_ref()?;
        let now_there = (&*self.directories, self.options);
        cache::copy_into(file, layout, question, cache, self.now, now_there)
    }

    fn chosen(&self) -> Result<Chosen, PackError> {
        Chosen::by(self.patterns, &self.directories, self.options)
    }

    /// Made anew, and kept.
    fn packed(&self) -> Result<Packed, PackError> {
        self.in_memory(self.chosen()?)
    }

    fn in_memory(&self, chosen: Chosen) -> Result<Packed, PackError> {
        let Chosen {
            mut choices,
            stamps,
            mut skipped,
            unmatched,
            trail,
        } = chosen;
        let mut files = Vec::with_capacity(choices.len());
        let filled = fill(
            &mut choices,
            &stamps,
            &self.directories,
            self.options,
            |taken| {
                files.extend(taken);
                Ok::<_, PackError>(())
            },
        )?;
        settle(&mut skipped, filled.skipped);
        let mut files: Vec<_> = filled.numbers.into_iter().zip(files).collect();
        files.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
        let (steps, files): (Vec<_>, Vec<_>) = files.into_iter().unzip();
        let packed = Packed::made(files, skipped, unmatched);
        let about = packed
            .files()
            .iter()
            .zip(steps)
            .map(|(file, step)| KeptFile {
                path: &file.path,
                bytes: file.text().len(),
                step,
            });
        let marks = || {
            let mut taken = Taken::new();
            taken.add(packed.files(), &Format::ALL);
            taken.free()
        };
        let about = about.collect();
        let marks = self.keep(trail, about, packed.skipped(), marks, &packed);
        Ok(packed.marked(marks))
    }

    /// The same, written as it is read.
    fn laid(&self, file: &mut File, layout: Layout) -> Result<Written, WriteError> {
        let mut chosen = self.chosen()?;
        let (options, directories) = (self.options, &self.directories);
        if !chosen.are_in_order() {
            let packed = self.in_memory(chosen)?;
            return Ok(packed.write_into(file, layout, options.counting())?);
        }
        let mut laid = Laid::new(file, layout, self.kept.is_some());
        let put = |files| Ok::<_, WriteError>(laid.put(files)?);
        let filled = fill(
            &mut chosen.choices,
            &chosen.stamps,
            directories,
            options,
            put,
        )?;
        let marks = laid.finish()?;
        let mut skipped = chosen.skipped;
        settle(&mut skipped, filled.skipped);
        let about = laid
            .files()
            .iter()
            .zip(filled.numbers)
            .map(|(file, step)| KeptFile {
                path: &file.path,
                bytes: file.bytes,
                step,
            });
        self.keep(chosen.trail, about.collect(), &skipped, || marks, &laid);
        Ok(Written {
            tokens: options.counting().map(|_| filled.tokens),
            skipped,
            unmatched: chosen.unmatched,
            ..laid.written()
        })
    }

    /// Keeps a pack, if it is to be kept and worth it; tells its marks if they were looked for.
    fn keep(
        &self,
        trail: Option<Steps>,
        files: Vec<KeptFile<'_>>,
        skipped: &[Skipped],
        marks: impl FnOnce() -> Marks,
        texts: &impl Texts,
    ) -> Option<Marks> {
        let ((cache, question), trail) = (self.kept.as_ref()?, trail?);
        if !cache::is_worth_keeping(&files, cache) {
            return None;
        }
        let marks = marks();
        let keeping = Keeping {
            files,
            skipped,
            marks,
            root: self.options.root.display().to_string(),
            patterns: self.patterns.iter().map(Pattern::to_string).collect(),
            trail,
            taken: self.now,
        };
        cache::keep(question, cache, keeping, texts);
        Some(marks)
    }
}

/// All that is left out, by name.
fn settle(skipped: &mut Vec<Skipped>, more: Vec<Skipped>) {
    skipped.extend(more);
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
}

#[cfg(all(test, unix))]
#[expect(
    clippy::unwrap_used,
    reason = "clippy's exception for tests does not reach their helper functions"
)]
mod tests;
