//! A good answer before a wire writes it.
//!
//! Reasoning, text and tool calls come in blocks, one after another, and every block in pieces. Wires disagree on how
//! to spell blocks and pieces, not on what they are; and tokens must count alike on all of them, so that one fault
//! breaks each stream at the same place.

use std::sync::Arc;

use crate::prompt::Tokens;

/// Why a good answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Finish {
    /// It is complete.
    #[default]
    Stop,
    /// It reached the maximum.
    Length,
    /// It calls tools.
    Tools,
    /// The model refuses, or a filter took the answer.
    Refusal,
}

const WORDS: [(Finish, &str); 4] = [
    (Finish::Stop, "stop"),
    (Finish::Length, "length"),
    (Finish::Tools, "tools"),
    (Finish::Refusal, "refusal"),
];

impl Finish {
    /// The word for it in scripts.
    pub fn word(self) -> &'static str {
        let row = WORDS.iter().find(|(finish, _)| *finish == self);
        row.map_or("stop", |(_, word)| word)
    }

    /// The reason of that word.
    pub(crate) fn named(word: &str) -> Option<Self> {
        let row = WORDS.iter().find(|(_, name)| *name == word);
        row.map(|(finish, _)| *finish)
    }
}

/// A good answer.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    /// The number of the request: tells ids apart.
    pub(crate) number: u64,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) input: Input,
    pub(crate) text: Tokens,
    pub(crate) finish: Finish,
}

/// The tokens of a prompt, and how the cache took part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Input {
    /// All of them.
    pub(crate) tokens: usize,
    /// Those that were read from the cache.
    pub(crate) cached: usize,
    /// Those that were written to it.
    pub(crate) cache_written: usize,
}

/// A part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    Text,
}

/// A step through the blocks of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Begin(Block),
    Token(Block, String),
    End(Block),
}

impl Completion {
    /// Tokens of the answer.
    pub(crate) fn tokens(&self) -> usize {
        self.blocks().map(|block| self.len(block)).sum()
    }

    /// The blocks that are not empty, in order.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Block> {
        let text = (self.text.len() > 0).then_some(Block::Text);
        text.into_iter()
    }

    /// The steps through all blocks, each with the index of its block.
    pub(crate) fn pieces(self: &Arc<Self>) -> impl Iterator<Item = (usize, Piece)> + Send + use<> {
        let completion = Arc::clone(self);
        let blocks: Vec<_> = self.blocks().enumerate().collect();
        blocks.into_iter().flat_map(move |(index, block)| {
            let completion = Arc::clone(&completion);
            let tokens = (0..completion.len(block))
                .map(move |at| Piece::Token(block, completion.token(block, at)));
            std::iter::once(Piece::Begin(block))
                .chain(tokens)
                .chain([Piece::End(block)])
                .map(move |piece| (index, piece))
        })
    }

    fn len(&self, block: Block) -> usize {
        match block {
            Block::Text => self.text.len(),
        }
    }

    fn token(&self, block: Block, index: usize) -> String {
        match block {
            Block::Text => self.text.get(index),
        }
    }
}
