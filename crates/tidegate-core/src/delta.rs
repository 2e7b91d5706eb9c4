//! One piece of a streamed answer.

use crate::message::Reasoning;
use crate::response::{FinishReason, Response};
use crate::tool::ToolCall;
use crate::usage::Usage;

/// One piece of a streamed answer, in the order it came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delta {
    /// More of the answer's text. Never empty.
    Text(String),
    /// More of what the model thinks before it answers. It is no output, but a sign of life. Never empty.
    Reasoning(String),
    /// A stretch of reasoning is over, or came as a whole in a form only the provider can read.
    ReasoningEnd {
        /// The provider's signature over it.
        signature: Option<String>,
        /// The thought, where the provider hides its text.
        encrypted: Option<String>,
    },
    /// A tool is wanted, or more of its arguments has come.
    ToolCall(ToolCallDelta),
    /// The stream told who answers: the provider's name for the answer, and the model that serves.
    Started {
        /// The provider's name for this answer.
        id: Option<String>,
        /// The model that serves.
        model: Option<String>,
    },
    /// The model stopped writing.
    Finished(FinishReason),
    /// What it cost so far; the last one counts.
    Usage(Usage),
}

/// A piece of a tool call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolCallDelta {
    /// Which of the answer's calls: 0, 1, 2, ... in the order in which they begin.
    pub index: usize,
    /// The provider's name for the call; in its first piece alone.
    pub id: Option<String>,
    /// The tool; in its first piece alone.
    pub name: Option<String>,
    /// More of the arguments' text; may be empty.
    pub arguments: String,
}

impl Delta {
    /// Whether this piece is output a caller would see. After such a piece nothing is retried.
    pub const fn is_output(&self) -> bool {
        matches!(self, Self::Text(_) | Self::ToolCall(_))
    }

    /// Whether this piece shows that the model is at work: what the clocks of a stream wait for.
    pub const fn is_progress(&self) -> bool {
        match self {
            Self::Text(_) | Self::Reasoning(_) | Self::ReasoningEnd { .. } | Self::ToolCall(_) => {
                true
            }
            Self::Started { .. } | Self::Finished(_) | Self::Usage(_) => false,
        }
    }
}

/// How a stream ended when it ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamEnd {
    /// Whether the dialect's own end marker came (`[DONE]`), or the connection closed after a finish reason.
    pub terminated: bool,
}

impl Response {
    /// The pieces that a stream would have told this answer in: added up, they are it.
    pub fn to_deltas(&self) -> Vec<Delta> {
        let mut deltas = Vec::with_capacity(4 + self.reasoning.len() + self.tool_calls.len());
        if self.id.is_some() || self.model.is_some() {
            let (id, model) = (self.id.clone(), self.model.clone());
            deltas.push(Delta::Started { id, model });
        }
        for thought in &self.reasoning {
            if !thought.text.is_empty() {
                deltas.push(Delta::Reasoning(thought.text.clone()));
            }
            deltas.push(Delta::ReasoningEnd {
                signature: thought.signature.clone(),
                encrypted: thought.encrypted.clone(),
            });
        }
        if !self.text.is_empty() {
            deltas.push(Delta::Text(self.text.clone()));
        }
        for (index, call) in self.tool_calls.iter().enumerate() {
            deltas.push(Delta::ToolCall(ToolCallDelta {
                index,
                id: Some(call.id.clone()),
                name: Some(call.name.clone()),
                arguments: call.arguments.clone(),
            }));
        }
        deltas.push(Delta::Finished(self.finish_reason.clone()));
        deltas.extend(self.usage.map(Delta::Usage));
        deltas
    }

    /// Adds a streamed piece to the answer so far.
    pub fn add(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) => self.text.push_str(text),
            Delta::Reasoning(text) => self.open_thought().text.push_str(text),
            Delta::ReasoningEnd {
                signature,
                encrypted,
            } => {
                let thought = match encrypted {
                    None => self.open_thought(),
                    Some(_) => self.new_thought(),
                };
                thought.signature.clone_from(signature);
                thought.encrypted.clone_from(encrypted);
            }
            Delta::ToolCall(piece) => self.add_to_call(piece),
            Delta::Started { id, model } => {
                self.id.clone_from(id);
                self.model.clone_from(model);
            }
            Delta::Finished(reason) => self.finish_reason = reason.clone(),
            Delta::Usage(usage) => self.usage = Some(*usage),
        }
    }

    /// The thought that is under way, or a new one.
    fn open_thought(&mut self) -> &mut Reasoning {
        let is_open =
            |thought: &Reasoning| thought.signature.is_none() && thought.encrypted.is_none();
        if !self.reasoning.last().is_some_and(is_open) {
            self.reasoning.push(Reasoning::default());
        }
        let last = self.reasoning.len() - 1;
        &mut self.reasoning[last]
    }

    fn new_thought(&mut self) -> &mut Reasoning {
        self.reasoning.push(Reasoning::default());
        let last = self.reasoning.len() - 1;
        &mut self.reasoning[last]
    }

    fn add_to_call(&mut self, piece: &ToolCallDelta) {
        // Decoders number calls densely, so that a gap is one call at the most.
        if piece.index >= self.tool_calls.len() {
            self.tool_calls.push(ToolCall::default());
        }
        let index = piece.index.min(self.tool_calls.len() - 1);
        let call = &mut self.tool_calls[index];
        if let Some(id) = &piece.id {
            call.id.clone_from(id);
        }
        if let Some(name) = &piece.name {
            call.name.clone_from(name);
        }
        call.arguments.push_str(&piece.arguments);
    }
}
