//! What a runner makes of the one before it: where the chain goes on, and what alerts remember.

use std::sync::Arc;
use std::time::Duration;

use super::control::LAST_MAIL;
use super::lock_task;
use super::observers::all::Observers;
use super::observers::endings::ISOLATE;
use super::observers::live_status::LiveStatusObserver;
use super::observers::metrics_file::MetricsFile;
use super::observers::outward::OutwardObservers;
use super::observers::readiness::ReadinessNotifier;
use super::request::{MemoryPolicy, RunRequest, longest_grace};
use crate::alert::fingerprint;
use crate::alert::memory::{AlertMemory, Recorded};
use crate::alert::outage::EarlierPart;
use crate::alert::policy::{ChainPolicy, ChainRules, TaskRules};
use crate::chain::{ChainName, Cooldowns, TaskCycle};
use crate::config::TaskDefinition;
use crate::config::invocation::Call;
use crate::core::command_error::CommandError;
use crate::core::event::TaskIndex;
use crate::core::failure::Outcome;
use crate::core::hash::fnv1a;
use crate::core::time::{Moment, Mono};
use crate::history;
use crate::history::{HistoryReader, Stamp};
use crate::liveness::LivenessWriter;
use crate::logging::Log;
use crate::mail::mailer::Mailer;
use crate::metrics_push::{MetricsPusher, PushedTask};
use crate::mute::on_disk::mute_file::MuteFile;
use crate::notify::alert_memory_file::{AlertMemoryFile, FoundMemory};
use crate::notify::alerter::Alerter;
use crate::notify::mail_composer::{MailComposer, MailLook, MailNames};
use crate::notify::mail_dispatch::MailDispatch;
use crate::notify::recipients::Recipients;
use crate::ping::Pinger;
use crate::service::start_error::no_descriptor;
use crate::state::saved_memory::{ChainIdentity, Crashes};
use crate::unix::live::{self, Activity, LiveSnapshot, LiveStatus};
use crate::unix::notify::Notifier;
use crate::unix::takeover::AcquiredChain;
use crate::unix::trusted_paths::PrivateDir;
use crate::unix::{boot, clock, self_exe};

/// It has a process of its own already; what it takes from the runner then is the memory of the
/// machine.
const LIMIT: &str = "with a limit of its memory (`as` in `rlimits`) it dies in place of the runner; and look whether it \
    signals its parent";

/// What the end of a runner takes besides that of its task: the last mail.
const MARGIN: Duration = Duration::from_secs(5);

fn cooldowns(tasks: &[&TaskDefinition]) -> Vec<Cooldowns> {
    let cooldowns = |task: &&TaskDefinition| Cooldowns::from(&task.settings);
    tasks.iter().map(cooldowns).collect()
}

fn identity(order: &RunRequest<'_>) -> Result<ChainIdentity, CommandError> {
    let program = self_exe::identity().map_err(no_descriptor)?;
    let settings: Vec<_> = order.tasks.iter().map(|task| &task.settings).collect();
    let settings = fnv1a(format!("{settings:?}").as_bytes());
    let names = order.tasks.iter().map(|task| &task.name);
    Ok(ChainIdentity::new(
        program,
        names,
        format!("{settings:016x}"),
    ))
}

fn live_file(name: &ChainName) -> String {
    format!("{name}.live")
}

/// What the former runner did last, if its page is there.
fn former_glimpse(root: &PrivateDir, name: &ChainName) -> Option<LiveSnapshot> {
    let file = root.open_file(&live_file(name)).ok()?;
    live::glimpse(&file)
}

fn begin_live(root: &PrivateDir, order: &RunRequest<'_>, boot: &str) -> LiveStatus {
    let file = root.open_file(&live_file(&order.name));
    let file = file.inspect_err(|error| {
        log::warn!("After a crash nothing will tell what this runner did last: {error}");
    });
    let (pid, boot) = (std::process::id(), boot::short(boot));
    LiveStatus::begin(file.ok(), pid, boot, order.tasks.len())
}

