//! Where lines go. A line is one write(2), so that lines of several processes in one file stay whole.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::sys::stat::fstat;

/// Standard error, or a file that can be opened anew.
#[derive(Debug)]
pub(crate) struct Sink {
    place: Place,
    loss: Mutex<Loss>,
}

/// What could not be written.
#[derive(Debug, Default)]
struct Loss {
    /// How many lines since the last one that was.
    lines: u64,
    /// What is to be told elsewhere, as long as nobody took it.
    news: Option<String>,
}

#[derive(Debug)]
enum Place {
    Stderr,
    File { path: PathBuf, file: Mutex<File> },
}

impl Sink {
    /// Writes to standard error.
    pub(crate) fn stderr() -> Self {
        Sink {
            place: Place::Stderr,
            loss: Mutex::default(),
        }
    }

    /// Appends to a file, which is made (0600) when it is missing.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn file(path: &Path) -> io::Result<Self> {
        let file = Mutex::new(open(path)?);
        Ok(Sink {
            place: Place::File {
                path: path.to_owned(),
                file,
            },
            loss: Mutex::default(),
        })
    }

    /// Writes a line, which has its line feed. What goes wrong is never fatal: it is said on standard error at the first time, and kept for
    /// the next mail. Returns how many lines before this one were lost, when this is the first that could be written again.
    pub(crate) fn write(&self, line: &str) -> u64 {
        let written = match &self.place {
            Place::Stderr => io::stderr().write_all(line.as_bytes()),
            Place::File { file, .. } => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.write_all(line.as_bytes())
            }
        };
        let mut loss = self.loss.lock().unwrap_or_else(PoisonError::into_inner);
        match written {
            Ok(()) => std::mem::take(&mut loss.lines),
            Err(error) => {
                loss.lines += 1;
                if loss.lines == 1 {
                    let words = format!(
                        "{} could not be written to for a while: {error}",
                        self.name()
                    );
                    let _ = io::stderr().write_all(format!("{words}\n").as_bytes());
                    loss.news = Some(words);
                }
                0
            }
        }
    }

    /// Takes what is to be told elsewhere of lines that were lost.
    pub(crate) fn take_news(&self) -> Option<String> {
        let mut loss = self.loss.lock().unwrap_or_else(PoisonError::into_inner);
        loss.news.take()
    }

    fn name(&self) -> String {
        match &self.place {
            Place::Stderr => "standard error, where the log goes,".to_owned(),
            Place::File { path, .. } => format!("the log file `{}`", path.display()),
        }
    }

    /// Opens the file anew; does nothing for standard error.
    pub(crate) fn reopen(&self) -> io::Result<()> {
        if let Place::File { path, file } = &self.place {
            let fresh = open(path)?;
            *file.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(())
    }

    /// Returns whether lines go to the journal, which wants levels and adds the time itself (`$JOURNAL_STREAM`, systemd.exec(5)).
    pub(crate) fn is_journal(&self) -> bool {
        let Place::Stderr = self.place else {
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

fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_away_is_made_anew_on_reopen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let sink = Sink::file(&path).unwrap();
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
        let sink = Sink::file(&path).unwrap();
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
}
