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
mod shared;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use super::screen::{Ended, Refusal};
use crate::alert::memory::Memory;
use crate::alert::policy::{ChainRules, Policy, TaskRules, WarnAfter};
use crate::alert::redact::Redactor;
use crate::chain::{Chain, ChainName, Cooldowns};
use crate::config::{Inputs, Loaded, TaskDefinition};
use crate::event::StopReason;
use crate::exit;
use crate::logging::Log;
use crate::mail::Mailer;
use crate::process::in_flight::InFlight;
use crate::process::live::{self, Doing, Glimpse, Live};
use crate::process::notify::Notifier;
use crate::process::own_program;
use crate::process::run_root::RunRoot;
use crate::process::signals::{Reader, Signals};
use crate::process::takeover::{self, Held, Incumbent, Takeover, TakeoverError};
use crate::process::{boot, clock};
use crate::runner;
use crate::settings::Settings;
use crate::state::kept::Identity;
use crate::task::TaskName;
use crate::time::{Moment, Mono};

use children::Children;
use compose::Composer;
use desk::Desk;
use host::{How, Process};
use memory::{Found, MemoryFile};
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
    let (_handlers, signals) = install_signals()?;
    let log = start_log(&order.loaded.settings, order.name.as_str())?;
    let settings = &order.loaded.settings;
    let run_root = open_directory(&settings.run_root)?;
    let state_dir = open_directory(&settings.state_dir)?;
    let held = take_over(order, &run_root, &signals)?;
    let in_flight = claim_in_flight(&run_root, &order.name)?;
    let boot = boot::id();
    let now = clock::now();
    let former = former_glimpse(&run_root, &order.name);
    let mut memory = MemoryFile::new(state_dir.clone(), &order.name, identity(order)?);
    let past = Past::of(&mut memory, order, &held, former, &boot, now);
    let live = begin_live(&run_root, &order.name, &boot);
    let mut chain = past.chain(cooldowns(&order.tasks), &order.tasks);
    let desk = open_desk(order, past.alerts, memory, now)?;
    let names: Vec<&str> = order.tasks.iter().map(|task| task.name.as_str()).collect();
    let labels = board::labels(names);
    let rim = Rim::new(&labels, redactor(order.inputs, settings)).with(desk, live, past.died_under, &boot);
    let surroundings = Surroundings { chain: &order.name, labels: &labels, in_flight: Some(in_flight) };
    let shared = Arc::new(Shared::new(rim).map_err(no_descriptor)?);
    let mut process = process(order, &shared, surroundings, Some(held))?;
    let patience = patience(order);
    let notifier = Notifier::from_env();
    notifier.ready();
    let watcher = Watcher::start(Arc::clone(&shared), signals, log, patience, notifier)
        .map_err(no_descriptor)?;
    let reason = runner::run(&mut chain, &mut process);
    shared.end();
    let _ = watcher.join();
    shared.rim().finish(clock::mono() + LAST_MAIL);
    ended(&reason)
}

/// Runs each task once, in order, without pidfile, memory or mail.
pub(crate) fn once(order: &Order<'_>) -> Ended {
    let (_handlers, signals) = install_signals()?;
    let log = start_log(&order.loaded.settings, order.name.as_str())?;
    let names: Vec<&str> = order.tasks.iter().map(|task| task.name.as_str()).collect();
    let labels = board::labels(names);
    let rim = Rim::new(&labels, redactor(order.inputs, &order.loaded.settings));
    let shared = Arc::new(Shared::new(rim).map_err(no_descriptor)?);
    let surroundings = Surroundings { chain: &order.name, labels: &labels, in_flight: None };
    let mut process = process(order, &shared, surroundings, None)?;
    let watcher =
        Watcher::start(Arc::clone(&shared), signals, log, patience(order), Notifier::default())
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
    let signals = Signals::install().map_err(no_descriptor)?;
    let reader = signals.reader().map_err(no_descriptor)?;
    Ok((signals, reader))
}

fn no_descriptor(error: std::io::Error) -> Refusal {
    Refusal::of(exit::UNSAFE_DIRECTORY, &error).hint("look at `ulimit -n` and at the memory that is left")
}

fn start_log(settings: &Settings, chain: &str) -> Result<Log, Refusal> {
    Log::start(&settings.log, chain).map_err(|error| {
        let file = settings.log.file.as_deref().unwrap_or(std::path::Path::new("-"));
        let message = format!("the log file `{}` cannot be opened: {error}", file.display());
        Refusal::new(exit::UNSAFE_DIRECTORY, message)
    })
}

