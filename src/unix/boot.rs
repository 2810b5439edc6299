//! Which boot of the machine this is: points on the boot clock mean nothing in another.

use crate::core::hash::fnv1a;

/// Returns the kernel's boot id; empty where there is none to be had (then every start counts as
/// another boot).
pub(crate) fn id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// Returns a number that stands for a boot id.
pub(crate) fn short(id: &str) -> u64 {
    fnv1a(id.as_bytes())
}
