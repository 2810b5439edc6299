//! The end of a runner before its chain begins: something of a former one does not end after
//! SIGKILL, and nothing may start beside it.
//!
//! Nobody asked for that, and whoever keeps runners alive starts one again and again until the way
//! is free. So the admin hears of it as of a crash: once, and then each time the task has been down
//! for its `non_recoverable_downtime`.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use super::observers::all::Observers;
use super::observers::live_status::LiveStatusObserver;
use super::observers::readiness::ReadinessNotifier;
use super::{request::RunRequest, resume};
use crate::chain::ChainName;
use crate::core::command_error::CommandError;
use crate::core::exit;
use crate::logging::Log;
use crate::status::neighbours;
use crate::unix::child::end_leftovers;
use crate::unix::clock;
use crate::unix::takeover::{self, AcquiredChain, TakeoverError};
use crate::unix::task_lock::TaskLock;
use crate::unix::trusted_paths::PrivateDir;

/// How long the mail may take to leave: the next runner is barred as well, and has no more time for
/// it than this one.
const LAST_MAIL: Duration = Duration::from_secs(10);

/// A newcomer that may be barred, with what it needs to tell of it.
pub(crate) struct BlockedStart<'a> {
    order: &'a RunRequest<'a>,
    run_root: &'a PrivateDir,
    state_dir: &'a PrivateDir,
    log: &'a Log,
}

impl<'a> BlockedStart<'a> {
    pub(crate) fn new(
        order: &'a RunRequest<'a>,
        run_root: &'a PrivateDir,
        state_dir: &'a PrivateDir,
        log: &'a Log,
    ) -> Self {
        BlockedStart {
            order,
            run_root,
            state_dir,
            log,
        }
    }

    /// Returns how a newcomer ends that did not become the runner. Whoever holds the chain even
    /// after SIGKILL runs it no more, and writes nothing any more: of the others each is one that
    /// does its work.
    pub(crate) fn refused(&self, error: &TakeoverError) -> CommandError {
        match error {
            TakeoverError::Evicted { .. } | TakeoverError::Asked { .. } => {
                log::info!("Stopped: {error}");
                CommandError::said(error.exit_code())
            }
            TakeoverError::Unkillable { .. } => {
                self.tell(CommandError::of(error.exit_code(), error), None)
            }
            TakeoverError::OtherChain { .. } => {
                let refusal = CommandError::of(error.exit_code(), error);
                match neighbours::of_chain(self.run_root, self.order.name.clone()) {
                    Some(runner) => refusal.hint(neighbours::remedy_of_other_tasks(&runner)),
                    None => refusal,
                }
            }
            _ => CommandError::of(error.exit_code(), error),
        }
    }

    /// Refuses to take a chain from its unit in a terminal: when that is closed, no process would
    /// run the chain any more, and systemd would not know that anything is wrong.
    pub(crate) fn refuse_to_take_from_a_unit(&self) -> Result<(), CommandError> {
        let name = &self.order.name;
        let Some((unit, pid)) = neighbours::of_chain(self.run_root, name.clone())
            .and_then(|runner| Some((runner.unit?, runner.pid)))
        else {
            return Ok(());
        };
        let restart = unit.systemctl("restart");
        if is_typed() && !self.order.replace_unit {
            let message = format!(
                "runner {pid} of `{name}` belongs to the unit `{}` of systemd",
                unit.name
            );
            return Err(CommandError::new(exit::HELD, message).hint(format_args!(
                "`{restart}` starts it anew there; `--replace-unit` takes the chain from it all the same"
            )));
        }
        if !takeover::is_of_unit(&unit) {
            log::warn!(
                "Runner {pid} belongs to the unit `{}` of systemd, which will be inactive now; `{}` takes the chain back",
                unit.name,
                unit.systemctl("start")
            );
        }
        Ok(())
    }

    /// Takes the in-flight lock; ends what a former runner left running.
    pub(crate) fn claim_in_flight(&self, held: &AcquiredChain) -> Result<TaskLock, CommandError> {
        claim_in_flight(self.run_root, &self.order.name).map_err(|refusal| match refusal.code {
            exit::HELD => self.tell(refusal, held.replaced),
            _ => refusal,
        })
    }

    /// Notifies the admin why the chain does not begin. `replaced` is the runner that left for this
    /// one, if one did.
    fn tell(&self, refusal: CommandError, replaced: Option<i32>) -> CommandError {
        let order = self.order;
        let state_dir = self.state_dir.clone();
        match resume::barred(order, self.run_root, state_dir, replaced) {
            Ok((alerter, step)) => {
                alerter.adopt();
                let labels = order.labels();
                let service =
                    ReadinessNotifier::new(Arc::default(), labels.clone(), Duration::ZERO);
                let observers = Observers::new(&labels, order.redactor());
                let mut observers = observers.with(
                    alerter.with_log(self.log.clone()),
                    service,
                    LiveStatusObserver::default(),
                );
                observers.gives_up(step, &refusal.line().unwrap_or_default(), clock::now());
                observers.finish(clock::mono() + LAST_MAIL);
            }
            Err(error) => log::error!(
                "nobody was mailed that this chain does not begin: {}",
                error.line().unwrap_or_default()
            ),
        }
        refusal
    }
}

/// Returns whether a person sits before this process, wherever some of its streams lead.
fn is_typed() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
}

fn claim_in_flight(root: &PrivateDir, name: &ChainName) -> Result<TaskLock, CommandError> {
    let in_flight =
        TaskLock::open(root, name).map_err(|error| CommandError::of(error.exit_code(), &error))?;
    let mut ended = in_flight.claim().map_err(|error| {
        CommandError::of(error.exit_code(), &error)
            .hint("a second copy of a task must not start beside the first")
    })?;
    ended.extend(end_leftovers());
    if !ended.is_empty() {
        let pids: Vec<String> = ended.iter().map(ToString::to_string).collect();
        log::warn!(
            "Killed what the former runner had left running: {}",
            pids.join(", ")
        );
    }
    Ok(in_flight)
}