/// Opens the desk of a chain.
pub(crate) fn open_alerter(
    order: &RunRequest<'_>,
    policy: ChainPolicy,
    memory: AlertMemoryFile,
    now: Moment,
) -> Result<Alerter, CommandError> {
    let settings = &order.loaded.settings;
    let mailer = Mailer::new(memory.state_dir(), settings.mail.clone()).map_err(no_descriptor)?;
    crate::mail::install(settings.mail.clone(), &settings.state_dir);
    let mut labels = order.labels();
    let tasks = order.tasks.iter().map(|task| task.settings.clone());
    let mut tasks: Vec<_> = tasks.collect();
    if order.is_locked() {
        // For alerts, the lock of the chain is one more task.
        labels.push(lock_task::LABEL.to_owned());
        tasks.push(lock_task::settings(&order.tasks));
    }
    let names = MailNames {
        chain: order.name.to_string(),
        labels: labels.clone(),
        call: Call::from_anywhere(order.inputs, order.loaded),
        look: MailLook::Chain,
    };
    let recipients = labels.iter().zip(&tasks);
    let recipients = Recipients::new(&settings.mail.to, recipients);
    let limits = tasks.iter().map(|task| task.timeout).collect();
    let host = order.inputs.hostname.clone();
    let composer = MailComposer::new(host, names, tasks, settings.clone(), now, policy.born());
    let mutes = MuteFile::new(memory.state_dir().clone(), order.name.as_str());
    let dispatch = MailDispatch::new(composer, recipients, mailer);
    let alerter = Alerter::new(policy, dispatch, memory, limits);
    Ok(alerter.with_mutes(mutes).with_digest(settings.mail.digest))
}

fn open_history(order: &RunRequest<'_>, state_dir: &PrivateDir) -> history::Writer {
    let settings = &order.loaded.settings;
    let kind_of = |outcome: &Outcome| fingerprint::of_outcome(outcome).map(|kind| kind.0);
    let labels = order.labels();
    history::Writer::new(state_dir, settings.history, &order.name, labels, kind_of)
}

/// Returns what the history knows of the tasks of a chain.
fn recorded(order: &RunRequest<'_>) -> Vec<Recorded> {
    let shelf = HistoryReader::open(&order.loaded.settings.state_dir, order.name.as_str());
    let Some(shelf) = shelf.ok().flatten() else {
        return Vec::new();
    };
    let summary = shelf.summary();
    let of_step = |(step, label): (TaskIndex, String)| {
        let past = summary.tasks.iter().find(|past| past.task == label)?;
        let name = &order.tasks[step].name;
        let before = order.tasks[..step].iter();
        Some(Recorded {
            name: name.to_string(),
            occurrence: before.filter(|task| task.name == *name).count(),
            down: past.down_since.map(|since| EarlierPart {
                started: since.time(),
                failures: past.failures,
            }),
            last_success: past.last_success.map(Stamp::time),
        })
    };
    let steps = order.labels().into_iter().enumerate();
    steps.filter_map(of_step).collect()
}

fn policy(order: &RunRequest<'_>, alerts: AlertMemory, now: Moment) -> ChainPolicy {
    let rules = order.tasks.iter();
    let rules = rules.map(|task| TaskRules::of(task.name.clone(), &task.settings));
    let lock = || TaskRules::of(lock_task::name(), &lock_task::settings(&order.tasks));
    let lock = order.is_locked().then(lock);
    let rules = rules.chain(lock).collect();
    ChainPolicy::new(
        rules,
        ChainRules::of(&order.loaded.settings.mail),
        alerts,
        now,
    )
}

/// All that a runner begins with.
pub(crate) struct RunnerStart {
    past: ResumeState,
    memory: AlertMemoryFile,
    live: LiveStatus,
    now: Moment,
}

