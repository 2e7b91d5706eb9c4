//! The log: what goes wrong behind a run is told as it stands, the rest is behind `-vv`.
//!
//! The full log is started only when asked for: it costs time at start-up that a plain run does not spend. What listens
//! for warnings alone costs nothing until there is one.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_global_default;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::Global;
use crate::output::text;

/// Starts the log that so many `-v` ask for.
pub(crate) fn start(global: &Global) {
    let targets = match global.verbose {
        _ if global.quiet => return,
        verbose @ (0 | 1) => return warnings(verbose),
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

fn warnings(verbose: u8) {
    let least = if verbose == 0 {
        Level::WARN
    } else {
        Level::INFO
    };
    // Nobody else sets one.
    drop(set_global_default(Warnings { least }));
}

/// Prints what the engine warns of, one line each.
struct Warnings {
    least: Level,
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.least && metadata.target().starts_with("tidegate")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.least.into())
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        if *event.metadata().level() <= Level::WARN {
            text::warning(&message.0);
        } else {
            text::note(&message.0);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The words of an event, without its fields.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
