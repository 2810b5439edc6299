//! What people see: data on standard output, everything else on standard error. Neither a closed
//! pipe nor a full disk is a reason to panic.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;

use super::args::ColorArg;
use super::run_chain::colours_by_default;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::exit;
use crate::report::ReportScreen;
use crate::text::columns::folded;
use crate::unix::{self_exe, terminal};

/// Prints data. A reader that has gone away, or a full disk, ends the command with code 1 without a
/// word more.
pub(crate) fn print(text: &str) -> CommandResult {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Err(CommandError::said(exit::OK))
        }
        Err(error) => Err(CommandError::new(
            exit::FAILED,
            format_args!("standard output could not be written: {error}"),
        )),
    }
}

/// Prints text for people: on a terminal its lines go on below where they began.
pub(crate) fn print_folded(text: &str) -> CommandResult {
    print(&folded(text, width()))
}

/// Returns how many columns standard output has; `None` when it is no terminal: then nothing is
/// cut.
pub(crate) fn width() -> Option<usize> {
    terminal::width(&io::stdout())
}

/// Returns what standard output can do; of colours see [`colours_errors`].
pub(crate) fn screen(color: ColorArg) -> ReportScreen {
    ReportScreen {
        width: width(),
        colours: colours(color, &io::stdout()),
    }
}

/// Returns the text of a program as it may be shown: as a terminal shows the text in the end,
/// without what moves a cursor, sets a title or turns the direction of writing.
pub(crate) fn plain(text: &str) -> String {
    crate::text::terminal::plain(text).into_owned()
}

/// Returns what a terminal shows of a text on a single line.
pub(crate) fn on_one_line(text: &str) -> String {
    plain(text).replace(['\n', '\t'], " ")
}

/// Returns standard output when it is a pipe: only then it says, to whoever waits for it, that
/// nobody reads any more.
pub(crate) fn pipe_reader() -> Option<File> {
    let stdout = io::stdout();
    let copy = stdout.as_fd().try_clone_to_owned().ok()?;
    let file = File::from(copy);
    let is_pipe = file.metadata().ok()?.file_type().is_fifo();
    is_pipe.then_some(file)
}

/// Returns whether errors may have colours: when asked for, or by default.
pub(crate) fn colours_errors(when: ColorArg) -> bool {
    colours(when, &io::stderr())
}

fn colours(when: ColorArg, stream: &impl IsTerminal) -> bool {
    match when {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => colours_by_default(stream),
    }
}

/// Returns what has to be typed for this program: its name where a shell finds it by that, else its
/// whole path.
pub(crate) fn command_line() -> String {
    let typed = std::env::args_os().next().map(std::path::PathBuf::from);
    match typed.filter(|path| path.components().count() > 1) {
        Some(path) => {
            let absolute = std::path::absolute(&path).unwrap_or(path);
            crate::text::quoting::quoted(&absolute.to_string_lossy())
        }
        None => self_exe::name(),
    }
}
