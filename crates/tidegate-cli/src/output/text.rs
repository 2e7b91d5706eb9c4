//! For people: one line on stderr per event they would care about. Colours where there is a terminal.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use tidegate::{
    Decision, Delivery, Event, EventKind, EventSink, Failure, FailureKind, Outcome, Skipped, Spell,
};

use crate::args::Global;
use crate::exit::Exit;
use crate::output::spinner::Spinner;

const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default();
const QUIET: Style = Style::new().dimmed();

/// The most files left out that are told one by one: a large tree has thousands.
const LEFT_OUT_SHOWN: usize = 20;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Telling {
    Nothing,
    Troubles,
    Everything,
}

impl Telling {
    const fn of(global: &Global) -> Self {
        match (global.quiet, global.verbose) {
            (true, _) => Self::Nothing,
            (_, 0) => Self::Troubles,
            _ => Self::Everything,
        }
    }
}

/// Writes events as lines.
#[derive(Debug)]
pub(crate) struct Lines {
    telling: Telling,
    spinner: Spinner,
}

impl Lines {
    pub(crate) const fn new(global: &Global, spinner: Spinner) -> Self {
        Self {
            telling: Telling::of(global),
            spinner,
        }
    }
}

impl EventSink for Lines {
    fn emit(&self, event: &Event) {
        let line = match self.telling {
            Telling::Nothing => None,
            Telling::Troubles => trouble(&event.kind),
            Telling::Everything => trouble(&event.kind).or_else(|| progress(&event.kind)),
        };
        if let Some(line) = line {
            self.spinner.aside(|| styled(QUIET, &line));
        }
        self.spinner.follow(event);
    }
}

/// What a person would care about while they wait.
fn trouble(event: &EventKind) -> Option<String> {
    Some(match event {
        EventKind::AttemptFailed {
            target,
            failure,
            decision,
            ..
        } => match decision {
            Decision::Retry { after } => {
                format!("{target}: {failure}, trying again in {}", Spell(*after))
            }
            Decision::Requeue { after, spacing } if spacing.is_zero() => {
                let least = if after.is_zero() {
                    String::new()
                } else {
                    format!(", for {} at least", Spell(*after))
                };
                format!("{target}: {failure}, back to its place in the queue{least}")
            }
            Decision::Requeue { after, .. } => format!(
                "{target}: {failure}, back to the queue for {}",
                Spell(*after)
            ),
            Decision::Fallback => format!("{target}: {failure}"),
            Decision::GiveUp { .. } => return None,
        },
        EventKind::Queued {
            limit_key,
            ahead,
            expected,
        } if *ahead > 0 => {
            format!(
                "waiting {} for {limit_key} ({ahead} ahead)",
                Spell(*expected)
            )
        }
        EventKind::FellBack { from, to } => format!("{from} could not serve, going on at {to}"),
        EventKind::ContextPacked {
            files,
            bytes,
            skipped,
        } => {
            let left_out = if *skipped > 0 {
                format!(", {skipped} left out")
            } else {
                String::new()
            };
            format!("packed {}{left_out}", amount(*files, *bytes))
        }
        _ => return None,
    })
}

/// `12 files (34567 bytes)`.
pub(crate) fn amount(files: usize, bytes: u64) -> String {
    let noun = if files == 1 { "file" } else { "files" };
    format!("{files} {noun} ({bytes} bytes)")
}

/// The rest, for those who want to see it all.
fn progress(event: &EventKind) -> Option<String> {
    Some(match event {
        EventKind::RunStarted { endpoint, targets } => {
            format!("{endpoint}: going to {}", targets.join(", then "))
        }
        EventKind::Queued {
            limit_key,
            expected,
            ..
        } => format!("waiting {} for {limit_key}", Spell(*expected)),
        EventKind::Admitted { waited } if waited.is_zero() => return None,
        EventKind::Admitted { waited } => format!("admitted after {}", Spell(*waited)),
        EventKind::AttemptStarted { attempt, target } => format!("attempt {attempt} at {target}"),
        EventKind::FirstOutput { after } => format!("first output after {}", Spell(*after)),
        EventKind::AttemptFailed { attempt, took, .. } => {
            format!("attempt {attempt} failed after {}", Spell(*took))
        }
        EventKind::AttemptSucceeded { attempt, took, .. } => {
            format!("attempt {attempt} succeeded in {}", Spell(*took))
        }
        _ => return None,
    })
}

