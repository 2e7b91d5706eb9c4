//! Everything Tidegate knows of a vendor, without sending a byte.
//!
//! A [`Provider`] says *what* to send ([`Provider::encode`]) and what came back ([`Provider::decode`]); a transport,
//! elsewhere, does the sending and knows no vendor. Both ends being functions of bytes is what lets a folder of
//! recorded replies test a vendor completely. Most OpenAI-compatible vendors need configuration only; one that needs
//! more is one file under `providers/` and one line in [`PROVIDERS`].

pub mod call;
pub mod classify;
pub mod dialect;
pub mod provider;
pub mod providers;
pub mod registry;
pub mod retry_after;
pub mod sse;

pub use call::{Call, HttpCall, ProcessCall, Reply, ReplyHead, TransportError};
pub use provider::{EncodeError, Provider, StreamDecoder};
pub use registry::{PROVIDERS, find};
