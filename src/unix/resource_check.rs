//! Whether this process has what it will need: to be asked before something is given up for it.

use std::fs::File;
use std::io;

use crate::core::exit;

/// Returns an error unless `count` more descriptors could be opened now.
///
/// # Errors
///
/// When the limit of this process or of the machine is reached.
pub(crate) fn descriptors(count: usize) -> io::Result<()> {
    let held: io::Result<Vec<File>> = (0..count).map(|_| File::open("/dev/null")).collect();
    held.map(drop)
}

/// Returns whether something has run short that may be there again later: descriptors, threads,
/// memory, room on the disk.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    let short = [
        libc::EAGAIN,
        libc::EDQUOT,
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::ENOSPC,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| short.contains(&code))
}

/// Returns whether something has run short that this process needs for anything it does, whatever
/// the disk.
pub(crate) fn is_shortage_of_process(error: &io::Error) -> bool {
    let disk = [libc::EDQUOT, libc::ENOSPC];
    let code = error.raw_os_error();
    is_shortage(error) && code.is_some_and(|code| !disk.contains(&code))
}

/// Returns the exit code for what the system refuses where our files are.
pub(crate) fn exit_code(error: &io::Error) -> u8 {
    match is_shortage(error) {
        true => exit::SHORTAGE,
        false => exit::UNSAFE_DIRECTORY,
    }
}

/// Returns what to do about a shortage.
pub(crate) fn remedy(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOSPC | libc::EDQUOT) => "make room on its disk: look at `df` and `df -i`",
        _ => "look at `ulimit -n` and at the memory that is left",
    }
}
