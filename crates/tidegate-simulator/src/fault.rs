//! What can go wrong with an answer, and the order in which its pieces leave.
//!
//! A provider fails in the middle as often as at the start. Here an answer is a list of steps (wait, send, stall,
//! break), computed without a clock or a socket so that a test can read it; `playback` then performs it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

mod kind;

pub use kind::ErrorKind;

/// What goes wrong in the middle of an answer.
///
/// Numbers count tokens (content events), not the role event before them. A stream that is shorter than the number
/// fails before its finish event, so that a fault never passes unnoticed. An answer that is not streamed fails half
/// way through its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks after so many tokens: the body is visibly incomplete. Over HTTP/2 the stream is reset.
    Cut(u32),
    /// The body ends politely after so many tokens, without finish event or `[DONE]`.
    End(u32),
    /// Silence after so many tokens, with the connection open.
    Stall(u32),
    /// Silence of that length after so many tokens; then the rest.
    Pause(u32, Duration),
    /// GOAWAY after so many tokens, and the connection closes. Over HTTP/1 it breaks.
    GoAway(u32),
    /// The event of this token (counted from 1) is bad JSON; the rest follows as if nothing had happened.
    Malformed(u32),
    /// An error event after so many tokens, then the end.
    Error(u32, ErrorKind),
}

impl Fault {
    /// Tokens that leave in good order before the fault.
    fn after(self) -> u32 {
        match self {
            Self::Cut(after)
            | Self::End(after)
            | Self::Stall(after)
            | Self::Pause(after, _)
            | Self::GoAway(after)
            | Self::Error(after, _) => after,
            Self::Malformed(at) => at.saturating_sub(1),
        }
    }
}

/// One thing that the body of an answer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Wait that much longer.
    Wait(Duration),
    /// Send these bytes.
    Send(Bytes),
    /// Let what was sent leave.
    Flush,
    /// Say nothing more, ever.
    Stall,
    /// Break the connection.
    Break,
    /// Send GOAWAY and close the connection.
    GoAway,
}

/// Which part of a streamed answer an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Opening,
    /// Neither content nor end: the frame round a block, a ping.
    Frame,
    Token,
    Closing,
    Done,
}

/// One event of a streamed answer, as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WireEvent {
    pub(crate) part: Part,
    pub(crate) bytes: Bytes,
}

impl WireEvent {
    pub(crate) fn new(part: Part, bytes: impl Into<Bytes>) -> Self {
        Self {
            part,
            bytes: bytes.into(),
        }
    }
}

/// When the events of a stream leave and how it ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pacing {
    pub(crate) first_token: Duration,
    /// What opens a stream leaves at once, and only the first token waits.
    pub(crate) opens_early: bool,
    pub(crate) token_delay: Duration,
    pub(crate) no_done: bool,
    pub(crate) hold: bool,
    pub(crate) fault: Option<(Fault, Bytes)>,
}

/// Turns the events of a stream into steps, lazily: a stream may have a million tokens.
#[derive(Debug)]
pub(crate) struct Steps<E> {
    events: E,
    pacing: Pacing,
    tokens: u32,
    ready: VecDeque<Step>,
    over: bool,
}

impl<E: Iterator<Item = WireEvent>> Steps<E> {
    pub(crate) fn new(events: E, pacing: Pacing) -> Self {
        Self {
            events,
            pacing,
            tokens: 0,
            ready: VecDeque::new(),
            over: false,
        }
    }

    fn plan(&mut self, event: WireEvent) {
        match event.part {
            Part::Opening if !self.pacing.opens_early => self.wait(self.pacing.first_token),
            Part::Token if self.tokens == 0 && self.pacing.opens_early => {
                self.wait(self.pacing.first_token);
            }
            Part::Token if self.tokens > 0 => self.wait(self.pacing.token_delay),
            Part::Done if self.pacing.no_done => return,
            _ => {}
        }
        let due = self.fault_due(event.part);
        self.tokens += u32::from(event.part == Part::Token);
        match due {
            None => self.ready.push_back(Step::Send(event.bytes)),
            Some((fault, error)) => self.fail(fault, error, &event.bytes),
        }
    }

    fn wait(&mut self, duration: Duration) {
        if !duration.is_zero() {
            self.ready.push_back(Step::Wait(duration));
        }
    }

    fn fault_due(&mut self, part: Part) -> Option<(Fault, Bytes)> {
        let tokens = self.tokens;
        self.pacing.fault.take_if(|(fault, _)| match part {
            Part::Token => fault.after() <= tokens,
            Part::Closing => true,
            Part::Opening | Part::Frame | Part::Done => false,
        })
    }

    fn fail(&mut self, fault: Fault, error: Bytes, event: &Bytes) {
        self.over = !matches!(fault, Fault::Malformed(_) | Fault::Pause(..));
        match fault {
            Fault::Cut(_) => self.ready.push_back(Step::Break),
            Fault::GoAway(_) => self.ready.push_back(Step::GoAway),
            Fault::Stall(_) => self.ready.push_back(Step::Stall),
            Fault::Pause(_, length) => {
                self.wait(length);
                self.ready.push_back(Step::Send(event.clone()));
            }
            Fault::End(_) => {}
            Fault::Malformed(_) => self.ready.push_back(Step::Send(malformed(event))),
            Fault::Error(..) => self.ready.push_back(Step::Send(error)),
        }
    }
}

impl<E: Iterator<Item = WireEvent>> Iterator for Steps<E> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Some(step);
            }
            if self.over {
                return None;
            }
            if let Some(event) = self.events.next() {
                self.plan(event);
            } else {
                self.over = true;
                return self.pacing.hold.then_some(Step::Stall);
            }
        }
    }
}

/// An event whose JSON stops in the middle while its framing is whole.
fn malformed(event: &Bytes) -> Bytes {
    let text = event.trim_ascii_end();
    let data = text.windows(6).position(|window| window == b"data: ");
    let data = data.unwrap_or_default();
    let mut bytes = text[..data.midpoint(text.len())].to_vec();
    bytes.extend_from_slice(b"\n\n");
    bytes.into()
}

/// The steps of a body that is not streamed: half of it, then the fault.
pub(crate) fn whole_body(body: &Bytes, fault: Option<&(Fault, Bytes)>) -> Vec<Step> {
    let (half, rest) = (body.slice(..body.len() / 2), body.slice(body.len() / 2..));
    let half = Step::Send(half);
    match fault {
        None => vec![Step::Send(body.clone())],
        Some((Fault::Cut(_), _)) => vec![half, Step::Break],
        Some((Fault::GoAway(_), _)) => vec![half, Step::GoAway],
        Some((Fault::Stall(_), _)) => vec![half, Step::Stall],
        Some((Fault::Pause(_, length), _)) => vec![half, Step::Wait(*length), Step::Send(rest)],
        Some((Fault::End(_) | Fault::Malformed(_), _)) => vec![half],
        Some((Fault::Error(..), error)) => vec![Step::Send(error.clone())],
    }
}

#[cfg(test)]
mod tests;
