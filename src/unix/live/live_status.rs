//! The writer of the page.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use super::memory::SharedPage;
use super::snapshot::{
    Activity, HeldBackCounts, LiveSnapshot, SIZE, TaskFares, UnwrittenData, WORDS,
};
use super::words::{CHECKSUM, MOST_TASKS, checksum, encode};
use crate::core::event::TaskIndex;
use crate::core::time::Mono;

/// How long the file may be behind, while a task that has succeeded runs again and again: a million
/// times in a second, perhaps.
const BEHIND: Duration = Duration::from_millis(1);

/// The writer's side.
#[derive(Debug)]
pub(crate) struct LiveStatus {
    /// `None` where the kernel has no such memory to give.
    memory: Option<SharedPage>,
    file: Option<File>,
    /// When the file was last written.
    filed: Mono,
    sequence: u64,
    words: Box<[u64; WORDS]>,
    told: LiveSnapshot,
}

impl LiveStatus {
    /// Begins the page of a runner of so many tasks. Without a file nothing of it outlives the
    /// runner.
    pub(crate) fn begin(file: Option<File>, pid: u32, boot: u64, tasks: usize) -> Self {
        let mut live = LiveStatus {
            memory: SharedPage::new().ok(),
            file,
            filed: Mono::LONG_AGO,
            sequence: 0,
            words: Box::new([0; WORDS]),
            told: LiveSnapshot {
                pid,
                boot,
                doing: Activity::Nothing,
                runs: (0, 0),
                held_back: None,
                unkept: UnwrittenData::default(),
                tasks: vec![TaskFares::Unknown; tasks.min(MOST_TASKS)],
            },
        };
        // What an older program reads has the length of a page.
        if let Some(file) = &live.file {
            let _ = file.write_all_at(&[0; SIZE], 0);
        }
        live.write();
        live
    }

    /// Writes what the runner does from now on.
    pub(crate) fn tell(&mut self, doing: Activity) {
        self.told.doing = doing;
        let (at, is_quick) = match doing {
            Activity::Running { step, since, .. } => (since, self.is_well(step)),
            Activity::Sleeping { since, until, .. } => (since, until.since(since) < BEHIND),
            Activity::Nothing => (Mono::LONG_AGO, false),
        };
        if is_quick && self.memory.is_some() && at.since(self.filed) < BEHIND {
            self.write_memory();
        } else {
            self.write();
            self.filed = at;
        }
    }

    fn is_well(&self, step: TaskIndex) -> bool {
        self.told.tasks.get(step) == Some(&TaskFares::Well)
    }

    /// Writes that it was mailed that the run goes on for too long.
    pub(crate) fn mailed(&mut self, at: Mono) {
        if let Activity::Running {
            limit: Some(limit), ..
        } = &mut self.told.doing
        {
            limit.mailed = Some(at);
            self.write();
        }
    }

    /// Writes what alerts hold back from now on.
    pub(crate) fn hold_back(&mut self, held_back: Option<HeldBackCounts>) {
        if self.told.held_back != held_back {
            self.told.held_back = held_back;
            self.write();
        }
    }

    /// Writes what the disk does not take.
    pub(crate) fn unkept(&mut self, unkept: UnwrittenData) {
        if self.told.unkept != unkept {
            self.told.unkept = unkept;
            self.write();
        }
    }

    /// Writes how many mails wait in memory alone.
    pub(crate) fn mails_in_memory(&mut self, mails: u64) {
        self.unkept(UnwrittenData {
            mails,
            ..self.told.unkept
        });
    }

    /// Counts a run that ended well.
    pub(crate) fn count_success(&mut self, step: TaskIndex) {
        self.told.runs.0 += 1;
        if let Some(fares) = self.told.tasks.get_mut(step) {
            *fares = TaskFares::Well;
        }
    }

    /// Counts a run that failed, and began at `started`.
    pub(crate) fn count_failure(&mut self, step: TaskIndex, started: Mono) {
        self.told.runs.1 += 1;
        if let Some(fares) = self.told.tasks.get_mut(step) {
            let (since, before) = match *fares {
                TaskFares::Down { since, failures } => (since, failures),
                _ => (started, 0),
            };
            let failures = before + 1;
            *fares = TaskFares::Down { since, failures };
        }
    }

    /// A disk that refuses is no reason to stop: the next write may reach it.
    fn write(&mut self) {
        let count = self.write_memory();
        let Some(file) = &self.file else { return };
        self.words[CHECKSUM] = checksum(&self.words[..]);
        let mut bytes = [0; SIZE];
        for (place, word) in bytes.chunks_exact_mut(8).zip(&self.words[..count]) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        let _ = file.write_all_at(&bytes[..8 * count], 0);
    }

    /// Returns how many words are told.
    fn write_memory(&mut self) -> usize {
        self.sequence = self.sequence.wrapping_add(2);
        let count = encode(&self.told, self.sequence, &mut self.words);
        if let Some(memory) = &self.memory {
            memory.store(&self.words[..count]);
        }
        count
    }
}

#[cfg(test)]
#[path = "live_status_tests.rs"]
mod tests;
