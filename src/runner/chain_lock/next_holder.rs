//! What this runner leaves beside the lock for the next holder, and takes over from the last one.

use std::time::{Duration, SystemTime};

use super::super::lock_task;
use crate::alert::memory::AlertMemory;
use crate::chain::Cooldowns;
use crate::core::event::TaskIndex;
use crate::core::time::{Moment, Mono};
use crate::lock::MOST_BYTES_OF_NOTE;
use crate::state::lock_note::{self, LockNote};

/// The writer and reader of the notes of one chain.
#[derive(Debug)]
pub(crate) struct NextHolder {
    /// The state directory of this runner.
    origin: String,
    tasks: Vec<String>,
    cooldowns: Vec<Cooldowns>,
    place: (TaskIndex, SystemTime),
}

/// What another runner has left.
#[derive(Debug, PartialEq)]
pub(crate) struct Inheritance {
    /// The task that is next.
    pub(crate) next: TaskIndex,
    /// When it is due.
    pub(crate) due: Mono,
    /// What alerts remember.
    pub(crate) alerts: AlertMemory,
}

impl NextHolder {
    /// Creates the notes of a chain of these tasks.
    pub(crate) fn new(origin: String, tasks: Vec<String>, cooldowns: Vec<Cooldowns>) -> Self {
        NextHolder {
            origin,
            tasks,
            cooldowns,
            place: (0, SystemTime::UNIX_EPOCH),
        }
    }

    /// Takes note of the place at which the chain stands.
    pub(crate) fn stands_at(&mut self, next: TaskIndex, due: SystemTime) {
        self.place = (next, due);
    }

    /// Returns the note with this memory of alerts, as much of it as there is room for.
    pub(crate) fn note(&self, alerts: &AlertMemory) -> String {
        let most = (0..=AlertMemory::SHORTEST).find_map(|level| {
            let alerts = alerts.shortened(level).without_task(lock_task::NAME);
            let note = LockNote::new(self.origin.clone(), self.tasks.clone(), self.place, alerts);
            Some(note.encode()).filter(|text| text.len() <= MOST_BYTES_OF_NOTE)
        });
        // A chain of so many tasks goes on at its place; its mails may come twice.
        most.unwrap_or_else(|| {
            let nothing = alerts.without_tasks();
            LockNote::new(self.origin.clone(), Vec::new(), self.place, nothing).encode()
        })
    }

    /// Reads what the last holder has left; `None`: nothing, or what this runner knows better.
    ///
    /// # Errors
    ///
    /// When the note is damaged, or of a newer program: in words.
    pub(crate) fn inheritance(
        &self,
        note: &str,
        boot: &str,
        now: Moment,
    ) -> Result<Option<Inheritance>, String> {
        let note: LockNote<AlertMemory> = lock_note::decode(note)?;
        if note.origin == self.origin || note.tasks != self.tasks {
            return Ok(None);
        }
        Ok(Some(Inheritance {
            next: note.next,
            due: now.mono + self.wait(note.next, note.due, now),
            alerts: note.alerts.restored(now, boot),
        }))
    }

    /// Returns how long the chain still waits. The clock of the other machine may be wrong: nothing
    /// waits longer than its cooldown or interval.
    fn wait(&self, next: TaskIndex, due: SystemTime, now: Moment) -> Duration {
        let count = self.cooldowns.len();
        let former = &self.cooldowns[(next % count + count - 1) % count];
        let wait = due.duration_since(now.wall).unwrap_or_default();
        wait.min(former.longest_before(&self.cooldowns[next % count]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn holder(origin: &str) -> NextHolder {
        let cooldowns = Cooldowns {
            success: 5 * MINUTE,
            fail: 20 * MINUTE,
            every: None,
        };
        let tasks = vec!["tasks::a".to_owned(), "tasks::b".to_owned()];
        NextHolder::new(origin.to_owned(), tasks, vec![cooldowns; 2])
    }

    fn now() -> Moment {
        Moment {
            mono: Mono::BOOT + 1000 * MINUTE,
            wall: SystemTime::UNIX_EPOCH + 1_000_000 * MINUTE,
        }
    }

    fn note_due_in(wait: Duration) -> String {
        let mut former = holder("web1");
        former.stands_at(1, now().wall + wait);
        former.note(&AlertMemory::empty(now(), "boot of web1"))
    }

    #[test]
    fn the_next_holder_goes_on_at_the_place_of_the_last_one() {
        let heir = holder("web2");
        let found = heir.inheritance(&note_due_in(MINUTE), "boot of web2", now());
        let found = found.unwrap().unwrap();
        assert_eq!((found.next, found.due), (1, now().mono + MINUTE));
    }

    #[test]
    fn a_wrong_clock_makes_nobody_wait_longer_than_a_cooldown() {
        let heir = holder("web2");
        let found = heir.inheritance(&note_due_in(100_000 * MINUTE), "boot", now());
        assert_eq!(found.unwrap().unwrap().due, now().mono + 20 * MINUTE);
    }

    #[test]
    fn a_runner_believes_its_own_disk_and_no_note_about_other_tasks() {
        let note = note_due_in(MINUTE);
        assert_eq!(holder("web1").inheritance(&note, "boot", now()), Ok(None));
        let mut other = holder("web2");
        other.tasks.pop();
        assert_eq!(other.inheritance(&note, "boot", now()), Ok(None));
        assert!(holder("web2").inheritance("{", "boot", now()).is_err());
    }
}
