//! Runs in child processes: started, watched in the main thread's one wait, and ended when the
//! runner is to end.

use std::sync::Arc;
use std::time::Duration;

use super::control::RunnerControl;
use super::function_surroundings;
use crate::chain::ChainName;
use crate::config::TaskDefinition;
use crate::core::event::{RunId, TaskIndex};
use crate::core::failure::{Failure, FailureClass, Outcome, signal_name};
use crate::core::settings::LogOutput;
use crate::service::stop_escalation::{StopAction, StopEscalation};
use crate::task::Context;
use crate::unix::child::{
    ChildRun, leftovers,
    run_parent::RunParent,
    spec::{EndedRun, RunRegister, RunTarget, Spec},
};
use crate::unix::clock;
use crate::unix::keeper::Keeper;
use crate::unix::task_lock::TaskLock;
use crate::unix::waiter::Waiter;

/// What the children of a chain have in common.
#[derive(Debug)]
pub(crate) struct Children {
    chain: ChainName,
    tasks: Vec<TaskDefinition>,
    labels: Vec<String>,
    secrets: Vec<String>,
    /// The mail queue, for functions in processes of their own.
    mail: String,
    host: String,
    in_flight: Option<TaskLock>,
    /// The parent of all runs; `None`: this process.
    keeper: Option<Arc<Keeper>>,
    /// How long a run may go on after the runner was asked to stop.
    stop_timeout: Duration,
    /// Of each task, the processes of its last run that could not be ended.
    unkillable: Vec<Vec<i32>>,
}

impl Children {
    /// Makes it for a chain of these tasks. `secrets` names variables of our own that no child
    /// gets; `mail` is what that room has packed.
    pub(crate) fn new(
        chain: ChainName,
        tasks: Vec<TaskDefinition>,
        labels: Vec<String>,
        secrets: Vec<String>,
        [mail, host]: [String; 2],
        in_flight: Option<TaskLock>,
        stop_timeout: Duration,
    ) -> Self {
        let unkillable = vec![Vec::new(); tasks.len()];
        Children {
            chain,
            tasks,
            labels,
            secrets,
            mail,
            host,
            in_flight,
            keeper: None,
            stop_timeout,
            unkillable,
        }
    }

    /// Has all runs be children of a keeper; `None`: of this process.
    pub(crate) fn below(self, keeper: Option<Arc<Keeper>>) -> Self {
        Children { keeper, ..self }
    }

    /// Runs a task once, to its end.
    pub(crate) fn run(
        &mut self,
        step: TaskIndex,
        run: RunId,
        alarm: &mut Waiter,
        shared: &RunnerControl,
    ) -> Outcome {
        if let Some(failure) = self.former_copy(step) {
            return Outcome::Failure(Box::new(failure));
        }
        let task = &self.tasks[step];
        let settings = task.settings.settings.as_ref();
        let surroundings = || function_surroundings::pack(&self.mail, &self.host, settings);
        let function_context = task.function.map(|_| surroundings());
        let spec = Spec {
            what: what(task),
            settings: &task.settings.child,
            timeout: task.settings.timeout,
            chain: &self.chain,
            task: &task.name,
            run,
            secrets: self.secrets_kept_from(task),
            in_flight: self.in_flight.as_ref().map(TaskLock::descriptor),
            register: self.in_flight.as_ref().map(|file| file as &dyn RunRegister),
            function_context: function_context.as_deref(),
            fence: Context::default().fence(),
            keeper: self.keeper.as_ref(),
            standard: None,
            scratch: None,
        };
        let started = match ChildRun::start(&spec, clock::now()) {
            Ok(started) => started,
            Err(outcome) => return *outcome,
        };
        let patience = StopEscalation::new(self.stop_timeout, task.settings.child.kill_grace);
        let mut ended = watch(started, alarm, shared, patience);
        self.tell(step, run, &ended, shared);
        if let Some(pusher) = &shared.observers().outward.metrics {
            pusher.task_reports(step, std::mem::take(&mut ended.metrics));
        }
        if let Some(in_flight) = &self.in_flight {
            in_flight.run_ended(&run.to_string(), &ended.unkillable);
        }
        self.unkillable[step] = ended.unkillable;
        let asked = shared.asked();
        if asked.quit || asked.stop.is_some() {
            return end_of_all(ended.outcome);
        }
        ended.outcome
    }

    /// Never two copies of a task: as long as a process of the former run cannot be ended, no other
    /// run starts.
    fn former_copy(&self, step: TaskIndex) -> Option<Failure> {
        let parent = RunParent::of(self.keeper.as_ref());
        let pid = leftovers::first_alive(&self.unkillable[step], &parent)?;
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
    fn tell(&self, step: TaskIndex, run: RunId, ended: &EndedRun, shared: &RunnerControl) {
        let failed = ended.outcome.failure().is_some();
        let mut observers = shared.observers();
        // A failure brings its notes along.
        if !failed {
            observers.log_notes(&self.labels[step], run, &ended.notes);
            observers.keep_output(ended.output());
        }
        let label = &self.labels[step];
        match self.tasks[step].settings.child.log_output {
            LogOutput::OnFailure if failed => {
                observers.log_end_of_output(label, run, ended.output())
            }
            LogOutput::Always => observers.log_output(label, run, ended.output()),
            LogOutput::OnFailure | LogOutput::None => {}
        }
    }
}

/// Whoever ends a whole process group or a whole service ends the task along with the runner: that
/// is no failure of the task.
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

fn what(task: &TaskDefinition) -> RunTarget<'_> {
    match &task.settings.program {
        Some(program) => RunTarget::Program(program),
        None => RunTarget::Function(&task.name),
    }
}

/// Waits for the end of a run, and for signals, which may hasten it.
fn watch(
    mut run: ChildRun,
    alarm: &mut Waiter,
    shared: &RunnerControl,
    mut patience: StopEscalation,
) -> EndedRun {
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
                StopAction::Wait => {}
                StopAction::Terminate => run.terminate(now),
                StopAction::Kill => run.kill(now),
            }
            until = run.due().min(patience.due(&stop).max(now));
        }
        let sources = [Some(run.source()), Some(shared.main_bell().fd())];
        if let Err(error) = alarm.wait(sources, until) {
            // Cannot happen with descriptors that are open; ending the run is the one thing that is
            // surely not worse than spinning.
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
