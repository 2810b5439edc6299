//! What people see: data on standard output, everything else on standard error. Neither a closed pipe nor a full disk is a reason to panic.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::time::SystemTime;

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::args::ColorArg;
use super::lines::folded;
use crate::alert::message;
use crate::exit;
use crate::process::child::ansi;
use crate::process::run_root::UnsafePath;
use crate::process::terminal;
use crate::report::Screen;

/// Why a command ends with another code than 0, in words.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// See `exit`.
    pub(crate) code: u8,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    /// Whether the message brings its own `error:` (a report of the configuration, of clap).
    whole: bool,
}

impl Refusal {
    /// Makes one of a sentence.
    pub(crate) fn new(code: u8, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        Refusal {
            code,
            message,
            causes: Vec::new(),
            hint: None,
            whole: false,
        }
    }

    /// Makes one of an error, with its causes.
    pub(crate) fn of(code: u8, error: &(dyn Error + 'static)) -> Self {
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        let causes = causes.map(ToString::to_string).collect();
        Refusal {
            causes,
            ..Refusal::new(code, error)
        }
    }

    /// Makes one of a report that is complete.
    pub(crate) fn whole(code: u8, report: impl fmt::Display) -> Self {
        Refusal {
            whole: true,
            ..Refusal::new(code, report)
        }
    }

    /// Makes a silent one: what there is to say is on the screen.
    pub(crate) fn said(code: u8) -> Self {
        Refusal::whole(code, "")
    }

    /// Returns it on one line, for a log; `None` when there is nothing to say.
    pub(crate) fn line(&self) -> Option<String> {
        let mut line = self.message.trim_end().to_owned();
        for cause in &self.causes {
            line.push_str(": ");
            line.push_str(cause);
        }
        if let Some(hint) = &self.hint {
            line.push_str("; ");
            line.push_str(hint);
        }
        (!line.is_empty()).then_some(line)
    }

    /// Makes one of a wrong command line.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Refusal::new(exit::USAGE, message).hint("`--help` shows what can be typed")
    }

    /// Makes one of what cannot be looked at: because it is another's, or because it cannot be relied on.
    pub(crate) fn cannot_look(error: &UnsafePath) -> Self {
        if error.is_foreign() {
            Refusal::of(exit::NO_PERMISSION, error).hint(Refusal::ANOTHERS)
        } else {
            Refusal::of(error.exit_code(), error)
        }
    }

    /// What to do about what is another's.
    pub(crate) const ANOTHERS: &'static str = "chains of another user are seen by that user alone: ask as that user, with `sudo -u` for instance";

    /// Says what to do about it.
    pub(crate) fn hint(self, hint: impl fmt::Display) -> Self {
        Refusal {
            hint: Some(hint.to_string()),
            ..self
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole {
            return f.write_str(&self.message);
        }
        writeln!(f, "error: {}", self.message)?;
        for cause in &self.causes {
            writeln!(f, "  caused by: {cause}")?;
        }
        if let Some(hint) = &self.hint {
            writeln!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// How a command ends.
pub(crate) type Ended = Result<(), Refusal>;

/// Prints data. A reader that has gone away, or a full disk, ends the command with code 1 without a word more.
pub(crate) fn print(text: &str) -> Ended {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Refusal::said(exit::OK)),
        Err(error) => Err(Refusal::new(
            exit::FAILED,
            format_args!("standard output could not be written: {error}"),
        )),
    }
}

/// Prints text for people: on a terminal its lines go on below where they began.
pub(crate) fn print_folded(text: &str) -> Ended {
    print(&folded(text, width()))
}

/// Returns how many columns standard output has; `None` when it is no terminal: then nothing is cut.
pub(crate) fn width() -> Option<usize> {
    terminal::width(&io::stdout())
}

/// Returns what standard output can do; of colours see [`colours_errors`].
pub(crate) fn screen(color: ColorArg) -> Screen {
    Screen {
        width: width(),
        colours: colours(color, &io::stdout()),
    }
}

/// Returns a text of somebody else as it may be shown: its lines and tabs, without what moves a cursor or sets a title.
pub(crate) fn plain(text: &str) -> String {
    let clean = |line: &str| -> Vec<String> { line.split('\t').map(ansi::stripped).collect() };
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| clean(line).join("\t"))
        .collect();
    lines.join("\n")
}

/// Returns standard output when it is a pipe: only then it says, to whoever waits for it, that nobody reads any more.
pub(crate) fn pipe_reader() -> Option<File> {
    let stdout = io::stdout();
    let copy = stdout.as_fd().try_clone_to_owned().ok()?;
    let file = File::from(copy);
    let is_pipe = file.metadata().ok()?.file_type().is_fifo();
    is_pipe.then_some(file)
}

/// Prints what is not data.
pub(crate) fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Returns whether errors may have colours: when asked for, or on a terminal unless `NO_COLOR` is set to something (no-color.org).
pub(crate) fn colours_errors(when: ColorArg) -> bool {
    colours(when, &io::stderr())
}

fn colours(when: ColorArg, stream: &impl IsTerminal) -> bool {
    match when {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => {
            let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            !unwanted && stream.is_terminal()
        }
    }
}

/// Writes a time as people of this machine read it, in a form of strftime(3).
pub(crate) fn local_time(time: SystemTime, form: &str) -> String {
    match jiff::Timestamp::try_from(time) {
        Ok(timestamp) => Zoned::new(timestamp, TimeZone::system())
            .strftime(form)
            .to_string(),
        // A clock that is set to before the year -9999 or after 9999.
        Err(_) => "at an impossible time".to_owned(),
    }
}

/// Returns a number with what is counted: `no mails`, `1 mail`, `2 mails`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        0 => format!("no {many}"),
        count => message::counted(count, one, many),
    }
}

/// Returns what this program was called by: a binary of a user has its own name.
pub(crate) fn program() -> String {
    let path = std::env::args_os().next().map(std::path::PathBuf::from);
    let name = path.as_deref().and_then(std::path::Path::file_name);
    name.map_or_else(
        || "run_functions".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Returns what has to be typed for this program: its name where a shell finds it by that, else its whole path.
pub(crate) fn command_line() -> String {
    let typed = std::env::args_os().next().map(std::path::PathBuf::from);
    match typed.filter(|path| path.components().count() > 1) {
        Some(path) => {
            let absolute = std::path::absolute(&path).unwrap_or(path);
            super::plan::quoted(&absolute.to_string_lossy())
        }
        None => program(),
    }
}
