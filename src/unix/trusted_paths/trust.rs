//! The users that may own what we rely on: the effective user, and root.

use std::fs;

use nix::sys::stat::{FileStat, SFlag};
use nix::unistd::geteuid;

use super::untrusted_path::PathProblem;

/// Returns whether this user may own what we rely on.
pub(crate) fn is_trusted(uid: u32) -> bool {
    uid == 0 || uid == geteuid().as_raw()
}

/// Returns whether this user may own a directory above. In a user namespace the directories from
/// outside belong to users without a number inside. They cannot be kept apart from root outside,
/// which may do everything inside in any case.
pub(super) fn is_trusted_above(uid: u32) -> bool {
    is_trusted(uid) || is_without_number(uid)
}

fn is_without_number(uid: u32) -> bool {
    let overflow = fs::read_to_string("/proc/sys/kernel/overflowuid").unwrap_or_default();
    if overflow.trim().parse() != Ok(uid) {
        return false;
    }
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let map: Vec<&str> = map.split_whitespace().collect();
    !map.is_empty() && map != ["0", "0", "4294967295"]
}

/// Returns whether users other than the owner may write to a file or directory.
pub(super) fn is_open(stat: &FileStat) -> bool {
    stat.st_mode & 0o022 != 0
}

pub(super) fn judge_directory(stat: &FileStat) -> Result<(), PathProblem> {
    if !is_trusted(stat.st_uid) {
        return Err(PathProblem::ForeignDirectory(stat.st_uid));
    }
    match is_open(stat) {
        true => Err(PathProblem::WritableByOthers(stat.st_mode & 0o7777)),
        false => Ok(()),
    }
}

/// Checks a file that only we write.
pub(super) fn judge_file(stat: &FileStat) -> Result<(), PathProblem> {
    judge_kind(stat)?;
    if stat.st_uid != geteuid().as_raw() {
        return Err(PathProblem::ForeignFile(stat.st_uid));
    }
    judge_links(stat)
}

/// Returns an error when a file has other names.
pub(super) fn judge_links(stat: &FileStat) -> Result<(), PathProblem> {
    match stat.st_nlink {
        1 => Ok(()),
        links => Err(PathProblem::Links(links)),
    }
}

/// Returns an error unless a file is a regular one.
pub(super) fn judge_kind(stat: &FileStat) -> Result<(), PathProblem> {
    let kind = match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => return Ok(()),
        SFlag::S_IFIFO => "a fifo",
        SFlag::S_IFDIR => "a directory",
        SFlag::S_IFSOCK => "a socket",
        SFlag::S_IFLNK => return Err(PathProblem::Symlink),
        _ => "a device",
    };
    Err(PathProblem::NotAFile(kind))
}
