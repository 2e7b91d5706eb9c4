//! The dependable way to call LLM endpoints.
//!
//! An [`Executor`] takes a [`RunRequest`] through the whole way: configuration, context, one ordered queue per rate
//! limit, an attempt under its time-outs, classification, and then a retry, a fallback or a stop with the reason. The
//! [`Outcome`] holds the answer or the error, and everything that was tried for it.
//!
//! ```no_run
//! use tidegate::config::{Config, Environment};
//! use tidegate::{Executor, Request, RunRequest};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let executor = Executor::new(Config::load(None, Environment::from_process())?);
//! let request = RunRequest {
//!     endpoint: Some("openai/gpt-4o".into()),
//!     request: Request::prompt("Say hello"),
//!     ..RunRequest::default()
//! };
//! let outcome = executor.run(request).await;
//! println!("{}", outcome.result?.text);
//! # Ok(())
//! # }
//! ```

pub mod ccw;
pub mod config;
pub mod explain;
pub mod plan;
pub mod store;
pub mod transport;

mod attempt;
mod batches;
mod circuits;
mod engine;
mod error;
mod events;
mod execution;
mod executor;
mod outcome;
mod packing;
mod preview;
mod run;
mod run_request;
mod stream;
mod traffic;
mod watches;
mod work;

pub use batches::EmbedBatch;
pub use error::{Error, ErrorKind};
pub use events::EventSink;
pub use executor::{Executor, ExecutorBuilder};
pub use outcome::{Attempt, Outcome};
pub use packing::Packing;
pub use preview::{Preview, Way};
pub use run_request::{Context, EmbedRun, RunRequest};
pub use stream::ResponseStream;
pub use tidegate_context as context;
pub use tidegate_context::{Format, Layout, Packed, SkipReason, Skipped, Unmatched};
pub use tidegate_core::*;
pub use tidegate_providers::{Call, EncodeError};
pub use tidegate_queue::{Clock, Holder, KeyStatus, Position, StoreError};
pub use watches::Positions;
