//! A request that the limits let in, until the last byte of its answer.
//!
//! Caps on concurrency and corrections of estimates happen at the end, and a request can end in many places: so that
//! none is forgotten, the end is this value's.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;
use crate::limits::{Cost, Limiter, Ticket};

/// Gives its ticket back when it is dropped.
pub(crate) struct Admission {
    limiter: Arc<Mutex<Limiter>>,
    clock: Clock,
    ticket: Option<Ticket>,
    used: Cost,
}

impl Admission {
    /// An admission that will turn out to have cost what was read, and no answer, unless it says otherwise.
    pub(crate) fn new(
        limiter: Arc<Mutex<Limiter>>,
        clock: Clock,
        ticket: Ticket,
        input_tokens: u64,
    ) -> Self {
        Self {
            limiter,
            clock,
            ticket: Some(ticket),
            used: Cost::of(input_tokens, 0),
        }
    }

    /// The answer had so many tokens.
    pub(crate) fn answered(&mut self, tokens: u64) {
        self.used.output_tokens = tokens;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ticket) = self.ticket.take() {
            limiter.finish(self.clock.now(), ticket, self.used);
        }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission")
            .field("used", &self.used)
            .finish_non_exhaustive()
    }
}
