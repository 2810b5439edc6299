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
        })
    }

    /// Writes a line, which has its line feed. Whatever goes wrong is nobody's problem: there is no place to report it to, and the chain goes on.
    pub(crate) fn write(&self, line: &str) {
        let _ = match &self.place {
            Place::Stderr => io::stderr().write_all(line.as_bytes()),
            Place::File { file, .. } => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.write_all(line.as_bytes())
            }
        };
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
    fn a_full_disk_is_not_fatal() {
        let sink = Sink::file(Path::new("/dev/full")).unwrap();
        sink.write("lost\n");
    }
}
