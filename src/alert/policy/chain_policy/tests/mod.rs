mod balance;
mod bounds;
mod crashes;
mod held_back;
mod histories;
mod later;
mod mutes;
mod reminders;
mod rules;
mod summary;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::*;
use crate::alert::failure_kind::FailureKind;
use crate::alert::memory::AlertMemory;
use crate::alert::policy::WarnAfter;
use crate::alert::policy::reason::SilenceReason;
pub(super) use crate::core::settings::Healed;
use crate::mute::wish::Mute;
use crate::task::TaskName;

pub(super) const MS: Duration = Duration::from_millis(1);
pub(super) const SEC: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// A chain under test with its clocks, its disk and the admin's inbox. Runs take no time unless
/// they are begun and ended apart.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) rules: (Vec<TaskRules>, ChainRules),
    pub(super) policy: ChainPolicy,
    pub(super) now: Moment,
    boot: String,
    runs: u64,
    begun: Vec<Option<(RunId, Moment)>>,
    pub(super) disk_is_full: bool,
    pub(super) inbox: Vec<Alert>,
    pub(super) why: Option<SilenceReason>,
    /// The file in which mutes are.
    pub(super) mutes: Vec<Mute>,
}

impl Desk {
    /// Creates the world of a single task.
    pub(super) fn of(nrd: Duration) -> Self {
        Desk::of_tasks(&[nrd])
    }

    /// Creates the world of tasks with these downtimes.
    pub(super) fn of_tasks(nrds: &[Duration]) -> Self {
        let tasks = nrds.iter().map(|nrd| TaskRules {
            name: TaskName::parse("tasks::a").unwrap(),
            non_recoverable_downtime: *nrd,
            warn_after: WarnAfter::Usual,
            forget_after: Some(144 * HOUR),
        });
        let chain = ChainRules {
            max_per_hour: 20,
            healed: Healed::Never,
        };
        Desk::with(tasks.collect(), chain)
    }

    pub(super) fn with(tasks: Vec<TaskRules>, chain: ChainRules) -> Self {
        let now = Moment {
            mono: Mono::BOOT + HOUR,
            wall: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        };
        let memory = AlertMemory::empty(now, "boot 0");
        Desk {
            begun: vec![None; tasks.len()],
            policy: ChainPolicy::new(tasks.clone(), chain, memory, now),
            rules: (tasks, chain),
            now,
            boot: "boot 0".to_owned(),
            runs: 0,
            disk_is_full: false,
            inbox: Vec::new(),
            why: None,
            mutes: Vec::new(),
        }
    }

    /// Mutes a task, or the whole chain, for so long.
    pub(super) fn mute(&mut self, step: Option<TaskIndex>, span: Duration) {
        let task = step.map(|step| self.rules.0[step].name.to_string());
        self.mutes.retain(|mute| mute.task != task);
        self.mutes.push(Mute {
            task,
            from: self.now.wall,
            until: self.now.wall + span,
            by: "root".to_owned(),
            reason: "deploy".to_owned(),
            boot: self.boot.clone(),
            made: self.now.mono,
        });
        self.policy.mutes_are(self.mutes.clone(), self.now);
    }

    pub(super) fn unmute(&mut self) {
        self.mutes.clear();
        self.policy.mutes_are(Vec::new(), self.now);
    }

    /// Begins a run.
    pub(super) fn begin(&mut self, step: TaskIndex) {
        self.runs += 1;
        let run = RunId(self.runs);
        self.begun[step] = Some((run, self.now));
        self.policy.run_started(step, run, self.now);
    }

    /// Ends it.
    pub(super) fn end(&mut self, step: TaskIndex, seen: RunOutcome<'_>) {
        let (run, started) = self.begun[step].take().expect("a run was begun");
        self.why = None;
        match self.policy.run_ended(step, run, started, self.now, seen) {
            AlertDecision::Nothing => {}
            AlertDecision::Mail(alert) => self.deliver(*alert),
            AlertDecision::Silent(reason) => self.why = Some(reason),
        }
    }

