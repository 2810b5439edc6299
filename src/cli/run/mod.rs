//! Running a chain: the order in which a runner begins, and its end.
//!
//! ```text
//! signal handlers ─► configuration ─► takeover ─► in-flight check ─► memory ─► READY=1 ─► the chain ─► the end
//! ```
//!
//! Nothing before the takeover changes anything: a bad configuration never ends a good runner.
//!
//! Two threads share the work ([`shared`]): the main one obeys the chain ([`host`]), the [`watch`]er reads signals and keeps the times of alerts.
//! Both tell the [`rim`].

mod board;
mod children;
mod compose;
mod desk;
mod host;
mod memory;
mod patience;
mod rim;
mod service;
mod shared;
mod start;
mod watch;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::screen::{Ended, Refusal};
use crate::alert::redact::Redactor;
use crate::chain::ChainName;
use crate::config::{Inputs, Loaded, TaskDefinition};
use crate::event::StopReason;
use crate::exit;
use crate::logging::Log;
use crate::process::child::descendants::kill_descendants_of;
use crate::process::clock;
use crate::process::in_flight::InFlight;
use crate::process::notify::Notifier;
use crate::process::run_root::RunRoot;
use crate::process::signals::{Reader, Signals};
use crate::process::takeover::{self, Held, Incumbent, Takeover, TakeoverError};
use crate::runner;
use crate::settings::{Login, PasswordSource, Settings, SmtpSettings, Transport};
use crate::task::TaskName;

use children::Children;
use host::{How, Process};
use patience::Patience;
use rim::Rim;
use shared::Shared;
use watch::Watcher;

/// How long the last mail may take to leave when the runner ends. What has not left by then is in the outbox.
const LAST_MAIL: Duration = Duration::from_secs(2);

/// A chain that is to be run: everything has been read, nothing has been done.
pub(crate) struct Order<'a> {
    /// What surrounds this process.
    pub(crate) inputs: &'a Inputs,
    /// The configuration.
    pub(crate) loaded: &'a Loaded,
    /// The tasks, in order.
    pub(crate) tasks: Vec<&'a TaskDefinition>,
    /// The name of the chain.
    pub(crate) name: ChainName,
    /// What is to be made of what a former runner remembered.
    pub(crate) memory: Remember,
}

impl Order<'_> {
    /// Returns what the tasks are called on the screen.
    fn labels(&self) -> Vec<String> {
        board::labels(self.tasks.iter().map(|task| task.name.as_str()))
    }

    /// Returns what takes the secrets of this process out of texts.
    fn redactor(&self) -> Redactor {
        let text = |text: &OsString| text.to_string_lossy().into_owned();
        let environment = self.inputs.environment.iter();
        let environment = environment.map(|(name, value)| (text(name), text(value)));
        let of_tasks = self
            .tasks
            .iter()
            .flat_map(|task| task.settings.child.env.clone());
        let password = crate::mail::password(&self.loaded.settings.mail);
        let password = password.map(|value| ("password".to_owned(), value));
        Redactor::new(environment.chain(of_tasks).chain(password))
    }
}

/// What is to be made of what a former runner remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remember {
    /// Take it over after a crash, forget it when a person started us.
    AfterCrash,
    /// Forget it in any case.
    Never,
}

/// Runs a chain until it is told to stop.
pub(crate) fn chain(order: &Order<'_>) -> Ended {
    let settings = &order.loaded.settings;
    let (_handlers, signals) = install_signals()?;
    let log = start_log(settings, order.name.as_str())?;
    let run_root = open_directory(&settings.run_root)?;
    let state_dir = open_directory(&settings.state_dir)?;
    let held = take_over(order, &run_root, &signals)?;
    let in_flight = claim_in_flight(&run_root, &order.name)?;
    let start = start::Start::of(order, &run_root, state_dir, &held)?;
    let notifier = Arc::new(Notifier::from_env());
    let (mut chain, rim) = start.into_parts(order, Arc::clone(&notifier), log.clone())?;
    let shared = Arc::new(Shared::new(rim).map_err(no_descriptor)?);
    let mut process = process(order, &shared, Some(in_flight), Some(held))?;
    let watcher = Watcher::start(Arc::clone(&shared), signals, log, patience(order), notifier)
        .map_err(no_descriptor)?;
    let reason = runner::run(&mut chain, &mut process);
    shared.end();
    let _ = watcher.join();
    shared.rim().finish(clock::mono() + LAST_MAIL);
    ended(&reason)
}

/// Runs each task once, in order, without pidfile, memory or mail to the admin.
pub(crate) fn once(order: &Order<'_>) -> Ended {
    let settings = &order.loaded.settings;
    let (_handlers, signals) = install_signals()?;
    let log = start_log(settings, order.name.as_str())?;
    crate::mail::install(settings.mail.clone(), &settings.state_dir);
    let rim = Rim::new(&order.labels(), order.redactor());
    let shared = Arc::new(Shared::new(rim).map_err(no_descriptor)?);
    let mut process = process(order, &shared, None, None)?;
    let watcher = Watcher::start(
        Arc::clone(&shared),
        signals,
        log,
        patience(order),
        Arc::default(),
    )
    .map_err(no_descriptor)?;
    let reason = runner::once(order.tasks.len(), &mut process);
    shared.end();
    let _ = watcher.join();
    let failed = shared.rim().failures() > 0;
    match ended(&reason) {
        Ok(()) if failed => Err(Refusal::said(exit::FAILED)),
        ended => ended,
    }
}

