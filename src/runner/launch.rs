//! Running a chain: the order in which a runner begins, and its end.
//!
//! ```text
//! signal handlers ─► configuration ─► takeover ─► in-flight check
//!     ─► memory ─► READY=1 ─► the chain ─► the end
//! ```
//!
//! Nothing before the takeover changes anything: a bad configuration never ends a good runner.
//!
//! Two threads share the work ([`control`](super::control)): the main one runs the chain on the
//! [`host`](super::unix_host), the [signal thread](super::signal_thread) reads signals and keeps
//! the times of alerts. Both report events to the [observers](super::observers).

use std::path::Path;
use std::sync::Arc;

use super::blocked_start::BlockedStart;
use super::chain_lock::lock_reporter::LockReporter;
use super::chain_lock::opening::OpenedLock;
use super::chain_lock::runner_lock::RunnerLock;
use super::child_runs::Children;
use super::control::{LAST_MAIL, RunnerControl};
use super::directories::judge_below;
use super::observers::all::Observers;
use super::request::{RunRequest, longest_grace, patience};
use super::resume;
use super::shutdown::{exit_guard, handover, panic_guard};
use super::signal_thread::{PrespawnedThread, SignalThread};
use super::unix_host::{Execution, UnixHost};
use crate::chain::drive;
use crate::config::TaskDefinition;
use crate::core::command_error::{CommandError, CommandResult};
use crate::core::event::StopReason;
use crate::core::exit;
use crate::core::settings::Settings;
use crate::logging::{Audience, Log};
use crate::service::secrets::secret_variables;
use crate::service::start_error::{no_descriptor, no_proc, no_thread, unsafe_directory};
use crate::task::{self, TaskName, context};
use crate::unix::child::descendants::kill_descendants_of;
use crate::unix::keeper::Keeper;
use crate::unix::notify::Notifier;
use crate::unix::signals::{SignalReader, Signals};
use crate::unix::takeover::{self, AcquiredChain, IncumbentPolicy, Takeover, TakeoverError};
use crate::unix::task_lock::TaskLock;
use crate::unix::terminal::print_to_stderr;
use crate::unix::trusted_paths::PrivateDir;
use crate::unix::{clock, resource_check, self_exe};

/// How many descriptors a runner needs for itself and one task, generously.
const DESCRIPTORS: usize = 24;

/// Runs a chain until it is asked to stop.
pub(crate) fn chain(order: &RunRequest<'_>) -> CommandResult {
    let settings = &order.loaded.settings;
    let (handlers, signals) = install_signals()?;
    // This reader gets all signals from the beginning on; it is asked when the watcher has ended.
    let at_the_end = handlers.reader().map_err(no_descriptor)?;
    let log = start_log(settings, order.name.as_str());
    let audience = log.audience();
    tell_warnings(order, audience);
    run_chain(order, signals, &at_the_end, log).map_err(|refusal| logged(refusal, audience))
}

