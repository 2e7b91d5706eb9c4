//! One piece of a streamed answer.

use crate::response::{FinishReason, Response};
use crate::usage::Usage;

/// One piece of a streamed answer, in the order it came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delta {
    /// More of the answer's text. Never empty.
    Text(String),
    /// More of what the model thinks before it answers. It is no output, but a sign of life. Never empty.
    Reasoning(String),
    /// The stream told who answers: the provider's name for the answer, and the model that serves.
    Started {
        /// The provider's name for this answer.
        id: Option<String>,
        /// The model that serves.
        model: Option<String>,
    },
    /// The model stopped writing.
    Finished(FinishReason),
    /// What it cost.
    Usage(Usage),
}

impl Delta {
    /// Whether this piece is output a caller would see. After such a piece nothing is retried.
    pub const fn is_output(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether this piece shows that the model is at work: what the clocks of a stream wait for.
    pub const fn is_progress(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Reasoning(_))
    }
}

/// How a stream ended when it ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamEnd {
    /// Whether the dialect's own end marker came (`[DONE]`), or the connection closed after a finish reason.
    pub terminated: bool,
}

impl Response {
    /// Adds a streamed piece to the answer so far.
    pub fn add(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) => self.text.push_str(text),
            Delta::Reasoning(_) => {}
            Delta::Started { id, model } => {
                self.id.clone_from(id);
                self.model.clone_from(model);
            }
            Delta::Finished(reason) => self.finish_reason = reason.clone(),
            Delta::Usage(usage) => self.usage = Some(*usage),
        }
    }
}
