//! The real host of a runner: this process, on this machine.

use std::io;
use std::sync::Arc;

use super::chain_lock::next_holder::Inheritance;
use super::chain_lock::runner_lock::{BeforeRun, RunnerLock};
use super::child_runs::Children;
use super::control::{MainThreadState, RunnerControl};
use super::lock_task;
use super::reported_metrics;
use crate::chain::Next;
use crate::chain::drive::{Host, HostRequest};
use crate::core::event::{Event, Observer, RunId, StopReason, TaskIndex};
use crate::core::failure::Outcome;
use crate::core::time::{Moment, Mono};
use crate::metrics_push::LockMetrics;
use crate::service::handlers;
use crate::task::{self, Registration, context};
use crate::unix::child::leftovers;
use crate::unix::clock;
use crate::unix::memory_trim::MemoryTrim;
use crate::unix::pidfile::{Pidfile, PidfileStanding};
use crate::unix::waiter::Waiter;

/// The task under which what befalls the runner itself is mailed.
const FIRST: TaskIndex = 0;

/// How a task of the chain is run.
#[derive(Debug)]
pub(crate) enum Execution {
    /// As a function in this process.
    Inside(&'static Registration, Option<serde_json::Value>),
    /// In a child process.
    Child,
}

/// The process of the runner as the host of a chain.
pub(crate) struct UnixHost {
    shared: Arc<RunnerControl>,
    alarm: Waiter,
    footprint: MemoryTrim,
    tasks: Vec<Execution>,
    children: Children,
    /// `None` for `once`, which holds no chain.
    pidfile: Option<Pidfile>,
    /// `None` where no other host contends for the chain.
    lock: Option<RunnerLock>,
    /// The task whose run the loss of the lock has ended: it is begun again under the next hold.
    again: Option<TaskIndex>,
    /// How often this runner has gone on where another host left the chain.
    failovers: u64,
}

impl UnixHost {
    /// Makes the host of these tasks.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(
        shared: Arc<RunnerControl>,
        tasks: Vec<Execution>,
        children: Children,
        pidfile: Option<Pidfile>,
    ) -> io::Result<Self> {
        let alarm = Waiter::new()?;
        reported_metrics::keep();
        Ok(UnixHost {
            shared,
            alarm,
            footprint: MemoryTrim::default(),
            tasks,
            children,
            pidfile,
            lock: None,
            again: None,
            failovers: 0,
        })
    }

    /// Has each run begin only under this lock.
    pub(crate) fn under(self, lock: Option<RunnerLock>) -> Self {
        UnixHost { lock, ..self }
    }

    /// Returns whether the lock was held and is lost.
    pub(crate) fn has_lost_lock(&self) -> bool {
        self.lock.as_ref().is_some_and(RunnerLock::is_lost)
    }

    /// Gives back the lock, if there is one: nothing runs any more.
    pub(crate) fn give_lock_back(&mut self) {
        if let Some(lock) = self.lock.take() {
            lock.end();
        }
    }

    /// Returns what signals asked for, as the runner wants to hear it.
    fn request(&mut self) -> HostRequest {
        let asked = self.shared.take();
        if asked.quit {
            return HostRequest::Stop(StopReason::Quit);
        }
        match asked.stop {
            Some(stop) if !self.shared.still_holds(&stop) => HostRequest::None,
            Some(stop) if stop.heir => HostRequest::Stop(StopReason::Replaced),
            Some(stop) => HostRequest::Stop(StopReason::Asked {
                signal: stop.signal,
            }),
            None if asked.wake => HostRequest::Wake,
            None => HostRequest::None,
        }
    }

    fn verify(&mut self) -> HostRequest {
        let Some(pidfile) = &mut self.pidfile else {
            return HostRequest::None;
        };
        match pidfile.verify(clock::mono()) {
            PidfileStanding::Held => HostRequest::None,
            PidfileStanding::PutBack => {
                log::warn!("The pidfile was deleted; it is put back");
                HostRequest::None
            }
            PidfileStanding::Replaced => HostRequest::Stop(StopReason::Replaced),
            PidfileStanding::Lost(why) => self.lose(why),
        }
    }

    /// Waits until the lock is held, or something is asked for.
    fn take_lock(&mut self, step: TaskIndex) -> HostRequest {
        let shared = Arc::clone(&self.shared);
        while let Some(lock) = &mut self.lock {
            if lock.keeper().is_gone() {
                return self.keeper_is_gone();
            }
            if let BeforeRun::Held(inheritance) = lock.before_run() {
                let Some(found) = inheritance else {
                    return HostRequest::None;
                };
                return match self.inherit(*found) {
                    HostRequest::GoTo { next, due } if next == step && due <= clock::mono() => {
                        HostRequest::None
                    }
                    request => request,
                };
            }
            let sources = [Some(shared.main_bell().fd()), Some(lock.keeper().source())];
            if let Err(error) = self.alarm.wait(sources, Mono::NEVER) {
                return self.lose(format!("cannot wait: {error}"));
            }
            shared.main_bell().hear();
            match self.request() {
                HostRequest::Stop(reason) => {
                    if let Some(lock) = &self.lock {
                        lock.release();
                    }
                    return HostRequest::Stop(reason);
                }
                // There is no cooldown to be skipped.
                HostRequest::None | HostRequest::Wake | HostRequest::GoTo { .. } => {}
            }
        }
        HostRequest::None
    }

    /// Goes on where the last holder left the chain.
    fn inherit(&mut self, found: Inheritance) -> HostRequest {
        let Inheritance { next, due, alerts } = found;
        self.failovers += 1;
        self.shared
            .observers()
            .inherit(alerts, lock_task::NAME, clock::now());
        HostRequest::GoTo { next, due }
    }