fn open_directory(path: &std::path::Path) -> Result<RunRoot, Refusal> {
    RunRoot::open(path).map_err(|error| Refusal::of(exit::UNSAFE_DIRECTORY, &error))
}

fn take_over(order: &Order<'_>, root: &RunRoot, signals: &Reader) -> Result<Held, Refusal> {
    let names: Vec<TaskName> = order.tasks.iter().map(|task| task.name.clone()).collect();
    let settings = &order.loaded.settings;
    let mut policy = Takeover::promising(settings.stop_timeout, longest_grace(order));
    if !settings.kill_concurrent {
        policy.incumbent = Incumbent::Stays;
    }
    policy.end_tree = crate::process::child::tree::kill_descendants_of;
    let held = takeover::acquire(root, &order.name, &names, &policy, signals, &mut |progress| {
        let level = if progress.is_warning() { log::Level::Warn } else { log::Level::Info };
        log::log!(level, "{progress}");
    });
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
    let graces = order.tasks.iter().map(|task| task.settings.child.kill_grace);
    graces.chain([order.loaded.settings.kill_grace]).max().unwrap_or_default()
}

fn patience(order: &Order<'_>) -> Patience {
    let settings = &order.loaded.settings;
    Patience::new(settings.stop_timeout, settings.kill_grace)
}

fn claim_in_flight(root: &RunRoot, name: &ChainName) -> Result<InFlight, Refusal> {
    let in_flight = InFlight::open(root, name)
        .map_err(|error| Refusal::of(exit::UNSAFE_DIRECTORY, &error))?;
    let ended = in_flight.claim().map_err(|error| {
        Refusal::of(exit::HELD, &error).hint("a second copy of a task must not start beside the first")
    })?;
    if !ended.is_empty() {
        let pids: Vec<String> = ended.iter().map(ToString::to_string).collect();
        log::warn!("Killed what the former runner had left running: {}", pids.join(", "));
    }
    Ok(in_flight)
}

fn cooldowns(tasks: &[&TaskDefinition]) -> Vec<Cooldowns> {
    let cooldowns = |task: &&TaskDefinition| Cooldowns {
        success: task.settings.success_cooldown,
        fail: task.settings.fail_cooldown,
    };
    tasks.iter().map(cooldowns).collect()
}

fn identity(order: &Order<'_>) -> Result<Identity, Refusal> {
    let program = own_program::identity().map_err(no_descriptor)?;
    let settings: Vec<_> = order.tasks.iter().map(|task| &task.settings).collect();
    let settings = crate::hash::fnv1a(format!("{settings:?}").as_bytes());
    let names = order.tasks.iter().map(|task| &task.name);
    Ok(Identity::new(program, names, format!("{settings:016x}")))
}

fn live_file(name: &ChainName) -> String {
    format!("{name}.live")
}

/// What the former runner did last, if its page is there.
fn former_glimpse(root: &RunRoot, name: &ChainName) -> Option<Glimpse> {
    let file = root.open_file(&live_file(name)).ok()?;
    live::glimpse(&file)
}

fn begin_live(root: &RunRoot, name: &ChainName, boot: &str) -> Option<Live> {
    let begun = root
        .open_file(&live_file(name))
        .map_err(|error| error.to_string())
        .and_then(|file| {
            let pid = std::process::id();
            Live::begin(&file, pid, boot::short(boot)).map_err(|error| error.to_string())
        });
    begun.inspect_err(|error| log::warn!("`status` cannot look into this runner: {error}")).ok()
}

fn redactor(inputs: &Inputs, settings: &Settings) -> Redactor {
    let text = |text: &std::ffi::OsString| text.to_string_lossy().into_owned();
    let environment = inputs.environment.iter().map(|(name, value)| (text(name), text(value)));
    let password = crate::mail::password(&settings.mail).map(|value| ("password".to_owned(), value));
    Redactor::new(environment.chain(password))
}

