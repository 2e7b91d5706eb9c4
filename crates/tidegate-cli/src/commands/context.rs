//! `tidegate context`.

use std::future::Future;
use std::io;

use tidegate::config::{Config, ContextConfig};
use tidegate::context::{self, CacheOptions, PackError, Pattern, TokenCounter, WriteError};
use tidegate::{Clock, Context, Layout, Packing};

use crate::args::{ContextCommand, Global, Pack, Shown};
use crate::commands::{self, refused};
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::output::destination::{Destination, Out, Unfinished};
use crate::output::packed::Report;
use crate::output::spinner::Spinner;
use crate::output::{kept, text};

type Refusal = (&'static str, Exit, String);

pub(crate) async fn run(global: &Global, command: ContextCommand) -> Exit {
    let as_json = match &command {
        ContextCommand::Pack(Pack { shown, .. }) | ContextCommand::Show { shown, .. } => shown.json,
        ContextCommand::List { json }
        | ContextCommand::Stats { json }
        | ContextCommand::Clear { json } => *json,
    };
    let result = match command {
        ContextCommand::Pack(args) => pack(global, args).await,
        ContextCommand::Show { id, shown } => show(global, id, shown).await,
        ContextCommand::List { json } => with(global, |cache, _| {
            kept::list(&cache.packs(), Clock::system().now(), json)
        }),
        ContextCommand::Stats { json } => {
            with(global, |cache, enabled| kept::stats(cache, enabled, json))
        }
        ContextCommand::Clear { json } => {
            with(global, |cache, _| kept::cleared(cache.clear(), json))
        }
    };
    result.unwrap_or_else(|(kind, exit, what)| refused(as_json, kind, exit, &what))
}

fn load(global: &Global) -> Result<Config, Refusal> {
    commands::load(global).map_err(|error| ("config", Exit::Config, error.to_string()))
}

/// Where packs are kept, and whether they are.
fn place(config: &Config) -> Result<(CacheOptions, bool), Refusal> {
    let (cache, environment) = (&config.cache, &config.environment);
    let enabled = cache.options(&config.context, environment).is_some();
    let place = cache.place(&config.context, environment);
    let what = "no place for packs: set `dir` in [cache], XDG_CACHE_HOME or HOME";
    Ok((
        place.ok_or_else(|| ("config", Exit::Config, what.to_owned()))?,
        enabled,
    ))
}

fn with(
    global: &Global,
    print: impl FnOnce(&CacheOptions, bool) -> io::Result<()>,
) -> Result<Exit, Refusal> {
    let (cache, enabled) = place(&load(global)?)?;
    Ok(text::printed(print(&cache, enabled)))
}

async fn pack(global: &Global, args: Pack) -> Result<Exit, Refusal> {
    let config = load(global)?;
    let usage = |what: String| ("usage", Exit::Usage, what);
    let patterns = patterns(&args.what).map_err(usage)?;
    let root = std::env::current_dir()
        .map_err(|error| usage(format!("the working directory cannot be told: {error}")))?;
    let own = args.config();
    let context = Context {
        root,
        include_dirs: args.include,
        strict: args.strict_context,
        allow_secrets: args.allow_secrets,
        ..Context::default()
    };
    let (endpoint, model) = (args.endpoint.as_deref(), args.model.as_deref());
    let progress = context.progress.clone();
    let Packing {
        mut options,
        layout,
    } = Packing::of(&config, endpoint, model, own, context)
        .map_err(|error| ("config", Exit::Config, error.to_string()))?;
    let spinner = spinner(global);
    spinner.packing(&progress);
    in_the_background(global, spinner, args.shown, move |shown, out| {
        let report = match out {
            // Where nothing is asked for of single files, they need not all be in memory.
            Some(Out::Aside(file)) if shown.has_texts_alone() => {
                options.count_tokens = shown.tokens;
                let written = context::pack_into(file, layout, &patterns, &options);
                let written = written.map_err(|error| not_written(error, shown))?;
                Report::Written(written, options.counter.is_exact())
            }
            _ => {
                let packed = context::pack(&patterns, &options).map_err(|error| no_pack(&error))?;
                Report::of(packed, layout, options.counter, shown)
            }
        };
        Ok((report, None))
    })
    .await
}

fn no_pack(error: &PackError) -> Refusal {
    ("context", Exit::Context, error.to_string())
}

fn not_written(error: WriteError, shown: &Shown) -> Refusal {
    match error {
        WriteError::Pack(error) => no_pack(&error),
        WriteError::Io(error) => unwritten(shown)(error),
        other => ("internal", Exit::Internal, other.to_string()),
    }
}

/// An argument with at signs in it is a prompt; any other is a name or a glob itself.
fn patterns(what: &[String]) -> Result<Vec<Pattern>, String> {
    let mut all = Vec::new();
    for word in what {
        let named = context::patterns(word);
        if named.is_empty() {
            let pattern = Pattern::named(word);
            all.push(pattern.ok_or_else(|| format!("`{word}` names no file"))?);
        }
        all.extend(named);
    }
    Ok(all)
}

fn told(report: &Report) {
    text::left_out(report.skipped());
    for unmatched in report.unmatched() {
        text::warning(&unmatched.to_string());
    }
    if !report.is_empty() {
        let kept = if report.is_kept() {
            ", unchanged since it was kept"
        } else {
            ""
        };
        text::note(&format!("packed {}{kept}", report.summary()));
    }
}

async fn show(global: &Global, id: String, shown: Shown) -> Result<Exit, Refusal> {
    let config = load(global)?;
    let (cache, _) = place(&config)?;
    let chosen = ContextConfig {
        format: shown.format(),
        ..ContextConfig::default()
    };
    let layout = Layout::from(&chosen.or(&config.context));
    in_the_background(global, spinner(global), shown, move |shown, _| {
        let (pack, packed) = cache
            .pack(&id)
            .map_err(|error| ("usage", Exit::Usage, error.to_string()))?;
        let report = Report::of(packed, layout, TokenCounter::ESTIMATE, shown);
        Ok((report, Some(kept::title(&pack, Clock::system().now()))))
    })
    .await
}

/// Gets a pack, which `get` may write itself, and writes it where that may block, so that Ctrl-C is heard meanwhile, and
/// prints what else was asked for.
async fn in_the_background<W>(
    global: &Global,
    spinner: Spinner,
    shown: Shown,
    get: W,
) -> Result<Exit, Refusal>
where
    W: FnOnce(&Shown, Option<&mut Out>) -> Result<(Report, Option<String>), Refusal>
        + Send
        + 'static,
{
    let unwritten = unwritten(&shown);
    let interrupt = Interrupt::listen().map_err(|error| {
        let what = format!("signals cannot be heard: {error}");
        ("internal", Exit::Internal, what)
    })?;
    // Before the work: a place that cannot be written is told at once.
    let destination = shown
        .has_texts()
        .then(|| Destination::open(shown.to.as_deref()))
        .transpose()
        .map_err(&unwritten)?;
    let (mut out, unfinished) = destination.map(Destination::split).unzip();
    let (quiet, line) = (global.quiet, spinner.clone());
    let work = tokio::task::spawn_blocking(move || {
        let (report, title) = get(&shown, out.as_mut())?;
        line.end();
        match title {
            _ if quiet => {}
            Some(title) => text::note(&title),
            None => told(&report),
        }
        if report.is_empty() {
            let what = if report.skipped().is_empty() {
                "nothing was packed: nothing that was named matches a file"
            } else {
                "nothing was packed: all that was named is left out"
            };
            return Err(("context", Exit::Context, what.to_owned()));
        }
        let written = out.as_mut().map_or(Ok(()), |out| report.write(out));
        Ok((report, shown, written))
    });
    let done = until(interrupt, work).await;
    spinner.end();
    let Some(done) = done else {
        text::note("interrupted");
        return Ok(Exit::Interrupted);
    };
    let internal = |error: tokio::task::JoinError| ("internal", Exit::Internal, error.to_string());
    let (report, shown, written) = done.map_err(internal)??;
    let ended = written.and_then(|()| unfinished.map_or(Ok(()), Unfinished::finish));
    match ended.and_then(|()| report.print(&shown)) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(error)),
        _ => Ok(Exit::Done),
    }
}

fn spinner(global: &Global) -> Spinner {
    if global.quiet {
        Spinner::hidden()
    } else {
        Spinner::on_terminal()
    }
}

/// How it is told that the texts cannot be written.
fn unwritten(shown: &Shown) -> impl Fn(io::Error) -> Refusal + use<> {
    let place = shown.to.as_ref().map(|path| path.display().to_string());
    let place = place.unwrap_or_else(|| "standard output".to_owned());
    move |error| {
        let what = format!("{place} cannot be written: {error}");
        ("internal", Exit::Internal, what)
    }
}

/// `None`: an interrupt came first.
async fn until<T>(interrupt: Interrupt, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = interrupt.next() => None,
    }
}
