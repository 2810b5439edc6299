//! As whom a run runs. Done in the launcher: name services may be slow, allocate and start threads,
//! none of which harms the runner there.

use std::ffi::{CString, OsStr, OsString};
use std::io;

use nix::errno::Errno;
use nix::unistd::{
    Gid, Group, Uid, User, getgid, getresgid, getresuid, getuid, initgroups, setgroups, setresgid,
    setresuid, setuid,
};

use super::launch_request::LaunchStage;
use super::program::DEFAULT_PATH;
use super::sys;

/// What could not be done: the step, what it was about, and the reason.
type Refused = (LaunchStage, String, SwitchError);

/// Why an account cannot be taken.
pub(super) enum SwitchError {
    /// The system refused.
    System(io::Error),
    /// There is no such account.
    Unknown,
    /// The user could be left again.
    NotLost,
}

impl From<Errno> for SwitchError {
    fn from(errno: Errno) -> Self {
        SwitchError::System(errno.into())
    }
}

/// Becomes the user and the group, for good. `given`: variables that the settings have set;
/// `passed`: those that they let through.
pub(super) fn take(
    user: Option<&str>,
    group: Option<&str>,
    given: &[String],
    passed: &[String],
) -> Result<(), Refused> {
    let group_id = group.map(group_of).transpose()?;
    let Some(user) = user else {
        return match group_id {
            Some(gid) => become_group(gid).map_err(|errno| about_group(group, errno)),
            None => Ok(()),
        };
    };
    let refused = |reason| (LaunchStage::User, user.to_owned(), reason);
    let account = user_of(user).map_err(refused)?;
    let gid = group_id.unwrap_or(account.gid);
    let is_another = account.uid != getuid();
    if !is_already(account.uid, gid) {
        switch(&account, gid).map_err(refused)?;
    }
    set_variables(&account, given);
    if is_another {
        leave_session(|name| given.iter().chain(passed).any(|kept| *name == **kept));
    }
    Ok(())
}

fn about_group(group: Option<&str>, errno: Errno) -> Refused {
    (
        LaunchStage::Group,
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

fn user_of(name: &str) -> Result<User, SwitchError> {
    find_user(name)?.ok_or(SwitchError::Unknown)
}

fn group_of(name: &str) -> Result<Gid, Refused> {
    let refused = |reason| (LaunchStage::Group, name.to_owned(), reason);
    let found = find_group(name).map_err(|errno| refused(errno.into()))?;
    found.ok_or_else(|| refused(SwitchError::Unknown))
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

fn switch(account: &User, gid: Gid) -> Result<(), SwitchError> {
    let name = CString::new(account.name.as_str()).map_err(|_| SwitchError::Unknown)?;
    initgroups(&name, gid)?;
    setresgid(gid, gid, gid)?;
    let uid = account.uid;
    setresuid(uid, uid, uid)?;
    let ids = getresuid()?;
    let switched = [ids.real, ids.effective, ids.saved] == [uid; 3];
    // The proof: whoever could go back would succeed here.
    let way_back = !uid.is_root() && setuid(Uid::from_raw(0)).is_ok();
    if !switched || way_back {
        return Err(SwitchError::NotLost);
    }
    Ok(())
}

/// What belongs to the login of the former user: sockets, caches and directories that the new one
/// cannot use, or must not.
const OF_A_LOGIN: [&str; 28] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "DOAS_USER",
    "GNUPGHOME",
    "GPG_AGENT_INFO",
    "ICEAUTHORITY",
    "KRB5CCNAME",
    "KRB5_KTNAME",
    "MAIL",
    "MAILPATH",
    "OLDPWD",
    "PKEXEC_UID",
    "SSH_AGENT_PID",
    "SSH_AUTH_SOCK",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "USERNAME",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_SEAT",
    "XDG_STATE_HOME",
    "XDG_VTNR",
    "HISTFILE",
];

/// Takes away what is of the former user's login, and gives the PATH of any user: that of root
/// leads to directories of root's.
fn leave_session(is_kept: impl Fn(&OsStr) -> bool) {
    let is_of_a_login = |name: &OsStr| {
        let text = name.to_string_lossy();
        text.starts_with("SUDO_")
            || text.starts_with("XDG_SESSION_")
            || OF_A_LOGIN.contains(&&*text)
    };
    let names: Vec<OsString> = std::env::vars_os().map(|(name, _)| name).collect();
    for name in names {
        if is_of_a_login(&name) && !is_kept(&name) {
            sys::change_variable(&name.to_string_lossy(), None);
        }
    }
    if !is_kept(OsStr::new("PATH")) {
        sys::change_variable("PATH", Some(OsStr::new(DEFAULT_PATH)));
    }
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
