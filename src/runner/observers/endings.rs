//! The ends of runs, and of a runner, that no run reports itself.

use super::all::Observers;
use crate::core::event::{Event, Observer, RunEnd, RunId, StopReason, TaskIndex};
use crate::core::failure::{Failure, FailureClass, Outcome};
use crate::core::time::Moment;

/// What helps against tasks that end their runner.
pub(crate) const ISOLATE: &str =
    "`isolate = true` keeps such an end in a process of the task's own";

/// What lets a function end in time.
const LOOK_AT_CONTEXT: &str = "let it look at `Context::should_stop()` now and then, or give it a process of its own \
     (`isolate = true`), which can be ended";

/// What to do about a defect of ours.
const REPORT_IT: &str = "no task is to blame: please report this with the lines of the log around it, and start the chain again";

impl Observers {
    /// Reports that `count` runners in a row died while this task ran: a failure that no process
    /// lived to report.
    pub(crate) fn died_under(&mut self, step: TaskIndex, count: u32, remedy: &str, now: Moment) {
        let how = "the runner died while this task ran".to_owned();
        let message = "killed, out of memory, or ended by the task itself";
        let mut failure = Failure::new(FailureClass::Vanished(how), message);
        failure
            .notes
            .push(format!("{count} runners in a row died under it"));
        failure.notes.push(remedy.to_owned());
        self.fails(step, &Outcome::Failure(Box::new(failure)), now);
    }

    /// Reports that this runner ends though it was not asked to: its admin hears of that as of a
    /// failure of this task.
    pub(crate) fn gives_up(&mut self, step: TaskIndex, why: &str, now: Moment) {
        let outcome = self.last_failure("the runner gives up", why, None, now);
        self.fails(step, &outcome, now);
    }

    /// Reports that the program itself panicked and ends: its admin hears of that as of a failure
    /// of the task that ran, or of the first.
    pub(crate) fn panicked(&mut self, why: &str, now: Moment) {
        let outcome = self.last_failure("a defect of run_functions", why, Some(REPORT_IT), now);
        match self.running {
            Some(run) => self.ended(run, &outcome, now),
            None => self.fails(0, &outcome, now),
        }
        self.stopped(
            StopReason::Defect(format!("a defect of this program: {why}")),
            now,
        );
    }

    /// Reports that the process ends under the running function: another host may run the chain in
    /// a moment.
    pub(crate) fn ends_under(&mut self, why: &str, now: Moment) {
        let how = "the runner ends under this function";
        let outcome = self.last_failure(how, why, Some(LOOK_AT_CONTEXT), now);
        if let Some(run) = self.running {
            self.ended(run, &outcome, now);
        }
        self.stopped(StopReason::Lost(why.to_owned()), now);
    }

    /// Makes the failure with which a runner ends that nobody asked to, and lets its mail leave
    /// whatever is muted.
    fn last_failure(&mut self, how: &str, why: &str, note: Option<&str>, now: Moment) -> Outcome {
        self.end_mutes(now);
        let mut failure = Failure::new(FailureClass::Vanished(how.to_owned()), why);
        failure.notes.extend(note.map(str::to_owned));
        Outcome::Fatal(Box::new(failure))
    }

    /// Reports a failure that is not the outcome of a run.
    fn fails(&mut self, step: TaskIndex, outcome: &Outcome, now: Moment) {
        self.ended((step, RunId::at(now), now), outcome, now);
    }

    /// Reports a request to stop.
    pub(crate) fn stop_asked(&mut self, signal: &'static str, at: Moment) {
        self.observe(&Event::StopAsked { signal, at });
    }

    /// Reports that the running function was cut off because the process ends.
    pub(crate) fn cut_off(&mut self, signal: &'static str, at: Moment) {
        if let Some((step, run, started)) = self.running {
            let how = format!("it had not ended in time after {signal}");
            self.ended((step, run, started), &Outcome::Interrupted { how }, at);
        }
        self.stopped(StopReason::Asked { signal }, at);
    }

    /// Reports that the running function has called `exit()`.
    pub(crate) fn exited(&mut self, at: Moment) {
        let Some((step, run, started)) = self.running else {
            return;
        };
        let how = "called exit() instead of returning".to_owned();
        let mut failure = Failure::new(FailureClass::Vanished(how), "");
        failure.notes.push(ISOLATE.to_owned());
        let outcome = Outcome::Fatal(Box::new(failure));
        self.ended((step, run, started), &outcome, at);
        self.stopped(StopReason::Fatal { step }, at);
    }

    fn ended(&mut self, run: (TaskIndex, RunId, Moment), outcome: &Outcome, at: Moment) {
        let (step, run, started) = run;
        self.observe(&Event::RunEnded(RunEnd {
            step,
            run,
            started,
            at,
            outcome,
        }));
    }

    fn stopped(&mut self, reason: StopReason, at: Moment) {
        let reason = &reason;
        self.observe(&Event::Stopped { at, reason });
    }
}
