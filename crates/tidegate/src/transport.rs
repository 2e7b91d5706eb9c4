//! What carries bytes, and knows no vendor.
//!
//! A transport takes a [`Call`] and brings a [`ReplyHead`] with a body that may still be on its way, or says how far
//! it got. It never retries: whether an attempt is repeated is decided in one place, and this is not it.

pub mod http;
pub mod process;
pub mod scripted;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use tidegate_core::{Network, Timeouts};
use tidegate_providers::{Call, ReplyHead, TransportError};
pub use tidegate_queue::Leaving;

/// The largest answer read, in bytes: far above any model's output, far below memory.
pub const MAX_ANSWER: usize = 64 * 1_024 * 1_024;

/// What [`Transport::send`] returns.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Incoming, TransportError>> + Send + 'a>>;

/// A body on its way, piece by piece.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// A reply whose head has come.
pub struct Incoming {
    /// Status and headers, or how a process ended.
    pub head: ReplyHead,
    /// The rest.
    pub body: Body,
}

impl Incoming {
    /// A reply that is already whole.
    pub fn whole(head: ReplyHead, body: Bytes) -> Self {
        Self {
            head,
            body: Box::pin(futures_util::stream::once(std::future::ready(Ok(body)))),
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

/// Carries calls. Dropping the future of a call, or the body of its reply, must stop it and leave nothing behind.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Carries one call, over the network in the way given. The connect time-out is the
    /// transport's to keep; the others are kept around it.
    fn send<'a>(
        &'a self,
        call: &'a Call,
        timeouts: &'a Timeouts,
        network: &'a Network,
    ) -> Sending<'a>;

    /// The same for a call whose departure others may wait for. Most calls leave when they are sent; a transport that has
    /// somebody else start them keeps `leaving` until that has happened.
    fn send_leaving<'a>(
        &'a self,
        call: &'a Call,
        timeouts: &'a Timeouts,
        network: &'a Network,
        leaving: Leaving,
    ) -> Sending<'a> {
        leaving.left();
        self.send(call, timeouts, network)
    }

    /// Whether it keeps the time-out of an attempt itself ([`TransportError::TimedOut`]), by a clock that its embedder
    /// owns. The run's deadline is kept around it all the same.
    fn times_attempts(&self) -> bool {
        false
    }

    /// Waits until whatever dropped calls left to be cleaned up behind them is gone.
    fn settled(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}
