//! What a runner makes of the one before it: where the chain goes on, and what alerts remember.

use std::sync::Arc;
use std::time::Duration;

use super::compose::{Composer, Names};
use super::desk::Desk;
use super::memory::{Found, MemoryFile};
use super::mutes::MuteFile;
use super::rim::{ISOLATE, Rim};
use super::service::Service;
use super::textfile::Textfile;
use super::{LAST_MAIL, Order, Remember, longest_grace, no_descriptor};
use crate::alert::fingerprint;
use crate::alert::memory::Memory;
use crate::alert::policy::{ChainRules, Policy, TaskRules};
use crate::chain::{Chain, ChainName, Cooldowns};
use crate::cli::call::Call;
use crate::cli::screen::Refusal;
use crate::config::TaskDefinition;
use crate::event::Step;
use crate::failure::Outcome;
use crate::hash::fnv1a;
use crate::history;
use crate::logging::Log;
use crate::mail::mailer::Mailer;
use crate::process::live::{self, Doing, Glimpse, Live};
use crate::process::notify::Notifier;
use crate::process::run_root::RunRoot;
use crate::process::takeover::Held;
use crate::process::{boot, clock, own_program};
use crate::state::kept::{Crashes, Identity};
use crate::time::{Moment, Mono};

/// It has a process of its own already; what it takes from the runner then is the memory of the machine.
const LIMIT: &str = "with a limit of its memory (`as` in `rlimits`) it dies in place of the runner; and look whether it \
    signals its parent";

/// What the end of a runner takes besides that of its task: the last mail.
const MARGIN: Duration = Duration::from_secs(5);

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
    let settings = fnv1a(format!("{settings:?}").as_bytes());
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
    begun
        .inspect_err(|error| log::warn!("`status` cannot look into this runner: {error}"))
        .ok()
}

/// Opens the desk of a chain.
pub(super) fn open_desk(
    order: &Order<'_>,
    policy: Policy,
    memory: MemoryFile,
    now: Moment,
) -> Result<Desk, Refusal> {
    let settings = &order.loaded.settings;
    let mailer = Mailer::new(&settings.state_dir, settings.mail.clone()).map_err(no_descriptor)?;
    crate::mail::install(settings.mail.clone(), &settings.state_dir);
    let names = Names {
        chain: order.name.to_string(),
        labels: order.labels(),
        call: Call::from_anywhere(order.inputs, order.loaded),
    };
    let tasks = order
        .tasks
        .iter()
        .map(|task| task.settings.clone())
        .collect();
    let host = order.inputs.hostname.clone();
    let composer = Composer::new(host, names, tasks, settings.clone(), now, policy.born());
    let limits = order
        .tasks
        .iter()
        .map(|task| task.settings.timeout)
        .collect();
    let mutes = MuteFile::new(memory.state_dir().clone(), &order.name);
    let desk = Desk::new(policy, composer, mailer, memory, limits);
    Ok(desk.with_mutes(mutes).with_digest(settings.mail.digest))
}

fn open_history(order: &Order<'_>) -> history::Writer {
    let settings = &order.loaded.settings;
    let kind_of = |outcome: &Outcome| fingerprint::of_outcome(outcome).map(|kind| kind.0);
    let labels = order.labels();
    history::Writer::new(
        &settings.state_dir,
        settings.history,
        &order.name,
        labels,
        kind_of,
    )
}

fn policy(order: &Order<'_>, alerts: Memory, now: Moment) -> Policy {
    let rules = order.tasks.iter();
    let rules = rules
        .map(|task| TaskRules::of(task.name.clone(), &task.settings))
        .collect();
    Policy::new(
        rules,
        ChainRules::of(&order.loaded.settings.mail),
        alerts,
        now,
    )
}

/// All that a runner begins with.
pub(super) struct Start {
    past: Past,
    memory: MemoryFile,
    live: Option<Live>,
    now: Moment,
}

impl Start {
    /// Reads what the former runner left, and begins the page of this one.
    pub(super) fn of(
        order: &Order<'_>,
        run_root: &RunRoot,
        state_dir: RunRoot,
        held: &Held,
    ) -> Result<Self, Refusal> {
        let now = clock::now();
        let boot = boot::id();
        let former = former_glimpse(run_root, &order.name);
        let mut memory = MemoryFile::new(state_dir, &order.name, identity(order)?);
        let past = Past::of(&mut memory, order, held.replaced, former, &boot, now);
        let live = begin_live(run_root, &order.name, &boot);
        Ok(Start {
            past,
            memory,
            live,
            now,
        })
    }

    /// Returns the chain as it goes on, and everybody who is told of it.
    pub(super) fn into_parts(
        self,
        order: &Order<'_>,
        notifier: Arc<Notifier>,
        log: Log,
    ) -> Result<(Chain, Rim), Refusal> {
        let Start {
            past,
            memory,
            live,
            now,
        } = self;
        let chain = past.chain(cooldowns(&order.tasks));
        let policy = policy(order, past.alerts, now);
        let mut desk = open_desk(order, policy, memory, now)?.with_log(log);
        if let Some(why) = past.damaged {
            desk.note(format!(
                "The memory of alerts was damaged and began anew: {why}."
            ));
        }
        let patience = order.loaded.settings.stop_timeout + longest_grace(order) + MARGIN;
        let service = Service::new(notifier, order.labels(), patience);
        let rim = Rim::new(&order.labels(), order.redactor());
        let textfile = Textfile::of(order, past.resume, now);
        if let Some(textfile) = &textfile {
            let scribe = textfile.scribe();
            desk.tell_after_each_delivery(move || scribe.write_again());
        }
        let rim = rim.with(desk, service, live);
        let mut rim = rim.keeping(open_history(order), textfile);
        if let Some(Crashes { step, count }) = past.died_under {
            rim.died_under(step, count, remedy(order.tasks[step]), now);
        }
        Ok((chain, rim))
    }
}

