//! Where lines go. A line is one write(2), so that lines of several processes in one file stay
//! whole.
//!
//! Nobody waits for a reader: a pipe that nobody empties, or a terminal that was stopped, costs
//! lines (which are counted), not the chain.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{SFlag, fstat};
use nix::unistd::write;

use crate::core::time::Mono;
use crate::unix::clock;
use crate::unix::trusted_paths::open_named;

/// How long a line waits for a reader who has kept up so far.
const PATIENCE_MILLIS: u16 = 1000;
/// What fits into a pipe that poll(2) calls writable (`PIPE_BUF`).
const PIECE: usize = 4096;

/// How often a file that could not be opened is tried again.
const OPEN_AGAIN: Duration = Duration::from_secs(10);

/// Standard error, or a file that can be opened anew.
#[derive(Debug)]
pub(crate) struct Sink {
    place: SinkPlace,
    loss: Mutex<Loss>,
}

/// What could not be written.
#[derive(Debug, Default)]
struct Loss {
    /// How many lines since the last one that was.
    lines: u64,
    /// What is to be told elsewhere, as long as it was not taken.
    news: Option<String>,
}

#[derive(Debug)]
enum SinkPlace {
    Stderr,
    File {
        path: PathBuf,
        target: Mutex<SinkTarget>,
    },
}

/// The file of a log, as far as it could be opened.
#[derive(Debug)]
enum SinkTarget {
    Open(File),
    /// Lines go to standard error until then, when it is tried again: its file system may be
    /// mounted late.
    Missing(Mono),
}

impl Sink {
    /// Writes to standard error.
    pub(crate) fn stderr() -> Self {
        Sink {
            place: SinkPlace::Stderr,
            loss: Mutex::default(),
        }
    }

    /// Appends to a file, which is made (0600) when it is missing. While it cannot be opened, lines
    /// go to standard error.
    pub(crate) fn file(path: &Path) -> Self {
        let (target, news) = match open(path) {
            Ok(file) => (SinkTarget::Open(file), None),
            Err(error) => {
                let words = cannot_be_opened(path, &error);
                say(&words);
                (SinkTarget::Missing(clock::mono() + OPEN_AGAIN), Some(words))
            }
        };
        Sink {
            place: SinkPlace::File {
                path: path.to_owned(),
                target: Mutex::new(target),
            },
            loss: Mutex::new(Loss { lines: 0, news }),
        }
    }

    /// Writes a line, which has its line feed. Returns how many were lost before it, if it is the
    /// first one after them.
    ///
    /// What goes wrong is never fatal: of a file it is written to standard error at the first time,
    /// and kept for the next mail.
    pub(crate) fn write(&self, line: &str) -> u64 {
        let mut loss = lock(&self.loss);
        let patience = match loss.lines {
            0 => PollTimeout::from(PATIENCE_MILLIS),
            _ => PollTimeout::ZERO,
        };
        let written = match &self.place {
            SinkPlace::Stderr => put(io::stderr().as_fd(), line.as_bytes(), patience),
            SinkPlace::File { path, target } => {
                let mut target = lock(target);
                target.open_again(path);
                target.put(line.as_bytes(), patience)
            }
        };
        match written {
            Ok(()) => std::mem::take(&mut loss.lines),
            Err(error) => {
                loss.lines = loss.lines.saturating_add(1);
                if loss.lines == 1 {
                    loss.news = Some(self.tell(&error.into()));
                }
                0
            }
        }
    }

    /// Reports on standard error, where that is another place, that the log cannot be written.
    /// Returns the words.
    fn tell(&self, error: &io::Error) -> String {
        let SinkPlace::File { path, .. } = &self.place else {
            return format!(
                "Standard error, where the log goes, could not be written to for a while: {error}"
            );
        };
        let path = path.display();
        let words = format!("The log file `{path}` could not be written to for a while: {error}");
        say(&words);
        words
    }

    /// Takes what is to be told elsewhere of lines that were lost: a sentence without its full
    /// stop.
    pub(crate) fn take_news(&self) -> Option<String> {
        lock(&self.loss).news.take()
    }

    /// Opens the file anew; does nothing for standard error.
    pub(crate) fn reopen(&self) -> io::Result<()> {
        if let SinkPlace::File { path, target } = &self.place {
            let fresh = open(path)?;
            *lock(target) = SinkTarget::Open(fresh);
        }
        Ok(())
    }

    /// Returns whether lines go to the journal, which wants levels and adds the time itself
    /// (`$JOURNAL_STREAM`, systemd.exec(5)).
    pub(crate) fn is_journal(&self) -> bool {
        let SinkPlace::Stderr = self.place else {
            return false;
        };
        let Ok(named) = std::env::var("JOURNAL_STREAM") else {
            return false;
        };
        let Ok(stat) = fstat(io::stderr().as_fd()) else {
            return false;
        };
        named == format!("{}:{}", stat.st_dev, stat.st_ino)
    }
}

