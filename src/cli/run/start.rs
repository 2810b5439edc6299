//! What a runner makes of the one before it: where the chain goes on, and what alerts remember.

use std::time::SystemTime;

use super::compose::{Composer, Names};
use super::desk::Desk;
use super::memory::{Found, MemoryFile};
use super::rim::Rim;
use super::{Order, Remember, no_descriptor};
use crate::alert::memory::Memory;
use crate::alert::policy::{ChainRules, Policy, TaskRules, WarnAfter};
use crate::chain::{Chain, ChainName, Cooldowns};
use crate::cli::screen::Refusal;
use crate::config::TaskDefinition;
use crate::hash::fnv1a;
use crate::mail::mailer::Mailer;
use crate::process::live::{self, Doing, Glimpse, Live};
use crate::process::run_root::RunRoot;
use crate::process::takeover::Held;
use crate::process::{boot, clock, own_program};
use crate::state::kept::{Crashes, Identity};
use crate::time::{Moment, Mono};

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
