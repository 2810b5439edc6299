//! The environment that a service manager gives a service: to try a task as it would run there,
//! from a login that has more.

use std::env;
use std::ffi::OsString;

/// Where a service looks for programs: systemd's default (systemd.exec(5)), which is Debian's too.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Makes the environment of this process that of a service, less what `keep` names. Returns how
/// many variables went.
///
/// Called before any other thread is started.
#[expect(unsafe_code, reason = "a thread that reads the environment would race")]
pub(crate) fn take(keep: &[String]) -> usize {
    let is_kept = |name: &OsString| keep.iter().any(|kept| name == kept.as_str());
    let all = env::vars_os().map(|(name, _)| name);
    let gone: Vec<OsString> = all.filter(|name| !is_kept(name)).collect();
    for name in &gone {
        // SAFETY: this process has one thread so far.
        unsafe { env::remove_var(name) };
    }
    // SAFETY: as above.
    unsafe { env::set_var("PATH", PATH) };
    gone.len()
}
