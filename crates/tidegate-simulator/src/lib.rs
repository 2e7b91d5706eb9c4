//! A provider to test against: it answers, limits and fails as scripted, over real HTTP.
//!
//! How a client behaves when a provider misbehaves cannot be tested against a real provider: it fails when it likes,
//! costs money and counts its limits in secret. This one fails when told to and tells what it saw. It speaks the wires
//! of OpenAI and of Anthropic in JSON written by hand and shares no code with any client, so that a mistake on one side shows.
//!
//! In process, for tests on paused time:
//!
//! ```
//! # use tidegate_simulator::{Settings, Simulator};
//! let simulator = Simulator::new(Settings::scripted("503; 429,retry-after=2; ok=Hello")?);
//! let router = simulator.router(); // a tower service
//! # drop(router);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Over sockets, where connections can be reset:
//!
//! ```
//! # use tidegate_simulator::{Settings, Simulator};
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let running = Simulator::start(Settings::scripted("reset; ok,cut=40")?).await?;
//! let base_url = format!("{}/v1", running.url());
//! // ... let the client loose on it ...
//! let stats = running.simulator().stats();
//! assert_eq!(stats.requests, 0);
//! # drop(base_url);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod duration;
pub mod script;

mod admission;
mod anthropic;
mod clock;
mod completion;
mod example;
mod factor;
mod fault;
mod headers;
mod limits;
mod line;
mod openai;
mod playback;
mod prompt;
mod refusal;
mod respond;
mod routes;
mod server;
mod service;
mod settings;
mod simulator;
mod socket;
mod stats;
mod transfer;
mod vectors;
mod wire;
mod wires;

pub use completion::{Finish, ToolCall};
pub use factor::Factor;
pub use fault::{ErrorKind, Fault};
pub use headers::{HeaderLie, HeaderLieError, HeaderStyle, HeaderStyleError};
pub use limits::{
    Charging, ChargingError, Cost, Form, Hint, HintError, Lie, LieError, Limit, LimitError,
    Limiter, Metered, Refused, Standing, Ticket, Verdict, Wait,
};
pub use script::{Answer, AnswerError, Reply, ScriptError};
pub use server::{Running, bind};
pub use service::{Service, ServiceError};
pub use settings::{ApiKey, Settings};
pub use simulator::Simulator;
pub use stats::{Admitted, KEPT_REQUESTS, Outcome, Seen, Stats};
pub use transfer::{Encoding, Transfer};
