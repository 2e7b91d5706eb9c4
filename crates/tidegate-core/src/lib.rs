//! The words Tidegate speaks and the decisions it takes, as values.
//!
//! Everything here is a pure function of its arguments: no clock, no network, no files, no dice. That is what lets
//! a table of rows say exactly when a request is retried, and lets every floor above share one vocabulary.
//!
//! The three questions most readers come with:
//! - *When is an attempt repeated?* [`retry::decide`].
//! - *What went wrong, and may it have been billed?* [`Failure`] with its [`FailureKind`] and [`Delivery`].
//! - *When may the next attempt of a limit leave?* [`quota`].

#![deny(
    clippy::wildcard_enum_match_arm,
    reason = "a new kind of failure must not be decided by an arm that was written before it"
)]

pub mod backoff;
pub mod budget;
pub mod circuit;
pub mod delta;
pub mod embedding;
pub mod event;
pub mod failure;
pub mod fallback;
pub mod message;
pub mod network;
pub mod price;
pub mod quota;
pub mod request;
pub mod response;
pub mod retry;
pub mod secret;
pub mod target;
pub mod timestamp;
pub mod tool;
pub mod usage;

mod duration;

pub use backoff::Backoff;
pub use budget::RetryBudget;
pub use circuit::Circuit;
pub use delta::{Delta, StreamEnd, ToolCallDelta};
pub use duration::Spell;
pub use embedding::{EmbedRequest, Embeddings};
pub use event::{Event, EventKind, RunId};
pub use failure::{Delivery, Excerpt, Failure, FailureClass, FailureKind, Status};
pub use fallback::{Condition, Conditions};
pub use message::{Image, ImageSource, Message, Part, Reasoning, Role, ToolResult};
pub use network::{Network, Proxy};
pub use price::Price;
pub use quota::{Cost, LimitKey, ObservedLimits};
pub use request::{OutputFormat, Request};
pub use response::{FinishReason, Response};
pub use retry::{Decision, GiveUp, RetryPolicy, Situation};
pub use secret::Secret;
pub use target::{Command, PromptBy, Target, Timeouts};
pub use timestamp::Timestamp;
pub use tool::{Tool, ToolCall, ToolChoice};
pub use usage::Usage;
