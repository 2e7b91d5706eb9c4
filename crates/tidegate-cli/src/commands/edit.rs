//! Changes to the configuration file, for the commands that make them.

use std::io::{self, Write};

use tidegate::config::edit::{Change, Edited, edit};
use tidegate::config::{Environment, default_path, locate};
use tidegate::plan::PlanError;

use crate::args::Global;
use crate::exit::Exit;
use crate::output::text;

/// Makes a change and tells what it came to.
pub(crate) fn change(global: &Global, change: &Change) -> Result<Edited, Exit> {
    let environment = Environment::from_process();
    let path = locate(global.config.as_deref(), &environment)
        .or_else(|| default_path(&environment))
        .ok_or_else(|| {
            text::error(
                Exit::Config,
                "no place for a file: neither XDG_CONFIG_HOME nor HOME is set",
            )
        })?;
    let edited = edit(&path, &environment, change)
        .map_err(|error| text::error(Exit::Config, &error.to_string()))?;
    match text::printed(told(&edited)) {
        Exit::Done => {}
        exit => return Err(exit),
    }
    if !global.quiet {
        warn(&edited);
    }
    Ok(edited)
}

/// Says what is still missing before what was added can be asked.
pub(crate) fn warn_unless_ready<T>(global: &Global, ready: Result<T, PlanError>) {
    if let (Err(problem), false) = (ready, global.quiet) {
        text::warning(&format!("not ready yet: {problem}"));
    }
}

fn told(edited: &Edited) -> io::Result<()> {
    let (path, mut stdout) = (edited.path.display(), io::stdout().lock());
    for table in &edited.written {
        writeln!(stdout, "wrote [{table}] to {path}")?;
    }
    for what in &edited.removed {
        writeln!(stdout, "removed {what} from {path}")?;
    }
    stdout.flush()
}

fn warn(edited: &Edited) {
    if edited.closed {
        text::note(&format!(
            "a key stands in {}, so that you alone can read it now (0600)",
            edited.path.display()
        ));
    }
    for warning in &edited.config.warnings {
        text::warning(warning);
    }
}
