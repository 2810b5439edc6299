//! The file that output is appended to besides: opened as the user of the run, whose directory it
//! may be in.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, geteuid, getgrouplist, getgroups, setfsgid, setfsuid};

use super::super::trusted_paths::{PrivateDir, open_named};
use super::switch_user::{find_group, find_user};
use super::sys;
use crate::core::settings::ChildSettings;

/// Opens the output file of a task, if it is a regular one (or a device such as `/dev/null`): a
/// pipe could block the runner.
///
/// # Errors
///
/// When it cannot be opened as the user of the task, nor by us in a directory that only we can
/// change.
pub(super) fn open(path: &Path, settings: &ChildSettings) -> io::Result<File> {
    let Some(account) = account(settings)? else {
        return append(path, || open_named(path, MODE));
    };
    let plainly = || append(path, || open_plainly(path));
    match account.with_its_rights(plainly)? {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            ours(path).unwrap_or(Err(error))
        }
        opened => opened,
    }
}

/// The user, group and groups with whose rights a file is opened.
struct OutputLoss {
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
}

/// Returns the account of a task that has another user than the runner.
fn account(settings: &ChildSettings) -> io::Result<Option<OutputLoss>> {
    let Some(name) = settings.user.as_deref().filter(|_| geteuid().is_root()) else {
        return Ok(None);
    };
    let unknown = || {
        io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no user `{name}`"),
        )
    };
    let user = find_user(name)?.ok_or_else(unknown)?;
    let group = settings.group.as_deref().map(find_group).transpose()?;
    let gid = group.flatten().unwrap_or(user.gid);
    let name = std::ffi::CString::new(user.name)?;
    Ok(Some(OutputLoss {
        uid: user.uid,
        gid,
        groups: getgrouplist(&name, gid)?,
    }))
}

impl OutputLoss {
    /// Runs a closure in this thread with no more rights to files than this account has.
    ///
    /// # Errors
    ///
    /// When the rights cannot be given up.
    fn with_its_rights<T>(&self, action: impl FnOnce() -> T) -> io::Result<T> {
        if self.uid.is_root() {
            return Ok(action());
        }
        let _back = Back {
            groups: getgroups()?,
        };
        sys::set_groups_of_this_thread(&self.groups)?;
        setfsgid(self.gid);
        setfsuid(self.uid);
        // Neither call reports a failure; a second call returns what the first has set.
        let given_up = setfsuid(Uid::from_raw(u32::MAX)) == self.uid
            && setfsgid(Gid::from_raw(u32::MAX)) == self.gid;
        match given_up {
            true => Ok(action()),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

/// Restores the rights of root when dropped.
struct Back {
    groups: Vec<Gid>,
}

impl Drop for Back {
    fn drop(&mut self) {
        setfsuid(geteuid());
        setfsgid(nix::unistd::getegid());
        let _ = sys::set_groups_of_this_thread(&self.groups);
    }
}

/// Readable for our group.
const MODE: u32 = 0o640;

fn open_plainly(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.append(true).create(true).mode(MODE);
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options.open(path)
}

fn append(path: &Path, open: impl FnOnce() -> io::Result<File>) -> io::Result<File> {
    let file = open()?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() || path == Path::new("/dev/null") {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ))
    }
}

/// Opens a file as root, in a directory that only root can change; `None`: another user can change
/// it.
fn ours(path: &Path) -> Option<io::Result<File>> {
    let directory = PrivateDir::open_existing(path.parent()?).ok()??;
    let file = directory.open_to_append(path.file_name()?, Mode::from_bits_truncate(MODE));
    Some(file.map_err(io::Error::from))
}
