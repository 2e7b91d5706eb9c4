//! The command `tidegate`: parse, call, show. Every decision is the engine's.

mod args;
mod commands;
mod demo;
mod exit;
mod input;
mod interrupt;
mod logging;
mod output;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::exit::Exit;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    logging::start(&args.global);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let exit = match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(in_a_task(dispatch(args)));
            // Looking a name up, or a walk over a dead disk, may still hold a thread that nobody waits for.
            runtime.shutdown_background();
            exit
        }
        Err(error) => output::text::error(Exit::Internal, &format!("no runtime: {error}")),
    };
    exit.into()
}

/// As a task, not as what the runtime blocks on: that one is looked at only after a look at the system's events, which
/// is a system call for each piece of a stream.
async fn in_a_task(work: impl Future<Output = Exit> + Send + 'static) -> Exit {
    match tokio::spawn(work).await {
        Ok(exit) => exit,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn dispatch(args: Args) -> Exit {
    let global = args.global;
    match args.command {
        Command::Run(run) => Box::pin(commands::run::run(&global, run)).await,
        Command::Explain(explain) => commands::explain::run(&global, &explain),
        Command::Completions { shell } => commands::completions::run(shell),
        Command::Man { dir } => commands::man::run(dir.as_deref()),
        Command::Context(command) => Box::pin(commands::context::run(&global, command)).await,
        Command::Embed(embed) => Box::pin(commands::embed::run(&global, embed)).await,
        Command::Config(command) => commands::config::run(&global, command),
        Command::Endpoint(command) => Box::pin(commands::endpoint::run(&global, command)).await,
        Command::Queue(command) => Box::pin(commands::queue::run(&global, command)).await,
        Command::Provider(command) => Box::pin(commands::provider::run(&global, command)).await,
    }
}

/// Help and version are answers, anything else is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render();
    if error.use_stderr() {
        drop(write!(anstream::stderr(), "{}", text.ansi()));
        return Exit::Usage.into();
    }
    drop(write!(anstream::stdout(), "{}", text.ansi()));
    Exit::Done.into()
}
