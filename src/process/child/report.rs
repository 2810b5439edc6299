//! How a command says more of its end than an exit code can: the file that `$RUN_FUNCTIONS_REPORT` names.
//!
//! A run may append lines to it, in any order:
//!
//! | line | meaning |
//! |---|---|
//! | `kind=TEXT` | if this run fails: failures with the same text are the same exception, whatever else they print |
//! | `retry-later=REASON` | this run is neither a success nor a failure, whatever its exit code: try again after the cooldown |
//!
//! ```sh
//! echo "kind=database down" >> "$RUN_FUNCTIONS_REPORT"; exit 1
//! ```
//!
//! ```python
//! with open(os.environ["RUN_FUNCTIONS_REPORT"], "a") as report:
//!     print("retry-later=the mirror is locked", file=report)
//! ```
//!
//! The file is new for each run, belongs to the run's user alone, and is gone after it. The runner reads it through the descriptor with
//! which it made it, never by its name, and no more than 4 KiB: whatever a run does to the name cannot lead the runner elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};

use super::orders::beginning;

const MOST_BYTES: usize = 4096;
const MOST_TEXT: usize = 200;

/// What a run said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) kind: Option<String>,
    pub(super) retry_later: Option<String>,
    /// Lines that mean nothing, each in a sentence.
    pub(super) notes: Vec<String>,
}

/// The file of one run; removed when dropped.
#[derive(Debug)]
pub(super) struct ReportFile {
    file: File,
    path: PathBuf,
}

impl ReportFile {
    /// Makes the file. `scratch` is a directory of ours; a run with a user of its own could not enter it, and gets a file among those that
    /// are temporary.
    pub(super) fn create(
        scratch: Option<&Path>,
        chain: &str,
        run: &str,
        user: Option<&str>,
    ) -> io::Result<Self> {
        let owner = user.and_then(|name| User::from_name(name).ok().flatten());
        let owner = owner.filter(|owner| owner.uid != geteuid());
        let path = match (scratch, &owner) {
            // One name for each chain: what a killed runner left is replaced by the next run.
            (Some(dir), None) => dir.join(format!("{chain}.report")),
            _ => {
                // No chain has a plus in its name, so that none is the beginning of another.
                let ours = format!("run_functions.{}+{chain}+", geteuid());
                remove_leftovers(&std::env::temp_dir(), &ours);
                std::env::temp_dir().join(format!("{ours}{run}.report"))
            }
        };
        let _ = fs::remove_file(&path);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(&path)?;
        if let Some(owner) = owner {
            let (uid, gid) = (owner.uid.as_raw(), owner.gid.as_raw());
            std::os::unix::fs::fchown(&file, Some(uid), Some(gid))?;
        }
        Ok(ReportFile { file, path })
    }

    /// Returns its name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what the run wrote.
    pub(super) fn read(&self) -> Said {
        if self.file.metadata().map_or(0, |data| data.size()) == 0 {
            return Said::default();
        }
        let mut bytes = [0; MOST_BYTES];
        let read = self.file.read_at(&mut bytes, 0).unwrap_or(0);
        parse(&String::from_utf8_lossy(&bytes[..read]))
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes the files of runners of this chain that were killed.
fn remove_leftovers(dir: &Path, prefix: &str) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        if name.starts_with(prefix) && name.ends_with(".report") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn parse(text: &str) -> Said {
    let mut said = Said::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let value = beginning(value.trim(), MOST_TEXT);
        match key.trim() {
            "kind" if !value.is_empty() => said.kind = Some(value),
            "retry-later" => said.retry_later = Some(value),
            _ => {
                let line = beginning(line, 60);
                said.notes.push(format!(
                    "the run reported `{line}`, which means nothing: write `kind=TEXT` or `retry-later=REASON`"
                ));
            }
        }
    }
    said.notes.truncate(3);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_typing_errors_are_told() {
        let said = parse("kind = db down\n\nretry-later=\nkinf=x\n");
        assert_eq!(said.kind.as_deref(), Some("db down"));
        assert_eq!(said.retry_later.as_deref(), Some(""));
        assert_eq!(said.notes.len(), 1);
        assert!(said.notes[0].contains("`kinf=x`"));
    }

    #[test]
    fn a_name_that_was_led_elsewhere_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("secret");
        fs::write(&secret, "kind=secret").unwrap();
        let report = ReportFile::create(Some(dir.path()), "a", "1", None).unwrap();
        fs::remove_file(report.path()).unwrap();
        std::os::unix::fs::symlink(&secret, report.path()).unwrap();
        assert_eq!(report.read(), Said::default());
        drop(report);
        let report = ReportFile::create(Some(dir.path()), "a", "2", None).unwrap();
        fs::write(report.path(), "kind=ours".repeat(10_000)).unwrap();
        assert_eq!(report.read().kind.map(|kind| kind.len()), Some(MOST_TEXT));
        assert_eq!(fs::read_to_string(secret).unwrap(), "kind=secret");
    }

    #[test]
    fn nothing_is_left_of_a_killed_runner_after_the_next_run() {
        let dir = tempfile::tempdir().unwrap();
        std::mem::forget(ReportFile::create(Some(dir.path()), "a", "1", None).unwrap());
        drop(ReportFile::create(Some(dir.path()), "a", "2", None).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
