//! How the lock of a chain stands, as its runner shows it, and what its holder knows.

use std::time::SystemTime;

use crate::alert::memory::AlertMemory;
use crate::chain::ChainName;
use crate::lock::LockHolder;
use crate::state::lock_note::{self, LockNote};
use crate::status::lock_view::{self, LockRole, LockView};
use crate::status::memory_label::label_of;
use crate::text::counts::counted;
use crate::unix::clock::short;
use crate::unix::trusted_paths::PrivateDir;

/// The lock of a chain that runs.
#[derive(Clone, Debug)]
pub(crate) struct LockStatus {
    /// What the runner shows.
    pub(crate) view: LockView,
    /// How the tasks fare on the host of the holder, if that is another one.
    pub(crate) elsewhere: Vec<ElsewhereTask>,
}

/// A task, as the holder of the lock has left word of it.
#[derive(Clone, Debug)]
pub(crate) struct ElsewhereTask {
    /// What the task is called on the screen.
    pub(crate) label: String,
    /// The begin of the outage, the number of failed runs, and the latest failure, if the task is
    /// down.
    pub(crate) down: Option<(SystemTime, u64, String)>,
    /// The end of the last success.
    pub(crate) last_success: Option<SystemTime>,
}

impl LockStatus {
    /// Reads what the runner of a chain shows; `None`: the chain has no lock.
    pub(crate) fn of(state_dir: &PrivateDir, chain: &ChainName) -> Option<Self> {
        let name = lock_view::file_name(chain.as_str());
        let bytes = state_dir.read(&name, lock_view::MOST_BYTES).ok()??;
        let view = lock_view::decode(&bytes).ok()?;
        let note = view.note.as_deref();
        let note: Option<LockNote<AlertMemory>> =
            note.and_then(|note| lock_note::decode(note).ok());
        let elsewhere = note.map_or_else(Vec::new, |note| tasks_of(&note.alerts));
        Some(LockStatus { view, elsewhere })
    }

    /// Returns whether another runner holds the lock; with its name, if that is known.
    pub(crate) fn standby(&self) -> Option<Option<&LockHolder>> {
        match &self.view.role {
            LockRole::Standby { holder } => Some(holder.as_ref()),
            LockRole::Holder { .. } => None,
        }
    }

    /// Returns the holder of the lock, in words.
    pub(crate) fn words(&self) -> String {
        let place = &self.view.place;
        match &self.view.role {
            LockRole::Holder { fence } => {
                format!("lock: held here last (fence {fence}); {place}")
            }
            LockRole::Standby { holder: None } => format!("lock: held by another runner; {place}"),
            LockRole::Standby {
                holder: Some(holder),
            } => {
                let (owner, since) = (&holder.owner, short(holder.since));
                let fence = holder.fence;
                format!("lock: held by {owner} since {since} (fence {fence}); {place}")
            }
        }
    }
}

impl ElsewhereTask {
    /// Returns how the task fares, in words.
    pub(crate) fn words(&self) -> String {
        let label = &self.label;
        match (&self.down, self.last_success) {
            (Some((since, failures, text)), _) => {
                let failed = counted(*failures, "failed run", "failed runs");
                format!(
                    "{label}  DOWN there since {}, {failed}: {text}",
                    short(*since)
                )
            }
            (None, Some(at)) => format!("{label}  last success there {}", short(at)),
            (None, None) => format!("{label}  no success there yet"),
        }
    }
}

/// Returns the holder of a lock and the begin of the hold, in words.
pub(crate) fn held_by(holder: Option<&LockHolder>) -> String {
    holder.map_or_else(
        || "another runner holds the lock".to_owned(),
        |holder| {
            format!(
                "{} holds the lock since {}",
                holder.owner,
                short(holder.since)
            )
        },
    )
}

fn tasks_of(alerts: &AlertMemory) -> Vec<ElsewhereTask> {
    let tasks = alerts.tasks().iter();
    let task = tasks.map(|memory| {
        let outage = memory.outage.as_ref();
        let down = outage.map(|ongoing| {
            let outage = &ongoing.outage;
            let text = ongoing.latest.text.clone();
            (outage.began(), outage.all_failures(), text)
        });
        ElsewhereTask {
            label: label_of(memory),
            down,
            last_success: memory.last_success,
        }
    });
    task.collect()
}
