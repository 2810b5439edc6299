//! From the end of the process to that of the last one that it left behind.

use std::time::Duration;

use super::super::leftovers::{self, LeftoverLook as Seen};
use super::super::process_table::ProcessEntry;
use super::super::spec::EndedRun;
use super::super::sys::{self, Status};
use super::ChildRun;
use super::phase::{PhaseLook, RunPhase, Until};
use super::result::mark_unkillable;
use crate::core::settings::Leak;
use crate::core::time::Mono;
use crate::unix::{clock, own_children};

/// How long is waited for the kernel to let go of the last dead in a cgroup; after that, the next
/// run removes it.
const LONGEST_CLEARING: Duration = Duration::from_secs(1);

impl ChildRun {
    pub(super) fn leader_ended(&mut self, status: Status, now: Mono) -> Option<EndedRun> {
        let _ = self.poll.delete(&self.child.pidfd);
        let RunPhase::Asked { kill_at } = self.phase else {
            return self.close(status, now);
        };
        let left = self.look().alive;
        if left.is_empty() {
            return self.close(status, now);
        }
        // Those that left the group were not asked yet.
        let (_, others) = self.split(left);
        leftovers::signal_each(&others, self.settings.stop_signal, &self.parent);
        leftovers::signal_each(&others, libc::SIGCONT, &self.parent);
        let look = PhaseLook::first(now).next(now);
        self.phase = RunPhase::Lingering {
            status,
            kill_at,
            look,
        };
        None
    }

    pub(super) fn linger(
        &mut self,
        status: Status,
        kill_at: Mono,
        look: PhaseLook,
        now: Mono,
    ) -> Option<EndedRun> {
        if now >= kill_at || self.look().is_settled {
            return self.close(status, now);
        }
        let look = look.next(now);
        self.phase = RunPhase::Lingering {
            status,
            kill_at,
            look,
        };
        None
    }

    /// The process is a zombie: the last moment at which its group can be hit without doubt. Then
    /// it is reaped.
    fn close(&mut self, status: Status, now: Mono) -> Option<EndedRun> {
        let ends_group = self.settings.leak == Leak::Kill || self.ended.is_some();
        if ends_group {
            let _ = sys::signal_group(self.child.pid, libc::SIGKILL);
            self.kill_cgroup();
        }
        let _ = self.parent.reap(self.child.pid);
        own_children::unregister(self.child.pid);
        if self.parent.has_no_children() {
            return self.leave(status, now);
        }
        if ends_group {
            return self.sweep(status, Until::first(now), PhaseLook::first(now), now);
        }
        if self.settings.leak == Leak::Warn {
            let left = self.look().alive;
            self.remember(&left);
        }
        Some(self.tell(status))
    }

    pub(super) fn sweep(
        &mut self,
        status: Status,
        until: Until,
        look: PhaseLook,
        now: Mono,
    ) -> Option<EndedRun> {
        let seen = self.look();
        let is_first = self.left.is_empty();
        let is_new = |process: &ProcessEntry| !self.left.contains_key(&process.pid);
        let are_new = seen.alive.iter().any(is_new);
        self.remember(&seen.alive);
        let is_over = now >= until.give_up_at;
        if seen.is_settled || is_over && seen.alive.is_empty() {
            return self.leave(status, now);
        }
        self.kill_cgroup();
        if are_new && !is_first && until.may_stop() {
            let parent = self.parent.clone();
            let stopped = leftovers::stop_all(|| self.look().alive, &parent);
            leftovers::signal_each(&stopped, libc::SIGKILL, &parent);
            let now = clock::mono();
            self.phase = RunPhase::Sweeping {
                status,
                until: until.stopped(now),
                look: PhaseLook::first(now),
            };
            return None;
        }
        leftovers::signal_each(&seen.alive, libc::SIGKILL, &self.parent);
        if is_over {
            let mut ended = self.tell(status);
            mark_unkillable(&mut ended, &seen.alive);
            return Some(ended);
        }
        // A fork bomb makes more of itself in each pause.
        let (until, look) = match are_new {
            true => (until.prolonged(now), PhaseLook::first(now)),
            false => (until, look.next(now)),
        };
        self.phase = RunPhase::Sweeping {
            status,
            until,
            look,
        };
        None
    }

    /// Nobody of the run is left, so that its cgroup can go.
    fn leave(&mut self, status: Status, now: Mono) -> Option<EndedRun> {
        self.clear(status, now + LONGEST_CLEARING, PhaseLook::first(now), now)
    }

    pub(super) fn clear(
        &mut self,
        status: Status,
        give_up_at: Mono,
        look: PhaseLook,
        now: Mono,
    ) -> Option<EndedRun> {
        let is_busy = self
            .child
            .cgroup
            .as_ref()
            .is_some_and(|cgroup| !cgroup.remove());
        if !is_busy || now >= give_up_at {
            return Some(self.tell(status));
        }
        let look = look.next(now);
        self.phase = RunPhase::Clearing {
            status,
            give_up_at,
            look,
        };
        None
    }

    /// Looks what of the run is left that must not be: with a tolerant `leak`, only its group when
    /// it is being ended.
    fn look(&mut self) -> Seen {
        let mut seen = leftovers::look(&self.tolerated, &self.marks, &self.parent);
        self.remember(&seen.killed);
        if self.settings.leak != Leak::Kill && self.ended.is_some() {
            seen.alive = self.split(seen.alive).0;
            seen.is_settled = seen.alive.is_empty();
        }
        seen
    }

    /// Those of the run's group, and the others.
    fn split(&self, processes: Vec<ProcessEntry>) -> (Vec<ProcessEntry>, Vec<ProcessEntry>) {
        let group = self.child.pid;
        processes
            .into_iter()
            .partition(|process| process.group == group)
    }

    fn remember(&mut self, left: &[ProcessEntry]) {
        // Of a fork bomb a few names do.
        const MOST: usize = 10_000;
        for process in left.iter().take(MOST.saturating_sub(self.left.len())) {
            self.left.insert(process.pid, process.name.clone());
        }
    }
}
