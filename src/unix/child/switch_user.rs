//! As whom a run runs. Done in the launcher: name services may be slow, allocate and start threads, none of which harms the runner there.

use std::ffi::CString;
use std::io;

use nix::errno::Errno;
use nix::unistd::{
    Gid, Group, Uid, User, getgid, getresgid, getresuid, initgroups, setgroups, setresgid,
    setresuid, setuid,
};

use super::orders::Stage;
use super::sys;

/// What could not be done: the step, what it was about, and the reason.
type Refused = (Stage, String, Reason);

/// Why an account cannot be taken.
pub(super) enum Reason {
    /// The system refused.
    System(io::Error),
    /// There is no such account.
    Unknown,
    /// It could be left again.
    NotLost,
}

impl From<Errno> for Reason {
    fn from(errno: Errno) -> Self {
        Reason::System(errno.into())
    }
}

/// Becomes the user and the group, for good. `given`: variables that the settings have set.
pub(super) fn take(
    user: Option<&str>,
    group: Option<&str>,
    given: &[String],
) -> Result<(), Refused> {
    let group_id = group.map(group_of).transpose()?;
    let Some(user) = user else {
        return match group_id {
            Some(gid) => become_group(gid).map_err(|errno| about_group(group, errno)),
            None => Ok(()),
        };
    };
    let refused = |reason| (Stage::User, user.to_owned(), reason);
    let account = user_of(user).map_err(refused)?;
    let gid = group_id.unwrap_or(account.gid);
    if !is_already(account.uid, gid) {
        switch(&account, gid).map_err(refused)?;
    }
    set_variables(&account, given);
    Ok(())
}

fn about_group(group: Option<&str>, errno: Errno) -> Refused {
    (
        Stage::Group,
        group.unwrap_or_default().to_owned(),
        errno.into(),
    )
}

/// Finds an account by its name or its number.
pub(crate) fn find_user(name: &str) -> Result<Option<User>, Errno> {
    match (User::from_name(name)?, name.parse()) {
        (None, Ok(uid)) => User::from_uid(Uid::from_raw(uid)),
        (found, _) => Ok(found),
    }
}

/// Finds a group by its name. A number is a group whether it has a name or not.
pub(crate) fn find_group(name: &str) -> Result<Option<Gid>, Errno> {
    let by_name = Group::from_name(name)?.map(|group| group.gid);
    // The greatest number means "as it is" to the system.
    let by_number = || name.parse().ok().filter(|gid| *gid != u32::MAX);
    Ok(by_name.or_else(|| by_number().map(Gid::from_raw)))
}

fn user_of(name: &str) -> Result<User, Reason> {
    find_user(name)?.ok_or(Reason::Unknown)
}

fn group_of(name: &str) -> Result<Gid, Refused> {
    let refused = |reason| (Stage::Group, name.to_owned(), reason);
    let found = find_group(name).map_err(|errno| refused(errno.into()))?;
    found.ok_or_else(|| refused(Reason::Unknown))
}

/// A runner that is this user already needs no privilege.
fn is_already(uid: Uid, gid: Gid) -> bool {
    !uid.is_root()
        && getresuid().is_ok_and(|ids| [ids.real, ids.effective, ids.saved] == [uid; 3])
        && getgid() == gid
}

fn become_group(gid: Gid) -> Result<(), Errno> {
    if getresgid().is_ok_and(|ids| [ids.real, ids.effective, ids.saved] == [gid; 3]) {
        return Ok(());
    }
    setgroups(&[gid])?;
    setresgid(gid, gid, gid)
}

fn switch(account: &User, gid: Gid) -> Result<(), Reason> {
    let name = CString::new(account.name.as_str()).map_err(|_| Reason::Unknown)?;
    initgroups(&name, gid)?;
    setresgid(gid, gid, gid)?;
    let uid = account.uid;
    setresuid(uid, uid, uid)?;
    let ids = getresuid()?;
    let switched = [ids.real, ids.effective, ids.saved] == [uid; 3];
    // The proof: whoever could go back would succeed here.
    let way_back = !uid.is_root() && setuid(Uid::from_raw(0)).is_ok();
    if !switched || way_back {
        return Err(Reason::NotLost);
    }
    Ok(())
}

fn set_variables(account: &User, given: &[String]) {
    let variables = [
        ("HOME", account.dir.as_os_str()),
        ("USER", account.name.as_ref()),
        ("LOGNAME", account.name.as_ref()),
        ("SHELL", account.shell.as_os_str()),
    ];
    for (name, value) in variables {
        if !given.iter().any(|given| given == name) {
            sys::change_variable(name, Some(value));
        }
    }
}
