//! The rescue of jobs whose worker is dead: at once on the same host, after the lease elsewhere.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use super::step_slots::{end_leftovers, slot_files};
use super::unsent::send_left_behind;
use crate::board::{
    Board, BoardResult, HostIdentity, IDLE_LEASE, Reap, ReapAnswer, SessionId, SessionRecord,
    lease_end,
};
use crate::core::time::Mono;
use crate::unix::pidfd::Pidfd;
use crate::unix::trusted_paths::PrivateDir;

/// Between two looks for each session that there is: the looks of all workers together cost a board
/// the same however many they are, and one of them comes each tenth of a second.
const FOR_EACH_SESSION: Duration = Duration::from_millis(100);
/// The longest time between two looks.
const LONGEST: Duration = Duration::from_secs(60);

/// The observer of all other sessions.
#[derive(Debug)]
pub(crate) struct Rescue {
    own: SessionId,
    here: HostIdentity,
    /// Where the workers of this host keep the files of their slots.
    files: PrivateDir,
    /// Where they keep what a board behind a server has not taken.
    spool: Option<PrivateDir>,
    watched: HashMap<SessionId, WatchedSession>,
    poll: Epoll,
    /// When the sessions are looked at next.
    next: Mono,
}

/// What is remembered of a session.
#[derive(Debug)]
struct WatchedSession {
    beat: u64,
    since: Mono,
    /// The process, if it is one of this host: its end wakes this worker.
    _process: Option<Pidfd>,
    /// Whether the failure of its rescue was logged.
    is_reported: bool,
}

impl Rescue {
    /// Creates the observer.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(
        own: SessionId,
        here: HostIdentity,
        files: PrivateDir,
        spool: Option<PrivateDir>,
    ) -> io::Result<Self> {
        Ok(Rescue {
            spool,
            own,
            here,
            files,
            watched: HashMap::new(),
            poll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            next: Mono::BOOT,
        })
    }

    /// Returns what becomes readable when a worker of this host has died.
    pub(crate) fn source(&self) -> BorrowedFd<'_> {
        self.poll.0.as_fd()
    }

    /// Has the next look look at all sessions: a worker of this host has died.
    pub(crate) fn hurry(&mut self) {
        self.next = Mono::BOOT;
    }

    /// Looks at all other sessions, if it is time, and takes the jobs of the dead from them.
    /// Returns whether there were any.
    ///
    /// # Errors
    ///
    /// Those of the board.
    pub(crate) fn look(&mut self, board: &dyn Board, now: Mono) -> BoardResult<bool> {
        if now < self.next {
            return Ok(false);
        }
        let mut sessions = board.workers()?;
        let count = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
        self.next = now + FOR_EACH_SESSION.saturating_mul(count).min(LONGEST);
        sessions.retain(|session| session.session != self.own);
        self.watched
            .retain(|known, _| sessions.iter().any(|session| session.session == *known));
        let mut has_released = false;
        for session in &sessions {
            self.watch(session, now);
            let is_here = self.here.shares_host_with(&session.request.identity);
            let is_dead = session.request.identity.is_dead_seen_from(&self.here) == Some(true);
            let answer = if is_dead && self.has_no_leftovers(session) {
                if let Some(spool) = &self.spool {
                    send_left_behind(spool, board)?;
                }
                board.reap_dead_on_this_host(session.session, &self.here)?
            } else if let Some(reap) = self.overdue(session, now) {
                board.reap(&reap)?
            } else {
                continue;
            };
            report(session, &answer);
            has_released |=
                matches!(&answer, ReapAnswer::Reaped { released, .. } if !released.is_empty());
            if matches!(answer, ReapAnswer::Reaped { .. }) && is_here {
                self.remove_files(session.session);
            }
        }
        Ok(has_released)
    }

    fn watch(&mut self, session: &SessionRecord, now: Mono) {
        let identity = &session.request.identity;
        let is_here = self.here.shares_host_with(identity);
        let poll = &self.poll;
        let watched = self.watched.entry(session.session).or_insert_with(|| {
            let process = is_here.then(|| process_of(identity)).flatten();
            if let Some(process) = &process {
                let _ = poll.add(process, EpollEvent::new(EpollFlags::EPOLLIN, 0));
            }
            WatchedSession {
                beat: session.beat,
                since: now,
                _process: process,
                is_reported: false,
            }
        });
        if watched.beat != session.beat {
            watched.beat = session.beat;
            watched.since = now;
        }
    }

    fn overdue(&self, session: &SessionRecord, now: Mono) -> Option<Reap> {
        let watched = self.watched.get(&session.session)?;
        let stood_for = now.since(watched.since);
        let shortest = session
            .leases
            .map(|(shortest, _)| Duration::from_millis(shortest));
        let least = lease_end(shortest.unwrap_or(IDLE_LEASE));
        (stood_for >= least).then_some(Reap {
            session: session.session,
            beat: session.beat,
            stood_for,
        })
    }

    /// Ends what the steps of a dead worker have left; returns whether all of it is seen gone. That
    /// is tried once, for it may take seconds: what does not end then waits for the lease.
    fn has_no_leftovers(&mut self, session: &SessionRecord) -> bool {
        let watched = self.watched.get(&session.session);
        if watched.is_some_and(|watched| watched.is_reported) {
            return false;
        }
        let Err(error) = end_leftovers(&self.files, session.session) else {
            return true;
        };
        if let Some(watched) = self.watched.get_mut(&session.session)
            && !std::mem::replace(&mut watched.is_reported, true)
        {
            let name = &session.request.name;
            log::warn!("The jobs of {name}, which has died, wait for their leases: {error}");
        }
        false
    }

    fn remove_files(&self, session: SessionId) {
        for file in slot_files(&self.files, session) {
            let _ = self.files.remove(file);
        }
    }
}

/// Returns what becomes readable when the process of an identity of this host ends.
fn process_of(identity: &HostIdentity) -> Option<Pidfd> {
    let pid = i32::try_from(identity.pid).ok()?;
    Pidfd::open(pid).ok()?
}

fn report(session: &SessionRecord, answer: &ReapAnswer) {
    let name = &session.request.name;
    if let ReapAnswer::Reaped {
        released,
        stuck,
        settled,
        ..
    } = answer
    {
        let taken = released.len() + stuck.len() + settled.len();
        if taken > 0 {
            log::warn!("Worker {name} has died: {taken} of its jobs were taken from it");
        }
        for job in stuck {
            log::error!("Job {job} is stuck: its workers have died too often at the same steps");
        }
    }
}
