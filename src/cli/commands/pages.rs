//! `completions` and `man`: made of the command line itself, so that they cannot say anything else.

use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use super::super::output::print;
use super::super::own_command_line::program;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::unix::files::{self, Readers};
use crate::unix::own_program;
use crate::unix::terminal::print_to_stderr;

/// Prints what completes commands in a shell.
pub(crate) fn completions(shell: Shell) -> CommandResult {
    let mut command = program();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, own_program::name(), &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Writes the manual pages into a directory, one for the program and one for each command. What is
/// there is replaced, a link too: its target stays as it is.
pub(crate) fn manual(directory: &Path) -> CommandResult {
    let mut program = program().disable_help_subcommand(true);
    program.build();
    write_pages(program, directory).map_err(|error| {
        let message = format!(
            "the manual pages cannot be written to `{}`: {error}",
            directory.display()
        );
        CommandError::new(exit::FAILED, message)
    })?;
    print_to_stderr(&format!(
        "Wrote the manual pages; read them with `man -l {}/{}.1`\n",
        directory.display(),
        own_program::name()
    ));
    Ok(())
}

fn write_pages(command: Command, directory: &Path) -> io::Result<()> {
    for below in command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
    {
        write_pages(below.clone(), directory)?;
    }
    let page = Man::new(command);
    let mut text = Vec::new();
    page.render(&mut text)?;
    files::replace(
        &directory.join(page.get_filename()),
        &text,
        Readers::AsBefore,
    )
}