fn run_chain(
    order: &RunRequest<'_>,
    signals: SignalReader,
    at_the_end: &SignalReader,
    log: Log,
) -> CommandResult {
    let settings = &order.loaded.settings;
    let run_root = open_directory(&settings.run_root)?;
    let state_dir = open_directory(&settings.state_dir)?;
    judge_below(&state_dir, Some(&order.name)).map_err(unsafe_directory)?;
    // Whoever cannot run must not end one who does.
    self_exe::pin().map_err(no_proc)?;
    let recruit = PrespawnedThread::new().map_err(no_thread)?;
    resource_check::descriptors(DESCRIPTORS).map_err(no_descriptor)?;
    let barred = BlockedStart::new(order, &run_root, &state_dir, &log);
    barred.refuse_to_take_from_a_unit()?;
    let lock = OpenedLock::of(order)?;
    let held = take_over(order, &run_root, &signals);
    let mut held = held.map_err(|error| barred.refused(&error))?;
    held.pidfile.keep_in_view(state_dir.clone());
    let in_flight = barred.claim_in_flight(&held)?;
    let view = state_dir.clone();
    let start = resume::RunnerStart::of(order, &run_root, state_dir, &held)?;
    let notifier = Arc::new(Notifier::from_env());
    let (mut chain, observers) = start.into_parts(order, Arc::clone(&notifier), log.clone())?;
    let heirs = held.heirs.clone();
    let shared = Arc::new(RunnerControl::new(observers, Some(heirs)).map_err(no_descriptor)?);
    exit_guard::guard_against_exit(&shared);
    let keeper = lock.as_ref().map(OpenedLock::keeper);
    let process = process(order, &shared, Some(in_flight), Some(held), keeper)?;
    let (lock, reporter) = begin_lock(lock, order, &shared, Some(view))?;
    let mut process = process.under(lock);
    let to_watch = Arc::clone(&shared);
    let watcher = SignalThread::new(to_watch, signals, log, patience(order), notifier, exit::OK);
    let watcher = recruit.watch(watcher.map_err(no_descriptor)?.reporting(reporter));
    let reason = panic_guard::guard(&shared, || drive::run(&mut chain, &mut process));
    process.give_lock_back();
    handover::leave_word(&shared, order, &reason);
    shared.end();
    let _ = watcher.join();
    shared.observers().finish(clock::mono() + LAST_MAIL);
    if reason == StopReason::Replaced {
        // Gives up the chain and the in-flight lock.
        drop(process);
        if let Some(reason) = handover::see_through(&shared, at_the_end) {
            return ended(&reason);
        }
    }
    ended(&reason)
}

/// Starts the thread of the lock, if there is one.
fn begin_lock(
    lock: Option<OpenedLock>,
    order: &RunRequest<'_>,
    shared: &Arc<RunnerControl>,
    view: Option<PrivateDir>,
) -> Result<(Option<RunnerLock>, Option<LockReporter>), CommandError> {
    let Some(lock) = lock else {
        return Ok((None, None));
    };
    let (lock, reporter) = lock.begin(order, shared, view)?;
    shared.observers().copy_memory_to(lock.memory_copy());
    Ok((Some(lock), Some(reporter)))
}

fn tell_warnings(order: &RunRequest<'_>, audience: Audience) {
    let warnings = &order.warnings;
    if audience != Audience::Program {
        print_to_stderr(&warnings.rendered);
    }
    if audience != Audience::Person && !warnings.lines.is_empty() {
        // They name commands, and a log is read by more people than a configuration.
        let redactor = order.redactor();
        for line in &warnings.lines {
            log::warn!("{}", redactor.text(line));
        }
    }
}

/// Puts a refusal into the log where it would not be seen otherwise, or would be no line of it.
fn logged(refusal: CommandError, audience: Audience) -> CommandError {
    match (audience, refusal.line()) {
        (Audience::Person, _) | (_, None) => refusal,
        (Audience::File, Some(line)) => {
            log::error!("{line}");
            refusal
        }
        (Audience::Program, Some(line)) => {
            log::error!("{line}");
            CommandError::said(refusal.code)
        }
    }
}

/// Runs each task once, in order, without pidfile, memory or mail to the admin.
pub(crate) fn once(order: &RunRequest<'_>) -> CommandResult {
    let settings = &order.loaded.settings;
    let (_handlers, signals) = install_signals()?;
    let log = start_log(settings, order.name.as_str());
    crate::mail::install(settings.mail.clone(), &settings.state_dir);
    let observers = Observers::new(&order.labels(), order.redactor());
    let shared = Arc::new(RunnerControl::new(observers, None).map_err(no_descriptor)?);
    exit_guard::guard_against_exit(&shared);
    let lock = OpenedLock::of(order)?;
    let keeper = lock.as_ref().map(OpenedLock::keeper);
    let process = process(order, &shared, None, None, keeper)?;
    let (lock, reporter) = begin_lock(lock, order, &shared, None)?;
    lock.as_ref().map_or(Ok(()), RunnerLock::take_now)?;
    let mut process = process.under(lock);
    let watcher = SignalThread::new(
        Arc::clone(&shared),
        signals,
        log,
        patience(order),
        Arc::default(),
        exit::FAILED,
    );
    let recruit = PrespawnedThread::new().map_err(no_thread)?;
    let watcher = recruit.watch(watcher.map_err(no_descriptor)?.reporting(reporter));
    let reason = drive::once(order.tasks.len(), &mut process);
    let lost = process.has_lost_lock();
    process.give_lock_back();
    shared.end();
    let _ = watcher.join();
    // Who runs `once a b && deploy` relies on both having come to their end.
    let whole = shared.observers().all_have_ended_well();
    match ended(&reason) {
        Ok(()) if lost => Err(CommandError::said(exit::SHORTAGE)),
        Ok(()) if !whole => Err(CommandError::said(exit::FAILED)),
        ended => ended,
    }
}

