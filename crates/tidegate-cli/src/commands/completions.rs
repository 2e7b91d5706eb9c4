//! `tidegate completions`.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Args;
use crate::exit::Exit;
use crate::output::text;

/// Prints what makes a shell complete commands, flags and their values.
pub(crate) fn run(shell: Shell) -> Exit {
    // Into memory first: the generator panics where it cannot write, as to a reader who has gone.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "tidegate", &mut script);
    text::printed(io::stdout().lock().write_all(&script))
}
