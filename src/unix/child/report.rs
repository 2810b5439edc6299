//! How a command says more of its end than an exit code can: the file that `$RUN_FUNCTIONS_REPORT`
//! names.
//!
//! A run may append lines to it, in any order:
//!
//! | line | meaning |
//! |---|---|
//! | `kind=TEXT` | if this run fails: failures with the same text are the same exception, whatever else they print |
//! | `metric=NAME[,TAG=VALUE] NUMBER` | a number of the task's own, which is pushed where `[metrics_push]` is set |
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
//! The file is new for each run, belongs to the run's user alone, and is gone after it. Where none
//! can be made, the variable names `/dev/null`, so that a run that writes to it does not fail of
//! that, and a note says why. The runner reads it through the descriptor with which it made it,
//! never by its name, and no more than 64 KiB: whatever a run does to the name cannot lead the
//! runner elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Once;

use nix::unistd::{geteuid, getpid};

use super::launch_request::beginning;
use super::switch_user::find_user;
use crate::core::own_metric::OwnMetric;

const MOST_BYTES: usize = 64 << 10;
const MOST_TEXT: usize = 200;

/// Where everybody may make temporary files on any Linux (file-hierarchy(7)).
const OTHERS: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// What a run reported about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RunReport {
    pub(super) kind: Option<String>,
    pub(super) retry_later: Option<String>,
    pub(super) metrics: Vec<OwnMetric>,
    /// Lines that mean nothing, each in a sentence.
    pub(super) notes: Vec<String>,
}

impl RunReport {
    fn add_metric(&mut self, line: &str) {
        let text = line.split_once('=').map_or("", |(_, text)| text.trim());
        match OwnMetric::parse(text) {
            Ok(metric) => self.metrics.push(metric),
            Err(error) => {
                let line = beginning(line, 60);
                let note = format!("the run reported `{line}`, which is no metric: {error}");
                self.notes.push(note);
            }
        }
    }

    /// What a run reported that had no file to say it in.
    pub(super) fn nothing(error: &io::Error) -> Self {
        let note =
            format!("the run had no file for its report, because none could be made: {error}");
        RunReport {
            notes: vec![note],
            ..RunReport::default()
        }
    }
}

/// The file of one run; removed when dropped.
#[derive(Debug)]
pub(super) struct ReportFile {
    file: File,
    path: PathBuf,
}

