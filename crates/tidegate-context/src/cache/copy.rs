//! A kept pack, from its entry to where it is wanted, block by block.
//!
//! The texts are as large as the pack itself, and nobody looks at them on the way. To fetch them into memory of their own
//! takes longer than to read them; so a thread reads a block where it has read the last one, and writes it from there.

use std::io::{self, Write};

use super::body::Block;
use super::entry::Kept;
use super::head::Head;
use super::modified;
use crate::parallel;
use crate::render::{Layout, Renderer, Section};
use crate::tokens::TokenCounter;

/// Why a copy is not whole. What was written is of no use.
#[derive(Debug)]
pub(super) enum Torn {
    /// A block is not what was kept.
    Damaged,
    /// It cannot be written.
    Unwritten(io::Error),
}

/// Where a thread puts a block.
#[derive(Default)]
struct Room {
    /// As it was kept.
    block: Vec<u8>,
    /// As it is written.
    text: String,
    /// 0 where nobody counts.
    tokens: u64,
    /// Where they are counted.
    section: String,
}

/// Writes the texts as `layout` says, and tells how many tokens they are where somebody asks.
pub(super) fn copy(
    kept: &Kept,
    head: &Head<'_>,
    layout: Layout,
    counting: Option<TokenCounter>,
    out: &mut (impl Write + Send),
) -> Result<Option<u64>, Torn> {
    let (body, at) = kept.body(head).ok_or(Torn::Damaged)?;
    let renderer = Renderer::new(layout, head.marks);
    let make = |room: &mut Room, number: usize| {
        let block = body.block(number);
        let read = block.read(&mut room.block, &head.checks[number], &kept.file, at);
        let laid_out = read.and_then(|()| room.lay_out(block, head, &renderer, counting));
        laid_out.ok_or(Torn::Damaged)
    };
    let (mut around, mut tokens) = (String::new(), 0);
    let mut put = |text: &str| out.write_all(text.as_bytes()).map_err(Torn::Unwritten);
    let Ok(()) = renderer.begin(&mut around);
    put(&around)?;
    parallel::in_turn(body.blocks(), make, |room| {
        tokens += room.tokens;
        put(&room.text)
    })?;
    around.clear();
    let Ok(()) = renderer.end(&mut around);
    put(&around)?;
    Ok(counting.map(|_| tokens))
}

impl Room {
    fn lay_out(
        &mut self,
        block: &Block,
        head: &Head<'_>,
        renderer: &Renderer,
        counting: Option<TokenCounter>,
    ) -> Option<()> {
        self.text.clear();
        self.tokens = 0;
        let mut rest = std::str::from_utf8(&self.block).ok()?;
        for file in &head.files[block.texts.clone()] {
            let (text, behind) = rest.split_at_checked(file.bytes)?;
            rest = behind;
            let section = Section {
                path: file.path,
                modified: modified(head.stamp(file)),
                text,
            };
            let Ok(()) = renderer.section(&section, &mut self.text);
            if let Some(counter) = counting {
                self.tokens += counter.count_section(&section, &mut self.section);
            }
        }
        Some(())
    }
}
