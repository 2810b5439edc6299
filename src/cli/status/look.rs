//! What is known of chains, from their locks, pages, histories and memories.

use std::error::Error;
use std::time::SystemTime;

use crate::alert::memory::{Memory, TaskMemory};
use crate::alert::notice::KindCount;
use crate::chain::ChainName;
use crate::cli::control::chain_name;
use crate::cli::mute::{self, Holding};
use crate::cli::run;
use crate::cli::screen::Refusal;
use crate::config::Loaded;
use crate::exit;
use crate::history::Shelf;
use crate::mail::outbox;
use crate::process::incumbent::{self, Holder};
use crate::process::live::{self, Doing, Glimpse};
use crate::process::run_root::{RunRoot, UnsafePath};
use crate::process::{boot, clock};
use crate::state::history::{Stamp, Summary, TaskSummary};
use crate::state::{holder, kept};
use crate::task::TaskName;
use crate::time::Moment;

use super::mails::Mails;

const MOST_BYTES: u64 = 16 << 20;

/// What was seen.
pub(super) struct View {
    /// When.
    pub(super) now: Moment,
    /// The chains, by name.
    pub(super) chains: Vec<Chain>,
    /// The way of mail.
    pub(super) mail: outbox::Report,
}

/// What is known of a chain.
pub(super) struct Chain {
    /// Its name.
    pub(super) name: ChainName,
    /// Whether it runs.
    pub(super) standing: Standing,
    /// What its runner does.
    pub(super) doing: Doing,
    /// When its runner began.
    pub(super) began: Option<SystemTime>,
    /// How its last runner ended, if it ended by itself.
    pub(super) ended: Option<(SystemTime, String)>,
    /// Its tasks, in order.
    pub(super) tasks: Vec<Task>,
    /// What is known of mails to come.
    pub(super) mails: Mails,
    /// The mutes that hold, of the chain and of its tasks.
    pub(super) mutes: Vec<Holding>,
}

/// Whether a chain runs.
pub(super) enum Standing {
    /// In this process.
    Runs(i32),
    /// In a process that cannot be seen from here.
    Unseen,
    /// It does not.
    Stopped,
    /// It is not for us to know: why.
    Hidden(String),
}

/// What is known of a task.
pub(super) struct Task {
    /// What it is called on the screen.
    pub(super) label: String,
    /// How its runs ended.
    pub(super) past: TaskSummary,
    /// What is known of its outage, if it is down.
    pub(super) down: Option<Down>,
}

/// An outage that goes on.
pub(super) struct Down {
    /// Since when.
    pub(super) since: SystemTime,
    /// How many runs failed.
    pub(super) failures: u64,
    /// How many asked to be tried again later, if none has failed.
    pub(super) asks: u64,
    /// The latest failure.
    pub(super) latest: String,
    /// Every kind of it.
    pub(super) kinds: Vec<KindCount>,
    /// When the next reminder is due.
    pub(super) reminder: Option<SystemTime>,
}

/// Where to look.
struct Places<'a> {
    loaded: &'a Loaded,
    run_root: RunRoot,
    state_dir: Option<RunRoot>,
    /// The boot whose times hold.
    boot: u64,
    now: Moment,
}

/// Looks at one chain, or at all of RUN_ROOT.
pub(super) fn at(loaded: &Loaded, name: Option<&str>) -> Result<View, Refusal> {
    let settings = &loaded.settings;
    let root = RunRoot::open_existing(&settings.run_root).map_err(|error| refused(&error))?;
    let names = match (name, &root) {
        (Some(name), _) => vec![chain_name(name)?],
        (None, Some(root)) => {
            let stems = root.stems(".pid").map_err(|error| refused(&error))?;
            stems
                .iter()
                .filter_map(|stem| ChainName::parse(stem))
                .collect()
        }
        (None, None) => Vec::new(),
    };
    let now = clock::now();
    let chains = match root {
        Some(run_root) => {
            let places = Places {
                loaded,
                run_root,
                state_dir: RunRoot::open_existing(&settings.state_dir).ok().flatten(),
                boot: boot::short(&boot::id()),
                now,
            };
            names.into_iter().map(|name| places.look(name)).collect()
        }
        None => names.into_iter().map(Chain::unknown).collect(),
    };
    Ok(View {
        now,
        chains,
        mail: outbox::report(&settings.state_dir),
    })
}

