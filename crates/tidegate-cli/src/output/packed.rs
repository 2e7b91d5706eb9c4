//! What was packed: its texts, a tree, or one JSON object.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use tidegate::context::{TokenCounter, Written};
use tidegate::{Layout, Packed, Skipped, Unmatched};

use crate::args::Shown;
use crate::exit::Exit;
use crate::output::json;
use crate::output::tree::{Sizes, Tree};

/// A pack, and what is told of it.
pub(crate) enum Report {
    /// Its texts are to be written, or looked at.
    Texts(Texts),
    /// Its texts are written. Whether its tokens are the model's own count.
    Written(Written, bool),
}

impl Report {
    /// Counts what is asked for; that takes a while for a large pack.
    pub(crate) fn of(packed: Packed, layout: Layout, counter: TokenCounter, shown: &Shown) -> Self {
        Self::Texts(Texts {
            tokens: shown.tokens.then(|| counter.count_each(&packed)),
            exact: counter.is_exact(),
            packed,
            layout,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Texts(texts) => texts.packed.is_empty(),
            Self::Written(written, _) => written.files == 0,
        }
    }

    pub(crate) const fn is_kept(&self) -> bool {
        match self {
            Self::Texts(texts) => texts.packed.is_kept(),
            Self::Written(written, _) => written.is_kept,
        }
    }

    pub(crate) fn skipped(&self) -> &[Skipped] {
        match self {
            Self::Texts(texts) => texts.packed.skipped(),
            Self::Written(written, _) => &written.skipped,
        }
    }

    pub(crate) fn unmatched(&self) -> &[Unmatched] {
        match self {
            Self::Texts(texts) => texts.packed.unmatched(),
            Self::Written(written, _) => &written.unmatched,
        }
    }

    /// In one line: `12 files (34567 bytes, 8621 tokens)`.
    pub(crate) fn summary(&self) -> String {
        let (files, bytes, tokens) = match self {
            Self::Texts(texts) => (
                texts.packed.files().len(),
                texts.packed.bytes(),
                counted(texts.total(), texts.exact),
            ),
            Self::Written(written, exact) => (
                written.files,
                written.bytes,
                counted(written.tokens, *exact),
            ),
        };
        let noun = if files == 1 { "file" } else { "files" };
        format!("{files} {noun} ({bytes} bytes{tokens})")
    }

    /// Writes the texts, if they are not written yet.
    pub(crate) fn write(&self, out: impl Write) -> io::Result<()> {
        match self {
            Self::Texts(texts) => texts.write(out),
            Self::Written(..) => Ok(()),
        }
    }

    /// Prints what is asked for instead of the texts.
    pub(crate) fn print(&self, shown: &Shown) -> io::Result<()> {
        match self {
            Self::Texts(texts) if shown.json => json::write(&texts.document(shown)),
            Self::Texts(texts) if shown.tree => texts.tree(),
            Self::Texts(_) | Self::Written(..) => Ok(()),
        }
    }
}

/// A pack whose texts are in memory.
pub(crate) struct Texts {
    packed: Packed,
    layout: Layout,
    /// Of every file, where somebody asked.
    tokens: Option<Vec<u64>>,
    /// Whether they are the model's own count.
    exact: bool,
}

impl Texts {
    fn write(&self, out: impl Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        self.packed.write_to(&mut out, self.layout)?;
        out.flush()
    }

    fn tree(&self) -> io::Result<()> {
        let mut tree = Tree::default();
        for (number, file) in self.packed.files().iter().enumerate() {
            let tokens = self.tokens.as_ref().map_or(0, |tokens| tokens[number]);
            let bytes = file.bytes;
            tree.add(&file.path, Sizes { bytes, tokens });
        }
        let mut out = BufWriter::new(io::stdout().lock());
        tree.print(self.tokens.is_some(), &mut out)?;
        out.flush()
    }

    fn total(&self) -> Option<u64> {
        Some(self.tokens.as_ref()?.iter().sum())
    }

    fn document<'r>(&'r self, shown: &'r Shown) -> Document<'r> {
        let packed = &self.packed;
        let files = packed.files().iter().enumerate();
        let files = files.map(|(number, file)| File {
            path: &file.path,
            bytes: file.bytes,
            tokens: self.tokens.as_ref().map(|tokens| tokens[number]),
        });
        Document {
            ok: true,
            files: files.collect(),
            bytes: packed.bytes(),
            tokens: self.total().map(|count| Tokens {
                count,
                exact: self.exact,
            }),
            format: self.layout.format.name(),
            kept: packed.is_kept(),
            skipped: packed.skipped().iter().map(json::Left::of).collect(),
            unmatched: packed
                .unmatched()
                .iter()
                .map(|unmatched| &*unmatched.pattern)
                .collect(),
            to: shown.to.as_ref().map(|path| path.display().to_string()),
            exit_code: Exit::Done.code(),
        }
    }
}

/// `, 8621 tokens`, where somebody asked.
fn counted(tokens: Option<u64>, exact: bool) -> String {
    let about = if exact { "" } else { "about " };
    tokens.map_or_else(String::new, |tokens| format!(", {about}{tokens} tokens"))
}

#[derive(Serialize)]
struct Document<'r> {
    ok: bool,
    files: Vec<File<'r>>,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
    format: &'static str,
    /// Whether it was packed before, and nothing has changed since.
    kept: bool,
    skipped: Vec<json::Left<'r>>,
    unmatched: Vec<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    exit_code: u8,
}

#[derive(Serialize)]
struct File<'r> {
    path: &'r str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<u64>,
}

/// How many tokens there are; headers of the plain format counted.
#[derive(Serialize)]
struct Tokens {
    count: u64,
    /// Whether the model's own encoding counted them.
    exact: bool,
}
