//! Runs in child processes: started, watched in the main thread's one wait, and ended when the runner is to end.

use std::time::Duration;

use super::patience::{Patience, Step};
use super::shared::Shared;
use crate::chain::ChainName;
use crate::config::TaskDefinition;
use crate::event::{RunId, Step as ChainStep};
use crate::failure::{Failure, FailureClass, Outcome, signal_name};
use crate::process::child::{Ended, Run, Spec, What, sweep};
use crate::process::clock;
use crate::process::in_flight::InFlight;
use crate::process::poll::Alarm;
use crate::settings::LogOutput;

/// What the children of a chain have in common.
#[derive(Debug)]
pub(super) struct Children {
    chain: ChainName,
    tasks: Vec<TaskDefinition>,
    labels: Vec<String>,
    secrets: Vec<String>,
    /// What functions find in processes of their own as in this one.
    luggage: String,
    in_flight: Option<InFlight>,
    /// How long a run may go on after the runner was asked to stop.
    stop_timeout: Duration,
    /// Of each task, the processes of its last run that could not be ended.
    unkillable: Vec<Vec<i32>>,
}

impl Children {
    /// Makes it for a chain of these tasks. `secrets` names variables of our own that no child gets.
    pub(super) fn new(
        chain: ChainName,
        tasks: Vec<TaskDefinition>,
        labels: Vec<String>,
        secrets: Vec<String>,
        luggage: String,
        in_flight: Option<InFlight>,
        stop_timeout: Duration,
    ) -> Self {
        let unkillable = vec![Vec::new(); tasks.len()];
        Children {
            chain,
            tasks,
            labels,
            secrets,
            luggage,
            in_flight,
            stop_timeout,
            unkillable,
        }
    }

    /// Runs a task once, to its end.
    pub(super) fn run(
        &mut self,
        step: ChainStep,
        run: RunId,
        alarm: &mut Alarm,
        shared: &Shared,
    ) -> Outcome {
        if let Some(failure) = self.former_copy(step) {
            return Outcome::Failure(Box::new(failure));
        }
        let task = &self.tasks[step];
        let spec = Spec {
            what: what(task),
            settings: &task.settings.child,
            timeout: task.settings.timeout,
            chain: &self.chain,
            task: &task.name,
            run,
            secrets: self.secrets_kept_from(task),
            in_flight: self.in_flight.as_ref().map(InFlight::descriptor),
            luggage: task.function.map(|_| self.luggage.as_str()),
            scratch: None,
        };
        let started = match Run::start(&spec, clock::now()) {
            Ok(started) => started,
            Err(failure) => return Outcome::Failure(failure),
        };
        let patience = Patience::new(self.stop_timeout, task.settings.child.kill_grace);
        let ended = watch(started, alarm, shared, patience);
        self.tell(step, run, &ended, shared);
        self.unkillable[step] = ended.unkillable;
        let asked = shared.asked();
        if asked.quit || asked.stop.is_some() {
            return end_of_all(ended.outcome);
        }
        ended.outcome
    }

    /// Never two copies of a task: as long as a process of the former run cannot be ended, no other run starts.
    fn former_copy(&self, step: ChainStep) -> Option<Failure> {
        let pid = sweep::first_alive(&self.unkillable[step])?;
        let message = format!(
            "process {pid} of the former run cannot be ended, and no second copy is started"
        );
        let mut failure = Failure::new(FailureClass::Leak, message);
        failure.notes.push(format!(
            "it hangs in the kernel (state D), or became somebody else's (sudo): look at it with \
             `ps -o pid,user,stat,wchan,args -p {pid}`"
        ));
        Some(failure)
    }

    /// A command never sees our own secrets. A function is this program itself, wherever it runs.
    fn secrets_kept_from(&self, task: &TaskDefinition) -> &[String] {
        match task.function {
            Some(_) => &[],
            None => &self.secrets,
        }
    }

    /// Logs what is to be known besides the outcome.
    fn tell(&self, step: ChainStep, run: RunId, ended: &Ended, shared: &Shared) {
        let failed = ended.outcome.failure().is_some();
        let wanted = match self.tasks[step].settings.child.log_output {
            LogOutput::None => false,
            LogOutput::OnFailure => failed,
            LogOutput::Always => true,
        };
        let mut rim = shared.rim();
        // A failure brings its notes along.
        if !failed {
            rim.log_notes(&self.labels[step], run, &ended.notes);
            rim.keep_output(ended.output());
        }
        if wanted {
            rim.log_output(&self.labels[step], run, ended.output());
        }
    }
}

/// Whoever ends a whole process group or a whole service ends the task along with the runner: that is no failure of the task.
fn end_of_all(outcome: Outcome) -> Outcome {
    let FailureClass::Signal { number, .. } = (match &outcome {
        Outcome::Failure(failure) => &failure.class,
        _ => return outcome,
    }) else {
        return outcome;
    };
    match *number {
        libc::SIGTERM | libc::SIGINT | libc::SIGHUP | libc::SIGQUIT => Outcome::Interrupted {
            how: format!("{} ended it together with the runner", signal_name(*number)),
        },
        _ => outcome,
    }
}

fn what(task: &TaskDefinition) -> What<'_> {
    match &task.settings.program {
        Some(program) => What::Program(program),
        None => What::Function(&task.name),
    }
}

/// Waits for the end of a run, and for signals, which may hasten it.
fn watch(mut run: Run, alarm: &mut Alarm, shared: &Shared, mut patience: Patience) -> Ended {
    loop {
        let now = clock::mono();
        if let Some(ended) = run.step(now) {
            return ended;
        }
        let asked = shared.asked();
        let mut until = run.due();
        if asked.quit {
            run.kill(now);
        } else if let Some(stop) = asked.stop {
            if patience.is_over(&stop, now) && !shared.still_holds(&stop) {
                patience.restore();
                continue;
            }
            match patience.step(&stop, now) {
                Step::Wait => {}
                Step::Terminate => run.terminate(now),
                Step::Kill => run.kill(now),
            }
            until = run.due().min(patience.due(&stop).max(now));
        }
        let sources = [Some(run.source()), Some(shared.main_bell().fd())];
        if let Err(error) = alarm.wait(sources, until) {
            // Cannot happen with descriptors that are open; ending the run is the one thing that is surely not worse than spinning.
            log::error!("cannot wait for the running task, ending it: {error}");
            run.kill(now);
        }
        shared.main_bell().hear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn died_of(number: i32) -> Outcome {
        let class = FailureClass::Signal {
            number,
            core: false,
        };
        Outcome::Failure(Box::new(Failure::new(class, "")))
    }

    #[test]
    fn only_the_signals_that_end_a_whole_group_are_no_failure() {
        assert!(matches!(
            end_of_all(died_of(libc::SIGTERM)),
            Outcome::Interrupted { .. }
        ));
        assert!(matches!(
            end_of_all(died_of(libc::SIGSEGV)),
            Outcome::Failure(_)
        ));
        let exit = Failure::new(FailureClass::Exit(1), "");
        assert!(matches!(
            end_of_all(Outcome::Failure(Box::new(exit))),
            Outcome::Failure(_)
        ));
        assert!(matches!(end_of_all(Outcome::Success), Outcome::Success));
    }
}