/// The first files left out, and how many more there are.
pub(crate) fn left_out(skipped: &[Skipped]) {
    for skipped in skipped.iter().take(LEFT_OUT_SHOWN) {
        warning(&format!("left out {}: {}", skipped.path, skipped.reason));
    }
    if let Some(more @ 1..) = skipped.len().checked_sub(LEFT_OUT_SHOWN) {
        warning(&format!("left out {more} more; --json lists them"));
    }
}

/// What is said at the end: the files left out, and the error or, if it was not plain sailing, the summary.
pub(crate) fn outcome<A>(outcome: &Outcome<A>, exit: Exit, global: &Global) {
    let telling = Telling::of(global);
    if telling > Telling::Nothing {
        left_out(outcome.packed.skipped());
        for unmatched in outcome.packed.unmatched() {
            warning(&format!("{unmatched}; it was sent as text"));
        }
    }
    match &outcome.result {
        Err(problem) => {
            error(exit, &problem.to_string());
            if let Some(failure) = problem.failure() {
                because(failure);
            }
        }
        Ok(_)
            if telling == Telling::Everything
                || outcome.attempts.len() > 1 && telling > Telling::Nothing =>
        {
            styled(QUIET, &summary(outcome));
        }
        Ok(_) => {}
    }
}

/// The words behind a failure, and whose they are: what comes without a status and without a code was found out here.
fn because(failure: &Failure) {
    let said = failure.status.is_some() || failure.code.is_some();
    if !failure.detail.is_empty() {
        let who = if said { "it said: " } else { "" };
        styled(QUIET, &format!("  {who}{}", ends(failure.detail.as_str())));
    }
    if failure.kind == FailureKind::RateLimited && failure.delivery == Delivery::NotSent {
        styled(
            QUIET,
            "  `tidegate queue status` says what is held against it",
        );
    }
}

/// Beginning and end of a long text: messages say most first, logs last. `--json` has it all.
fn ends(text: &str) -> Cow<'_, str> {
    const EACH: usize = 300;
    if text.len() <= 3 * EACH {
        return text.into();
    }
    let (head, tail) = (
        text.floor_char_boundary(EACH),
        text.ceil_char_boundary(text.len() - EACH),
    );
    format!("{} [...] {}", &text[..head], &text[tail..]).into()
}

fn summary<A>(outcome: &Outcome<A>) -> String {
    let target = outcome.target.as_deref().unwrap_or("nobody");
    let tries = match outcome.attempts.len() {
        1 => String::new(),
        attempts => format!(" at attempt {attempts}"),
    };
    let cost = outcome.usage.map(|usage| {
        let cached = match usage.cached_input_tokens {
            0 => String::new(),
            cached => format!(" ({cached} cached)"),
        };
        format!(
            ", {} tokens in{cached}, {} out",
            usage.input_tokens, usage.output_tokens
        )
    });
    format!(
        "answered by {target}{tries} in {}{}",
        Spell(outcome.took),
        cost.unwrap_or_default()
    )
}

/// Says what went wrong, and hands the exit code on.
pub(crate) fn error(exit: Exit, what: &str) -> Exit {
    drop(writeln!(anstream::stderr(), "{BAD}error:{BAD:#} {what}"));
    exit
}

pub(crate) fn warning(what: &str) {
    drop(writeln!(anstream::stderr(), "{ODD}warning:{ODD:#} {what}"));
}

pub(crate) fn note(what: &str) {
    styled(QUIET, what);
}

fn styled(style: Style, line: &str) {
    drop(writeln!(anstream::stderr(), "{style}{line}{style:#}"));
}

/// The end of a command that only prints. A reader who has seen enough is no error.
pub(crate) fn printed(result: io::Result<()>) -> Exit {
    match result {
        Err(problem) if problem.kind() != io::ErrorKind::BrokenPipe => error(
            Exit::Internal,
            &format!("standard output cannot be written: {problem}"),
        ),
        _ => Exit::Done,
    }
}
