//! The socket below a connection: it tells the protocol by its first bytes, and ends as it is told to.
//!
//! Whoever speaks HTTP over a socket owns it and does not give it back in the middle. So the way in which it ends is
//! agreed on beforehand, in a [`Parting`] that is carried out when the socket is dropped.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What a client sends first when it speaks HTTP/2 without having asked.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How a socket ends, if not with a plain FIN.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parting(Arc<Mutex<Option<LastAct>>>);

#[derive(Debug)]
enum LastAct {
    Reset,
    Say(Bytes),
}

impl Parting {
    /// It will be reset.
    pub(crate) fn reset(&self) {
        self.set(LastAct::Reset);
    }

    /// It will say this before it closes.
    pub(crate) fn say(&self, words: Bytes) {
        self.set(LastAct::Say(words));
    }

    fn set(&self, act: LastAct) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(act);
    }

    fn take(&self) -> Option<LastAct> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A TCP connection, some bytes of which were read to see what it speaks.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    /// What was read and is still to be handed out.
    start: Bytes,
    parting: Parting,
}

impl Socket {
    /// Waits for as many bytes as tell HTTP/2 from HTTP/1; whether it is the former.
    pub(crate) async fn accept(mut stream: TcpStream) -> io::Result<(Self, bool)> {
        let mut start = BytesMut::with_capacity(PREFACE.len());
        while PREFACE.starts_with(&start) && start.len() < PREFACE.len() {
            let mut rest = (&mut stream).take((PREFACE.len() - start.len()) as u64);
            if rest.read_buf(&mut start).await? == 0 {
                break;
            }
        }
        let http2 = start == PREFACE;
        let socket = Self {
            stream,
            start: start.freeze(),
            parting: Parting::default(),
        };
        Ok((socket, http2))
    }

    /// Decides how it ends; works after the socket was given away.
    pub(crate) fn parting(&self) -> Parting {
        self.parting.clone()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Failing these, the FIN ends it just as early.
        match self.parting.take() {
            // Closing with a linger of zero sends RST.
            Some(LastAct::Reset) => {
                let _ = self.stream.set_zero_linger();
            }
            Some(LastAct::Say(words)) => {
                let _ = self.stream.try_write(&words);
            }
            None => {}
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.start.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = self.start.len().min(buffer.remaining());
        buffer.put_slice(&self.start[..count]);
        self.start.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
