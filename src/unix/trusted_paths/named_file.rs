//! Files to append to that the configuration names, wherever these are: a log, the output of a
//! task.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::readlinkat;
use nix::sys::stat::{FileStat, Mode, SFlag};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use nix::unistd::geteuid;

use super::private_dir::PrivateDir;
use super::trust::{judge_directory, judge_kind, judge_links};
use super::untrusted_path::{PathProblem, UntrustedPath};
use super::way::{self, MOST_LINKS, Missing};
use crate::unix::files::parent;

/// Opens a file to append to, which is made with this mode when it is missing. Neither the opening
/// nor a write waits for a reader.
///
/// As root, a link is followed only where nobody else could have made it. In a directory that
/// others can change, the file must be a regular one with one name.
///
/// # Errors
///
/// When the file cannot be opened; as root also when others can change a directory above, or what
/// is there may be another's.
pub(crate) fn open_named(path: &Path, mode: u32) -> io::Result<File> {
    match geteuid().is_root() {
        true => Ok(open_as_root(path, mode)?),
        false => open_plainly(path, mode),
    }
}

/// Foretells what [`open_named`] will come to, as far as others have a say in it; makes nothing.
///
/// # Errors
///
/// The same.
pub(crate) fn foresee_named(path: &Path) -> Result<(), UntrustedPath> {
    match geteuid().is_root() {
        true => find(path).map(drop),
        false => Ok(()),
    }
}

/// The place of a file, after the links that root has made.
enum FileLocation {
    /// Only root can change what is there.
    Safe(PathBuf),
    /// The directory is another's.
    Foreign(PrivateDir, PathBuf),
}

fn open_as_root(path: &Path, mode: u32) -> Result<File, UntrustedPath> {
    match find(path)? {
        FileLocation::Safe(found) => {
            let opened = open_plainly(&found, mode);
            opened.map_err(|error| UntrustedPath::new(path, PathProblem::Io(error)))
        }
        FileLocation::Foreign(directory, name) => {
            directory.open_to_append(name.as_os_str(), Mode::from_bits_truncate(mode))
        }
    }
}

fn find(path: &Path) -> Result<FileLocation, UntrustedPath> {
    let wrong = |errno: Errno| UntrustedPath::new(path, PathProblem::Io(errno.into()));
    let mut path_now = path.to_owned();
    for _ in 0..MOST_LINKS {
        let name = PathBuf::from(path_now.file_name().ok_or(wrong(Errno::EISDIR))?);
        let above = parent(&path_now);
        let end = way::walk(above, Missing::Left)?.beyond_doubt()?;
        if !end.is_whole {
            return Err(wrong(Errno::ENOENT));
        }
        let is_ours = judge_directory(&end.stat).is_ok();
        let is_of_the_kernel = is_procfs(&end.dir);
        let directory = PrivateDir::at(above, end)?;
        let stat = directory.stat(&name);
        let stat = stat.map_err(|error| directory.wrong(&name, PathProblem::Io(error)))?;
        if !is_ours {
            return judged(directory, name, stat);
        }
        if is_of_the_kernel || !stat.is_some_and(is_link) {
            return Ok(FileLocation::Safe(path_now));
        }
        let target = readlinkat(&directory, &name).map_err(wrong)?;
        path_now = above.join(target);
    }
    Err(wrong(Errno::ELOOP))
}

/// Checks what is in a directory of others before it is opened, where it is checked again.
fn judged(
    directory: PrivateDir,
    name: PathBuf,
    stat: Option<FileStat>,
) -> Result<FileLocation, UntrustedPath> {
    if let Some(stat) = stat {
        let judged = judge_kind(&stat).and_then(|()| judge_links(&stat));
        judged.map_err(|problem| directory.wrong(&name, problem))?;
    }
    Ok(FileLocation::Foreign(directory, name))
}

fn is_link(stat: FileStat) -> bool {
    stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFLNK.bits()
}

/// Links there say what a descriptor is called. The kernel alone knows the way.
fn is_procfs(directory: &impl AsFd) -> bool {
    fstatfs(directory).is_ok_and(|kind| kind.filesystem_type() == PROC_SUPER_MAGIC)
}

/// Waits for nobody: a pipe is opened for both directions, so that neither this call nor a line
/// needs a reader.
fn open_plainly(path: &Path, mode: u32) -> io::Result<File> {
    let is_pipe = fs::metadata(path).is_ok_and(|meta| meta.file_type().is_fifo());
    let mut options = OpenOptions::new();
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    if is_pipe {
        return options.read(true).write(true).open(path);
    }
    options.append(true).create(true).mode(mode).open(path)
}
