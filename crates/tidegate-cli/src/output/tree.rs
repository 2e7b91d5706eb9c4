//! Files as a tree, with what each directory holds in all.

use std::collections::BTreeMap;
use std::io::{self, Write};

/// A directory or a file, with the sum of what is in it.
#[derive(Debug, Default)]
pub(crate) struct Tree<'p> {
    sizes: Sizes,
    entries: BTreeMap<&'p str, Self>,
}

/// Of a file, or of all files in a directory.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sizes {
    pub(crate) bytes: u64,
    pub(crate) tokens: u64,
}

impl<'p> Tree<'p> {
    /// Adds the file at `path`, whose parts are separated by slashes.
    pub(crate) fn add(&mut self, path: &'p str, sizes: Sizes) {
        let mut here = self;
        here.sizes.add(sizes);
        for part in path.split('/') {
            here = here.entries.entry(part).or_default();
            here.sizes.add(sizes);
        }
    }

    /// One line each, the sizes in columns before the names; tokens where they were counted.
    pub(crate) fn print(&self, counted: bool, out: &mut impl Write) -> io::Result<()> {
        let width = |size: u64, head: &str| size.to_string().len().max(head.len());
        let columns = Columns {
            bytes: width(self.sizes.bytes, BYTES),
            tokens: counted.then(|| width(self.sizes.tokens, TOKENS)),
        };
        columns.line(BYTES, TOKENS, "", out)?;
        columns.sizes(self.sizes, ".", out)?;
        self.below("", columns, out)
    }

    fn below(&self, indent: &str, columns: Columns, out: &mut impl Write) -> io::Result<()> {
        let last = self.entries.len();
        for (number, (name, entry)) in self.entries.iter().enumerate() {
            let (branch, deeper) = if number + 1 == last {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            };
            let slash = if entry.entries.is_empty() { "" } else { "/" };
            columns.sizes(entry.sizes, &format!("{indent}{branch}{name}{slash}"), out)?;
            entry.below(&format!("{indent}{deeper}"), columns, out)?;
        }
        Ok(())
    }
}

impl Sizes {
    const fn add(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.tokens += more.tokens;
    }
}

const BYTES: &str = "bytes";
const TOKENS: &str = "tokens";

/// How wide they are.
#[derive(Debug, Clone, Copy)]
struct Columns {
    bytes: usize,
    tokens: Option<usize>,
}

impl Columns {
    fn sizes(self, sizes: Sizes, name: &str, out: &mut impl Write) -> io::Result<()> {
        let (bytes, tokens) = (sizes.bytes.to_string(), sizes.tokens.to_string());
        self.line(&bytes, &tokens, name, out)
    }

    fn line(self, bytes: &str, tokens: &str, name: &str, out: &mut impl Write) -> io::Result<()> {
        let mut line = format!("{bytes:>width$}", width = self.bytes);
        if let Some(width) = self.tokens {
            line = format!("{line}  {tokens:>width$}");
        }
        if !name.is_empty() {
            line = format!("{line}  {name}");
        }
        writeln!(out, "{line}")
    }
}
