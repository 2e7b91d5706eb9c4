//! `tidegate run`.

use std::future::{Future, poll_fn};
use std::io::{self, IsTerminal, Stdout, Write};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tidegate::context::Progress;
use tidegate::{
    Context, Delta, EventSink, Executor, Outcome, Request, Response, ResponseStream, RunRequest,
    ToolCall,
};

use crate::args::{Global, Run};
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::output::spinner::Spinner;
use crate::output::{json, preview, text};
use crate::{commands, demo, input};

pub(crate) async fn run(global: &Global, args: Run) -> Exit {
    let request = match content(&args) {
        Ok(request) => request,
        Err(error) => return early(&args, "usage", Exit::Usage, &error),
    };
    let mut config = match commands::load(global) {
        Ok(config) => config,
        Err(error) => return early(&args, "config", Exit::Config, &error.to_string()),
    };
    if !global.quiet {
        config
            .warnings
            .iter()
            .for_each(|warning| text::warning(warning));
    }
    // Held for the whole run: dropping it stops the simulator.
    let demo = match demo::if_wanted(&mut config, args.endpoint.as_deref()).await {
        Ok(demo) => demo,
        Err(error) => {
            return early(
                &args,
                "internal",
                Exit::Internal,
                &format!("the demo could not be started: {error}"),
            );
        }
    };
    let shown = Shown::of(&args);
    let spinner = if global.quiet || shown == Shown::Events {
        Spinner::hidden()
    } else {
        Spinner::on_terminal()
    };
    let sink: Arc<dyn EventSink> = match shown {
        Shown::Events => Arc::new(json::Lines),
        _ => Arc::new(text::Lines::new(global, spinner.clone())),
    };
    let alone = demo.is_some() || args.dry_run;
    let executor = match commands::executor(config, alone, global) {
        Ok(executor) => executor.event_sink(sink).build(),
        Err(error) => return early(&args, "config", Exit::Config, &error.to_string()),
    };
    spinner.watch(&executor);
    let dry_run = args.dry_run;
    let request = run_request(args, request, shown);
    if let Some(context) = request
        .context
        .as_ref()
        .filter(|context| names_files(context))
    {
        spinner.packing(&context.progress);
    }
    if dry_run {
        let look = Box::pin(look(&executor, request, shown, &spinner, global));
        return interruptible(&executor, &spinner, shown, look).await;
    }
    let work = Box::pin(show(&executor, request, shown, global));
    interruptible(&executor, &spinner, shown, work).await
}

/// Shows what a run would send.
async fn look(
    executor: &Executor,
    request: RunRequest,
    shown: Shown,
    spinner: &Spinner,
    global: &Global,
) -> Exit {
    let preview = executor.preview(request).await;
    spinner.end();
    let as_json = shown == Shown::Json;
    match preview {
        Ok(preview) if as_json => written(preview::print_json(&preview), Exit::Done),
        Ok(preview) => {
            if !global.quiet {
                preview::tell(&preview);
            }
            written(preview::print(&preview.request), Exit::Done)
        }
        Err(error) => commands::refused(
            as_json,
            json::kind(&error),
            Exit::of(&error),
            &error.to_string(),
        ),
    }
}

/// What is asked: the prompt, and what the flags add to it.
fn content(args: &Run) -> Result<Request, String> {
    let prompt = if args.prompt.is_empty() && args.content.request.is_some() {
        None
    } else {
        Some(input::prompt(&args.prompt)?)
    };
    input::content::request(&args.content, prompt, args.system.clone())
}

/// An error before there is a run to tell of.
fn early(args: &Run, kind: &'static str, exit: Exit, what: &str) -> Exit {
    let shown = Shown::of(args);
    shown
        .document(kind, what, exit)
        .unwrap_or_else(|| text::error(exit, what))
}

/// How the answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Whole,
    Pieces,
    Json,
    Events,
}

impl Shown {
    fn of(args: &Run) -> Self {
        match args {
            Run { events: true, .. } => Self::Events,
            Run { json: true, .. } => Self::Json,
            Run { stream: true, .. } => Self::Pieces,
            Run {
                no_stream: true, ..
            }
            | Run { whole: true, .. } => Self::Whole,
            _ if io::stdout().is_terminal() => Self::Pieces,
            _ => Self::Whole,
        }
    }

    /// Prints the object that stands for an outcome where there is none; `None` where nobody reads objects.
    fn document(self, kind: &'static str, what: &str, exit: Exit) -> Option<Exit> {
        let printed = match self {
            Self::Json => json::print_early(kind, what, exit),
            Self::Events => json::print_early_last(kind, what, exit),
            Self::Whole | Self::Pieces => return None,
        };
        Some(written(printed, exit))
    }
}

fn run_request(args: Run, request: Request, shown: Shown) -> RunRequest {
    let settings = args.settings();
    let root = std::env::current_dir().ok().filter(|_| !args.no_context);
    let context = root.map(|root| Context {
        root,
        include_dirs: args.include,
        allow_secrets: args.allow_secrets,
        // What came through a pipe is data: it must not name files to be sent.
        named_in: Some(input::typed(&args.prompt)),
        strict: args.strict_context,
        progress: Progress::default(),
    });
    RunRequest {
        endpoint: args.endpoint,
        model: args.model,
        request: Request {
            stream: shown == Shown::Pieces || args.whole,
            ..request
        },
        context,
        settings,
        priority: args.priority,
    }
}

