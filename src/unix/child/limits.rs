//! Resource limits by the names that the configuration uses: those of `ulimit`, `prlimit` and
//! systemd in lower case.

use std::io;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

const RESOURCES: [(&str, Resource); 16] = [
    ("as", Resource::RLIMIT_AS),
    ("core", Resource::RLIMIT_CORE),
    ("cpu", Resource::RLIMIT_CPU),
    ("data", Resource::RLIMIT_DATA),
    ("fsize", Resource::RLIMIT_FSIZE),
    ("locks", Resource::RLIMIT_LOCKS),
    ("memlock", Resource::RLIMIT_MEMLOCK),
    ("msgqueue", Resource::RLIMIT_MSGQUEUE),
    ("nice", Resource::RLIMIT_NICE),
    ("nofile", Resource::RLIMIT_NOFILE),
    ("nproc", Resource::RLIMIT_NPROC),
    ("rss", Resource::RLIMIT_RSS),
    ("rtprio", Resource::RLIMIT_RTPRIO),
    ("rttime", Resource::RLIMIT_RTTIME),
    ("sigpending", Resource::RLIMIT_SIGPENDING),
    ("stack", Resource::RLIMIT_STACK),
];

fn resource(name: &str) -> Result<Resource, Errno> {
    let found = RESOURCES.into_iter().find(|(known, _)| *known == name);
    found.map(|(_, resource)| resource).ok_or(Errno::EINVAL)
}

/// Sets those limits that are raised: only root can, so this comes before the user changes.
pub(super) fn raise(limits: &[(String, u64)]) -> Result<(), (String, io::Error)> {
    each(limits, |resource, value| {
        let (_, hard) = getrlimit(resource)?;
        if value > hard {
            setrlimit(resource, value, value)?;
        }
        Ok(())
    })
}

/// Sets all limits. The last thing before the work begins, for a low one would hit the launcher
/// itself.
pub(super) fn set(limits: &[(String, u64)]) -> Result<(), (String, io::Error)> {
    each(limits, |resource, value| {
        let as_wanted = getrlimit(resource)? == (value, value);
        if as_wanted {
            Ok(())
        } else {
            setrlimit(resource, value, value)
        }
    })
}

fn each(
    limits: &[(String, u64)],
    set: impl Fn(Resource, u64) -> Result<(), Errno>,
) -> Result<(), (String, io::Error)> {
    limits.iter().try_for_each(|(name, value)| {
        let done = resource(name).and_then(|resource| set(resource, *value));
        done.map_err(|errno| (format!("{name} = {value}"), errno.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_a_resource_of_this_kernel() {
        for (name, resource) in RESOURCES {
            getrlimit(resource).unwrap_or_else(|errno| panic!("{name}: {errno}"));
        }
        assert!(resource("NOFILE").is_err());
    }
}
