//! `tidegate man`.

use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::args::Args;
use crate::exit::Exit;
use crate::output::text;

/// Prints one page that has every command, or writes a page for each into a directory.
pub(crate) fn run(directory: Option<&Path>) -> Exit {
    let Some(directory) = directory else {
        return text::printed(page().and_then(|page| io::stdout().lock().write_all(&page)));
    };
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Args::command(), directory));
    let place = directory.display();
    match written {
        Ok(()) => text::printed(writeln!(io::stdout(), "{place}")),
        Err(error) => text::error(
            Exit::Internal,
            &format!("{place} cannot be written: {error}"),
        ),
    }
}

fn page() -> io::Result<Vec<u8>> {
    let command = Args::command().disable_help_subcommand(true);
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for command in command.get_subcommands() {
        chapter(command, command.get_name(), &mut page)?;
    }
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// What a command does and takes, or the same for each of its own commands. The flags of every command stand above.
fn chapter(command: &Command, path: &str, page: &mut Vec<u8>) -> io::Result<()> {
    if command.has_subcommands() {
        return command
            .get_subcommands()
            .try_for_each(|inner| chapter(inner, &format!("{path} {}", inner.get_name()), page));
    }
    let whole = format!("tidegate {path}");
    let man = Man::new(command.clone().bin_name(whole).disable_help_flag(true));
    let mut sections = Vec::new();
    man.render_synopsis_section(&mut sections)?;
    man.render_description_section(&mut sections)?;
    man.render_options_section(&mut sections)?;
    let sections = String::from_utf8_lossy(&sections).replace("\n.SH ", "\n.SS ");
    write!(page, ".SH \"{}\"\n{sections}", path.to_uppercase())
}