impl ReportFile {
    /// Makes the file. `scratch` is a directory of ours; a run with a user of its own could not
    /// enter it, and gets a file among those that are temporary.
    pub(super) fn create(
        scratch: Option<&Path>,
        chain: &str,
        run: &str,
        user: Option<&str>,
    ) -> io::Result<Self> {
        static CLEANED: Once = Once::new();
        let owner = user.and_then(|name| find_user(name).ok().flatten());
        let owner = owner.filter(|owner| owner.uid != geteuid());
        let temporary = std::env::temp_dir();
        let first = match (scratch, &owner) {
            (Some(dir), None) => Some(dir),
            (_, Some(_)) => Some(&*temporary).filter(|dir| everybody_may_enter(dir)),
            (None, None) => Some(&*temporary),
        };
        CLEANED.call_once(|| remove_leftovers(first.unwrap_or(&temporary)));
        let name = format!("{}{}+{chain}+{run}.report", prefix(), getpid());
        let (file, path) = create_in(first, &name)?;
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
    pub(super) fn read(&self) -> RunReport {
        if self.file.metadata().map_or(0, |data| data.size()) == 0 {
            return RunReport::default();
        }
        let mut bytes = vec![0; MOST_BYTES];
        let read = self.file.read_at(&mut bytes, 0).unwrap_or(0);
        parse(&String::from_utf8_lossy(&bytes[..read]))
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the file where it should be, or else where everybody may: a TMPDIR of long ago should cost
/// no run its words.
fn create_in(first: Option<&Path>, name: &str) -> io::Result<(File, PathBuf)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let open = |dir: &Path| {
        let path = dir.join(name);
        options.open(&path).map(|file| (file, path))
    };
    let mut refused = io::Error::from(io::ErrorKind::NotFound);
    for dir in first.into_iter().chain(OTHERS.map(Path::new)) {
        match open(dir) {
            Ok(made) => return Ok(made),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// A directory of the runner's own (as some give to each login) is closed to a run with another
/// user.
fn everybody_may_enter(dir: &Path) -> bool {
    const OTHERS_MAY_ENTER: u32 = 0o001;
    let may_enter =
        |dir: &Path| fs::metadata(dir).is_ok_and(|data| data.mode() & OTHERS_MAY_ENTER != 0);
    std::path::absolute(dir).is_ok_and(|dir| dir.ancestors().all(may_enter))
}

fn prefix() -> String {
    format!("run_functions.{}+", geteuid())
}

/// Removes the files of runners that were killed.
fn remove_leftovers(dir: &Path) {
    let prefix = prefix();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        let of = name
            .strip_prefix(&prefix)
            .filter(|_| name.ends_with(".report"));
        let pid = of.and_then(|of| of.split('+').next()?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn parse(text: &str) -> RunReport {
    let mut said = RunReport::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let value = beginning(value.trim(), MOST_TEXT);
        match key.trim() {
            "kind" if !value.is_empty() => said.kind = Some(value),
            "retry-later" => said.retry_later = Some(value),
            "metric" => said.add_metric(line),
            _ => {
                let line = beginning(line, 60);
                said.notes.push(format!(
                    "the run reported `{line}`, which means nothing: write `kind=TEXT`, `retry-later=REASON` or `metric=NAME NUMBER`"
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
    fn numbers_are_metrics_and_reserved_names_are_told() {
        let said = parse("metric=orders,shop=a b 3\nmetric = rows 1e3\nmetric=lock_held 1\n");
        let names: Vec<&str> = said.metrics.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["orders", "rows"]);
        assert_eq!(said.metrics[1].value, 1000.0);
        assert!(
            said.notes[0].contains("`metric=lock_held 1`"),
            "{:?}",
            said.notes
        );
        assert!(
            said.notes[0].contains("the runner's own"),
            "{:?}",
            said.notes
        );
    }

    #[test]
    fn a_directory_that_is_gone_is_replaced_by_one_that_is_always_there() {
        let gone = Path::new("/nowhere/at/all");
        let report = ReportFile::create(Some(gone), "elsewhere", "1", None).unwrap();
        assert!(OTHERS.iter().any(|dir| report.path().starts_with(dir)));
    }

    #[test]
    fn a_closed_directory_anywhere_above_is_no_place_for_another_user() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("below");
        fs::create_dir(&below).unwrap();
        let open = |mode| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
            fs::set_permissions(dir.path(), mode).unwrap();
            everybody_may_enter(&below)
        };
        assert!(!open(0o700));
        assert_eq!(open(0o711), everybody_may_enter(dir.path()));
        assert!(everybody_may_enter(Path::new("/")));
    }

    #[test]
    fn a_name_that_was_led_elsewhere_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("secret");
        fs::write(&secret, "kind=secret").unwrap();
        let report = ReportFile::create(Some(dir.path()), "a", "1", None).unwrap();
        fs::remove_file(report.path()).unwrap();
        std::os::unix::fs::symlink(&secret, report.path()).unwrap();
        assert_eq!(report.read(), RunReport::default());
        drop(report);
        let report = ReportFile::create(Some(dir.path()), "a", "2", None).unwrap();
        fs::write(report.path(), "kind=ours".repeat(10_000)).unwrap();
        assert_eq!(report.read().kind.map(|kind| kind.len()), Some(MOST_TEXT));
        assert_eq!(fs::read_to_string(secret).unwrap(), "kind=secret");
    }

    #[test]
    fn what_a_killed_runner_left_is_removed_and_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let ours = dir
            .path()
            .join(format!("{}{}+a+1.report", prefix(), getpid()));
        let dead = dir
            .path()
            .join(format!("{}{}+a+1.report", prefix(), u32::MAX));
        let other = dir.path().join("a.report");
        for path in [&ours, &dead, &other] {
            fs::write(path, "").unwrap();
        }
        remove_leftovers(dir.path());
        assert_eq!(
            [ours, dead, other].map(|path| path.exists()),
            [true, false, true]
        );
    }
}
