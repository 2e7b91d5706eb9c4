//! What is used up of one limit.
//!
//! The forms differ in what they remember and agree on what is asked of them, so the limiter knows none of them.

use super::bucket::Bucket;
use super::concurrency::Concurrency;
use super::log::Log;
use super::window::Window;
use super::{Form, Limit, Wait, nanos};

/// Keeps count for one limit. Times are nanoseconds since the start and never go back.
pub(super) trait Count {
    /// How long until so many units would be let in.
    fn wait(&self, now: u64, units: u64) -> Wait;

    /// Counts units that were let in, or that turned out to be used.
    fn charge(&mut self, now: u64, units: u64);

    /// Counts units of a refused request.
    fn punish(&mut self, now: u64, units: u64);

    /// Gives units back that were counted at `at` and not used.
    fn refund(&mut self, now: u64, at: u64, units: u64);

    /// A request ended.
    fn finish(&mut self) {}

    /// What is left, and the time until all is.
    fn left(&self, now: u64) -> (u64, u64);
}

/// The count of a limit of any form.
#[derive(Debug, Clone)]
pub(super) enum Counter {
    Bucket(Bucket),
    Window(Window),
    Log(Log),
    Concurrency(Concurrency),
}

impl Counter {
    pub(super) fn new(limit: Limit) -> Self {
        match limit.form {
            Form::Bucket { units, per, burst } => {
                Self::Bucket(Bucket::new(units, nanos(per), burst))
            }
            Form::Window { units, length } => Self::Window(Window::new(units, nanos(length))),
            Form::Log { units, length } => Self::Log(Log::new(units, nanos(length))),
            Form::Concurrency { cap } => Self::Concurrency(Concurrency::new(cap)),
        }
    }

    pub(super) fn get(&self) -> &dyn Count {
        match self {
            Self::Bucket(bucket) => bucket,
            Self::Window(window) => window,
            Self::Log(log) => log,
            Self::Concurrency(concurrency) => concurrency,
        }
    }

    pub(super) fn get_mut(&mut self) -> &mut dyn Count {
        match self {
            Self::Bucket(bucket) => bucket,
            Self::Window(window) => window,
            Self::Log(log) => log,
            Self::Concurrency(concurrency) => concurrency,
        }
    }
}
