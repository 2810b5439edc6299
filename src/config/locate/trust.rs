//! The owner and mode that a configuration file must have, because the file names programs to run.
//! A file that was found must be ours, as for git, sudo and cron; a file that was named is what the
//! user meant, unless every user can write to it.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::sys::stat::{FileStat, SFlag, fstat, lstat, stat};
use nix::unistd::{Group, User, getegid, geteuid};

use crate::config::origin::Origin;
use crate::config::report::ConfigProblem;
use crate::unix::trusted_paths::is_trusted;

/// How a file came to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Come {
    /// By its whole path, or on the command line.
    Named,
    /// Because it was where files are looked for.
    Found,
}

impl Come {
    /// Opens a file. What is named may be a pipe, and is waited for; what is found may not.
    pub(super) fn open(self, path: &Path) -> io::Result<File> {
        let mut options = File::options();
        options.read(true);
        if self == Come::Found {
            options.custom_flags(libc::O_NONBLOCK);
        }
        options.open(path)
    }
}

/// Why a file is not obeyed, and what would make it ours where that is one command.
struct Distrust {
    why: String,
    remedy: Option<String>,
}

impl Distrust {
    fn open(what: &str, found: &FileStat) -> Self {
        let mode = found.st_mode & 0o7777;
        Distrust {
            why: format!("{what} can be written by others (mode {mode:04o})"),
            remedy: None,
        }
    }

    fn foreign(what: &str, uid: u32) -> Self {
        Distrust {
            why: format!("{what} belongs to uid {uid}; what is found must be ours or root's"),
            remedy: None,
        }
    }

    fn remedy(self, command: impl Into<String>) -> Self {
        let remedy = Some(command.into());
        Distrust { remedy, ..self }
    }
}

/// Checks an opened file.
///
/// # Errors
///
/// When others could have written it: whose it is, or how that comes, and what to do.
pub(super) fn judge(
    file: &File,
    path: &Path,
    origin: &Origin,
    come: Come,
) -> Result<(), ConfigProblem> {
    let Ok(found) = fstat(file) else {
        return Ok(());
    };
    let distrust = match come {
        Come::Named => of_named(&found),
        Come::Found => of_found(&found, path),
    };
    let Some(Distrust { why, remedy }) = distrust else {
        return Ok(());
    };
    let shown = path.display();
    let message = format!("configuration file `{shown}` is not obeyed: {why}");
    Err(
        ConfigProblem::error(origin, message).help(match (come, remedy) {
            (Come::Named, remedy) => format!("{} {shown}", remedy.unwrap_or_default()),
            (Come::Found, Some(remedy)) => {
                format!("look at it; then `{remedy} {shown}`, or name it: `--config {shown}`")
            }
            (Come::Found, None) => {
                format!("look at it, and name it if it is right: `--config {shown}`")
            }
        }),
    )
}

fn of_named(file: &FileStat) -> Option<Distrust> {
    let is_open = kind(file) == SFlag::S_IFREG && file.st_mode & 0o002 != 0;
    is_open.then(|| Distrust::open("it", file).remedy("chmod o-w"))
}

fn of_found(file: &FileStat, path: &Path) -> Option<Distrust> {
    let ours = geteuid();
    match kind(file) {
        SFlag::S_IFREG => {}
        // Reading it reports so.
        SFlag::S_IFDIR => return None,
        _ => {
            let why = "it is not a regular file".to_owned();
            return Some(Distrust { why, remedy: None });
        }
    }
    if !is_trusted(file.st_uid) {
        return Some(Distrust::foreign("it", file.st_uid).remedy(format!("chown {ours}")));
    }
    if is_open_to_others(file) {
        return Some(Distrust::open("it", file).remedy("chmod go-w"));
    }
    let link = lstat(path).ok().filter(|link| !is_trusted(link.st_uid));
    if let Some(link) = link {
        let distrust = Distrust::foreign("the link to it", link.st_uid);
        return Some(distrust.remedy(format!("chown -h {ours}")));
    }
    of_directory(path)
}

/// Checks the directory of a file, for root: its owner can replace the file, and owns the files
/// beside it that the file names.
fn of_directory(path: &Path) -> Option<Distrust> {
    let directory = path.parent().filter(|_| geteuid().is_root())?;
    let found = stat(directory).ok()?;
    if !is_trusted(found.st_uid) {
        return Some(Distrust::foreign("its directory", found.st_uid));
    }
    let is_open = found.st_mode & 0o022 != 0 && found.st_mode & 0o1000 == 0;
    is_open.then(|| Distrust::open("its directory", &found))
}

fn kind(file: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(file.st_mode) & SFlag::S_IFMT
}

/// Returns whether users other than the owner may write to a file. A group with the name of the
/// user and without other members does not count: many systems create one for each user, and set a
/// umask of 002.
fn is_open_to_others(file: &FileStat) -> bool {
    match file.st_mode & 0o022 {
        0 => false,
        0o020 => !is_private(file.st_gid),
        _ => true,
    }
}

fn is_private(gid: u32) -> bool {
    if geteuid().is_root() || gid != getegid().as_raw() {
        return false;
    }
    let (user, group) = (User::from_uid(geteuid()), Group::from_gid(gid.into()));
    let (Ok(Some(user)), Ok(Some(group))) = (user, group) else {
        return false;
    };
    user.name == group.name && group.mem.iter().all(|member| *member == user.name)
}
