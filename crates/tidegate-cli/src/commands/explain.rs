//! `tidegate explain`.

use std::fs::File;
use std::io::{self, Read};

use tidegate::Clock;
use tidegate::config::{Origin, Settings, Sourced};
use tidegate::explain::{Judge, command_reply, http_reply};

use crate::args::{Explain, Global};
use crate::commands::{self, refused};
use crate::exit::Exit;
use crate::output::{explained, text};

/// The most that is read of a file: far more than an engine reads of an error.
const MAX_BYTES: u64 = 16 * 1_024 * 1_024;

pub(crate) fn run(global: &Global, args: &Explain) -> Exit {
    match explain(global, args) {
        Ok(exit) => exit,
        Err((kind, exit, what)) => refused(args.json, kind, exit, &what),
    }
}

type Refusal = (&'static str, Exit, String);

fn usage(what: impl Into<String>) -> Refusal {
    ("usage", Exit::Usage, what.into())
}

fn explain(global: &Global, args: &Explain) -> Result<Exit, Refusal> {
    let wrong = |error: &dyn std::error::Error| ("config", Exit::Config, error.to_string());
    let config = commands::load(global).map_err(|error| wrong(&error))?;
    let by_command = args.command || args.exit.is_some();
    let settings = Settings {
        max_retries: args
            .max_retries
            .map(|retries| Sourced::new(retries, Origin::Flag("--max-retries"))),
        ..Settings::default()
    };
    let provider = args.provider.as_deref();
    let judge =
        Judge::of(&config, provider, by_command, settings).map_err(|error| wrong(&error))?;
    let given = given(args, by_command)?;
    let reply = if by_command || judge.is_command() && given.status.is_none() {
        command_reply(given.bytes, args.exit.unwrap_or(1))
    } else {
        let is_bare = given.status.is_none() && !given.bytes.starts_with(b"HTTP/");
        if is_bare && !global.quiet {
            text::note(
                "no status is said: judged as the body of a 200 (`--status N` says another)",
            );
        }
        http_reply(&given.bytes, given.status, &args.headers)
            .map_err(|error| usage(error.to_string()))?
    };
    let explanation = judge.explain(&reply, Clock::system().now());
    Ok(text::printed(if args.json {
        explained::print_json(explanation.as_ref())
    } else {
        explained::print(explanation.as_ref())
    }))
}

/// What the command line gives of the failure.
struct Given {
    status: Option<u16>,
    bytes: Vec<u8>,
}

fn given(args: &Explain, by_command: bool) -> Result<Given, Refusal> {
    let Explain { what, status, .. } = args;
    let number = what.as_deref().and_then(number);
    let bytes = match (what.as_deref(), number) {
        (_, Some(_)) if by_command => {
            return Err(usage("a command has no status: say its code with `--exit`"));
        }
        (_, Some(_)) if status.is_some() => {
            return Err(usage("the status is said twice"));
        }
        (None, _) if status.is_none() && args.exit.is_none() => {
            return Err(usage("nothing to explain: give a status, a file, or `-`"));
        }
        (None, _) | (_, Some(_)) => Vec::new(),
        (Some("-"), None) => read(io::stdin().lock(), "standard input")?,
        (Some(path), None) => {
            let file = File::open(path).map_err(|error| {
                usage(format!(
                    "`{path}` is no status, and no file that can be read: {error}"
                ))
            })?;
            read(file, path)?
        }
    };
    let status = number.or(*status);
    Ok(Given { status, bytes })
}

/// A status, which nothing else looks like: a file that is named so can be given as `./429`.
fn number(what: &str) -> Option<u16> {
    let digits = what.len() == 3 && what.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| what.parse().ok())?
}

fn read(from: impl Read, name: &str) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let length = from
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| usage(format!("{name} cannot be read: {error}")))?;
    if length as u64 > MAX_BYTES {
        return Err(usage(format!("{name} has more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}
