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

mod barred;
mod board;
mod children;
pub(super) mod compose;
mod cut;
mod defect;
mod desk;
mod hand_over;
mod host;
mod memory;
mod morning;
pub(super) mod mutes;
mod page;
mod patience;
mod rim;
mod service;
mod shared;
mod start;
mod textfile;
mod watch;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::screen::{Ended, Refusal, tell};
use crate::alert::redact::Redactor;
use crate::chain::ChainName;
use crate::config::{Inputs, Loaded, TaskDefinition};
use crate::event::StopReason;
use crate::exit;
use crate::logging::{Audience, Log};
use crate::process::child::descendants::kill_descendants_of;
use crate::process::clock;
use crate::process::in_flight::InFlight;
use crate::process::notify::Notifier;
use crate::process::reserve;
use crate::process::run_root::RunRoot;
use crate::process::signals::{Reader, Signals};
use crate::process::takeover::{self, Held, Incumbent, Takeover, TakeoverError};
use crate::runner;
use crate::settings::{Login, PasswordSource, Settings, SmtpSettings, Transport};
use crate::task::{self, TaskName};

use barred::Barred;
pub(crate) use board::labels;
use children::Children;
use host::{How, Process};
use patience::Patience;
use rim::Rim;
use shared::Shared;
use watch::{Recruit, Watcher};

/// How long the last mail may take to leave when the runner ends. What has not left by then is in the outbox.
const LAST_MAIL: Duration = Duration::from_secs(2);

/// How many descriptors a runner needs for itself and one task, generously.
const DESCRIPTORS: usize = 24;

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
    /// What is odd in the configuration.
    pub(crate) warnings: Warnings,
}

/// What is odd in a configuration, in both forms.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    /// For a log, one each.
    pub(crate) lines: Vec<String>,
    /// For a person, with excerpts.
    pub(crate) rendered: String,
}

impl Order<'_> {
    /// Returns what the tasks are called on the screen.
    fn labels(&self) -> Vec<String> {
        labels(self.tasks.iter().map(|task| task.name.as_str()))
    }

    /// Returns what takes the secrets of this process out of texts.
    fn redactor(&self) -> Redactor {
        redactor(self.inputs, self.loaded, &self.tasks)
    }
}

/// Returns what takes the secrets of this process, of its mail settings and of these tasks out of texts.
pub(crate) fn redactor(inputs: &Inputs, loaded: &Loaded, tasks: &[&TaskDefinition]) -> Redactor {
    let text = |text: &OsString| text.to_string_lossy().into_owned();
    let environment = inputs.environment.iter();
    let environment = environment.map(|(name, value)| (text(name), text(value)));
    let of_tasks = tasks
        .iter()
        .flat_map(|task| task.settings.child.env.clone());
    let password = crate::mail::password(&loaded.settings.mail);
    let password = password.map(|value| ("password".to_owned(), value));
    Redactor::new(environment.chain(of_tasks).chain(password))
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
    let audience = log.audience();
    tell_warnings(order, audience);
    run_chain(order, signals, log).map_err(|refusal| logged(refusal, audience))
}

fn run_chain(order: &Order<'_>, signals: Reader, log: Log) -> Ended {
    let settings = &order.loaded.settings;
    let run_root = open_directory(&settings.run_root)?;
    let state_dir = open_directory(&settings.state_dir)?;
    // Whoever cannot run must not end one who does.
    let recruit = Recruit::new().map_err(no_thread)?;
    reserve::descriptors(DESCRIPTORS).map_err(no_descriptor)?;
    let barred = Barred::new(order, &run_root, &state_dir, &log);
    let held = take_over(order, &run_root, &signals);
    let held = held.map_err(|error| barred.refused(&error))?;
    let in_flight = barred.claim_in_flight(&held)?;
    let start = start::Start::of(order, &run_root, state_dir, &held)?;
    let notifier = Arc::new(Notifier::from_env());
    let (mut chain, rim) = start.into_parts(order, Arc::clone(&notifier), log.clone())?;
    let heirs = held.heirs.clone();
    let shared = Arc::new(Shared::new(rim, Some(heirs)).map_err(no_descriptor)?);
    cut::guard_against_exit(&shared);
    let mut process = process(order, &shared, Some(in_flight), Some(held))?;
    let to_watch = Arc::clone(&shared);
    let watcher = Watcher::new(to_watch, signals, log, patience(order), notifier, exit::OK);
    let watcher = recruit.watch(watcher.map_err(no_descriptor)?);
    let reason = defect::guard(&shared, || runner::run(&mut chain, &mut process));
    hand_over::leave_word(&shared, order, &reason);
    shared.end();
    let _ = watcher.join();
    shared.rim().finish(clock::mono() + LAST_MAIL);
    if reason == StopReason::Replaced {
        // Gives up the chain and the in-flight lock.
        drop(process);
        hand_over::see_through(&shared);
    }
    ended(&reason)
}

