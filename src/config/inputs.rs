//! Everything that a configuration depends on besides files: given by the caller, so that tests
//! need no process of their own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::{geteuid, gethostname};

use super::origin::Origin;
use crate::core::settings::LogFormat;
use crate::job::{JobRegistration, registered_jobs};
use crate::task::{self, Registration};
use crate::unix::child::{find_group, find_user};

/// What the command line sets.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommandLineLayers {
    /// `--config`
    pub(crate) config: Option<PathBuf>,
    /// `--run-root`
    pub(crate) run_root: Option<PathBuf>,
    /// `--no-kill-concurrent` is `Some(false)`.
    pub(crate) kill_concurrent: Option<bool>,
    /// `--lock`
    pub(crate) lock: Option<String>,
    /// `--keep-lock`
    pub(crate) keep_lock: bool,
    /// `--no-lock`
    pub(crate) no_lock: bool,
    /// `--log-format`
    pub(crate) log_format: Option<LogFormat>,
    /// What `-v` and `-q` amount to.
    pub(crate) log_level: Option<log::LevelFilter>,
}

/// Names the file.
const FILE: &str = "RUN_FUNCTIONS_CONFIG";

/// What surrounds this process.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    /// What the command line sets.
    pub(crate) command_line: CommandLineLayers,
    /// The environment.
    pub(crate) environment: BTreeMap<OsString, OsString>,
    /// The working directory. Absolute.
    pub(crate) cwd: PathBuf,
    /// `/etc`.
    pub(crate) etc: PathBuf,
    /// The name of this machine.
    pub(crate) hostname: String,
    /// The functions of this binary.
    pub(crate) registered: Vec<&'static Registration>,
    /// The jobs that are functions of this binary.
    pub(crate) registered_jobs: Vec<&'static JobRegistration>,
    /// The effective user.
    pub(crate) uid: u32,
    /// Finds the number of a user by its name or number.
    pub(crate) user: fn(&str) -> Option<u32>,
    /// Finds the number of a group by its name or number.
    pub(crate) group: fn(&str) -> Option<u32>,
    /// Whether this program is built with the feature `smtp`.
    pub(crate) delivers_by_smtp: bool,
    /// Whether this program is built with the feature `board-http`.
    pub(crate) has_board_http: bool,
    /// Whether this program is built with the feature `board-postgres`.
    pub(crate) has_board_postgres: bool,
    /// Whether this program can push metrics.
    pub(crate) pushes_metrics: bool,
    /// The engines of locks that this program has besides `file` and `none`: by its features, and
    /// registered.
    pub(crate) lock_engines: Vec<&'static str>,
}

impl Inputs {
    /// Takes what surrounds this process.
    ///
    /// # Errors
    ///
    /// When the working directory has been removed.
    pub(crate) fn of_process(command_line: CommandLineLayers) -> io::Result<Self> {
        let hostname = gethostname().ok().and_then(|name| name.into_string().ok());
        Ok(Inputs {
            command_line,
            environment: std::env::vars_os().collect(),
            cwd: std::env::current_dir()?,
            etc: PathBuf::from("/etc"),
            hostname: hostname.unwrap_or_else(|| "localhost".to_owned()),
            registered: task::registered(),
            registered_jobs: registered_jobs(),
            uid: geteuid().as_raw(),
            user: |name| Some(find_user(name).ok()??.uid.as_raw()),
            group: |name| Some(find_group(name).ok()??.as_raw()),
            delivers_by_smtp: cfg!(feature = "smtp"),
            has_board_http: cfg!(feature = "board-http"),
            has_board_postgres: cfg!(feature = "board-postgres"),
            pushes_metrics: cfg!(feature = "metrics-push"),
            lock_engines: Vec::new(),
        })
    }

    /// Returns a variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        let value = self.environment.get(OsStr::new(name))?;
        (!value.is_empty()).then_some(value.as_os_str())
    }

    /// Returns whether the command line or the environment names the directory of the pidfiles.
    pub(super) fn names_run_root(&self) -> bool {
        self.command_line.run_root.is_some() || self.variable("RUN_FUNCTIONS_RUN_ROOT").is_some()
    }

    /// Returns whether this process may become any user.
    pub(super) fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// Returns the origin of what `--config` or `$RUN_FUNCTIONS_CONFIG` names, with the path.
    pub(super) fn named_file(&self) -> Option<(PathBuf, Origin)> {
        if let Some(path) = &self.command_line.config {
            return Some((self.cwd.join(path), Origin::CommandLine("--config")));
        }
        let path = self.variable(FILE)?;
        Some((self.cwd.join(path), Origin::Variable(FILE.to_owned())))
    }

    /// Returns whether a relative path in the environment names the file: another one in each
    /// directory.
    pub(super) fn names_the_file_of_a_directory(&self) -> bool {
        let path = self.variable(FILE).map(Path::new);
        self.command_line.config.is_none() && path.is_some_and(Path::is_relative)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_what_a_configuration_needs() {
        let inputs = Inputs::of_process(CommandLineLayers::default()).unwrap();
        assert!(inputs.cwd.is_absolute() && !inputs.hostname.is_empty());
        assert_eq!((inputs.user)("root"), Some(0));
        assert_eq!((inputs.user)("0"), Some(0));
        assert_eq!((inputs.group)("12345"), Some(12345));
        assert_eq!((inputs.group)("no such group"), None);
        assert!(inputs.variable("PATH").is_some());
    }
}
