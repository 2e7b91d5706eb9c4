//! The server's end of the dialect: what a gateway reads from its clients and writes to them.
//!
//! It stands beside the client's end because the two are each other's proof: a request that the client's end writes is
//! read back as it was, and an answer that is written here, whole or in pieces, is read back by the client's end.
//! What comes back differently does so for a reason:
//! - A result of a tool that is an error comes back as a text that begins with `Error: `. Whether a tool failed is
//!   never guessed from its words.
//! - What tools returned and what the user says right behind it are one turn, the results first.
//! - An assistant's turn has its thoughts first, in one piece, then its texts, then its calls.
//! - Content that is an empty string is no part of a turn.
//! - `json_schema.description` moves into the schema, `n` of 1 says nothing, and a message's `name` is left out.

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

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The model, as the client names it.
    pub model: String,
    /// The request. Parameters the vocabulary has no word for are in its `extra`.
    pub request: Request,
    /// Whether a stream is to end with what it cost.
    pub include_usage: bool,
}

/// A comment that keeps a stream's connection open while there is nothing to say. It is not progress.
pub const HEARTBEAT: &[u8] = b": keep-alive\n\n";
