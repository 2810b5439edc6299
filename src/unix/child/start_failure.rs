//! Why something could not start, in words: what, where, as whom, why, and what to do about it.

use std::io;

use super::orders::{Refusal, Stage};
use super::program::misread;
use crate::failure::{Failure, FailureClass};
use crate::settings::ChildSettings;

/// Makes the failure of a run that could not start.
pub(super) fn failure_of(refusal: &Refusal, settings: &ChildSettings) -> Failure {
    let why = match (&refusal.reason, refusal.errno) {
        (Some(reason), _) => reason.clone(),
        (None, Some(errno)) => io::Error::from_raw_os_error(errno).to_string(),
        (None, None) => "the reason is not known".to_owned(),
    };
    let what = subject_in_words(refusal);
    let mut failure = Failure::new(FailureClass::NotStarted, format!("{what}: {why}"));
    failure.notes.push(circumstances(settings));
    failure.notes.extend(remedy(refusal).map(str::to_owned));
    failure
}

fn subject_in_words(refusal: &Refusal) -> String {
    let subject = &refusal.subject;
    match refusal.stage {
        Stage::Spawn => "a process for it could not be made".to_owned(),
        Stage::Orders => "the launcher did not get its orders".to_owned(),
        Stage::Session => "it could not get a session of its own".to_owned(),
        Stage::Parent => "the launcher lost the runner".to_owned(),
        Stage::Limit => format!("limit `{subject}`"),
        Stage::Nice => format!("nice `{subject}`"),
        Stage::IoNice => format!("I/O class and level `{subject}`"),
        Stage::User => format!("user `{subject}`"),
        Stage::Group => format!("group `{subject}`"),
        Stage::WorkingDir => format!("working directory `{subject}`"),
        Stage::Stdin => format!("standard input `{subject}`"),
        Stage::Shebang => format!("script `{subject}`"),
        Stage::Interpreter => format!("interpreter `{subject}`"),
        Stage::Program => format!("program `{subject}`"),
        Stage::Function => format!("function `{subject}`"),
    }
}

fn circumstances(settings: &ChildSettings) -> String {
    let own_dir = || std::env::current_dir().unwrap_or_default();
    let dir = settings.working_dir.clone().unwrap_or_else(own_dir);
    let uid = nix::unistd::geteuid();
    let user = match &settings.user {
        Some(user) => format!("`{user}`"),
        None => format!("the runner's own (uid {uid})"),
    };
    format!("directory: `{}`; user: {user}", dir.display())
}

fn remedy(refusal: &Refusal) -> Option<&'static str> {
    let remedy = match (refusal.stage, refusal.errno?) {
        (Stage::Program, libc::ENOENT) if misread(&refusal.subject).is_some() => {
            return misread(&refusal.subject);
        }
        (Stage::Program, libc::ENOENT) if !refusal.subject.contains('/') => {
            "it is in no directory of the PATH that the run has, which for a service is shorter \
             than that of a login: write the whole path, or set PATH in `env`; \
             `once --clean-env TASK` runs it as a service would"
        }
        (Stage::Program, libc::ENOENT) => "check the path; a relative one begins at `working_dir`",
        (Stage::Program, libc::EACCES) => {
            "make it executable (`chmod +x`), use `script` for a file without that bit, and \
             check that the user may enter each directory above it"
        }
        (Stage::Program, libc::ENOEXEC) => {
            "it is neither a program for this machine nor a script with `#!` in its first line: \
             add that line, or use `shell`"
        }
        (_, libc::ETXTBSY) => "somebody is writing to it: install new versions by renaming",
        (_, libc::E2BIG) => {
            "arguments and environment are larger than the system takes together: pass them in \
             a file, or use `env_clear`"
        }
        (_, libc::EAGAIN) => "the limit of processes is reached (`ulimit -u`, TasksMax=)",
        (_, libc::ENOMEM) => "there is no memory left for a new process",
        (_, libc::EMFILE | libc::ENFILE) => "there is no descriptor left (`ulimit -n`)",
        (Stage::WorkingDir | Stage::Stdin | Stage::Shebang | Stage::Interpreter, libc::EACCES) => {
            "the user may not open it, or not enter a directory above it: `namei -l` shows the \
             permissions along a path"
        }
        (Stage::Interpreter, _) => "install it, or correct the first line of the script",
        (Stage::User | Stage::Group, libc::EPERM) => {
            "only root can change user and group: start the runner as root, or leave `user` and \
             `group` out"
        }
        (Stage::Nice | Stage::Limit | Stage::IoNice, libc::EPERM | libc::EACCES) => {
            "only root can raise it"
        }
        (Stage::WorkingDir, _) => "correct `working_dir`, or make the directory",
        (Stage::Stdin, _) => "correct `stdin`",
        _ => return None,
    };
    Some(remedy)
}

/// Makes the refusal of a process that could not even be made.
pub(super) fn of_spawn(error: &io::Error) -> Refusal {
    Refusal {
        stage: Stage::Spawn,
        subject: String::new(),
        errno: error.raw_os_error(),
        reason: error.raw_os_error().is_none().then(|| error.to_string()),
    }
}
