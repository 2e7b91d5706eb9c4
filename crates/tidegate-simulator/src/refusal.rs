//! A refusal before it has the envelope of its wire.
//!
//! Wires differ in how they wrap an error and agree on what one is made of. So a refusal is data until the response is
//! written: only then is the id of the request known, which some wires repeat in the body.

use std::time::Duration;

use crate::fault::ErrorKind;
use crate::limits::Refused;

pub(crate) const JSON: &str = "application/json";
const HTML: &str = "text/html";

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why<'a> {
    /// The provider's error of that kind.
    Kind(ErrorKind),
    /// A status that has no kind of its own.
    Status(u16),
    /// A limit of the settings; the wait is told only if it may be.
    Limit(Refused, Option<Duration>),
    /// No such URL: method and path.
    NoSuchUrl(&'a str, &'a str),
    /// The URL exists and does not know this method: method and path.
    WrongMethod(&'a str, &'a str),
    /// The script asks for what this connection cannot do.
    Needs(Needs),
}

/// What an answer of a script needs below the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// A real connection, to break it.
    Socket,
    /// HTTP/1: the bytes that go over it can be written by hand.
    Http1,
    /// HTTP/2: streams and GOAWAY.
    Http2,
}

impl Needs {
    /// The simulator's own words: no provider says this.
    pub(crate) fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Socket => (
                "needs_socket",
                "A broken connection needs a socket, and this simulator was called in process.",
            ),
            Self::Http1 => (
                "needs_http1",
                "The script asks for what only HTTP/1 can do, and this request came over HTTP/2.",
            ),
            Self::Http2 => (
                "needs_http2",
                "The script asks for what only HTTP/2 can do, and this request came over HTTP/1.",
            ),
        }
    }
}

/// A refusal: a status and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) says: Says,
}

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Says {
    /// An error, to be wrapped as the wire does.
    Error(ErrorBody),
    /// A body as it is.
    Text(&'static str, String),
}

/// The parts of an error. A wire leaves out what it has no field for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ErrorBody {
    pub(crate) message: String,
    pub(crate) r#type: &'static str,
    pub(crate) param: Option<&'static str>,
    pub(crate) code: Option<&'static str>,
}

impl Refusal {
    /// An error in the envelope of the wire.
    pub(crate) fn error(status: u16, r#type: &'static str, message: impl Into<String>) -> Self {
        let error = ErrorBody {
            message: message.into(),
            r#type,
            ..ErrorBody::default()
        };
        Self {
            status,
            says: Says::Error(error),
        }
    }

    /// A body as it is, said to be JSON.
    pub(crate) fn raw(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            says: Says::Text(JSON, body.into()),
        }
    }

    /// What a proxy in front of a provider sends.
    pub(crate) fn page(status: u16, title: &str) -> Self {
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
        );
        Self {
            status,
            says: Says::Text(HTML, body),
        }
    }

    /// The same with the provider's code for it.
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        if let Says::Error(error) = &mut self.says {
            error.code = Some(code);
        }
        self
    }

    /// The same with the parameter that is to blame.
    pub(crate) fn param(mut self, param: &'static str) -> Self {
        if let Says::Error(error) = &mut self.says {
            error.param = Some(param);
        }
        self
    }
}
