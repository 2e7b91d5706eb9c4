//! `tidegate run`.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use tidegate::{Context, Delta, Executor, Outcome, Request, ResponseStream, RunRequest};

use crate::args::{Global, Run};
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::output::{json, text};
use crate::{commands, demo, input};

pub(crate) async fn run(global: &Global, args: Run) -> Exit {
    let prompt = match input::prompt(&args.prompt) {
        Ok(prompt) => prompt,
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
    let _demo = match demo::if_wanted(&mut config, args.endpoint.as_deref()).await {
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
    let executor = Executor::builder(config)
        .event_sink(Arc::new(text::Lines::new(global)))
        .build();
    let shown = Shown::of(&args);
    let stream = shown == Shown::Pieces;
    let request = request(args, prompt, stream);
    interruptible(&executor, show(&executor, request, shown, global)).await
}

/// An error before there is a run to tell of.
fn early(args: &Run, kind: &'static str, exit: Exit, what: &str) -> Exit {
    if args.json {
        return written(json::print_early(kind, what, exit), exit);
    }
    text::error(exit, what)
}

/// How the answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Whole,
    Pieces,
    Json,
}

impl Shown {
    fn of(args: &Run) -> Self {
        match (args.json, args.stream, args.no_stream) {
            (true, _, _) => Self::Json,
            (_, true, _) => Self::Pieces,
            (_, _, true) => Self::Whole,
            _ if io::stdout().is_terminal() => Self::Pieces,
            _ => Self::Whole,
        }
    }
}

fn request(args: Run, prompt: String, stream: bool) -> RunRequest {
    let settings = args.settings();
    let root = std::env::current_dir().ok().filter(|_| !args.no_context);
    let context = root.map(|root| Context {
        root,
        include_dirs: args.include,
        // What came through a pipe is data: it must not name files to be sent.
        named_in: Some(input::typed(&args.prompt)),
    });
    let request = Request {
        system: args.system,
        stream,
        ..Request::prompt(prompt)
    };
    RunRequest {
        endpoint: args.endpoint,
        model: args.model,
        request,
        context,
        settings,
    }
}

/// Runs to the end, or to Ctrl-C: then what is under way is stopped, its children ended and reaped. A second Ctrl-C
/// waits for nothing.
pub(crate) async fn interruptible(executor: &Executor, run: impl Future<Output = Exit>) -> Exit {
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            return text::error(Exit::Internal, &format!("signals cannot be heard: {error}"));
        }
    };
    let exit = tokio::select! {
        exit = run => exit,
        () = interrupt.first() => {
            text::note("interrupted");
            Exit::Interrupted
        }
    };
    tokio::select! {
        () = executor.settled() => exit,
        () = interrupt.first() => Exit::Interrupted,
    }
}

async fn show(executor: &Executor, request: RunRequest, shown: Shown, global: &Global) -> Exit {
    let outcome = match shown {
        Shown::Json => {
            let outcome = executor.run(request).await;
            let exit = exit(&outcome);
            return written(json::print(&outcome, exit), exit);
        }
        Shown::Whole => executor.run(request).await,
        Shown::Pieces => match pieces(executor.stream(request)).await {
            Ok(outcome) => outcome,
            Err(error) => return written(Err(error), Exit::Done),
        },
    };
    let exit = exit(&outcome);
    let answer = match (&outcome.result, shown) {
        (Ok(response), Shown::Whole) => answer(&response.text),
        _ => Ok(()),
    };
    text::outcome(&outcome, exit, global);
    written(answer, exit)
}

/// Prints an answer as it comes.
async fn pieces(mut stream: ResponseStream) -> io::Result<Outcome> {
    let (mut stdout, mut line_open) = (io::stdout(), false);
    while let Some(delta) = stream.next().await {
        if let Delta::Text(text) = delta {
            stdout.write_all(text.as_bytes())?;
            stdout.flush()?;
            line_open = !text.ends_with('\n');
        }
    }
    if line_open {
        stdout.write_all(b"\n")?;
    }
    stdout.flush()?;
    Ok(stream.finish().await)
}

fn answer(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        stdout.write_all(b"\n")?;
    }
    stdout.flush()
}

/// A reader who has seen enough is no error.
pub(crate) fn written(result: io::Result<()>, exit: Exit) -> Exit {
    match result {
        Ok(()) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit,
        Err(error) => text::error(
            Exit::Internal,
            &format!("standard output cannot be written: {error}"),
        ),
    }
}

pub(crate) fn exit(outcome: &Outcome) -> Exit {
    outcome
        .result
        .as_ref()
        .map_or_else(Exit::of, |_| Exit::Done)
}
