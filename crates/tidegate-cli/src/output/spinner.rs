//! What is waited for, and for how long, on a terminal.
//!
//! A command that says nothing for half a minute looks broken. On a terminal one line tells what goes on; it is gone
//! before anything else is printed, and a pipe never sees it.

use std::fmt;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle};
use tidegate::context::Progress;
use tidegate::{Decision, EventKind, Spell};

/// How often it moves: often enough to look alive.
const TICK: Duration = Duration::from_millis(100);

/// The line that tells what is waited for. Cheap to clone: clones are the same line.
#[derive(Debug, Clone)]
pub(crate) struct Spinner {
    bar: Option<ProgressBar>,
}

impl Spinner {
    /// One that is never seen.
    pub(crate) const fn hidden() -> Self {
        Self { bar: None }
    }

    /// One on standard error, if that is a terminal.
    pub(crate) fn on_terminal() -> Self {
        if !io::stderr().is_terminal() {
            return Self::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
            .with_style(style())
            .with_finish(ProgressFinish::AndClear);
        Self { bar: Some(bar) }
    }

    /// Shows what an event means for someone who waits.
    pub(crate) fn follow(&self, event: &EventKind) {
        let Some(bar) = &self.bar else { return };
        match event {
            EventKind::AttemptStarted { target, .. } => self.say(format!("waiting for {target}")),
            EventKind::Queued {
                limit_key,
                ahead,
                expected,
            } => {
                let expected = Spell(*expected);
                self.say(format!(
                    "waiting {expected} for {limit_key} ({ahead} ahead)"
                ));
            }
            EventKind::AttemptFailed {
                decision: Decision::Retry { after },
                ..
            } => self.say(format!("trying again in {}", Spell(*after))),
            EventKind::FirstOutput { .. } | EventKind::RunFinished { .. } => bar.finish_and_clear(),
            _ => {}
        }
    }

    /// Shows how far packing has come, until there is something else to say.
    pub(crate) fn packing(&self, progress: &Progress) {
        let Some(bar) = &self.bar else { return };
        let progress = progress.clone();
        let told = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let (read, seen) = (progress.read(), progress.looked_at());
            let _ = write!(out, "packing: {read} files read, {seen} looked at");
        };
        let style = ProgressStyle::with_template("{spinner:.dim} {packing:.dim} {elapsed:.dim}");
        if let Ok(style) = style {
            bar.set_style(style.with_key("packing", told));
            bar.enable_steady_tick(TICK);
        }
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