impl RunnerStart {
    /// Reads what the former runner left, and begins the page of this one.
    pub(crate) fn of(
        order: &RunRequest<'_>,
        run_root: &PrivateDir,
        state_dir: PrivateDir,
        held: &AcquiredChain,
    ) -> Result<Self, CommandError> {
        let now = clock::now();
        let boot = boot::id();
        let former = former_glimpse(run_root, &order.name);
        let mut memory = AlertMemoryFile::new(state_dir, &order.name, identity(order)?);
        let past = ResumeState::of(&mut memory, order, held.replaced, former, &boot, now);
        let live = begin_live(run_root, order, &boot);
        Ok(RunnerStart {
            past,
            memory,
            live,
            now,
        })
    }

    /// Returns the chain as it goes on, and all its observers.
    pub(crate) fn into_parts(
        self,
        order: &RunRequest<'_>,
        notifier: Arc<Notifier>,
        log: Log,
    ) -> Result<(TaskCycle, Observers), CommandError> {
        let RunnerStart {
            past,
            memory,
            live,
            now,
        } = self;
        let chain = past.chain(cooldowns(&order.tasks));
        let policy = policy(order, past.alerts, now);
        let history = open_history(order, memory.state_dir());
        let mut alerter = open_alerter(order, policy, memory, now)?.with_log(log);
        if let Some(why) = past.damaged {
            alerter.note(format!(
                "The memory of alerts was damaged and began anew: {why}."
            ));
        }
        let patience = order.loaded.settings.stop_timeout + longest_grace(order) + MARGIN;
        let service = ReadinessNotifier::new(notifier, order.labels(), patience);
        let observers = Observers::new(&order.labels(), order.redactor());
        let metrics_file = MetricsFile::of(order, past.resume, now);
        if let Some(metrics_file) = &metrics_file {
            let writer = metrics_file.writer();
            alerter.tell_after_each_delivery(move |_| writer.write_again());
        }
        let page = LiveStatusObserver::of(live);
        let told = page.clone();
        alerter.tell_after_each_delivery(move |mails| told.mails_in_memory(mails));
        let observers = observers.with(alerter, service, page);
        let observers = observers.keeping(history, metrics_file);
        let mut observers = observers.reaching_out(outward(order));
        if let Some(Crashes { step, count }) = past.died_under {
            observers.died_under(step, count, remedy(order.tasks[step]), now);
        }
        Ok((chain, observers))
    }
}

fn outward(order: &RunRequest<'_>) -> OutwardObservers {
    let pings = order.tasks.iter().map(|task| task.settings.ping.clone());
    let (name, host) = (order.name.as_str(), &order.inputs.hostname);
    let settings = &order.loaded.settings;
    OutwardObservers {
        pinger: Pinger::new(order.labels(), pings.collect()),
        liveness: Some(LivenessWriter::of(name, host, order.labels(), settings)),
        metrics: settings.metrics_push.as_ref().map(|server| {
            let tasks = order.labels().into_iter().zip(&order.tasks);
            let tasks = tasks.map(|(label, task)| PushedTask {
                label,
                sort: task.sort(),
            });
            MetricsPusher::start(server, name, host, tasks.collect())
        }),
    }
}

/// Returns what keeps a task from taking its runner along.
fn remedy(task: &TaskDefinition) -> &'static str {
    match task.function {
        Some(_) if !task.settings.isolate => ISOLATE,
        _ => LIMIT,
    }
}

/// Opens the desk of a runner that ends before its chain begins, and finds out which task the
/// former one was in. All that was left stays for the runner that does begin: this one writes
/// nothing but what was mailed.
pub(crate) fn barred(
    order: &RunRequest<'_>,
    run_root: &PrivateDir,
    state_dir: PrivateDir,
    replaced: Option<i32>,
) -> Result<(Alerter, TaskIndex), CommandError> {
    let (now, boot) = (clock::now(), boot::id());
    let former = former_glimpse(run_root, &order.name);
    let step = match former.filter(|former| former.boot == boot::short(&boot)) {
        Some(LiveSnapshot {
            doing: Activity::Running { step, .. },
            ..
        }) if step < order.tasks.len() => step,
        _ => 0,
    };
    let mut memory = AlertMemoryFile::new(state_dir, &order.name, identity(order)?);
    let past = ResumeState::of(&mut memory, order, replaced, None, &boot, now);
    let alerter = open_alerter(order, policy(order, past.alerts, now), memory, now)?;
    Ok((alerter, step))
}