fn ended(reason: &StopReason) -> CommandResult {
    match reason {
        StopReason::Asked { .. } | StopReason::Replaced | StopReason::Done => Ok(()),
        StopReason::Fatal { .. } => Err(CommandError::said(exit::FATAL_TASK)),
        StopReason::Quit => Err(CommandError::said(exit::QUIT)),
        // What a restart cannot mend of it, that says itself.
        StopReason::Lost(_) => Err(CommandError::said(exit::SHORTAGE)),
        StopReason::Defect(_) => Err(CommandError::said(exit::DEFECT)),
    }
}

fn install_signals() -> Result<(Signals, SignalReader), CommandError> {
    Signals::install().map_err(no_descriptor)
}

fn start_log(settings: &Settings, chain: &str) -> Log {
    // What a defect of ours says belongs into the log as well.
    task::install_hook();
    Log::start(&settings.log, chain)
}

fn open_directory(path: &Path) -> Result<PrivateDir, CommandError> {
    PrivateDir::open(path).map_err(unsafe_directory)
}

fn take_over(
    order: &RunRequest<'_>,
    root: &PrivateDir,
    signals: &SignalReader,
) -> Result<AcquiredChain, TakeoverError> {
    let names: Vec<TaskName> = order.tasks.iter().map(|task| task.name.clone()).collect();
    let settings = &order.loaded.settings;
    let mut policy = Takeover::promising(settings.stop_timeout, longest_grace(order));
    if !settings.kill_concurrent {
        policy.incumbent = IncumbentPolicy::Stays;
    }
    policy.end_tree = kill_descendants_of;
    takeover::acquire(
        root,
        &order.name,
        &names,
        &policy,
        signals,
        &mut |progress| {
            let level = if progress.is_warning() {
                log::Level::Warn
            } else {
                log::Level::Info
            };
            log::log!(level, "{progress}");
        },
    )
}

fn process(
    order: &RunRequest<'_>,
    shared: &Arc<RunnerControl>,
    in_flight: Option<TaskLock>,
    held: Option<AcquiredChain>,
    keeper: Option<Arc<Keeper>>,
) -> Result<UnixHost, CommandError> {
    context::set_host(order.inputs.hostname.clone());
    let how = |task: &&TaskDefinition| match task.function {
        Some(function) if !task.settings.isolate && task.settings.timeout.is_none() => {
            Execution::Inside(function, task.settings.settings.clone())
        }
        _ => Execution::Child,
    };
    let ways = order.tasks.iter().map(how).collect();
    let children = Children::new(
        order.name.clone(),
        order.tasks.iter().map(|&task| task.clone()).collect(),
        order.labels(),
        secret_variables(&order.loaded.settings),
        [
            crate::mail::pack(
                &order.loaded.settings.mail,
                &order.loaded.settings.state_dir,
            ),
            order.inputs.hostname.clone(),
        ],
        in_flight,
        order.loaded.settings.stop_timeout,
    );
    let children = children.below(keeper);
    let pidfile = held.map(|held| held.pidfile);
    UnixHost::new(Arc::clone(shared), ways, children, pidfile).map_err(no_descriptor)
}
