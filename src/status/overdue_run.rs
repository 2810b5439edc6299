//! A run that has gone on for longer than `warn_after`: a hang is no failure, but no health either.

use std::time::{Duration, SystemTime};

use super::lines::short;
use crate::event::Limit;
use crate::time::{Moment, Mono, in_words};

/// What is known of such a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Late {
    /// When it began.
    pub(crate) since: SystemTime,
    /// For how long it has gone on.
    pub(crate) lasted: Duration,
    /// For how long it may.
    pub(crate) limit: Duration,
    /// When that was mailed.
    pub(crate) mailed: Option<SystemTime>,
    /// When it will be, if it was not; `None`: now.
    pub(crate) mail: Option<SystemTime>,
}

impl Late {
    /// Returns it of a run that began at `since`, unless that is still in time.
    pub(crate) fn of(since: Mono, limit: Limit, now: Moment) -> Option<Self> {
        (limit.late <= now.mono).then(|| Late {
            since: now.at(since).wall,
            lasted: now.mono.since(since),
            limit: limit.late.since(since),
            mailed: limit.mailed.map(|at| now.at(at).wall),
            mail: Some(limit.mail)
                .filter(|at| *at > now.mono)
                .map(|at| now.at(at).wall),
        })
    }

    /// Says that, and what was made of it. `muted` says that mails are held back, if they are.
    pub(crate) fn words(&self, muted: Option<&str>) -> String {
        let mail = match (self.mailed, muted, self.mail) {
            (Some(at), ..) => format!("mailed {}", short(at)),
            (None, Some(muted), _) => format!("not mailed: {muted}"),
            (None, None, Some(at)) => format!(
                "to be mailed {}, once each non_recoverable_downtime",
                short(at)
            ),
            (None, None, None) => "to be mailed now".to_owned(),
        };
        let [lasted, limit] = [self.lasted, self.limit].map(in_words);
        format!("still running after {lasted}, longer than {limit}; {mail}")
    }
}