fn ended(reason: &StopReason) -> Ended {
    match reason {
        StopReason::Asked { .. } | StopReason::Replaced | StopReason::Done => Ok(()),
        StopReason::Fatal { .. } => Err(Refusal::said(exit::FATAL_TASK)),
        StopReason::Quit => Err(Refusal::said(exit::QUIT)),
        StopReason::Lost(_) => Err(Refusal::said(exit::UNSAFE_DIRECTORY)),
    }
}

fn install_signals() -> Result<(Signals, Reader), Refusal> {
    Signals::install().map_err(no_descriptor)
}

fn no_descriptor(error: io::Error) -> Refusal {
    Refusal::of(exit::UNSAFE_DIRECTORY, &error)
        .hint("look at `ulimit -n` and at the memory that is left")
}

fn start_log(settings: &Settings, chain: &str) -> Result<Log, Refusal> {
    Log::start(&settings.log, chain).map_err(|error| {
        let file = settings.log.file.as_deref().unwrap_or(Path::new("-"));
        let message = format!(
            "the log file `{}` cannot be opened: {error}",
            file.display()
        );
        Refusal::new(exit::UNSAFE_DIRECTORY, message)
    })
}

fn open_directory(path: &Path) -> Result<RunRoot, Refusal> {
    RunRoot::open(path).map_err(|error| Refusal::of(exit::UNSAFE_DIRECTORY, &error))
}

fn take_over(order: &Order<'_>, root: &RunRoot, signals: &Reader) -> Result<Held, Refusal> {
    let names: Vec<TaskName> = order.tasks.iter().map(|task| task.name.clone()).collect();
    let settings = &order.loaded.settings;
    let mut policy = Takeover::promising(settings.stop_timeout, longest_grace(order));
    if !settings.kill_concurrent {
        policy.incumbent = Incumbent::Stays;
    }
    policy.end_tree = kill_descendants_of;
    let held = takeover::acquire(
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
    );
    held.map_err(|error| match &error {
        TakeoverError::Evicted { .. } | TakeoverError::Asked { .. } => {
            log::info!("Stopped: {error}");
            Refusal::said(error.exit_code())
        }
        _ => Refusal::of(error.exit_code(), &error),
    })
}

/// The longest time that a tree of this chain may take from TERM to KILL.
fn longest_grace(order: &Order<'_>) -> Duration {
    let graces = order
        .tasks
        .iter()
        .map(|task| task.settings.child.kill_grace);
    graces
        .chain([order.loaded.settings.kill_grace])
        .max()
        .unwrap_or_default()
}

fn patience(order: &Order<'_>) -> Patience {
    let settings = &order.loaded.settings;
    Patience::new(settings.stop_timeout, settings.kill_grace)
}

fn claim_in_flight(root: &RunRoot, name: &ChainName) -> Result<InFlight, Refusal> {
    let in_flight =
        InFlight::open(root, name).map_err(|error| Refusal::of(exit::UNSAFE_DIRECTORY, &error))?;
    let ended = in_flight.claim().map_err(|error| {
        Refusal::of(exit::HELD, &error)
            .hint("a second copy of a task must not start beside the first")
    })?;
    if !ended.is_empty() {
        let pids: Vec<String> = ended.iter().map(ToString::to_string).collect();
        log::warn!(
            "Killed what the former runner had left running: {}",
            pids.join(", ")
        );
    }
    Ok(in_flight)
}

fn process(
    order: &Order<'_>,
    shared: &Arc<Shared>,
    in_flight: Option<InFlight>,
    held: Option<Held>,
) -> Result<Process, Refusal> {
    let how = |task: &&TaskDefinition| match task.function {
        Some(function) if !task.settings.isolate && task.settings.timeout.is_none() => {
            How::Inside(function)
        }
        _ => How::Child,
    };
    let ways = order.tasks.iter().map(how).collect();
    let children = Children::new(
        order.name.clone(),
        order.tasks.iter().map(|&task| task.clone()).collect(),
        order.labels(),
        secret_variables(&order.loaded.settings),
        crate::mail::pack(
            &order.loaded.settings.mail,
            &order.loaded.settings.state_dir,
        ),
        in_flight,
        order.loaded.settings.stop_timeout,
    );
    let pidfile = held.map(|held| held.pidfile);
    Process::new(Arc::clone(shared), ways, children, pidfile).map_err(no_descriptor)
}

/// The variables that hold secrets of our own, which no child gets.
fn secret_variables(settings: &Settings) -> Vec<String> {
    match &settings.mail.transport {
        Transport::Smtp(SmtpSettings {
            login:
                Some(Login {
                    password: PasswordSource::Env(name),
                    ..
                }),
            ..
        }) => vec![name.clone()],
        _ => Vec::new(),
    }
}
