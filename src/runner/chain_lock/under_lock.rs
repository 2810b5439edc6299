//! `lock NAME -- COMMAND`: one command under a lock, with the terminal of its caller.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use super::lock_listener::LockListener;
use super::lock_request::{refused, take_now};
use super::lock_state::LockStanding;
use super::runner_lock::LONGEST_RELEASE;
use crate::chain::ChainName;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::event::RunId;
use crate::core::exit;
use crate::core::failure::{FailureClass, Outcome};
use crate::core::settings::{ChildSettings, Program, Settings};
use crate::lock::{self, LockOwner};
use crate::service::secrets::secret_variables;
use crate::service::start_error::no_descriptor;
use crate::task::{Context, TaskName};
use crate::unix::child::spec::{EndedRun, RunTarget, Spec};
use crate::unix::child::{ChildRun, StandardStreams};
use crate::unix::keeper::Keeper;
use crate::unix::signals::{Signal, SignalReader, Signals};
use crate::unix::terminal::print_to_stderr;
use crate::unix::waiter::Waiter;
use crate::unix::wakeup::Wakeup;
use crate::unix::{clock, self_exe};

/// What the task of such a command is called where tasks have names.
const TASK: &str = "run_functions::lock";
/// What a shell adds to the number of a signal that ended a command.
const ENDED_BY_SIGNAL: i32 = 128;
/// What a shell returns for a command that SIGTERM has ended.
const TERMINATED: u8 = 143;
/// What a shell returns for a command that cannot be run.
const CANNOT_RUN: u8 = 127;

/// Runs a command under the lock `name`.
///
/// # Errors
///
/// The exit code of the command, unless that is 0; 75 when the lock is held elsewhere, 71 when it
/// was lost, 69 when its server does not answer.
pub(crate) fn command(settings: &Settings, name: &str, command: Vec<String>) -> CommandResult {
    let (_handlers, signals) = Signals::install().map_err(no_descriptor)?;
    self_exe::pin().map_err(no_descriptor)?;
    let chain = ChainName::typed(name)?;
    let lock = lock::open(&settings.lock, chain.as_str()).map_err(refused)?;
    let place = lock.place();
    let keeper = Arc::new(Keeper::start().map_err(no_descriptor)?);
    let bell = Arc::new(Wakeup::new().map_err(no_descriptor)?);
    let rung = Arc::clone(&bell);
    let owner = LockOwner::of_this_process(chain.as_str());
    let wake = Box::new(move || rung.ring());
    let (handle, state) = LockListener::start(lock, owner, &keeper, wake)?;
    take_now(&handle, &state)?;
    let ended = run(settings, &chain, command, &keeper, &signals, &bell);
    let lost = match state.standing() {
        LockStanding::Lost { why, .. } => Some(why),
        _ => None,
    };
    // Nothing outlives the lock.
    drop(keeper);
    handle.end(clock::mono() + LONGEST_RELEASE);
    match (ended?, lost) {
        (outcome, Some(why)) if !matches!(outcome, Outcome::Success) => {
            let message = format!("the lock was lost, and the command was ended: {place}: {why}");
            Err(CommandError::new(exit::SHORTAGE, message))
        }
        (outcome, _) => code_of(&outcome),
    }
}

fn run(
    settings: &Settings,
    chain: &ChainName,
    command: Vec<String>,
    keeper: &Arc<Keeper>,
    signals: &SignalReader,
    bell: &Wakeup,
) -> Result<Outcome, CommandError> {
    let program = Program::Command(command);
    let task = TaskName::parse(TASK).expect("the name is a name");
    let child = ChildSettings {
        working_dir: std::env::current_dir().ok(),
        kill_grace: settings.kill_grace,
        retry_later_exit_codes: Vec::new(),
        ..ChildSettings::default()
    };
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    let streams: StandardStreams<'_> = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
    let spec = Spec {
        what: RunTarget::Program(&program),
        settings: &child,
        timeout: None,
        chain,
        task: &task,
        run: RunId::at(clock::now()),
        secrets: &secret_variables(settings),
        in_flight: None,
        register: None,
        function_context: None,
        fence: Context::default().fence(),
        keeper: Some(keeper),
        standard: Some(streams),
        scratch: None,
    };
    match ChildRun::start(&spec, clock::now()) {
        Ok(run) => {
            let ended = watch(run, signals, bell).map_err(no_descriptor)?;
            for note in &ended.notes {
                print_to_stderr(&format!("warning: {note}\n"));
            }
            Ok(ended.outcome)
        }
        Err(outcome) => Ok(*outcome),
    }
}

/// Waits for the end of the command; signals that ask this process to end are handed on.
fn watch(mut run: ChildRun, signals: &SignalReader, bell: &Wakeup) -> io::Result<EndedRun> {
    let mut waiter = Waiter::new()?;
    let mut interrupts = 0;
    loop {
        let now = clock::mono();
        if let Some(ended) = run.step(now) {
            return Ok(ended);
        }
        for signal in signals.drain() {
            match signal {
                Signal::Quit | Signal::Now => run.kill(now),
                Signal::Term | Signal::Int | Signal::Hangup | Signal::Replace { .. } => {
                    interrupts += 1;
                    match interrupts {
                        1 => run.terminate(now),
                        _ if signal == Signal::Int => run.kill(now),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        let sources = [Some(run.source()), Some(signals.as_fd()), Some(bell.fd())];
        waiter.wait(sources, run.due())?;
        bell.hear();
    }
}

/// Returns the exit code that a shell would give.
fn code_of(outcome: &Outcome) -> CommandResult {
    let failure = match outcome {
        Outcome::Success => return Ok(()),
        // The caller has asked for it.
        Outcome::Interrupted { .. } => return Err(CommandError::said(TERMINATED)),
        Outcome::RetryLater { .. } => return Err(CommandError::said(exit::HELD)),
        Outcome::Failure(failure) | Outcome::Fatal(failure) => failure,
    };
    let code = match failure.class {
        FailureClass::Exit(code) => u8::try_from(code).unwrap_or(exit::FAILED),
        FailureClass::Signal { number, .. } => {
            u8::try_from(ENDED_BY_SIGNAL + number).unwrap_or(exit::FAILED)
        }
        FailureClass::NotStarted => {
            return Err(CommandError::new(CANNOT_RUN, failure.text()));
        }
        _ => return Err(CommandError::new(exit::FAILED, failure.text())),
    };
    Err(CommandError::said(code))
}