fn tell_warnings(order: &Order<'_>, audience: Audience) {
    let warnings = &order.warnings;
    if audience != Audience::Program {
        tell(&warnings.rendered);
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
fn logged(refusal: Refusal, audience: Audience) -> Refusal {
    match (audience, refusal.line()) {
        (Audience::Person, _) | (_, None) => refusal,
        (Audience::File, Some(line)) => {
            log::error!("{line}");
            refusal
        }
        (Audience::Program, Some(line)) => {
            log::error!("{line}");
            Refusal::said(refusal.code)
        }
    }
}

/// Runs each task once, in order, without pidfile, memory or mail to the admin.
pub(crate) fn once(order: &Order<'_>) -> Ended {
    let settings = &order.loaded.settings;
    let (_handlers, signals) = install_signals()?;
    let log = start_log(settings, order.name.as_str())?;
    crate::mail::install(settings.mail.clone(), &settings.state_dir);
    let rim = Rim::new(&order.labels(), order.redactor());
    let shared = Arc::new(Shared::new(rim, None).map_err(no_descriptor)?);
    cut::guard_against_exit(&shared);
    let mut process = process(order, &shared, None, None)?;
    let watcher = Watcher::new(
        Arc::clone(&shared),
        signals,
        log,
        patience(order),
        Arc::default(),
        exit::FAILED,
    );
    let recruit = Recruit::new().map_err(no_thread)?;
    let watcher = recruit.watch(watcher.map_err(no_descriptor)?);
    let reason = runner::once(order.tasks.len(), &mut process);
    shared.end();
    let _ = watcher.join();
    // Who runs `once a b && deploy` relies on both having come to their end.
    let whole = shared.rim().all_have_ended_well();
    match ended(&reason) {
        Ok(()) if !whole => Err(Refusal::said(exit::FAILED)),
        ended => ended,
    }
}

fn ended(reason: &StopReason) -> Ended {
    match reason {
        StopReason::Asked { .. } | StopReason::Replaced | StopReason::Done => Ok(()),
        StopReason::Fatal { .. } => Err(Refusal::said(exit::FATAL_TASK)),
        StopReason::Quit => Err(Refusal::said(exit::QUIT)),
        // What a restart cannot mend of it, that says itself.
        StopReason::Lost(_) => Err(Refusal::said(exit::SHORTAGE)),
        StopReason::Defect(_) => Err(Refusal::said(exit::DEFECT)),
    }
}

fn install_signals() -> Result<(Signals, Reader), Refusal> {
    Signals::install().map_err(no_descriptor)
}

fn no_descriptor(error: io::Error) -> Refusal {
    Refusal::of(exit::SHORTAGE, &error).hint(reserve::remedy(&error))
}

fn no_thread(error: io::Error) -> Refusal {
    Refusal::of(exit::SHORTAGE, &error).hint(
        "this process may have no more threads: look at `ulimit -u`, and at TasksMax= of its unit",
    )
}

fn start_log(settings: &Settings, chain: &str) -> Result<Log, Refusal> {
    // What a defect of ours says belongs into the log as well.
    task::install_hook();
    Log::start(&settings.log, chain).map_err(|error| {
        let file = settings.log.file.as_deref().unwrap_or(Path::new("-"));
        let message = format!(
            "the log file `{}` cannot be opened: {error}",
            file.display()
        );
        Refusal::new(reserve::exit_code(&error), message)
    })
}

fn open_directory(path: &Path) -> Result<RunRoot, Refusal> {
    RunRoot::open(path).map_err(|error| Refusal::of(error.exit_code(), &error))
}

fn take_over(order: &Order<'_>, root: &RunRoot, signals: &Reader) -> Result<Held, TakeoverError> {
    let names: Vec<TaskName> = order.tasks.iter().map(|task| task.name.clone()).collect();
    let settings = &order.loaded.settings;
    let mut policy = Takeover::promising(settings.stop_timeout, longest_grace(order));
    if !settings.kill_concurrent {
        policy.incumbent = Incumbent::Stays;
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
pub(crate) fn secret_variables(settings: &Settings) -> Vec<String> {
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
