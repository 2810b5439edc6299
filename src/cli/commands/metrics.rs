//! `metrics`: what is known of chains as numbers, for monitoring. The command changes nothing but
//! the file that is named.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::super::args::MetricsArgs;
use super::super::output::print;
use super::job::board_access;
use crate::config::Loaded;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::metrics::ENDING;
use crate::status::board_status::BoardStatus;
use crate::status::metrics_input::page;
use crate::status::snapshot::{self, Liveness, StatusSnapshot};
use crate::unix::files::{self, Readers};
use crate::unix::terminal::print_to_stderr;

/// Prints or writes the page of these chains, or of all of RUN_ROOT.
pub(crate) fn show(loaded: &Loaded, args: &MetricsArgs) -> CommandResult {
    let file = args.textfile.as_deref();
    let file = file.filter(|file| file.as_os_str() != OsStr::new("-"));
    file.map_or(Ok(()), judge)?;
    let view = snapshot::at(loaded, &args.names)?;
    let board = match args.names.as_slice() {
        [] => board_access::look(&loaded.settings),
        _ => None,
    };
    let mut text = page(&view);
    text.extend(board.as_ref().and_then(BoardStatus::metrics_page));
    match file {
        Some(file) => write(file, &text)?,
        None => print(&text)?,
    }
    match board
        .as_ref()
        .and_then(|board| board.workers.as_ref().err())
    {
        Some(why) => {
            print_to_stderr(&format!("warning: the board is left out: {why}\n"));
            Err(CommandError::said(exit::NO_PERMISSION))
        }
        None => hidden(&view),
    }
}

fn judge(file: &Path) -> CommandResult {
    if is_read(file) {
        return Ok(());
    }
    let message = format!(
        "the node exporter reads only files whose names end with `{ENDING}`, and `{}` does not",
        file.display()
    );
    let hint = format!("write `--textfile {}{ENDING}`", file.display());
    Err(CommandError::new(exit::USAGE, message).hint(hint))
}

/// Returns whether the node exporter reads a file of this name.
fn is_read(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default();
    name.len() > ENDING.len() && name.as_bytes().ends_with(ENDING.as_bytes())
}

fn write(file: &Path, text: &str) -> CommandResult {
    files::replace(file, text.as_bytes(), Readers::All).map_err(|error| {
        let message = format!("`{}` cannot be written: {error}", file.display());
        CommandError::new(exit::FAILED, message)
            .hint("it is replaced as a whole, so its directory must be there and ours to write")
    })
}

/// Reports the chains that are not in the page.
fn hidden(view: &StatusSnapshot) -> CommandResult {
    let mut ended = Ok(());
    for chain in &view.chains {
        if let Liveness::Hidden(why) = &chain.standing {
            print_to_stderr(&format!(
                "warning: `{}` is left out, it cannot be looked at: {why}\n",
                chain.name
            ));
            ended = Err(CommandError::said(exit::NO_PERMISSION));
        }
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_node_exporter_reads_is_written() {
        for right in ["a.prom", "/x/y.prom", "..prom"] {
            assert!(is_read(Path::new(right)), "{right}");
        }
        for wrong in ["a", ".prom", "a.prom.txt", "a.PROM", "/", "x.prom/..", ""] {
            assert!(!is_read(Path::new(wrong)), "{wrong}");
        }
    }
}
