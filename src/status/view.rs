//! What is known of chains at a moment.

use std::error::Error;
use std::time::SystemTime;

use super::lock_status::LockStatus;
use super::ongoing_outage::OngoingOutage;
use super::overdue_run::OverdueRun;
use super::pending_mail::PendingMail;
use crate::alert::alert_kind::AlertKind;
use crate::chain::ChainName;
use crate::core::time::{Moment, Mono};
use crate::history::{self, TaskSummary};
use crate::mail::outbox;
use crate::mute::on_disk::active_mute::ActiveMute;
use crate::state::runner_info;
use crate::task::label::TaskLabel;
use crate::unix::clock::short;
use crate::unix::live::{Activity, UnwrittenData};
use crate::unix::trusted_paths::UntrustedPath;

/// What was seen.
pub(crate) struct StatusSnapshot {
    /// When.
    pub(crate) now: Moment,
    /// The chains, by name.
    pub(crate) chains: Vec<ChainStatus>,
    /// Whether chains are known by what must survive as well, not by their pidfiles alone.
    pub(crate) is_apart: bool,
    /// The way of mail.
    pub(crate) mail: outbox::OutboxReport,
    /// Whether what waits there is not for us to see.
    pub(crate) mail_is_hidden: bool,
}

/// What is known of a chain.
pub(crate) struct ChainStatus {
    /// Its name.
    pub(crate) name: ChainName,
    /// Whether it runs.
    pub(crate) standing: Liveness,
    /// What its runner does.
    pub(crate) doing: Activity,
    /// What keeps its runner from doing it, if anything does.
    pub(crate) hindrance: Option<Hindrance>,
    /// What its runner keeps in memory, because the disk refuses.
    pub(crate) unkept: UnwrittenData,
    /// When its runner began.
    pub(crate) began: Option<SystemTime>,
    /// How its last runner ended, if it ended by itself.
    pub(crate) ended: Option<(SystemTime, String)>,
    /// Its tasks, in order.
    pub(crate) tasks: Vec<TaskStatus>,
    /// The unit of its runner, or of the last one.
    pub(crate) unit: Option<runner_info::RunnerUnit>,
    /// What is known of mails to come.
    pub(crate) mails: PendingMail,
    /// The mutes that hold, of the chain and of its tasks.
    pub(crate) mutes: Vec<ActiveMute>,
    /// How the lock of the chain stands, if it runs under one.
    pub(crate) lock: Option<LockStatus>,
    /// What of it is counted.
    pub(crate) counts: WeekCounts,
}

/// What is known of a chain besides what people read.
#[derive(Default)]
pub(crate) struct WeekCounts {
    /// Which version of the program runs it.
    pub(crate) version: Option<String>,
    /// How many mails were written.
    pub(crate) mailed: history::MailTotals,
    /// How many failures wait for a mail, by the sort of it.
    pub(crate) held_back: Vec<(AlertKind, u64)>,
    /// When the memory of alerts was written.
    pub(crate) memory_written: Option<SystemTime>,
}

/// Whether a chain runs.
pub(crate) enum Liveness {
    /// In this process.
    Runs(i32),
    /// In a process that cannot be seen from here.
    Unseen,
    /// No runner lives.
    Stopped,
    /// The state cannot be seen by this user: why.
    Hidden(String),
}

/// What keeps a runner from working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hindrance {
    /// The runner was stopped, by SIGSTOP or a debugger.
    Stopped,
    /// The runner should have gone on at this point, and has not.
    Overdue(Mono),
}

/// What is known of a task.
pub(crate) struct TaskStatus {
    /// What it is called on the screen.
    pub(crate) label: String,
    /// How its runs ended.
    pub(crate) past: TaskSummary,
    /// What is known of its outage, if it is down.
    pub(crate) down: Option<OngoingOutage>,
    /// What is known of its run, if that goes on for too long.
    pub(crate) late: Option<OverdueRun>,
    /// How many mails a mute has held back of which nobody was told yet.
    pub(crate) muted_mails: u64,
}

impl ChainStatus {
    pub(crate) fn unknown(name: ChainName) -> Self {
        ChainStatus {
            name,
            standing: Liveness::Stopped,
            doing: Activity::Nothing,
            hindrance: None,
            unkept: UnwrittenData::default(),
            began: None,
            lock: None,
            unit: None,
            ended: None,
            tasks: Vec::new(),
            mails: PendingMail::default(),
            mutes: Vec::new(),
            counts: WeekCounts::default(),
        }
    }

    /// Returns the mute of one of its tasks; of the chain itself where none is named.
    pub(crate) fn mute(&self, task: Option<&str>) -> Option<&ActiveMute> {
        let task = task.map(|label| TaskLabel::of(label).name());
        self.mutes
            .iter()
            .find(|holding| holding.mute.task.as_deref() == task)
    }

    /// Returns until when a task is muted, by itself or with its chain.
    pub(crate) fn muted_until(&self, label: &str) -> Option<SystemTime> {
        let mutes = [self.mute(Some(label)), self.mute(None)];
        let ends = mutes.into_iter().flatten();
        ends.map(|holding| holding.mute.until).max()
    }

    /// Returns the words about a run of a task that goes on for too long, and whether that was
    /// mailed.
    pub(crate) fn too_long(&self, task: &TaskStatus) -> Option<String> {
        let muted = self.muted_until(&task.label);
        let muted = muted.map(|until| format!("muted until {}", short(until)));
        task.late.map(|late| late.words(muted.as_deref()))
    }

    pub(crate) fn hidden(name: ChainName, error: &UntrustedPath) -> Self {
        let why = match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        ChainStatus {
            standing: Liveness::Hidden(why),
            ..ChainStatus::unknown(name)
        }
    }

    /// Returns what the task at this place is called.
    pub(crate) fn task(&self, step: usize) -> &str {
        self.tasks.get(step).map_or("a task", |task| &task.label)
    }

    /// Returns what the task after this place is called.
    pub(crate) fn task_after(&self, step: usize) -> &str {
        self.task((step + 1) % self.tasks.len().max(1))
    }

    /// Returns when something of it was last heard.
    pub(crate) fn last_sign(&self) -> Option<SystemTime> {
        let ends = self.tasks.iter().filter_map(|task| task.past.last.as_ref());
        ends.map(|last| last.ended.time()).max()
    }
}
