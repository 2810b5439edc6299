//! Why something could not start, in words: what, where, as whom, why, and what to do about it.

use std::io;

use super::super::keeper::KeeperRefusal;
use super::launch_request::{LaunchStage, StartFailure};
use super::program::misread;
use crate::core::failure::{Failure, FailureClass, Outcome};
use crate::core::settings::ChildSettings;

/// Makes the failure of a run that could not start.
pub(super) fn failure_of(refusal: &StartFailure, settings: &ChildSettings) -> Failure {
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

fn subject_in_words(refusal: &StartFailure) -> String {
    let subject = &refusal.subject;
    match refusal.stage {
        LaunchStage::Spawn => "a process for it could not be made".to_owned(),
        LaunchStage::Orders => "the launcher did not get its orders".to_owned(),
        LaunchStage::Session => "it could not get a session of its own".to_owned(),
        LaunchStage::Parent => "the launcher lost the runner".to_owned(),
        LaunchStage::Limit => format!("limit `{subject}`"),
        LaunchStage::Nice => format!("nice `{subject}`"),
        LaunchStage::IoNice => format!("I/O class and level `{subject}`"),
        LaunchStage::User => format!("user `{subject}`"),
        LaunchStage::Group => format!("group `{subject}`"),
        LaunchStage::WorkingDir => format!("working_dir `{subject}`"),
        LaunchStage::Stdin => format!("stdin `{subject}`"),
        LaunchStage::Shebang => format!("script `{subject}`"),
        LaunchStage::Interpreter => format!("interpreter `{subject}`"),
        LaunchStage::Program => format!("program `{subject}`"),
        LaunchStage::Function => format!("function `{subject}`"),
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

fn remedy(refusal: &StartFailure) -> Option<&'static str> {
    let remedy = match (refusal.stage, refusal.errno?) {
        (LaunchStage::Program, libc::ENOENT) if misread(&refusal.subject).is_some() => {
            return misread(&refusal.subject);
        }
        (LaunchStage::Program, libc::ENOENT) if !refusal.subject.contains('/') => {
            "it is in no directory of the PATH that the run has, which for a service is shorter \
             than that of a login: write the whole path, or set PATH in `env`; \
             `once --clean-env TASK` runs it as a service would"
        }
        (LaunchStage::Program, libc::ENOENT) => {
            "check the path; a relative one begins at `working_dir`"
        }
        (LaunchStage::Program, libc::EACCES) => {
            "make it executable (`chmod +x`), use `script` for a file without that bit, and \
             check that the user may enter each directory above it"
        }
        (LaunchStage::Program, libc::ENOEXEC) => {
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
        (
            LaunchStage::WorkingDir
            | LaunchStage::Stdin
            | LaunchStage::Shebang
            | LaunchStage::Interpreter,
            libc::EACCES,
        ) => {
            "the user may not open it, or not enter a directory above it: `namei -l` shows the \
             permissions along a path"
        }
        (LaunchStage::Interpreter, _) => "install it, or correct the first line of the script",
        (LaunchStage::User | LaunchStage::Group, libc::EPERM) => {
            "only root can change user and group: start the runner as root, or leave `user` and \
             `group` out"
        }
        (
            LaunchStage::Nice | LaunchStage::Limit | LaunchStage::IoNice,
            libc::EPERM | libc::EACCES,
        ) => "only root can raise it",
        (LaunchStage::WorkingDir, _) => "correct `working_dir`, or make the directory",
        (LaunchStage::Stdin, _) => "correct `stdin`",
        _ => return None,
    };
    Some(remedy)
}

/// Returns what comes of a run of which not even a process could be made.
pub(super) fn outcome_of(error: &io::Error, settings: &ChildSettings) -> Outcome {
    if let Some(refusal) = KeeperRefusal::of(error) {
        let how = format!("nothing is started: {refusal}");
        return Outcome::Interrupted { how };
    }
    Outcome::Failure(Box::new(failure_of(&of_spawn(error), settings)))
}

fn of_spawn(error: &io::Error) -> StartFailure {
    StartFailure {
        stage: LaunchStage::Spawn,
        subject: String::new(),
        errno: error.raw_os_error(),
        reason: error.raw_os_error().is_none().then(|| error.to_string()),
    }
}
