//! The log behind `-vv`.
//!
//! Started only when asked for: a subscriber costs time at start-up that a plain run does not spend.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the log that so many `-v` ask for.
pub(crate) fn start(verbose: u8) {
    let targets = match verbose {
        0 | 1 => return,
        2 => Targets::new().with_target("tidegate", LevelFilter::DEBUG),
        _ => Targets::new().with_default(LevelFilter::TRACE),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .init();
}