/// Returns what keeps a task from taking its runner along.
fn remedy(task: &TaskDefinition) -> &'static str {
    match task.function {
        Some(_) if !task.settings.isolate => ISOLATE,
        _ => LIMIT,
    }
}

/// Opens the desk of a runner that ends before its chain begins, and finds out which task the former one was in. All that was left stays
/// for the runner that does begin: this one writes nothing but what was mailed.
pub(super) fn barred(
    order: &Order<'_>,
    run_root: &RunRoot,
    state_dir: RunRoot,
    replaced: Option<i32>,
) -> Result<(Desk, Step), Refusal> {
    let (now, boot) = (clock::now(), boot::id());
    let former = former_glimpse(run_root, &order.name);
    let step = match former.filter(|former| former.boot == boot::short(&boot)) {
        Some(Glimpse {
            doing: Doing::Running { step, .. },
            ..
        }) if step < order.tasks.len() => step,
        _ => 0,
    };
    let mut memory = MemoryFile::new(state_dir, &order.name, identity(order)?);
    let past = Past::of(&mut memory, order, replaced, None, &boot, now);
    let desk = open_desk(order, policy(order, past.alerts, now), memory, now)?;
    Ok((desk, step))
}

/// What this runner makes of the one before it.
struct Past {
    alerts: Memory,
    /// Where the chain goes on: the next task and when it is due; `None`: at once, from the start.
    resume: Option<(usize, Mono)>,
    /// The task under which the former runners died again and again, which makes it a failure of that task.
    died_under: Option<Crashes>,
    /// Why the memory cannot be read, if it cannot.
    damaged: Option<String>,
}

impl Past {
    /// The chain begins at its start, whatever is remembered of alerts.
    fn fresh(alerts: Memory) -> Past {
        Past {
            alerts,
            resume: None,
            died_under: None,
            damaged: None,
        }
    }

    fn of(
        memory: &mut MemoryFile,
        order: &Order<'_>,
        replaced: Option<i32>,
        former: Option<Glimpse>,
        boot: &str,
        now: Moment,
    ) -> Past {
        match memory.read() {
            Found::Nothing => Past::fresh(Memory::empty(now, boot)),
            Found::Damaged(why) => {
                log::error!("The memory of alerts is damaged and begins anew: {why}");
                Past {
                    damaged: Some(why),
                    ..Past::fresh(Memory::empty(now, boot))
                }
            }
            Found::Former(alerts) => Past::fresh(alerts.forgotten(now, boot)),
            // Whoever had to be killed for us was started again by a person all the same.
            Found::Crashed(alerts) if order.memory == Remember::Never || replaced.is_some() => {
                Past::fresh(alerts.forgotten(now, boot))
            }
            Found::Crashed(alerts) => {
                let alerts = alerts.restored(now, boot);
                let former = former.filter(|former| former.boot == boot::short(boot));
                Past::after_crash(alerts, memory, former, order, now)
            }
        }
    }

    /// A crash loop must not bypass the cooldown: what was due is honoured. A run in which the runner died counts as begun.
    fn after_crash(
        alerts: Memory,
        memory: &mut MemoryFile,
        former: Option<Glimpse>,
        order: &Order<'_>,
        now: Moment,
    ) -> Past {
        let count = order.tasks.len();
        let mut past = Past::fresh(alerts);
        match former.map(|former| former.doing) {
            Some(Doing::Sleeping { step, until, .. }) if step < count => {
                memory.crashes = Crashes::default();
                log::warn!("The former runner died in a cooldown; what was due is honoured");
                let settings = &order.tasks[step].settings;
                let longest = settings.success_cooldown.max(settings.fail_cooldown);
                past.resume = Some(((step + 1) % count, until.min(now.mono + longest)));
            }
            Some(Doing::Running { step, since, .. }) if step < count => {
                memory.crashes = memory.crashes.another(step);
                let task = order.tasks[step];
                log::warn!("The former runner died while {} ran", task.name);
                let due = since.min(now.mono) + task.settings.fail_cooldown;
                past.died_under = Some(memory.crashes).filter(|crashes| crashes.count > 1);
                // The mail about it needs time to leave: the next run may end this runner in its first moment, too.
                let least = past.died_under.map_or(due, |_| now.mono + LAST_MAIL);
                past.resume = Some(((step + 1) % count, due.max(least)));
            }
            _ => {}
        }
        past
    }

    fn chain(&self, cooldowns: Vec<Cooldowns>) -> Chain {
        match self.resume {
            Some((next, due)) => Chain::resumed(cooldowns, next, due),
            None => Chain::new(cooldowns),
        }
    }
}