/// Whether there is anything to pack.
fn names_files(context: &Context) -> bool {
    let typed = context.named_in.as_deref().unwrap_or_default();
    !tidegate::context::patterns(typed).is_empty()
}

/// Runs to the end, or to Ctrl-C: then what is under way is stopped, its children ended and reaped. A second Ctrl-C
/// waits for nothing: what goes down with the runtime then kills its children.
pub(super) async fn interruptible(
    executor: &Executor,
    spinner: &Spinner,
    shown: Shown,
    run: impl Future<Output = Exit>,
) -> Exit {
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            return text::error(Exit::Internal, &format!("signals cannot be heard: {error}"));
        }
    };
    let exit = tokio::select! {
        exit = run => exit,
        () = interrupt.next() => {
            spinner.end();
            text::note("interrupted");
            let document = shown.document("interrupted", "interrupted", Exit::Interrupted);
            document.unwrap_or(Exit::Interrupted)
        }
    };
    spinner.end();
    tokio::select! {
        () = executor.settled() => exit,
        () = interrupt.next() => Exit::Interrupted,
    }
}

async fn show(executor: &Executor, request: RunRequest, shown: Shown, global: &Global) -> Exit {
    let outcome = match shown {
        Shown::Json => {
            let outcome = executor.run(request).await;
            let exit = exit(&outcome);
            return written(json::print(&outcome, exit), exit);
        }
        Shown::Events => {
            let outcome = executor.run(request).await;
            let exit = exit(&outcome);
            return written(json::print_last(&outcome, exit), exit);
        }
        Shown::Whole => executor.run(request).await,
        Shown::Pieces => match pieces(executor.stream(request)).await {
            Ok(outcome) => outcome,
            Err(error) => return written(Err(error), Exit::Done),
        },
    };
    let exit = exit(&outcome);
    let answer = match (&outcome.result, shown) {
        (Ok(response), Shown::Whole) => answer(response),
        _ => Ok(()),
    };
    text::outcome(&outcome, exit, global);
    written(answer, exit)
}

/// Prints an answer as it comes; the tools it wants called, when they are known.
async fn pieces(mut stream: ResponseStream) -> io::Result<Outcome> {
    let mut stdout = io::stdout();
    let mut line = Line { open: false };
    while let Some(delta) = next(&mut stream, &mut stdout).await? {
        if let Delta::Text(text) = delta {
            stdout.write_all(text.as_bytes())?;
            line.open = !text.ends_with('\n');
        }
    }
    line.end()?;
    stdout.flush()?;
    let outcome = stream.finish().await;
    if let Ok(response) = &outcome.result {
        tool_calls(&mut stdout, &response.tool_calls)?;
    }
    Ok(outcome)
}

/// The line that an answer is being written on. It ends even where the answer does not: what is told of an interrupt
/// must not stand behind half a line.
struct Line {
    open: bool,
}

impl Line {
    fn end(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.open) {
            return io::stdout().write_all(b"\n");
        }
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // An interrupt: nobody is left to be told.
        drop(self.end());
    }
}

/// The next piece. Whoever brings them gets one more turn before what is there is written: pieces that came together go
/// out together, and nothing is held back while more is waited for.
async fn next(stream: &mut ResponseStream, stdout: &mut Stdout) -> io::Result<Option<Delta>> {
    let (mut next, mut had_a_turn) = (pin!(stream.next()), false);
    poll_fn(|context| match next.as_mut().poll(context) {
        Poll::Ready(delta) => Poll::Ready(Ok(delta)),
        Poll::Pending if !had_a_turn => {
            had_a_turn = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
        Poll::Pending => match stdout.flush() {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        },
    })
    .await
}

fn answer(response: &Response) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if !response.text.is_empty() || response.tool_calls.is_empty() {
        stdout.write_all(response.text.as_bytes())?;
        if !response.text.ends_with('\n') {
            stdout.write_all(b"\n")?;
        }
    }
    tool_calls(&mut stdout, &response.tool_calls)
}

/// A line of JSON for each tool the model wants called.
fn tool_calls(stdout: &mut impl Write, calls: &[ToolCall]) -> io::Result<()> {
    for call in calls {
        serde_json::to_writer(&mut *stdout, call)?;
        stdout.write_all(b"\n")?;
    }
    stdout.flush()
}

/// A reader who has seen enough is no error.
pub(super) fn written(result: io::Result<()>, exit: Exit) -> Exit {
    match result {
        Ok(()) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit,
        Err(error) => text::error(
            Exit::Internal,
            &format!("standard output cannot be written: {error}"),
        ),
    }
}

pub(super) fn exit(outcome: &Outcome) -> Exit {
    outcome
        .result
        .as_ref()
        .map_or_else(Exit::of, |_| Exit::Done)
}
