//! What is known of chains, from their locks, pages, histories and memories.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime};

use super::lock_status::LockStatus;
use super::memory_label::label_of;
use super::ongoing_outage::{OngoingOutage, down_since, outage};
use super::overdue_run::OverdueRun;
use super::pending_mail::PendingMail;
use super::state_files::{self, ChainDirectories};
pub(crate) use super::view::{
    ChainStatus, Hindrance, Liveness, StatusSnapshot, TaskStatus, WeekCounts,
};
use crate::alert::memory::{AlertMemory, TaskMemory};
use crate::chain::ChainName;
use crate::config::{Loaded, TaskDefinition};
use crate::core::command_error::CommandError;
use crate::core::settings::Settings;
use crate::core::time::Moment;
use crate::history::{ChainSummary, HistoryReader, TaskSummary};
use crate::mail::outbox;
use crate::mute::account::MuteAccount;
use crate::mute::on_disk::active_mute;
use crate::state::{runner_info, saved_memory};
use crate::task::TaskName;
use crate::task::label::TaskLabel;
use crate::unix::live::{self, Activity, LiveSnapshot, TaskFares};
use crate::unix::runner_handle::ChainHolder;
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};
use crate::unix::{boot, clock, procfs};

/// How late a runner may be on a machine that is busy.
const LATE: Duration = Duration::from_secs(5);

/// Where to look.
struct SnapshotPlaces<'a> {
    settings: &'a Settings,
    /// The tasks that are known, for when reminders are due.
    tasks: Option<&'a BTreeMap<TaskName, TaskDefinition>>,
    directories: ChainDirectories,
    /// The boot whose times hold.
    boot: u64,
    now: Moment,
}

/// Looks at these chains, or at all of RUN_ROOT if none is named.
pub(crate) fn at(loaded: &Loaded, names: &[String]) -> Result<StatusSnapshot, CommandError> {
    look(&loaded.settings, Some(&loaded.tasks), names)
}

/// Looks at chains; without the tasks there are no reminders to come.
pub(super) fn look(
    settings: &Settings,
    tasks: Option<&BTreeMap<TaskName, TaskDefinition>>,
    names: &[String],
) -> Result<StatusSnapshot, CommandError> {
    let cannot_look = |error: UntrustedPath| error.cannot_look();
    let directories = ChainDirectories {
        run_root: PrivateDir::open_existing(&settings.run_root).map_err(cannot_look)?,
        state_dir: PrivateDir::open_existing(&settings.state_dir)
            .ok()
            .flatten(),
    };
    let mut names: Vec<ChainName> = match names {
        [] => directories.chains().map_err(cannot_look)?,
        names => names
            .iter()
            .map(|name| ChainName::typed(name))
            .collect::<Result<_, _>>()?,
    };
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.to_string()));
    let now = clock::now();
    let places = SnapshotPlaces {
        settings,
        tasks,
        directories,
        boot: boot::short(&boot::id()),
        now,
    };
    let chains = names.into_iter().map(|name| places.look(name));
    let mut chains: Vec<ChainStatus> = chains.collect();
    let mail = outbox::report(&settings.state_dir);
    for chain in &mut chains {
        for down in chain.tasks.iter_mut().filter_map(|task| task.down.as_mut()) {
            down.look_for_mails(chain.name.as_str(), &mail.undelivered);
        }
    }
    Ok(StatusSnapshot {
        now,
        is_apart: places.directories.are_apart(),
        chains,
        mail,
        mail_is_hidden: outbox::is_closed(&settings.state_dir),
    })
}