    fn deliver(&mut self, alert: Alert) {
        let is_muted = |step: TaskIndex| self.policy.tasks[step].is_muted();
        assert!(!alert.step.is_some_and(is_muted), "{alert:?} is not wanted");
        assert!(!alert.held_back.iter().any(|held| is_muted(held.step)));
        if !self.disk_is_full {
            let id = format!("{}@host", self.inbox.len());
            self.policy.sent(&alert, &id, self.now);
            self.inbox.push(alert);
        }
    }

    pub(super) fn fail_step(&mut self, step: TaskIndex, kind: &str) {
        self.begin(step);
        self.end_failed(step, kind);
    }

    pub(super) fn end_failed(&mut self, step: TaskIndex, kind: &str) {
        let kind = FailureKind(kind.to_owned());
        let text = format!("text of {}", kind.0);
        self.end(
            step,
            RunOutcome::Failure {
                kind: &kind,
                text: &text,
            },
        );
    }

    pub(super) fn fail(&mut self, kind: &str) {
        self.fail_step(0, kind);
    }

    pub(super) fn succeed(&mut self) {
        self.begin(0);
        self.end(0, RunOutcome::Success);
    }

    pub(super) fn retry_later(&mut self) {
        self.begin(0);
        self.end(0, RunOutcome::Later { reason: "locked" });
    }

    /// Lets time pass until the next run of a step, which the runner announces.
    pub(super) fn sleep(&mut self, next: TaskIndex, pause: Duration) {
        self.policy.sleeping(next, self.now.mono + pause);
        self.pass(pause);
    }

    /// Lets time pass, asking the policy whenever it wants to be asked. What is due at the end is
    /// for the run that begins then.
    pub(super) fn pass(&mut self, span: Duration) {
        let end = self.now.mono + span;
        let mut asked = 0;
        while self.policy.due() < end {
            let due = self.policy.due().max(self.now.mono);
            self.now = self.now.at(due);
            for alert in self.policy.poll(self.now) {
                self.deliver(alert);
            }
            asked += 1;
            assert!(asked < 100_000, "the policy asks to be asked for ever");
        }
        self.now = self.now.at(end);
    }

    /// Lets time pass in which no process runs, as in suspend.
    pub(super) fn suspend(&mut self, span: Duration) {
        self.now = self.now.at(self.now.mono + span);
    }

    /// Returns the memory as it comes back from the disk.
    fn stored_memory(&self) -> AlertMemory {
        let text = serde_json::to_string(&self.policy.memory(self.now)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Ends the runner by force; the next one comes back from that.
    pub(super) fn crash(&mut self) {
        let memory = self.stored_memory().restored(self.now, &self.boot);
        self.begin_again(memory);
    }

    /// A person starts it again.
    pub(super) fn restart(&mut self) {
        let memory = self.stored_memory().forgotten(self.now, &self.boot);
        self.begin_again(memory);
    }

    /// The machine crashes; it is up again with this wall clock.
    pub(super) fn reboot(&mut self, wall: SystemTime) {
        let memory = self.stored_memory();
        self.boot.push('\'');
        let mono = Mono::BOOT + 20 * SEC;
        self.now = Moment { mono, wall };
        self.begin_again(memory.restored(self.now, &self.boot));
    }

    fn begin_again(&mut self, memory: AlertMemory) {
        self.begun.fill(None);
        let (tasks, chain) = self.rules.clone();
        self.policy = ChainPolicy::new(tasks, chain, memory, self.now);
        self.policy.mutes_are(self.mutes.clone(), self.now);
    }

    /// Returns the mails so far, as `first new downtime×1 again×2`.
    pub(super) fn mails(&self) -> String {
        let words = self.inbox.iter().map(|alert| match alert.sort {
            AlertKind::Downtime { count } => format!("{}×{count}", alert.sort.word()),
            sort => sort.word().to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    pub(super) fn last(&self) -> &Alert {
        self.inbox.last().expect("a mail was sent")
    }
}