/// What this runner makes of the one before it.
struct ResumeState {
    alerts: AlertMemory,
    /// Where the chain goes on: the next task and when it is due; `None`: at once, from the start.
    resume: Option<(usize, Mono)>,
    /// The task under which the former runners died again and again, which makes it a failure of
    /// that task.
    died_under: Option<Crashes>,
    /// Why the memory cannot be read, if it cannot.
    damaged: Option<String>,
}

impl ResumeState {
    /// The chain begins at its start, whatever is remembered of alerts.
    fn fresh(alerts: AlertMemory) -> ResumeState {
        ResumeState {
            alerts,
            resume: None,
            died_under: None,
            damaged: None,
        }
    }

    fn of(
        memory: &mut AlertMemoryFile,
        order: &RunRequest<'_>,
        replaced: Option<i32>,
        former: Option<LiveSnapshot>,
        boot: &str,
        now: Moment,
    ) -> ResumeState {
        let recorded = recorded(order);
        match memory.read() {
            FoundMemory::Nothing => ResumeState::fresh(AlertMemory::empty(now, boot)),
            FoundMemory::Damaged(why) => {
                log::error!("The memory of alerts is damaged and begins anew: {why}");
                ResumeState {
                    damaged: Some(why),
                    ..ResumeState::fresh(AlertMemory::empty(now, boot))
                }
            }
            FoundMemory::Former(alerts) => {
                ResumeState::fresh(alerts.forgotten(now, boot).corrected(&recorded))
            }
            // Whoever had to be killed for us was started again by a person all the same.
            FoundMemory::Crashed(alerts)
                if order.memory == MemoryPolicy::Never || replaced.is_some() =>
            {
                ResumeState::fresh(alerts.forgotten(now, boot).corrected(&recorded))
            }
            FoundMemory::Crashed(alerts) => {
                let alerts = alerts.restored(now, boot).corrected(&recorded);
                let former = former.filter(|former| former.boot == boot::short(boot));
                ResumeState::after_crash(alerts, memory, former, order, now)
            }
        }
    }

    /// A crash loop must not bypass the cooldown: what was due is honoured. A run in which the
    /// runner died counts as begun.
    fn after_crash(
        alerts: AlertMemory,
        memory: &mut AlertMemoryFile,
        former: Option<LiveSnapshot>,
        order: &RunRequest<'_>,
        now: Moment,
    ) -> ResumeState {
        let count = order.tasks.len();
        let mut past = ResumeState::fresh(alerts);
        match former.map(|former| former.doing) {
            Some(Activity::Sleeping { step, until, .. }) if step < count => {
                memory.crashes = Crashes::default();
                log::warn!("The former runner died in a cooldown; what was due is honoured");
                let next = (step + 1) % count;
                let pauses = |step: TaskIndex| Cooldowns::from(&order.tasks[step].settings);
                let longest = pauses(step).longest_before(&pauses(next));
                past.resume = Some((next, until.min(now.mono + longest)));
            }
            Some(Activity::Running { step, since, .. }) if step < count => {
                memory.crashes = memory.crashes.another(step);
                let task = order.tasks[step];
                log::warn!("The former runner died while {} ran", task.name);
                let due = since.min(now.mono) + task.settings.fail_cooldown;
                past.died_under = Some(memory.crashes).filter(|crashes| crashes.count > 1);
                // The mail about it needs time to leave: the next run may end this runner in its
                // first moment, too.
                let least = past.died_under.map_or(due, |_| now.mono + LAST_MAIL);
                past.resume = Some(((step + 1) % count, due.max(least)));
            }
            _ => {}
        }
        past
    }

    fn chain(&self, cooldowns: Vec<Cooldowns>) -> TaskCycle {
        match self.resume {
            Some((next, due)) => TaskCycle::resumed(cooldowns, next, due),
            None => TaskCycle::new(cooldowns),
        }
    }
}
