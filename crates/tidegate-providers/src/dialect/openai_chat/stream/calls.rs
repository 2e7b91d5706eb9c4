//! Which tool call a piece belongs to.
//!
//! `OpenAI` numbers the calls of an answer and names each once. Others leave the number out (Gemini), start it
//! anywhere (proxies before another wire), write 0 for every call (Ollama, lmdeploy), repeat id and name in every piece
//! (sglang), write empty ones (`DashScope`), or make up a new id for each piece of one call (old vLLM). What tells calls
//! apart in all of them: a piece that names a tool begins a call, unless the arguments of the last one are still open.

use tidegate_core::ToolCallDelta;

use crate::dialect::arguments::Arguments;
use crate::dialect::openai_chat::wire::{CallPiece, Said};

const NO_NAME: &str = "a tool call has no name";

/// The calls of one answer so far.
#[derive(Default)]
pub(in crate::dialect::openai_chat) struct Calls {
    begun: Vec<Call>,
    /// An id that came before the name.
    announced: Option<String>,
}

struct Call {
    /// The number the wire has for it.
    index: Option<u64>,
    /// The id the wire gave it, if any.
    id: Option<String>,
    name: String,
    arguments: Arguments,
}

impl Calls {
    /// The pieces of calls in a message. The legacy form counts where it stands alone: some proxies write both.
    pub(in crate::dialect::openai_chat) fn pieces(
        said: Said<'_>,
    ) -> impl Iterator<Item = CallPiece<'_>> {
        let alone = said.tool_calls.is_empty();
        let legacy = said.function_call.filter(|_| alone);
        let legacy = legacy.map(|function| CallPiece {
            index: None,
            id: None,
            function: *function,
        });
        said.tool_calls.into_iter().chain(legacy)
    }

    pub(in crate::dialect::openai_chat) const fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    /// Whether the arguments of all calls have come whole.
    pub(in crate::dialect::openai_chat) fn are_whole(&self) -> bool {
        self.begun.iter().all(|call| call.arguments.is_complete())
    }

    /// Takes a piece of a stream; `None` when it says nothing new.
    pub(in crate::dialect::openai_chat) fn piece(
        &mut self,
        piece: CallPiece<'_>,
        answer: Option<&str>,
    ) -> Result<Option<ToolCallDelta>, &'static str> {
        let piece = Piece::of(piece);
        match self.place(&piece) {
            Some(at) => Ok(self.go_on(at, piece.arguments)),
            None => self.begin(piece, answer),
        }
    }

    /// Takes a call that came whole.
    pub(in crate::dialect::openai_chat) fn whole(
        &mut self,
        piece: CallPiece<'_>,
        answer: Option<&str>,
    ) -> Result<Option<ToolCallDelta>, &'static str> {
        match Piece::of(piece) {
            Piece { name: None, .. } => Err(NO_NAME),
            piece => self.begin(piece, answer),
        }
    }

    /// The call it goes on with.
    fn place(&self, piece: &Piece) -> Option<usize> {
        let last = self.begun.len().checked_sub(1);
        let by_index = |index| {
            self.begun
                .iter()
                .rposition(|call| call.index == Some(index))
        };
        let by_id = |id: &str| {
            let known = |call: &Call| call.id.as_deref() == Some(id);
            self.begun.iter().rposition(known)
        };
        let at = match (piece.index, &piece.id) {
            (Some(index), _) => by_index(index)?,
            (None, Some(id)) => by_id(id).or(last)?,
            (None, None) => last?,
        };
        (!self.begun[at].is_followed_by(piece)).then_some(at)
    }

    fn go_on(&mut self, at: usize, arguments: String) -> Option<ToolCallDelta> {
        if arguments.is_empty() {
            return None;
        }
        self.begun[at].arguments.read(&arguments);
        Some(ToolCallDelta {
            index: at,
            arguments,
            ..ToolCallDelta::default()
        })
    }

    fn begin(
        &mut self,
        piece: Piece,
        answer: Option<&str>,
    ) -> Result<Option<ToolCallDelta>, &'static str> {
        let Some(name) = piece.name else {
            if !piece.arguments.is_empty() {
                return Err(NO_NAME);
            }
            self.announced = piece.id.or(self.announced.take());
            return Ok(None);
        };
        let index = self.begun.len();
        let id = piece.id.or(self.announced.take());
        let mut call = Call {
            index: piece.index,
            id: id.clone(),
            name: name.clone(),
            arguments: Arguments::default(),
        };
        call.arguments.read(&piece.arguments);
        self.begun.push(call);
        Ok(Some(ToolCallDelta {
            index,
            id: Some(id.unwrap_or_else(|| made_up(answer, index))),
            name: Some(name),
            arguments: piece.arguments,
        }))
    }
}

impl Call {
    /// Whether a piece that seems to belong here begins another call.
    fn is_followed_by(&self, piece: &Piece) -> bool {
        let Some(name) = &piece.name else {
            return false;
        };
        match &piece.id {
            _ if self.arguments.is_open() => false,
            Some(id) if self.id.is_some() => self.id.as_ref() != Some(id),
            _ if self.arguments.is_complete() => !piece.arguments.is_empty(),
            _ => piece.index.is_none() && *name != self.name,
        }
    }
}

/// A piece with what is empty left out.
struct Piece {
    index: Option<u64>,
    id: Option<String>,
    name: Option<String>,
    arguments: String,
}

impl Piece {
    fn of(piece: CallPiece<'_>) -> Self {
        let said = crate::dialect::openai_chat::wire::said;
        Self {
            index: piece.index,
            id: said(piece.id),
            name: said(piece.function.name),
            arguments: piece.function.arguments.0.into_owned(),
        }
    }
}

/// An id for a call that has none, so that its result can name it. Of the answer's id, so that two turns of one
/// conversation have different ones.
fn made_up(answer: Option<&str>, index: usize) -> String {
    let plain = answer.unwrap_or_default().chars().rev();
    let mut tail: Vec<char> = plain.filter(char::is_ascii_alphanumeric).take(16).collect();
    tail.reverse();
    let tail: String = tail.into_iter().collect();
    format!("call_{tail}_{index}")
}
