//! Whether a worker that is on the board still lives, as far as that can be seen from here.

use std::time::SystemTime;

use crate::board::{HostIdentity, IDLE_LEASE, SessionRecord};
use crate::core::time::of_unix_millis;

/// Whether a worker that is on the board still lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkerPresence {
    /// The worker lives, or nothing speaks against it.
    Alive,
    /// The process is gone: the next worker of this host takes its jobs over at once.
    Dead,
    /// Nothing was heard of the worker for so long that its lease is over.
    Unheard,
}

impl WorkerPresence {
    /// Returns what is seen of a worker from a process: `None` cannot see any other.
    pub(crate) fn of(worker: &SessionRecord, here: Option<&HostIdentity>, now: SystemTime) -> Self {
        let identity = &worker.request.identity;
        match here.and_then(|here| identity.is_dead_seen_from(here)) {
            Some(true) => return WorkerPresence::Dead,
            Some(false) => return WorkerPresence::Alive,
            None => {}
        }
        let lease = worker.leases.map_or(0, |(_, longest)| longest);
        let lease = std::time::Duration::from_millis(lease).max(IDLE_LEASE);
        let silent = now.duration_since(of_unix_millis(worker.last_heard));
        match silent {
            Ok(silent) if silent > lease => WorkerPresence::Unheard,
            _ => WorkerPresence::Alive,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::board::{NameRule, SessionId, SessionRequest, SessionWish};

    #[test]
    fn a_worker_elsewhere_is_unheard_when_its_longest_lease_is_over() {
        let mut identity = HostIdentity::of_this_process().unwrap();
        let here = identity.clone();
        identity.boot_id = "another".to_owned();
        let worker = |identity: &HostIdentity, leases| SessionRecord {
            session: SessionId(1),
            request: SessionRequest {
                name: "there".to_owned(),
                if_taken: NameRule::NextNumber,
                identity: identity.clone(),
                version: String::new(),
                tags: Vec::new(),
                slots: 1,
            },
            beat: 1,
            joined: 0,
            last_heard: 1_000_000,
            is_idle: true,
            wish: SessionWish::Work,
            holds: 0,
            leases,
            stale: 0,
            ended: Vec::new(),
            left: None,
        };
        let seen = |worker: &SessionRecord, secs: u64| {
            WorkerPresence::of(
                worker,
                Some(&here),
                UNIX_EPOCH + Duration::from_secs(1_000 + secs),
            )
        };
        let idle = worker(&identity, None);
        assert_eq!(seen(&idle, 59), WorkerPresence::Alive);
        assert_eq!(seen(&idle, 61), WorkerPresence::Unheard);
        let busy = worker(&identity, Some((1_000, 300_000)));
        assert_eq!(seen(&busy, 299), WorkerPresence::Alive);
        assert_eq!(seen(&busy, 301), WorkerPresence::Unheard);
        assert_eq!(seen(&worker(&here, None), 5_000), WorkerPresence::Alive);
    }
}