impl SnapshotPlaces<'_> {
    fn look(&self, name: ChainName) -> ChainStatus {
        let standing = match self.directories.runner_of(&name) {
            Ok(ChainHolder::Runner(runner)) => Liveness::Runs(runner.pid()),
            Ok(ChainHolder::Unseen) => Liveness::Unseen,
            Ok(ChainHolder::Nobody) => Liveness::Stopped,
            Err(error) => return ChainStatus::hidden(name, &error),
        };
        let past = HistoryReader::open(&self.settings.state_dir, name.as_str());
        let past = past.ok().flatten().map(|shelf| shelf.summary());
        let past = past.unwrap_or_default();
        let said = self.said(&name, &standing);
        let glimpse = self.glimpse(&name, &standing);
        let is_up = !matches!(standing, Liveness::Stopped);
        let memory = self.memory(&name);
        let mails = memory
            .as_ref()
            .map(|memory| PendingMail::of(memory, glimpse.as_ref(), self.now));
        let mutes = self.directories.state_dir.as_ref();
        let mutes = mutes.and_then(|root| {
            // What cannot be read mutes nothing: the runner goes by the same rule, and says so.
            let accounts = memory.iter().flat_map(AlertMemory::mute_accounts);
            active_mute::of_chain(root, name.as_str(), accounts, self.now).ok()
        });
        let memories = memory.as_ref().map_or(&[][..], AlertMemory::tasks);
        let counts = WeekCounts {
            version: said.as_ref().map(|said| said.program().to_owned()),
            mailed: past.mails.clone(),
            held_back: memory
                .as_ref()
                .map_or_else(Vec::new, |memory| memory.held_back().to_vec()),
            memory_written: self.memory_written(&name),
        };
        let names = self.directories.tasks_of(&name).ok().flatten();
        let mut tasks = self.tasks(memories, &past, &names.unwrap_or_default(), is_up);
        if let Some(glimpse) = &glimpse {
            self.see_what_no_disk_took(&mut tasks, glimpse);
        }
        let unkept = glimpse.as_ref().map(|glimpse| glimpse.unkept);
        let doing = glimpse.map_or(Activity::Nothing, |glimpse| glimpse.doing);
        if let Activity::Running { step, since, limit } = doing
            && let (Some(task), Some(limit)) = (tasks.get_mut(step), limit)
        {
            task.late = OverdueRun::of(since, limit, self.now);
        }
        let lock = self.directories.state_dir.as_ref().filter(|_| is_up);
        ChainStatus {
            lock: lock.and_then(|dir| LockStatus::of(dir, &name)),
            counts,
            mails: mails.unwrap_or_default(),
            mutes: mutes.unwrap_or_default(),
            doing,
            hindrance: self.hindrance(&standing, doing),
            unkept: unkept.unwrap_or_default(),
            began: said
                .as_ref()
                .filter(|_| is_up)
                .and_then(runner_info::RunnerInfo::started),
            unit: said.as_ref().and_then(|said| said.unit.clone()),
            ended: past.ended.clone().map(|(at, why)| (at.time(), why)),
            tasks,
            standing,
            name,
        }
    }

    /// What the runner reports about itself, or the last one said.
    fn said(&self, name: &ChainName, standing: &Liveness) -> Option<runner_info::RunnerInfo> {
        let root = self.directories.run_root.as_ref()?;
        let said = state_files::said(root, name).ok().flatten()?;
        match standing {
            Liveness::Runs(pid) => Some(said).filter(|said| said.pid == *pid),
            _ => Some(said),
        }
    }

    fn glimpse(&self, name: &ChainName, standing: &Liveness) -> Option<LiveSnapshot> {
        let Liveness::Runs(pid) = standing else {
            return None;
        };
        // The file may be older: a disk that is full takes nothing.
        live::glimpse_of(*pid).or_else(|| {
            let root = self.directories.run_root.as_ref()?;
            let page = root.open_existing_file(&format!("{name}.live"));
            let glimpse = live::glimpse(&page.ok().flatten()?)?;
            let is_its = i64::from(glimpse.pid) == i64::from(*pid) && glimpse.boot == self.boot;
            is_its.then_some(glimpse)
        })
    }

    fn hindrance(&self, standing: &Liveness, doing: Activity) -> Option<Hindrance> {
        let Liveness::Runs(pid) = *standing else {
            return None;
        };
        if procfs::is_stopped(pid) {
            return Some(Hindrance::Stopped);
        }
        match doing {
            Activity::Sleeping { until, .. } if self.now.mono.since(until) > LATE => {
                Some(Hindrance::Overdue(until))
            }
            _ => None,
        }
    }

    /// While the history cannot be written, the page of the runner knows better how tasks fare.
    fn see_what_no_disk_took(&self, tasks: &mut [TaskStatus], glimpse: &LiveSnapshot) {
        let is_unkept = glimpse.unkept.history.is_some();
        for (task, fares) in tasks.iter_mut().zip(&glimpse.tasks) {
            match *fares {
                TaskFares::Down { since, failures } if is_unkept || task.past.last.is_none() => {
                    let former = task.down.take();
                    let since = self.now.at(since).wall;
                    let mut down = former.unwrap_or_else(|| OngoingOutage::unwritten(since));
                    down.failures = down.failures.max(failures);
                    task.down = Some(down);
                }
                TaskFares::Well if is_unkept => task.down = None,
                _ => {}
            }
        }
    }

    fn tasks(
        &self,
        memories: &[TaskMemory],
        past: &ChainSummary,
        names: &[String],
        is_up: bool,
    ) -> Vec<TaskStatus> {
        let labels: Vec<String> = if past.tasks.is_empty() {
            TaskLabel::all(names.iter().map(String::as_str))
        } else {
            past.tasks.iter().map(|task| task.task.clone()).collect()
        };
        let task = |label: String| {
            let past = past.tasks.iter().find(|task| task.task == label);
            let past = past.cloned().unwrap_or_default();
            let memory = memories.iter().find(|memory| label_of(memory) == label);
            let down = self.down(&past, memory, is_up);
            let account = memory.and_then(|memory| memory.muted.as_ref());
            TaskStatus {
                label,
                past,
                down,
                late: None,
                muted_mails: account.map_or(0, MuteAccount::total),
            }
        };
        labels.into_iter().map(task).collect()
    }

    fn memory(&self, name: &ChainName) -> Option<AlertMemory> {
        let kept = state_files::remembered(self.directories.state_dir.as_ref()?, name);
        Some(kept.ok().flatten()?.alerts)
    }

    fn memory_written(&self, name: &ChainName) -> Option<SystemTime> {
        let file = self
            .directories
            .state_dir
            .as_ref()?
            .open_existing_file(&saved_memory::file_name(name.as_str()));
        file.ok().flatten()?.metadata().ok()?.modified().ok()
    }

    /// The history knows whether a task is down, whoever restarted its runner; the memory of alerts
    /// knows what was made of it.
    fn down(
        &self,
        past: &TaskSummary,
        memory: Option<&TaskMemory>,
        is_up: bool,
    ) -> Option<OngoingOutage> {
        let ongoing = outage(past, memory);
        let since = down_since(past, memory)?;
        // The memory is written at most once a minute, the history at once.
        let last = past.last.as_ref().filter(|last| last.result.is_failure());
        let said = last.and_then(|last| last.text.clone());
        let latest = ongoing.map(|ongoing| ongoing.latest.text.clone());
        Some(OngoingOutage {
            since,
            failures: past
                .failures
                .max(ongoing.map_or(0, |ongoing| ongoing.outage.failures)),
            latest: said.or(latest).unwrap_or_default(),
            asks: past.asks,
            kinds: ongoing.map_or_else(Vec::new, |ongoing| ongoing.outage.kinds.clone()),
            not_sent: Vec::new(),
            reminder: memory
                .filter(|_| is_up)
                .and_then(|memory| self.reminder(memory)),
        })
    }

    fn reminder(&self, memory: &TaskMemory) -> Option<SystemTime> {
        let ongoing = memory.outage.as_ref()?;
        let task = self.tasks?.get(&TaskName::parse(&memory.name).ok()?)?;
        let nrd = task.settings.non_recoverable_downtime;
        let after = nrd.saturating_mul(ongoing.reminded.saturating_add(1));
        ongoing.outage.started.wall.checked_add(after)
    }
}