fn open_desk(order: &Order<'_>, alerts: Memory, memory: MemoryFile, now: Moment) -> Result<Desk, Refusal> {
    let settings = &order.loaded.settings;
    let rules = order.tasks.iter().map(|task| TaskRules {
        name: task.name.clone(),
        non_recoverable_downtime: task.settings.non_recoverable_downtime,
        warn_after: WarnAfter::of(
            task.settings.warn_after,
            task.settings.timeout,
            task.settings.child.kill_grace,
        ),
    });
    let chain = ChainRules { max_per_hour: settings.mail.max_per_hour, healed: settings.mail.healed };
    let policy = Policy::new(rules.collect(), chain, alerts, now);
    let mailer = Mailer::new(&settings.state_dir, settings.mail.clone()).map_err(no_descriptor)?;
    crate::mail::install(&settings.state_dir, &settings.mail);
    let composer = Composer::new(order, now);
    let limits = order.tasks.iter().map(|task| task.settings.timeout).collect();
    Ok(Desk::new(policy, composer, mailer, memory, limits))
}

/// What a process host needs besides the order.
struct Surroundings<'a> {
    chain: &'a ChainName,
    labels: &'a [String],
    in_flight: Option<InFlight>,
}

fn process(
    order: &Order<'_>,
    shared: &Arc<Shared>,
    surroundings: Surroundings<'_>,
    held: Option<Held>,
) -> Result<Process, Refusal> {
    let how = |task: &&TaskDefinition| match task.function {
        Some(function) if !task.settings.isolate && task.settings.timeout.is_none() => {
            How::Inside(function)
        }
        _ => How::Child,
    };
    let ways = order.tasks.iter().map(how).collect();
    let children = Children::new(order, surroundings);
    let pidfile = held.map(|held| held.pidfile);
    Process::new(Arc::clone(shared), ways, children, patience(order), pidfile).map_err(no_descriptor)
}

/// What this runner makes of the one before it.
struct Past {
    alerts: Memory,
    /// Where the chain goes on: the next task and when it is due; `None`: at once, from the start.
    resume: Option<(usize, Mono)>,
    /// The task under which the former runners died again and again, which makes it a failure of that task.
    died_under: Option<usize>,
}

impl Past {
    fn of(
        memory: &mut MemoryFile,
        order: &Order<'_>,
        held: &Held,
        former: Option<Glimpse>,
        boot: &str,
        now: Moment,
    ) -> Past {
        let fresh = |alerts| Past { alerts, resume: None, died_under: None };
        match memory.read() {
            Found::Nothing => fresh(Memory::empty(now, boot)),
            Found::Damaged(why) => {
                log::error!("The memory of alerts is damaged and starts anew: {why}");
                fresh(Memory::empty(now, boot))
            }
            Found::Former(alerts) => fresh(alerts.forgotten(now, boot)),
            // Whoever had to be killed for us was started again by a person all the same.
            Found::Crashed(alerts) if order.memory == Remember::Never || held.replaced.is_some() => {
                fresh(alerts.forgotten(now, boot))
            }
            Found::Crashed(alerts) => {
                let alerts = alerts.restored(now, boot);
                let former = former.filter(|former| former.boot == boot::short(boot));
                Past::after_crash(alerts, memory, former, order)
            }
        }
    }

    /// A crash loop must not bypass the cooldown: what was due is honoured. A run in which the runner died counts as begun.
    fn after_crash(
        alerts: Memory,
        memory: &mut MemoryFile,
        former: Option<Glimpse>,
        order: &Order<'_>,
    ) -> Past {
        let count = order.tasks.len();
        match former.map(|former| former.doing) {
            Some(Doing::Sleeping { step, until, .. }) if step < count => {
                memory.crashes = Default::default();
                log::warn!("The former runner died in a cooldown; what was due is honoured");
                Past { alerts, resume: Some(((step + 1) % count, until)), died_under: None }
            }
            Some(Doing::Running { step, since }) if step < count => {
                memory.crashes = memory.crashes.another(step);
                let task = order.tasks[step];
                log::warn!("The former runner died while {} ran", task.name);
                let due = since + task.settings.fail_cooldown;
                let died_under = (memory.crashes.count > 1).then_some(step);
                Past { alerts, resume: Some(((step + 1) % count, due)), died_under }
            }
            _ => Past { alerts, resume: None, died_under: None },
        }
    }

    fn chain(&self, cooldowns: Vec<Cooldowns>, tasks: &[&TaskDefinition]) -> Chain {
        debug_assert_eq!(cooldowns.len(), tasks.len());
        match self.resume {
            Some((next, due)) => Chain::resumed(cooldowns, next, due),
            None => Chain::new(cooldowns),
        }
    }
}
