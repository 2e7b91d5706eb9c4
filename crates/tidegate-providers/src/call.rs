//! What a transport carries, there and back.
//!
//! These types are the whole contract between those who know vendors and those who know sockets and processes.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tidegate_core::{Secret, Status, network};

/// One attempt, ready to be carried. Cheap to clone: the body is shared, so a retry copies nothing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Call {
    /// An HTTP POST.
    Http(HttpCall),
    /// A child process.
    Process(ProcessCall),
}

/// An HTTP POST.
#[derive(Clone)]
pub struct HttpCall {
    /// Where to.
    pub url: String,
    /// Its headers. Credentials are marked sensitive.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl fmt::Debug for HttpCall {
    /// Without the body, which is the prompt, and the rest of the URL, which may carry a key. `HeaderValue` hides what is
    /// marked sensitive.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("HttpCall");
        out.field("host", &network::host(&self.url))
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A child process to start.
#[derive(Clone)]
pub struct ProcessCall {
    /// The program, looked up in `PATH` unless it names a path.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Environment variables besides the inherited ones.
    pub env: Vec<(String, Secret)>,
    /// What it reads on standard input; nothing when `None`.
    pub stdin: Option<Bytes>,
}

impl fmt::Debug for ProcessCall {
    /// Without the arguments, one of which is the prompt.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        let mut out = f.debug_struct("ProcessCall");
        out.field("program", &self.program)
            .field("args", &self.args.len())
            .field("env", &variables)
            .finish_non_exhaustive()
    }
}

/// The head of a reply: what is known before its body.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ReplyHead {
    /// An HTTP response's status and headers.
    Http {
        /// The status.
        status: StatusCode,
        /// The headers.
        headers: HeaderMap,
    },
    /// How a process ended. Its body is what it wrote on standard output.
    Process {
        /// Its exit code, or the signal that ended it.
        ended: Status,
        /// Beginning and end of what it wrote on standard error, bounded.
        stderr: Bytes,
    },
}

impl ReplyHead {
    /// Whether the body is an answer, as far as the head tells. A success may still carry an error inside.
    pub fn is_success(&self) -> bool {
        match self {
            Self::Http { status, .. } => status.is_success(),
            Self::Process { ended, .. } => *ended == Status::Exit(0),
        }
    }

    /// A header of an HTTP reply, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        match self {
            Self::Http { headers, .. } => headers.get(name)?.to_str().ok(),
            Self::Process { .. } => None,
        }
    }
}

/// A whole reply. The body is bounded by whoever read it.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status and headers, or how the process ended.
    pub head: ReplyHead,
    /// The body, or standard output.
    pub body: Bytes,
}

/// Why no reply came. Each kind says how far the request got.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The program does not exist or may not be executed.
    #[error("cannot run `{program}`: {reason}")]
    CommandNotFound {
        /// The program.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// The way to the target cannot be set up as configured: a certificate that cannot be read, a wrong proxy.
    #[error("{0}")]
    Unusable(String),
    /// The process could not be started for a passing reason.
    #[error("could not start: {0}")]
    NotStarted(String),
    /// No connection could be made.
    #[error("{0}")]
    Unreachable(String),
    /// The connection broke after something may have been sent.
    #[error("{0}")]
    Disconnected(String),
    /// No connection in time.
    #[error("no connection in time")]
    ConnectTimeout,
    /// No reply in time, of a transport that times attempts itself.
    #[error("no reply after {} ms", .after.as_millis())]
    TimedOut {
        /// The time it had.
        after: Duration,
    },
    /// The reply's body is not what its head says it is.
    #[error("{0}")]
    Unreadable(String),
    /// The reply is larger than the bound on replies.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
}
