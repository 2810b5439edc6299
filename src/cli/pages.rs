//! `completions` and `man`: made of the command line itself, so that they cannot say anything else.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::CommandLine;
use super::screen::{Ended, Refusal, print, tell};
use crate::exit;

/// Prints what completes commands in a shell.
pub(crate) fn completions(shell: Shell) -> Ended {
    let mut command = CommandLine::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "run_functions", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Writes the manual pages into a directory, one for the program and one for each command.
pub(crate) fn manual(directory: &Path) -> Ended {
    clap_mangen::generate_to(CommandLine::command(), directory).map_err(|error| {
        let message = format!(
            "the manual pages cannot be written to `{}`: {error}",
            directory.display()
        );
        Refusal::new(exit::FAILED, message)
    })?;
    tell(&format!(
        "Wrote the manual pages; read them with `man -l {}/run_functions.1`\n",
        directory.display()
    ));
    Ok(())
}
