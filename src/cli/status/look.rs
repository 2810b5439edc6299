//! What is known of chains, from their locks, pages, histories and memories.

use std::collections::HashSet;
use std::error::Error;
use std::time::SystemTime;

use crate::alert::memory::{Memory, TaskMemory};
use crate::alert::mute::Muted;
use crate::alert::notice::Sort;
use crate::chain::ChainName;
use crate::cli::control::chain_name;
use crate::cli::holding::{self, Holding};
use crate::cli::late::Late;
use crate::cli::left;
use crate::cli::lines::short;
use crate::cli::run;
use crate::cli::screen::Refusal;
use crate::config::Loaded;
use crate::history::Shelf;
use crate::mail::outbox;
use crate::process::incumbent::{self, Holder};
use crate::process::live::{self, Doing, Glimpse};
use crate::process::run_root::{RunRoot, UnsafePath};
use crate::process::{boot, clock};
use crate::state::history::{self, Summary, TaskSummary};
use crate::state::{holder, kept};
use crate::task::TaskName;
use crate::time::Moment;

use super::mails::Mails;
use super::outage::{Down, down_since, outage};

/// What was seen.
pub(in crate::cli) struct View {
    /// When.
    pub(in crate::cli) now: Moment,
    /// The chains, by name.
    pub(in crate::cli) chains: Vec<Chain>,
    /// The way of mail.
    pub(in crate::cli) mail: outbox::Report,
    /// Whether what waits there is not for us to see.
    pub(in crate::cli) mail_is_hidden: bool,
}

/// What is known of a chain.
pub(in crate::cli) struct Chain {
    /// Its name.
    pub(in crate::cli) name: ChainName,
    /// Whether it runs.
    pub(in crate::cli) standing: Standing,
    /// What its runner does.
    pub(in crate::cli) doing: Doing,
    /// When its runner began.
    pub(in crate::cli) began: Option<SystemTime>,
    /// How its last runner ended, if it ended by itself.
    pub(in crate::cli) ended: Option<(SystemTime, String)>,
    /// Its tasks, in order.
    pub(in crate::cli) tasks: Vec<Task>,
    /// What is known of mails to come.
    pub(super) mails: Mails,
    /// The mutes that hold, of the chain and of its tasks.
    pub(super) mutes: Vec<Holding>,
    /// What of it is counted.
    pub(in crate::cli) counts: Counts,
}

/// What is known of a chain besides what people read.
#[derive(Default)]
pub(in crate::cli) struct Counts {
    /// Which version of the program runs it.
    pub(in crate::cli) version: Option<String>,
    /// How many mails were written.
    pub(in crate::cli) mailed: history::Mails,
    /// How many failures wait for a mail, by the sort of it.
    pub(in crate::cli) held_back: Vec<(Sort, u64)>,
    /// When the memory of alerts was written.
    pub(in crate::cli) memory_written: Option<SystemTime>,
}