impl SinkTarget {
    fn open_again(&mut self, path: &Path) {
        let SinkTarget::Missing(due) = *self else {
            return;
        };
        let now = clock::mono();
        if now >= due {
            *self = open(path).map_or(SinkTarget::Missing(now + OPEN_AGAIN), SinkTarget::Open);
        }
    }

    fn put(&self, bytes: &[u8], patience: PollTimeout) -> Result<(), Errno> {
        match self {
            SinkTarget::Open(file) => put(file.as_fd(), bytes, patience),
            SinkTarget::Missing(_) => put(io::stderr().as_fd(), bytes, patience),
        }
    }
}

fn cannot_be_opened(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    format!(
        "The log file `{path}` cannot be opened, and the log goes to standard error until it can: {error}"
    )
}

/// Writes something to standard error beside the log.
fn say(words: &str) {
    let line = format!("{words}\n");
    let _ = put(io::stderr().as_fd(), line.as_bytes(), PollTimeout::ZERO);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes all of it, waiting for a reader no longer than `patience` each time.
fn put(to: BorrowedFd<'_>, mut bytes: &[u8], patience: PollTimeout) -> Result<(), Errno> {
    // A file has no reader who could be slow.
    let is_file =
        fstat(to).is_ok_and(|stat| stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits());
    while !bytes.is_empty() {
        let piece = if is_file {
            bytes
        } else {
            wait_until_writable(to, patience)?;
            &bytes[..bytes.len().min(PIECE)]
        };
        match write(to, piece) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn wait_until_writable(to: BorrowedFd<'_>, patience: PollTimeout) -> Result<(), Errno> {
    let mut polled = [PollFd::new(to, PollFlags::POLLOUT)];
    match poll(&mut polled, patience) {
        Ok(0) => Err(Errno::EAGAIN),
        // A signal has its handler; whether there is room is asked again without waiting.
        Err(Errno::EINTR) => match poll(&mut polled, PollTimeout::ZERO) {
            Ok(1) => Ok(()),
            _ => Err(Errno::EAGAIN),
        },
        Ok(_) => Ok(()),
        Err(errno) => Err(errno),
    }
}

fn open(path: &Path) -> io::Result<File> {
    open_named(path, 0o600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_away_is_made_anew_on_reopen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let sink = Sink::file(&path);
        sink.write("one\n");
        std::fs::rename(&path, dir.path().join("log.1")).unwrap();
        sink.write("two\n");
        sink.reopen().unwrap();
        sink.write("three\n");
        assert_eq!(
            std::fs::read_to_string(dir.path().join("log.1")).unwrap(),
            "one\ntwo\n"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[test]
    fn a_full_disk_is_not_fatal_and_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let sink = Sink::file(&path);
        assert_eq!(sink.write("lost\n"), 0);
        assert_eq!(sink.write("lost\n"), 0);
        let news = sink.take_news().unwrap();
        assert!(news.contains("could not be written"), "{news}");
        assert_eq!(sink.take_news(), None);
        std::fs::remove_file(&path).unwrap();
        sink.reopen().unwrap();
        assert_eq!(sink.write("there\n"), 2);
        assert_eq!(sink.write("there\n"), 0);
    }

    #[test]
    fn a_pipe_without_a_reader_is_not_waited_for_and_read_later() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let sink = Sink::file(&path);
        sink.write("one\n");
        sink.reopen().unwrap();
        sink.write("two\n");
        let mut reader = open(&path).unwrap();
        let mut bytes = [0; 4];
        io::Read::read_exact(&mut reader, &mut bytes).unwrap();
        assert_eq!(&bytes, b"one\n");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("late/log");
        let sink = Sink::file(&path);
        assert!(sink.take_news().unwrap().contains("cannot be opened"));
        sink.write("to standard error\n");
        std::fs::create_dir(dir.path().join("late")).unwrap();
        let SinkPlace::File { target, .. } = &sink.place else {
            panic!()
        };
        *lock(target) = SinkTarget::Missing(Mono::LONG_AGO);
        sink.write("here\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "here\n");
    }

    #[test]
    fn a_pipe_that_nobody_reads_costs_lines_and_then_tells_how_many() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut both = File::options();
        let mut reader = both.read(true).write(true).open(&path).unwrap();
        let sink = Sink::file(&path);
        let line = format!("{}\n", "x".repeat(9_999));
        let told: u64 = (0..100).map(|_| sink.write(&line)).sum();
        assert_eq!(told, 0);
        let lost = lock(&sink.loss).lines;
        assert!(lost > 80, "{lost}");
        io::Read::read_exact(&mut reader, &mut [0; 40_000]).unwrap();
        assert_eq!((sink.write("here\n"), sink.write("again\n")), (lost, 0));
    }
}
