//! `tidegate embed`.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use futures_util::StreamExt;
use tidegate::{EmbedRequest, EmbedRun, Executor, Outcome};

use crate::args::{Embed, Format, Global};
use crate::commands::run::{Shown, interruptible, written};
use crate::exit::Exit;
use crate::output::spinner::Spinner;
use crate::output::text;
use crate::output::vectors::Vectors;
use crate::{commands, demo, input};

pub(crate) async fn run(global: &Global, args: Embed) -> Exit {
    let texts = match input::texts(&args.texts, args.lines.as_deref()) {
        Ok(texts) => texts,
        Err(error) => return text::error(Exit::Usage, &error),
    };
    let format = format(&args);
    if format == Format::Npy && args.to.is_none() && io::stdout().is_terminal() {
        let what = "an array is no text for a terminal: name a file with --to FILE.npy";
        return text::error(Exit::Usage, what);
    }
    let mut config = match commands::load(global) {
        Ok(config) => config,
        Err(error) => return text::error(Exit::Config, &error.to_string()),
    };
    // Held for the whole run: dropping it stops the simulator.
    let demo = match demo::if_wanted(&mut config, args.endpoint.as_deref()).await {
        Ok(demo) => demo,
        Err(error) => {
            return text::error(
                Exit::Internal,
                &format!("the demo could not be started: {error}"),
            );
        }
    };
    let vectors = match Vectors::open(args.to.as_deref(), format, texts.len()) {
        Ok(vectors) => vectors,
        Err(error) => return unwritten(&args, &error),
    };
    let spinner = if global.quiet {
        Spinner::hidden()
    } else {
        Spinner::on_terminal()
    };
    let lines = text::Lines::new(global, spinner.clone());
    let executor = match commands::executor(config, demo.is_some(), global) {
        Ok(executor) => executor.event_sink(Arc::new(lines)).build(),
        Err(error) => return text::error(Exit::Config, &error.to_string()),
    };
    spinner.watch(&executor);
    let work = Box::pin(embed(&executor, args, texts, vectors, global, &spinner));
    interruptible(&executor, &spinner, Shown::Whole, work).await
}

fn format(args: &Embed) -> Format {
    let named = |path: &std::path::PathBuf| path.extension().is_some_and(|ending| ending == "npy");
    args.format
        .unwrap_or(if args.to.as_ref().is_some_and(named) {
            Format::Npy
        } else {
            Format::Jsonl
        })
}

async fn embed(
    executor: &Executor,
    args: Embed,
    texts: Vec<String>,
    mut vectors: Vectors,
    global: &Global,
    spinner: &Spinner,
) -> Exit {
    let (all, mut done) = (texts.len(), 0);
    let run = EmbedRun {
        endpoint: args.endpoint.clone(),
        model: args.model.clone(),
        request: EmbedRequest {
            dimensions: args.dimensions,
            ..EmbedRequest::of(texts)
        },
        settings: args.settings(),
        priority: args.priority,
    };
    let mut batches = std::pin::pin!(executor.embed_all(run, args.batch));
    while let Some(batch) = batches.next().await {
        let exit = failed(&batch.outcome);
        spinner.aside(|| text::outcome(&batch.outcome, exit, global));
        let Ok(embeddings) = &batch.outcome.result else {
            if done > 0 && args.to.is_none() {
                text::note(&format!("{done} of {all} vectors were written"));
            }
            return exit;
        };
        match vectors.write(&embeddings.vectors) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Exit::Done,
            Err(error) => return unwritten(&args, &error),
            Ok(()) => {}
        }
        done += batch.texts;
        if done < all {
            spinner.say(format!("{done} of {all} texts"));
        }
    }
    match (vectors.finish(), &args.to) {
        (Err(error), Some(_)) => unwritten(&args, &error),
        (result, _) => written(result, Exit::Done),
    }
}

fn failed<A>(outcome: &Outcome<A>) -> Exit {
    let result = outcome.result.as_ref();
    result.map_or_else(Exit::of, |_| Exit::Done)
}

fn unwritten(args: &Embed, error: &io::Error) -> Exit {
    let place = args.to.as_ref().map(|path| path.display().to_string());
    let place = place.unwrap_or_else(|| "standard output".to_owned());
    text::error(
        Exit::Internal,
        &format!("{place} cannot be written: {error}"),
    )
}
