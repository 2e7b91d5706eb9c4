//! A good answer before a wire writes it.
//!
//! Reasoning, text and tool calls come in blocks, one after another, and every block in pieces. Wires disagree on how
//! to spell blocks and pieces, not on what they are; and tokens must count alike on all of them, so that one fault
//! breaks each stream at the same place.

use std::sync::Arc;

use crate::prompt::Tokens;
use crate::vectors::Vectors;

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
    pub(crate) reasoning: Tokens,
    pub(crate) text: Tokens,
    pub(crate) calls: Vec<Call>,
    /// The vectors of an answer that has no words.
    pub(crate) vectors: Option<Vectors>,
    pub(crate) finish: Finish,
}

/// A tool that an answer calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Its arguments: JSON, unless the script wants them bad.
    pub arguments: String,
}

/// A tool call in the pieces in which a stream tells it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    pieces: Vec<String>,
}

/// Characters of arguments in one event.
const PIECE: usize = 8;

impl Call {
    pub(crate) fn new(call: &ToolCall) -> Self {
        let characters: Vec<_> = call.arguments.chars().collect();
        Self {
            name: call.name.clone(),
            pieces: characters.chunks(PIECE).map(String::from_iter).collect(),
        }
    }

    pub(crate) fn arguments(&self) -> String {
        self.pieces.concat()
    }
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

impl Input {
    /// At least as many tokens as took part in the cache.
    pub(crate) fn new(tokens: usize, cached: usize, cache_written: usize) -> Self {
        Self {
            tokens: tokens.max(cached.saturating_add(cache_written)),
            cached,
            cache_written,
        }
    }
}

/// A part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    Reasoning,
    Text,
    /// The tool call of that index.
    Call(usize),
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
        let reasoning = (self.reasoning.len() > 0).then_some(Block::Reasoning);
        let text = (self.text.len() > 0).then_some(Block::Text);
        let words = reasoning.into_iter().chain(text);
        words.chain((0..self.calls.len()).map(Block::Call))
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
            Block::Reasoning => self.reasoning.len(),
            Block::Text => self.text.len(),
            Block::Call(call) => self.calls[call].pieces.len(),
        }
    }

    fn token(&self, block: Block, index: usize) -> String {
        match block {
            Block::Reasoning => self.reasoning.get(index),
            Block::Text => self.text.get(index),
            Block::Call(call) => self.calls[call].pieces[index].clone(),
        }
    }
}
