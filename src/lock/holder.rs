//! The holder of a lock, as it is written beside the lock.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// The process that acquires a lock, in words for other hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockOwner {
    /// The name of its machine.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// The name of its chain.
    pub chain: String,
    /// The version of run_functions in it.
    pub runner: String,
}

impl LockOwner {
    /// Returns the owner that this process is.
    pub fn of_this_process(chain: &str) -> Self {
        let host = nix::unistd::gethostname().ok();
        let host = host.and_then(|name| name.into_string().ok());
        LockOwner {
            host: host.unwrap_or_else(|| "localhost".to_owned()),
            pid: std::process::id(),
            chain: chain.to_owned(),
            runner: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl fmt::Display for LockOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LockOwner {
            host, pid, chain, ..
        } = self;
        write!(f, "`{chain}` on {host} (pid {pid})")
    }
}

/// The holder of a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The process.
    pub owner: LockOwner,
    /// When it acquired the lock, by the clock of its own machine.
    #[serde(with = "unix_millis")]
    pub since: SystemTime,
    /// Its number.
    pub fence: u64,
}

/// A time as milliseconds since 1970: readable from every language.
pub(super) mod unix_millis {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::core::time::sayable;

    pub(in crate::lock) fn serialize<S: Serializer>(
        time: &SystemTime,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        to.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    pub(in crate::lock) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<SystemTime, D::Error> {
        let millis = u64::deserialize(from)?;
        // What another program wrote may be any number.
        let time = UNIX_EPOCH.checked_add(Duration::from_millis(millis));
        Ok(sayable(time.unwrap_or(UNIX_EPOCH)))
    }
}
