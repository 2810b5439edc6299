//! Our own executable, to be started again with a hidden verb: as mail worker, to ping, as launcher
//! of commands, as isolated function, as keeper of children.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use once_cell::sync::OnceCell;

use crate::core::hash::fnv1a;

/// Kept open from the first use on, so that an upgrade on disk mixes no two versions.
static PROGRAM: OnceCell<File> = OnceCell::new();

/// The verbs that people do not type, each handled in `cli::main` before the command line is read.
pub(crate) const MAIL_WORKER: &str = "__mail-worker";
/// See [`MAIL_WORKER`].
pub(crate) const PING_WORKER: &str = "__ping-worker";
/// See [`MAIL_WORKER`].
pub(crate) const LAUNCHER: &str = "__launch";
/// See [`MAIL_WORKER`].
pub(crate) const KEEPER: &str = "__keeper";
/// Follows [`LAUNCHER`] where the runtime of `main` is not needed.
pub(crate) const OF_A_PROGRAM: &str = "program";

/// Opens our executable, so that later uses mean the program that runs now. Called first thing in
/// `main`.
///
/// # Errors
///
/// When `/proc` is not mounted.
pub(crate) fn pin() -> io::Result<&'static File> {
    PROGRAM.get_or_try_init(|| {
        let flags = libc::O_PATH | libc::O_CLOEXEC;
        File::options()
            .read(true)
            .custom_flags(flags)
            .open("/proc/self/exe")
    })
}

/// Makes a file stand for our executable. For tests and benches, whose own executable knows no
/// hidden verbs.
///
/// # Errors
///
/// When it cannot be opened, or another was pinned before.
pub(crate) fn pin_to(path: &Path) -> io::Result<()> {
    let flags = libc::O_PATH | libc::O_CLOEXEC;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    PROGRAM
        .set(file)
        .map_err(|_| io::Error::from(io::ErrorKind::AlreadyExists))
}

/// Returns where our program is, for whoever is to start it later: by the name that a person used
/// if that leads to it, such as a link that the next version will be behind; else where it really
/// is. `search` is `PATH`.
///
/// # Errors
///
/// When it cannot be found, or was removed.
pub(crate) fn path(search: Option<&OsStr>) -> io::Result<PathBuf> {
    let real = std::env::current_exe()?.canonicalize()?;
    let typed = std::env::args_os()
        .next()
        .map(PathBuf::from)
        .unwrap_or_default();
    let candidates = if typed.components().count() > 1 {
        vec![std::path::absolute(&typed)?]
    } else {
        let directories = std::env::split_paths(search.unwrap_or_default())
            .filter(|directory| directory.is_absolute());
        directories
            .map(|directory| directory.join(&typed))
            .collect()
    };
    let mut ours = candidates.into_iter();
    let ours = ours.find(|path| path.canonicalize().is_ok_and(|path| path == real));
    Ok(ours.unwrap_or(real))
}

/// Returns a command that starts our own program with a hidden verb. It is spawned by `posix_spawn`
/// as long as nothing is added to it that needs code between fork and exec.
///
/// # Errors
///
/// When `/proc` is not mounted.
pub(crate) fn command(verb: &str) -> io::Result<Command> {
    let program = pin()?;
    // The child resolves this path before its close-on-exec descriptors go.
    let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
    command.arg0("run_functions").arg(verb);
    Ok(command)
}

/// Becomes our program anew, with the arguments that this process was started with: same pid, no
/// lock, no other thread. Returns only when that cannot be done.
pub(crate) fn start_again() -> io::Error {
    let program = match pin() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| "run_functions".into());
    let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
    command.arg0(name).args(arguments).exec()
}

/// Returns what tells this executable from another build of it: device, inode, size and time of its
/// last change.
///
/// # Errors
///
/// When `/proc` is not mounted.
pub(crate) fn identity() -> io::Result<String> {
    let stat = pin()?.metadata()?;
    Ok(format!(
        "{}:{}:{}:{}",
        stat.dev(),
        stat.ino(),
        stat.size(),
        stat.mtime()
    ))
}

/// Returns what distinguishes this executable from another build, on any machine: a hash of its
/// size, its beginning, where linkers note the build, and its end.
pub(crate) fn content() -> u64 {
    static CONTENT: OnceLock<u64> = OnceLock::new();
    *CONTENT.get_or_init(|| {
        let bytes = beginning_and_end();
        fnv1a(&bytes.unwrap_or_else(|_| identity().unwrap_or_default().into_bytes()))
    })
}

fn beginning_and_end() -> io::Result<Vec<u8>> {
    const PART: u64 = 64 << 10;
    let file = File::open("/proc/self/exe")?;
    let size = file.metadata()?.len();
    let mut bytes = size.to_le_bytes().to_vec();
    for from in [0, size.saturating_sub(PART)] {
        let mut part = vec![0; usize::try_from(PART.min(size)).unwrap_or(0)];
        file.read_exact_at(&mut part, from)?;
        bytes.extend(part);
    }
    Ok(bytes)
}

/// Returns when this executable was last changed.
///
/// # Errors
///
/// When `/proc` is not mounted, or the file system knows no such time.
pub(crate) fn changed() -> io::Result<SystemTime> {
    pin()?.metadata()?.modified()
}

/// Returns what this program was called by: a binary of a user has its own name.
pub(crate) fn name() -> String {
    let path = std::env::args_os().next().map(std::path::PathBuf::from);
    let name = path.as_deref().and_then(std::path::Path::file_name);
    name.map_or_else(
        || "run_functions".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