fn refused(error: &UnsafePath) -> Refusal {
    Refusal::of(exit::UNSAFE_DIRECTORY, error)
        .hint("chains of another user are seen by that user alone: ask as that user, with `sudo -u` for instance")
}

impl Places<'_> {
    fn look(&self, name: ChainName) -> Chain {
        let standing = match incumbent::find(&self.run_root, &name) {
            Ok(Holder::Runner(runner)) => Standing::Runs(runner.pid()),
            Ok(Holder::Unseen) => Standing::Unseen,
            Ok(Holder::Nobody) => Standing::Stopped,
            Err(error) => return Chain::hidden(name, &error),
        };
        let past = Shelf::open(&self.loaded.settings.state_dir, name.as_str());
        let past = past.ok().flatten().map(|shelf| shelf.summary());
        let past = past.unwrap_or_default();
        let said = self.said(&name, &standing);
        let glimpse = self.glimpse(&name, &standing);
        let is_up = !matches!(standing, Standing::Stopped);
        let memory = self.memory(&name);
        let mails = memory.as_ref().map(|memory| Mails::of(memory, self.now));
        let mutes = self.state_dir.as_ref();
        let mutes = mutes.map(|root| mute::holding(root, &name, memory.as_ref(), self.now));
        let memories = memory.as_ref().map_or(&[][..], Memory::tasks);
        Chain {
            mails: mails.unwrap_or_default(),
            mutes: mutes.unwrap_or_default(),
            doing: glimpse.map_or(Doing::Nothing, |glimpse| glimpse.doing),
            began: said
                .as_ref()
                .filter(|_| is_up)
                .and_then(holder::Holder::started),
            ended: past.ended.clone().map(|(at, why)| (at.time(), why)),
            tasks: self.tasks(memories, &past, said.as_ref(), is_up),
            standing,
            name,
        }
    }

    /// What the runner says of itself, or the last one said.
    fn said(&self, name: &ChainName, standing: &Standing) -> Option<holder::Holder> {
        let bytes = self.run_root.read(&format!("{name}.state"), MOST_BYTES);
        let said = holder::Holder::parse(&bytes.ok().flatten()?)?;
        match standing {
            Standing::Runs(pid) => Some(said).filter(|said| said.pid == *pid),
            _ => Some(said),
        }
    }

    fn glimpse(&self, name: &ChainName, standing: &Standing) -> Option<Glimpse> {
        let Standing::Runs(pid) = standing else {
            return None;
        };
        let page = self.run_root.open_existing_file(&format!("{name}.live"));
        let glimpse = live::glimpse(&page.ok().flatten()?)?;
        let is_its = i64::from(glimpse.pid) == i64::from(*pid) && glimpse.boot == self.boot;
        is_its.then_some(glimpse)
    }

    fn tasks(
        &self,
        memories: &[TaskMemory],
        past: &Summary,
        said: Option<&holder::Holder>,
        is_up: bool,
    ) -> Vec<Task> {
        let labels: Vec<String> = if past.tasks.is_empty() {
            let names = said.map_or(&[][..], |said| &said.tasks[..]);
            run::labels(names.iter().map(String::as_str))
        } else {
            past.tasks.iter().map(|task| task.task.clone()).collect()
        };
        let task = |label: String| {
            let past = past.tasks.iter().find(|task| task.task == label);
            let past = past.cloned().unwrap_or_default();
            let memory = memories.iter().find(|memory| label_of(memory) == label);
            let down = self.down(&past, memory, is_up);
            Task { label, past, down }
        };
        labels.into_iter().map(task).collect()
    }

    fn memory(&self, name: &ChainName) -> Option<Memory> {
        let bytes = self
            .state_dir
            .as_ref()?
            .read(&format!("{name}.memory"), MOST_BYTES);
        let kept = kept::decode::<Memory>(&bytes.ok().flatten()?).ok()?;
        Some(kept.alerts)
    }

    /// The history knows whether a task is down, whoever restarted its runner; the memory of alerts knows what was made of it.
    fn down(&self, past: &TaskSummary, memory: Option<&TaskMemory>, is_up: bool) -> Option<Down> {
        let ongoing = memory.and_then(|memory| memory.outage.as_ref());
        // What only asks for later is down when that was mailed; that it does so no more is known to the history first.
        let ongoing = ongoing
            .filter(|ongoing| !ongoing.outage.only_asks() || (past.asks > 0 && ongoing.is_down()));
        let by_memory = ongoing.map(|ongoing| ongoing.outage.started.wall);
        let since = match &past.last {
            Some(_) if past.asks > 0 => by_memory?,
            Some(_) => past.down_since.map(Stamp::time)?,
            None => by_memory?,
        };
        // The memory is written at most once a minute, the history at once.
        let last = past.last.as_ref().filter(|last| last.result.is_failure());
        let said = last.and_then(|last| last.text.clone());
        let latest = ongoing.map(|ongoing| ongoing.latest.text.clone());
        Some(Down {
            since,
            failures: past
                .failures
                .max(ongoing.map_or(0, |ongoing| ongoing.outage.failures)),
            latest: said.or(latest).unwrap_or_default(),
            asks: past.asks,
            kinds: ongoing.map_or_else(Vec::new, |ongoing| ongoing.outage.kinds.clone()),
            reminder: memory
                .filter(|_| is_up)
                .and_then(|memory| self.reminder(memory)),
        })
    }

    fn reminder(&self, memory: &TaskMemory) -> Option<SystemTime> {
        let ongoing = memory.outage.as_ref()?;
        let task = self
            .loaded
            .tasks
            .get(&TaskName::parse(&memory.name).ok()?)?;
        let nrd = task.settings.non_recoverable_downtime;
        let after = nrd.saturating_mul(ongoing.reminded.saturating_add(1));
        ongoing.outage.started.wall.checked_add(after)
    }
}

