//! What was logged.
//!
//! One subscriber for the whole program, there before the first event: of subscribers that come and go beside other tests,
//! some are asked too late whether they want to hear of an event, and never hear of it.

use std::cell::RefCell;
use std::sync::Once;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

thread_local! {
    static LEVELS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Has what is logged kept from now on.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Told).unwrap());
}

/// The levels of what the library has logged on this thread, which is one test's, above debugging.
pub(crate) fn levels() -> Vec<String> {
    LEVELS.with_borrow(Clone::clone)
}

struct Told;

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tidegate") && *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level().to_string();
        LEVELS.with_borrow_mut(|levels| levels.push(level));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
