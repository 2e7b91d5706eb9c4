//! The simulator from outside: its router in process on paused time, its sockets and its command where these are the
//! subject.

#![expect(clippy::unwrap_used, reason = "a test whose scene cannot be set fails")]

mod answers;
mod anthropic;
mod call;
mod command;
mod http2;
mod limiters;
mod limits;
mod requests;
mod script;
mod sockets;
mod stats;
mod stream;
mod tcp;
mod transfer;