/// Returns what the task of a memory is called on the screen.
fn label_of(memory: &TaskMemory) -> String {
    match memory.occurrence {
        0 => memory.name.clone(),
        place => format!("{}#{}", memory.name, place + 1),
    }
}

impl Chain {
    fn unknown(name: ChainName) -> Self {
        Chain {
            name,
            standing: Standing::Stopped,
            doing: Doing::Nothing,
            began: None,
            ended: None,
            tasks: Vec::new(),
            mails: Mails::default(),
            mutes: Vec::new(),
        }
    }

    /// Returns the mute of one of its tasks; of the chain itself where none is named.
    pub(super) fn mute(&self, task: Option<&str>) -> Option<&Holding> {
        let task = task.and_then(|label| label.split('#').next());
        self.mutes.iter().find(|mute| mute.task.as_deref() == task)
    }

    fn hidden(name: ChainName, error: &UnsafePath) -> Self {
        let why = match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        Chain {
            standing: Standing::Hidden(why),
            ..Chain::unknown(name)
        }
    }

    /// Returns what the task at this place is called.
    pub(super) fn task(&self, step: usize) -> &str {
        self.tasks.get(step).map_or("a task", |task| &task.label)
    }

    /// Returns what the task after this place is called.
    pub(super) fn task_after(&self, step: usize) -> &str {
        self.task((step + 1) % self.tasks.len().max(1))
    }

    /// Returns when something of it was last heard.
    pub(super) fn last_sign(&self) -> Option<SystemTime> {
        let ends = self.tasks.iter().filter_map(|task| task.past.last.as_ref());
        ends.map(|last| last.ended.time()).max()
    }
}
