//! Resource limits by the names that the configuration uses: those of `ulimit`, `prlimit` and systemd in lower case.

use std::io;

use super::sys;

const RESOURCES: [(&str, u32); 15] = [
    ("as", libc::RLIMIT_AS as u32),
    ("core", libc::RLIMIT_CORE as u32),
    ("cpu", libc::RLIMIT_CPU as u32),
    ("data", libc::RLIMIT_DATA as u32),
    ("fsize", libc::RLIMIT_FSIZE as u32),
    ("locks", libc::RLIMIT_LOCKS as u32),
    ("memlock", libc::RLIMIT_MEMLOCK as u32),
    ("msgqueue", libc::RLIMIT_MSGQUEUE as u32),
    ("nice", libc::RLIMIT_NICE as u32),
    ("nofile", libc::RLIMIT_NOFILE as u32),
    ("nproc", libc::RLIMIT_NPROC as u32),
    ("rtprio", libc::RLIMIT_RTPRIO as u32),
    ("rttime", libc::RLIMIT_RTTIME as u32),
    ("sigpending", libc::RLIMIT_SIGPENDING as u32),
    ("stack", libc::RLIMIT_STACK as u32),
];

/// Returns the names that `rlimits` may have, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    RESOURCES.into_iter().map(|(name, _)| name)
}

fn number(name: &str) -> io::Result<u32> {
    let found = RESOURCES.into_iter().find(|(known, _)| *known == name);
    found
        .map(|(_, number)| number)
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))
}

/// Sets those limits that are raised: only root can, so this comes before the user changes.
pub(super) fn raise(limits: &[(String, u64)]) -> Result<(), (String, io::Error)> {
    each(limits, |number, value| {
        let (_, hard) = sys::limits(number)?;
        if value > hard {
            sys::set_limit(number, value)?;
        }
        Ok(())
    })
}

/// Sets all limits. The last thing before the work begins, for a low one would hit the launcher itself.
pub(super) fn set(limits: &[(String, u64)]) -> Result<(), (String, io::Error)> {
    each(limits, |number, value| match sys::limits(number)? {
        (soft, hard) if soft == value && hard == value => Ok(()),
        _ => sys::set_limit(number, value),
    })
}

fn each(
    limits: &[(String, u64)],
    set: impl Fn(u32, u64) -> io::Result<()>,
) -> Result<(), (String, io::Error)> {
    limits.iter().try_for_each(|(name, value)| {
        let done = number(name).and_then(|number| set(number, *value));
        done.map_err(|error| (format!("{name} = {value}"), error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_a_resource_of_this_kernel() {
        for name in names() {
            sys::limits(number(name).unwrap()).unwrap();
        }
        assert!(number("NOFILE").is_err());
    }
}
