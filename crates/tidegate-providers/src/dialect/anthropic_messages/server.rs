//! The server's end of the dialect: what a gateway reads from its clients and writes to them.
//!
//! It stands beside the client's end because the two are each other's proof: a request that the client's end writes is
//! read back as it was, and an answer that is written here, whole or in pieces, is read back by the client's end.
//! What comes back differently does so for a reason:
//! - What the client's end leaves out or joins (see the dialect) stays left out and joined, and the limit on tokens that
//!   it fills in is there.
//! - A schema of structured output, which has no name on this wire, is called [`SCHEMA`], and is kept to.
//! - `parallel_tool_calls` without a choice comes back with the choice `auto`.
//! - Marks for the prompt cache and wishes for citations are left out of blocks: they change the bill and the trimmings,
//!   not the question. Several texts of a system prompt become its paragraphs.
//! - An answer nobody counted the tokens of counts zero here, since the wire demands counts.
//! - A call's arguments that are no JSON object stand in one, under `INVALID_JSON`; streamed, they go as they are.

mod error;
mod field;
mod messages;
mod read;
mod refusal;
mod stream;
mod tools;
mod write;

use tidegate_core::Request;

pub use error::ErrorReply;
pub use read::read;
pub use refusal::Refusal;
pub use stream::StreamWriter;
pub use write::write;

/// The name of a schema that has none.
pub const SCHEMA: &str = "answer";

/// An event that says nothing but that somebody is there. Not within an event, so between two writes of a stream.
pub const HEARTBEAT: &[u8] = b"event: ping\ndata: {\"type\":\"ping\"}\n\n";

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The model, as the client names it.
    pub model: String,
    /// The request. Parameters the vocabulary has no word for are in its `extra`.
    pub request: Request,
}
