//! How many descriptors this process may have.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit of descriptors to what is wanted, as far as the process may; returns the limit
/// that holds.
pub(crate) fn raise(wanted: usize) -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return wanted;
    };
    let target = u64::try_from(wanted).unwrap_or(u64::MAX).min(hard);
    let holds = match soft < target && setrlimit(Resource::RLIMIT_NOFILE, target, hard).is_ok() {
        true => target,
        false => soft,
    };
    usize::try_from(holds).unwrap_or(usize::MAX)
}