    /// Begins again what the loss of the lock has ended.
    fn go_back(&mut self) -> HostRequest {
        let due = clock::mono();
        let again = self.again.take();
        again.map_or(HostRequest::None, |next| HostRequest::GoTo { next, due })
    }

    /// Stands by for a lock that was lost in a cooldown; what another holder has done meanwhile
    /// counts.
    fn rest_under_lock(&mut self) -> HostRequest {
        let found = self.lock.as_mut().and_then(RunnerLock::resting);
        found.map_or(HostRequest::None, |found| self.inherit(*found))
    }

    fn keeper_is_gone(&self) -> HostRequest {
        self.lose("its keeper is gone, which ends what runs when the lock is lost".to_owned())
    }

    /// Ends the runner though it was not asked to.
    fn lose(&self, why: String) -> HostRequest {
        self.shared.observers().gives_up(FIRST, &why, clock::now());
        HostRequest::Stop(StopReason::Lost(why))
    }

    /// Takes note that the chain rests, for the next holder of the lock.
    fn rests(&mut self, next: TaskIndex, until: Mono) {
        let Some(lock) = &mut self.lock else { return };
        let now = clock::now();
        let alerts = self.shared.observers().remembered(now);
        lock.rests(next, until, alerts.as_ref(), now);
    }

    /// Pushes what the run of a task has reported, and how the lock stands at its end.
    fn push_metrics(&self, step: TaskIndex) {
        let observers = self.shared.observers();
        let Some(pusher) = &observers.outward.metrics else {
            return;
        };
        pusher.task_reports(step, reported_metrics::take());
        if let Some(lock) = &self.lock {
            pusher.lock_stands(LockMetrics {
                margin: lock.margin(clock::mono()),
                failovers: self.failovers,
            });
        }
    }

    fn runs_functions(&self) -> bool {
        self.tasks
            .iter()
            .any(|how| matches!(how, Execution::Inside(..)))
    }

    fn run_inside(&self, registration: &'static Registration) -> Outcome {
        let keeper = self.lock.as_ref().map(RunnerLock::keeper);
        // The look at the deadline, and the begin of what only the keeper ends, are one.
        if let Some(Err(error)) = keeper.map(|keeper| keeper.guard_runner(true)) {
            let how = format!("it was not started: {error}");
            return Outcome::Interrupted { how };
        }
        self.shared.begin_run(MainThreadState::InFunction);
        let outcome = task::call(registration);
        self.shared.end_run();
        // A keeper that is gone is noticed before the next run.
        let _ = keeper.map(|keeper| keeper.guard_runner(false));
        outcome
    }

    fn run_child(&mut self, step: TaskIndex, run: RunId) -> Outcome {
        self.shared.begin_run(MainThreadState::WithChild);
        let ended = self.children.run(step, run, &mut self.alarm, &self.shared);
        self.shared.end_run();
        ended
    }
}

impl Observer for UnixHost {
    fn observe(&mut self, event: &Event<'_>) {
        // Before the log says that the runner sleeps, after which a user may stop it.
        if matches!(event, Event::Sleeping { .. }) && self.runs_functions() {
            handlers::put_back();
        }
        let rests = match *event {
            Event::Sleeping { next, until, .. } => Some((next, until)),
            _ => None,
        };
        let otherwise = {
            let mut observers = self.shared.observers();
            observers.observe(event);
            observers.is_due_otherwise()
        };
        if otherwise {
            self.shared.watch_bell().ring();
        }
        if let Some((next, until)) = rests {
            self.rests(next, until);
        }
    }
}

impl Host for UnixHost {
    fn now(&self) -> Moment {
        clock::now()
    }

    fn poll(&mut self, next: Next) -> HostRequest {
        if self.shared.wants_attention() {
            match self.request() {
                HostRequest::None => {}
                request => return request,
            }
        }
        match (self.verify(), next) {
            (HostRequest::None, _) if self.again.is_some() => self.go_back(),
            (HostRequest::None, Next::Run(step)) if self.lock.is_some() => self.take_lock(step),
            (request, _) => request,
        }
    }

    fn wait(&mut self, until: Mono) -> HostRequest {
        self.footprint.rest(until.since(clock::mono()));
        loop {
            // As pid 1 we inherit whatever loses its parent.
            if std::process::id() == 1 {
                leftovers::reap_orphans();
            }
            let bell = Arc::clone(&self.shared);
            let keeper = self.lock.as_ref().map(|lock| lock.keeper().source());
            let sources = [Some(bell.main_bell().fd()), keeper];
            match self.alarm.wait(sources, until) {
                Ok([_, false]) => {}
                Ok([_, true]) => return self.keeper_is_gone(),
                Err(error) => return self.lose(format!("cannot wait: {error}")),
            }
            bell.main_bell().hear();
            match self.request() {
                HostRequest::None if clock::mono() < until => {}
                request => return request,
            }
            match self.rest_under_lock() {
                HostRequest::None => {}
                request => return request,
            }
        }
    }

    fn run(&mut self, step: TaskIndex, run: RunId) -> Outcome {
        if let Some(lock) = &mut self.lock {
            lock.run_begins(step);
        }
        let outcome = match &self.tasks[step] {
            Execution::Inside(registration, settings) => {
                context::set_settings(settings.as_ref());
                self.run_inside(registration)
            }
            Execution::Child => self.run_child(step, run),
        };
        self.push_metrics(step);
        let Some(lock) = &mut self.lock else {
            return outcome;
        };
        let outcome = lock.run_ended(outcome);
        let is_cut = matches!(outcome, Outcome::Interrupted { .. });
        // `once` does each once.
        self.again = Some(step).filter(|_| is_cut && self.pidfile.is_some());
        outcome
    }
}