/// Whether a chain runs.
pub(in crate::cli) enum Standing {
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
pub(in crate::cli) struct Task {
    /// What it is called on the screen.
    pub(in crate::cli) label: String,
    /// How its runs ended.
    pub(in crate::cli) past: TaskSummary,
    /// What is known of its outage, if it is down.
    pub(in crate::cli) down: Option<Down>,
    /// What is known of its run, if that goes on for too long.
    pub(in crate::cli) late: Option<Late>,
    /// How many mails a mute has held back of which nobody was told yet.
    pub(in crate::cli) muted_mails: u64,
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

/// Looks at these chains, or at all of RUN_ROOT if none is named.
pub(in crate::cli) fn at(loaded: &Loaded, names: &[String]) -> Result<View, Refusal> {
    let settings = &loaded.settings;
    let root =
        RunRoot::open_existing(&settings.run_root).map_err(|error| Refusal::cannot_look(&error))?;
    let mut names: Vec<ChainName> = match (names, &root) {
        ([], Some(root)) => {
            let stems = root
                .stems(".pid")
                .map_err(|error| Refusal::cannot_look(&error))?;
            stems
                .iter()
                .filter_map(|stem| ChainName::parse(stem))
                .collect()
        }
        (names, _) => names
            .iter()
            .map(|name| chain_name(name))
            .collect::<Result<_, _>>()?,
    };
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.to_string()));
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
        mail_is_hidden: outbox::is_closed(&settings.state_dir),
    })
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
        let mails = memory
            .as_ref()
            .map(|memory| Mails::of(memory, glimpse.as_ref(), self.now));
        let mutes = self.state_dir.as_ref();
        let mutes = mutes.and_then(|root| {
            // What cannot be read mutes nothing: the runner goes by the same rule, and says so.
            holding::of_chain(root, &name, memory.as_ref(), self.now).ok()
        });
        let memories = memory.as_ref().map_or(&[][..], Memory::tasks);
        let counts = Counts {
            version: said.as_ref().map(|said| said.program().to_owned()),
            mailed: past.mails.clone(),
            held_back: memory
                .as_ref()
                .map_or_else(Vec::new, |memory| memory.held_back().to_vec()),
            memory_written: self.memory_written(&name),
        };
        let mut tasks = self.tasks(memories, &past, said.as_ref(), is_up);
        let doing = glimpse.map_or(Doing::Nothing, |glimpse| glimpse.doing);
        if let Doing::Running { step, since, limit } = doing
            && let (Some(task), Some(limit)) = (tasks.get_mut(step), limit)
        {
            task.late = Late::of(since, limit, self.now);
        }
        Chain {
            counts,
            mails: mails.unwrap_or_default(),
            mutes: mutes.unwrap_or_default(),
            doing,
            began: said
                .as_ref()
                .filter(|_| is_up)
                .and_then(holder::Holder::started),
            ended: past.ended.clone().map(|(at, why)| (at.time(), why)),
            tasks,
            standing,
            name,
        }
    }

    /// What the runner says of itself, or the last one said.
    fn said(&self, name: &ChainName, standing: &Standing) -> Option<holder::Holder> {
        let said = left::said(&self.run_root, name).ok().flatten()?;
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
            let account = memory.and_then(|memory| memory.muted.as_ref());
            Task {
                label,
                past,
                down,
                late: None,
                muted_mails: account.map_or(0, Muted::total),
            }
        };
        labels.into_iter().map(task).collect()
    }

    fn memory(&self, name: &ChainName) -> Option<Memory> {
        let kept = left::remembered(self.state_dir.as_ref()?, name);
        Some(kept.ok().flatten()?.alerts)
    }

    fn memory_written(&self, name: &ChainName) -> Option<SystemTime> {
        let file = self
            .state_dir
            .as_ref()?
            .open_existing_file(&kept::file_name(name.as_str()));
        file.ok().flatten()?.metadata().ok()?.modified().ok()
    }

    /// The history knows whether a task is down, whoever restarted its runner; the memory of alerts knows what was made of it.
    fn down(&self, past: &TaskSummary, memory: Option<&TaskMemory>, is_up: bool) -> Option<Down> {
        let ongoing = outage(past, memory);
        let since = down_since(past, memory)?;
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
pub(in crate::cli) fn label_of(memory: &TaskMemory) -> String {
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
            counts: Counts::default(),
        }
    }

    /// Returns the mute of one of its tasks; of the chain itself where none is named.
    pub(super) fn mute(&self, task: Option<&str>) -> Option<&Holding> {
        let task = task.and_then(|label| label.split('#').next());
        self.mutes
            .iter()
            .find(|holding| holding.mute.task.as_deref() == task)
    }

    /// Returns until when a task is muted, by itself or with its chain.
    pub(in crate::cli) fn muted_until(&self, label: &str) -> Option<SystemTime> {
        let mutes = [self.mute(Some(label)), self.mute(None)];
        let ends = mutes.into_iter().flatten();
        ends.map(|holding| holding.mute.until).max()
    }

    /// Says that the run of a task goes on for too long, if it does, and what was made of that.
    pub(super) fn too_long(&self, task: &Task) -> Option<String> {
        let muted = self.muted_until(&task.label);
        let muted = muted.map(|until| format!("muted until {}", short(until)));
        task.late.map(|late| late.words(muted.as_deref()))
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
    pub(in crate::cli) fn task(&self, step: usize) -> &str {
        self.tasks.get(step).map_or("a task", |task| &task.label)
    }

    /// Returns what the task after this place is called.
    pub(in crate::cli) fn task_after(&self, step: usize) -> &str {
        self.task((step + 1) % self.tasks.len().max(1))
    }

    /// Returns when something of it was last heard.
    pub(in crate::cli) fn last_sign(&self) -> Option<SystemTime> {
        let ends = self.tasks.iter().filter_map(|task| task.past.last.as_ref());
        ends.map(|last| last.ended.time()).max()
    }
}
