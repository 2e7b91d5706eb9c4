//! What is waited for, and for how long, on a terminal.
//!
//! A command that says nothing for half a minute looks broken. On a terminal one line tells what goes on; it is gone
//! before anything else is printed, and a pipe never sees it.

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle};
use tidegate::context::Progress;
use tidegate::{
    Clock, Decision, Event, EventKind, Executor, LimitKey, Position, Positions, RunId, Spell,
};

/// How often it moves: often enough to look alive.
const TICK: Duration = Duration::from_millis(100);

/// The line that tells what is waited for. Cheap to clone: clones are the same line.
#[derive(Debug, Clone)]
pub(crate) struct Spinner {
    bar: Option<ProgressBar>,
    /// Where runs stand in line, once there is an executor.
    positions: Arc<OnceLock<Positions>>,
}

impl Spinner {
    /// One that is never seen.
    pub(crate) fn hidden() -> Self {
        Self {
            bar: None,
            positions: Arc::default(),
        }
    }

    /// One on standard error, if that is a terminal.
    pub(crate) fn on_terminal() -> Self {
        if !io::stderr().is_terminal() {
            return Self::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
            .with_style(style())
            .with_finish(ProgressFinish::AndClear);
        Self {
            bar: Some(bar),
            positions: Arc::default(),
        }
    }

    /// Looks there for where a run stands in line that it tells of.
    pub(crate) fn watch(&self, executor: &Executor) {
        // Whoever was given before is as good: there is one executor.
        drop(self.positions.set(executor.positions()));
    }

    /// Shows what an event means for someone who waits.
    pub(crate) fn follow(&self, event: &Event) {
        let Some(bar) = &self.bar else { return };
        match &event.kind {
            EventKind::AttemptStarted { target, .. } => self.say(format!("waiting for {target}")),
            EventKind::Queued {
                limit_key,
                ahead,
                expected,
            } => self.in_line(
                event.run,
                limit_key,
                Position {
                    ahead: *ahead,
                    expected: event.at.saturating_add(*expected),
                },
            ),
            EventKind::AttemptFailed {
                decision: Decision::Retry { after },
                ..
            } => self.say(format!("trying again in {}", Spell(*after))),
            EventKind::FirstOutput { .. } | EventKind::RunFinished { .. } => bar.finish_and_clear(),
            _ => {}
        }
    }

    /// Shows where a run stands in line, at every moment, until there is something else to say.
    fn in_line(&self, run: RunId, key: &LimitKey, first: Position) {
        let (positions, key) = (Arc::clone(&self.positions), key.clone());
        self.show("{spinner:.dim} {line:.dim}", "line", move |out| {
            let now = positions.get().and_then(|positions| positions.of(run));
            let Position { ahead, expected } = now.unwrap_or(first);
            let left = expected.saturating_since(Clock::system().now()).as_millis();
            let tenths = Duration::from_millis(u64::try_from(left / 100 * 100).unwrap_or(u64::MAX));
            write!(out, "waiting {} for {key} ({ahead} ahead)", Spell(tenths))
        });
    }

    /// Shows something that is made anew each time it is drawn.
    fn show<T>(&self, template: &str, key: &'static str, tell: T)
    where
        T: Fn(&mut dyn fmt::Write) -> fmt::Result + Clone + Send + Sync + 'static,
    {
        let Some(bar) = &self.bar else { return };
        let told = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = tell(out);
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key(key, told));
            bar.enable_steady_tick(TICK);
        }
    }

    /// Shows how far packing has come, until there is something else to say.
    pub(crate) fn packing(&self, progress: &Progress) {
        let progress = progress.clone();
        let template = "{spinner:.dim} {packing:.dim} {elapsed:.dim}";
        self.show(template, "packing", move |out| {
            let (read, seen) = (progress.read(), progress.looked_at());
            write!(out, "packing: {read} files read, {seen} looked at")
        });
    }

    /// Shows this text until there is another.
    pub(crate) fn say(&self, text: String) {
        if let Some(bar) = &self.bar {
            bar.set_style(style());
            bar.set_message(text);
            bar.enable_steady_tick(TICK);
        }
    }

    /// Does something that prints, with the line out of the way.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the line away for good.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What is said, and for how long it has been so.
fn style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner:.dim} {msg:.dim} {elapsed:.dim}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}
