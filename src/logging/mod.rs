//! The log: text in the words that people grep for, or JSON lines; to standard error or a file.
//! Writing it is never fatal.
//!
//! [`line_format`] makes one line of a record, [`sink`] writes it, [`event_log`] turns events into
//! records.

mod event_log;
mod line_format;
mod sink;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use log::{Level, LevelFilter, Record};

use crate::core::settings::{LogFormat, LogSettings};
use crate::unix::terminal::print_to_stderr;
pub(crate) use event_log::{EventLog, log_end_of_output, log_output, tell_note};
use line_format::LineFormat;
pub(crate) use sink::Sink;

/// What is to be known where a logger was set before ours.
const FOREIGN_LOGGER: &str = "this program has set a logger of its own before run_functions::main(): \
     the log goes there, and `[log]`, `--log-format`, `-v` and `-q` have no effect on it";

/// The log of this process, once it is set up.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    sink: Arc<Sink>,
    audience: Audience,
}

/// The reader of the log, and whether what is written beside it reaches the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// A person in front of standard error: plain words are as good as lines of the log.
    Person,
    /// A program behind standard error: every line must be one of the log.
    Program,
    /// Whoever opens a file: what is written to standard error is not in it.
    File,
}

impl Log {
    /// Starts logging as the settings say. Only the first call of a process changes anything. A
    /// file that cannot be opened is no reason not to start: the log goes to standard error until
    /// it can.
    pub(crate) fn start(settings: &LogSettings, chain: &str) -> Log {
        let sink = Arc::new(match &settings.file {
            Some(path) => Sink::file(path),
            None => Sink::stderr(),
        });
        let form = match settings.format {
            LogFormat::Json => LineFormat::Json {
                chain: chain.to_owned(),
            },
            LogFormat::Text if sink.is_journal() => LineFormat::Journal,
            LogFormat::Text => LineFormat::Text,
        };
        let audience = match (&settings.file, &form) {
            (Some(_), _) => Audience::File,
            (None, LineFormat::Text) => Audience::Person,
            (None, LineFormat::Json { .. } | LineFormat::Journal) => Audience::Program,
        };
        let target = Arc::clone(&sink);
        let write = move |record: &Record<'_>| {
            let lost = target.write(&form.line(record));
            if lost > 0 {
                let mut told = Record::builder();
                let told = told.level(Level::Warn);
                target.write(&form.line(&told.args(format_args!("{lost} lines were lost before the former one: nobody took them, or there was no room")).build()));
            }
        };
        let dispatch = fern::Dispatch::new()
            .level(settings.level)
            // What libraries say at debug is for their authors.
            .level_for("rustls", settings.level.min(LevelFilter::Warn))
            .chain(fern::Output::call(write));
        static IS_OURS: AtomicBool = AtomicBool::new(false);
        match dispatch.apply() {
            Ok(()) => IS_OURS.store(true, Ordering::Relaxed),
            // A second call in one process (a test) keeps the first logger.
            Err(_) if IS_OURS.load(Ordering::Relaxed) => {}
            Err(_) => {
                log::warn!("{FOREIGN_LOGGER}");
                print_to_stderr(&format!("warning: {FOREIGN_LOGGER}\n"));
            }
        }
        Log { sink, audience }
    }

    /// Returns who reads it.
    pub(crate) fn audience(&self) -> Audience {
        self.audience
    }

    /// Takes what the next mail is to tell of lines that could not be written: a sentence without
    /// its full stop.
    pub(crate) fn take_news(&self) -> Option<String> {
        self.sink.take_news()
    }

    /// Opens the log file anew, as after `logrotate`. Keeps the old one when that fails, and says
    /// so.
    pub(crate) fn reopen(&self) {
        match self.sink.reopen() {
            Ok(()) => log::info!("Log reopened"),
            Err(error) => {
                log::error!("could not reopen the log file, going on with the old one: {error}")
            }
        }
    }
}
