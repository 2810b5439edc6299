//! A run that has gone on for longer than `warn_after`: a hang is no failure, but no health either.

use std::time::{Duration, SystemTime};

use crate::core::event::RunDeadlines;
use crate::core::time::{Moment, Mono, in_words};
use crate::unix::clock::short;

/// What is known of such a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverdueRun {
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

impl OverdueRun {
    /// Returns it of a run that began at `since`, unless that is still in time.
    pub(crate) fn of(since: Mono, limit: RunDeadlines, now: Moment) -> Option<Self> {
        (limit.late <= now.mono).then(|| OverdueRun {
            since: now.at(since).wall,
            lasted: now.mono.since(since),
            limit: limit.late.since(since),
            mailed: limit.mailed.map(|at| now.at(at).wall),
            mail: Some(limit.mail)
                .filter(|at| *at > now.mono)
                .map(|at| now.at(at).wall),
        })
    }

    /// Returns the words about the run, and whether it was mailed. `muted` are the words about a
    /// mute.
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
