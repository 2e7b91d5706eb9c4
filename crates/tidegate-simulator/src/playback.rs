//! Performs the steps of an answer as the body of a response.
//!
//! Waits count from fixed points, not from the end of the last wait, so that a stream of a thousand tokens takes as
//! long as a thousand delays. A body that breaks lets everything before the break reach the client first.

use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::fault::Step;
use crate::line::{EVERY_STREAM, Ending, Line};
use crate::stats::Visit;

/// What the body waits for before its next step.
#[derive(Debug, Clone, Copy)]
enum Pause {
    Until(Instant),
    Forever,
}

/// What is sent while a body waits, and how often.
#[derive(Debug, Clone)]
pub(crate) struct Ping {
    pub(crate) every: Duration,
    pub(crate) bytes: Bytes,
}

struct Playback<S> {
    steps: S,
    due: Instant,
    pause: Option<Pause>,
    ping: Option<Ping>,
    line: Option<Line>,
    /// In flight until the body ends or the client leaves.
    _visit: Visit,
}

/// The body that performs these steps, with a sign of life now and then while it waits.
pub(crate) fn body<S>(steps: S, ping: Option<Ping>, line: Option<Line>, visit: Visit) -> Body
where
    S: Iterator<Item = Step> + Send + 'static,
{
    let playback = Playback {
        steps,
        due: Instant::now(),
        pause: None,
        ping: ping.filter(|ping| !ping.every.is_zero()),
        line,
        _visit: visit,
    };
    Body::from_stream(stream::unfold(playback, |mut playback| async move {
        let frame = playback.frame().await?;
        Some((frame, playback))
    }))
}

impl<S: Iterator<Item = Step>> Playback<S> {
    async fn frame(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if let Some(pause) = self.pause {
                let every = self.ping.as_ref().map(|ping| ping.every);
                if is_interrupted_by_ping(pause, every).await {
                    return self.ping.as_ref().map(|ping| Ok(ping.bytes.clone()));
                }
                self.pause = None;
            }
            match self.steps.next()? {
                Step::Send(bytes) => return Some(Ok(bytes)),
                Step::Wait(duration) => {
                    self.pause = Some(self.longer(duration));
                }
                Step::Flush => flush().await,
                Step::Stall => self.pause = Some(Pause::Forever),
                Step::Break => return Some(Err(broken().await)),
                Step::GoAway => match self.line.take_if(|line| line.http2) {
                    Some(line) => {
                        line.end(Ending::GoAway(EVERY_STREAM));
                        self.pause = Some(Pause::Forever);
                    }
                    None => return Some(Err(broken().await)),
                },
            }
        }
    }

    fn longer(&mut self, duration: Duration) -> Pause {
        let Some(due) = self.due.checked_add(duration) else {
            return Pause::Forever;
        };
        self.due = due;
        Pause::Until(due)
    }
}

/// The server flushes what it has only when the body has nothing ready.
async fn flush() {
    tokio::task::yield_now().await;
}

/// The error that breaks a body, once what came before it has left.
async fn broken() -> io::Error {
    flush().await;
    io::Error::other("the script breaks the answer here")
}

/// Waits out the pause, or until a sign of life is due within it.
async fn is_interrupted_by_ping(pause: Pause, every: Option<Duration>) -> bool {
    let wait = async {
        match pause {
            Pause::Until(due) => sleep_until(due).await,
            Pause::Forever => std::future::pending().await,
        }
    };
    let Some(every) = every else {
        wait.await;
        return false;
    };
    timeout(every, wait).await.is_err()
}
