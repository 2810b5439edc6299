//! The alert policy: events and a time in, mails out. Pure: no I/O, no clock, no log.
//!
//! Whoever runs it tells it of each run, asks it at [`due`](Policy::due) what is to be mailed though no run ended, writes what it returns
//! to the outbox at once, and says [`sent`](Policy::sent) when it is safe there. Only then a kind counts as mailed and a token as
//! taken. A notice that could not be stored comes again a minute later.
//!
//! | mail | when | limited by |
//! |---|---|---|
//! | FIRST, NEW | a run failed in a way that this memory has not mailed | tokens of the task and of the chain |
//! | STUCK | outage start + k × non-recoverable downtime; the same for runs that only ask for later | that downtime |
//! | still running | a run goes on for longer than `warn_after` | once a run, and that downtime |
//! | HEALED | an outage with a STUCK mail ends, if asked for | that downtime |
//! | digest | a token is there for what found none | tokens, as FIRST and NEW |
//! | the same, together | a mute ends that held mails back: of a task that is down one of the above, of the others a digest | as those |
//! | summary | each day or week, if asked for | once each |

mod mutes;
mod reason;
mod rules;
mod saves;
mod summary;
mod task;

use std::time::{Duration, SystemTime};

use super::bucket::HourlyLimit;
use super::memory::{Held, Memory, TaskMemory, Waiting, waiting};
use super::notice::{HeldBack, Kind, Notice, Sort};
use crate::event::{Limit, RunId, Step};
use crate::settings::Healed;
use crate::time::{Moment, Mono};

use mutes::Mutes;
pub(crate) use reason::Reason;
#[cfg(test)]
pub(crate) use rules::WarnAfter;
pub(crate) use rules::{ChainRules, TaskRules};
use saves::Saves;
use summary::Plan;
use task::{Due, Task};

/// How long a reminder waits for a run that is about to decide whether there is still something to be reminded of.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// When a notice comes again that could not be stored.
pub(crate) const AGAIN: Duration = Duration::from_secs(60);

/// How a run ended, as far as alerts are concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen<'a> {
    /// It succeeded.
    Success,
    /// It counts as nothing: it was interrupted.
    Neither,
    /// It asked to be tried again later.
    Later {
        /// Why, redacted.
        reason: &'a str,
    },
    /// It failed.
    Failure {
        /// The fingerprint.
        kind: &'a Kind,
        /// TEXT, redacted.
        text: &'a str,
    },
    /// It failed, and the runner ends with it.
    Fatal {
        /// The fingerprint.
        kind: &'a Kind,
        /// TEXT, redacted.
        text: &'a str,
    },
}

/// What is to be done about the end of a run.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Nothing happened that anybody is told of.
    Nothing,
    /// Send this.
    Mail(Box<Notice>),
    /// It failed, and is not mailed.
    Silent(Reason),
}

/// The policy of one chain, with all that it remembers.
#[derive(Debug)]
pub(crate) struct Policy {
    tasks: Vec<Task>,
    rules: ChainRules,
    hour: HourlyLimit,
    digest_not_before: Mono,
    saves: Saves,
    mutes: Mutes,
    summary: Option<Plan>,
    boot: String,
    born: SystemTime,
}

impl Policy {
    /// Makes the policy of a chain of these tasks. The memory is a [restored](Memory::restored), a [forgotten](Memory::forgotten) or an
    /// [empty](Memory::empty) one.
    pub(crate) fn new(
        tasks: Vec<TaskRules>,
        rules: ChainRules,
        memory: Memory,
        now: Moment,
    ) -> Self {
        let (boot, born) = (memory.boot().to_owned(), memory.born());
        let mut former = memory.tasks;
        let mut made: Vec<Task> = Vec::with_capacity(tasks.len());
        for (step, rules) in tasks.into_iter().enumerate() {
            let same_name = |task: &&Task| task.name() == &rules.name;
            let occurrence = made.iter().filter(same_name).count();
            let memory = take_former(&mut former, rules.name.as_str(), occurrence);
            made.push(Task::new(step, occurrence, rules, memory, now.mono));
        }
        Policy {
            tasks: made,
            hour: memory.hour.adapted(rules.max_per_hour, now.mono),
            rules,
            digest_not_before: Mono::LONG_AGO,
            saves: Saves::new(),
            mutes: Mutes::default(),
            summary: memory.summary.map(|schedule| Plan::new(schedule, now)),
            boot,
            born,
        }
    }

    /// Returns when its memory began to know nothing.
    pub(crate) fn born(&self) -> SystemTime {
        self.born
    }

    /// Takes note that a run begins.
    pub(crate) fn run_started(&mut self, step: Step, run: RunId, at: Moment) {
        self.tasks[step].run_started(run, at);
    }

    /// Returns how long a run of this task may go on that begins at `started`.
    pub(crate) fn limit(&self, step: Step, started: Mono) -> Limit {
        self.tasks[step].limit(started)
    }

    /// Takes note that the next run is that of `next`, at `until`.
    pub(crate) fn sleeping(&mut self, next: Step, until: Mono) {
        self.tasks[next].planned(until);
    }

    /// Judges the end of a run. At most one mail comes of it.
    pub(crate) fn run_ended(
        &mut self,
        step: Step,
        run: RunId,
        started: Moment,
        at: Moment,
        seen: Seen<'_>,
    ) -> Verdict {
        self.follow_mutes(at);
        match seen {
            Seen::Success => self.succeeded(step, run, started, at),
            Seen::Neither => {
                self.tasks[step].run_came_to_nothing();
                Verdict::Nothing
            }
            Seen::Later { reason } => {
                let verdict = self.tasks[step].run_asked_for_later(run, reason, started, at);
                match verdict {
                    Verdict::Silent(_) => self.saves.withheld(),
                    _ => self.saves.counted(),
                }
                verdict
            }
            Seen::Failure { kind, text } | Seen::Fatal { kind, text } => {
                let task = &mut self.tasks[step];
                if matches!(seen, Seen::Fatal { .. }) {
                    // Nobody will be there at the end of the mute to tell of it.
                    task.unmute(at);
                }
                if task.run_failed(kind, text, started, at) {
                    self.saves.outage_changed();
                } else if task.is_muted() {
                    self.saves.withheld();
                } else {
                    self.saves.counted();
                }
                task.judge(run, kind, text, at, self.hour.next_token())
            }
        }
    }

    fn succeeded(&mut self, step: Step, run: RunId, started: Moment, at: Moment) -> Verdict {
        let task = &mut self.tasks[step];
        task.run_succeeded(started, at);
        if self.summary.is_some() {
            self.saves.counted();
        }
        if !task.in_outage() {
            return Verdict::Nothing;
        }
        if task.is_down() {
            self.saves.outage_changed();
        } else {
            self.saves.counted();
        }
        let mailed = self.rules.healed == Healed::AfterDowntime;
        match task.end_outage(at, mailed) {
            Some(mut notice) => {
                notice.run = Some(run);
                Verdict::Mail(Box::new(notice))
            }
            None => Verdict::Nothing,
        }
    }

    /// Returns when [`poll`](Policy::poll) may have something next: ask then, also while a run goes on. [`Mono::NEVER`]: not before the next event.
    pub(crate) fn due(&self) -> Mono {
        let tasks = self.tasks.iter().map(Task::due);
        tasks
            .chain([self.digest_due(), self.summary_due()])
            .chain([self.release_due(), self.mutes.due()])
            .min()
            .unwrap_or(Mono::NEVER)
    }

    /// Returns what is to be mailed now though no run has ended: at most one mail of each task, more perhaps at the next call.
    pub(crate) fn poll(&mut self, now: Moment) -> Vec<Notice> {
        self.follow_mutes(now);
        let mut notices = Vec::new();
        for task in &mut self.tasks {
            match task.poll(now) {
                Some(Due::Mail(notice)) => notices.push(*notice),
                Some(Due::Withheld) => self.saves.withheld(),
                None => {}
            }
        }
        if notices.is_empty() && self.release_due() <= now.mono {
            // One at a time: each takes a token of the chain.
            let tasks = self.tasks.iter_mut();
            let next = tasks.min_by_key(|task| task.release_due());
            notices.extend(next.and_then(|task| task.release(now)));
        }
        if notices.is_empty() && self.digest_due() <= now.mono {
            self.digest_not_before = now.mono + AGAIN;
            notices.push(self.digest(now));
        }
        notices.extend(self.poll_summary(now));
        notices
    }

    /// When a task is to be told of whose mails were held back by a mute.
    fn release_due(&self) -> Mono {
        let tasks = self.tasks.iter().map(Task::release_due);
        match tasks.min().unwrap_or(Mono::NEVER) {
            Mono::NEVER => Mono::NEVER,
            due => due.max(self.hour.next_token()),
        }
    }

    /// When the digest of what was held back may leave. Later than the token by as much as a run may take that would mail it itself.
    fn digest_due(&self) -> Mono {
        let task = self.tasks.iter().map(Task::held_until).min();
        match task.unwrap_or(Mono::NEVER) {
            Mono::NEVER => Mono::NEVER,
            token => {
                token
                    .max(self.hour.next_token())
                    .max(self.digest_not_before)
                    + GRACE
            }
        }
    }

    fn digest(&self, now: Moment) -> Notice {
        let tasks = self.tasks.iter().filter(|task| !task.is_muted());
        let held = tasks.clone().map(Task::held);
        let named = held.clone().flat_map(|held| held.named().to_vec());
        Notice {
            held_back: named.collect(),
            held_back_unnamed: held.map(Held::unnamed).fold(0, u64::saturating_add),
            mutes: tasks.filter_map(Task::told_mute).collect(),
            ..self.of_the_chain(Sort::HeldBack, now)
        }
    }

    /// Returns a notice that is about no task.
    fn of_the_chain(&self, sort: Sort, now: Moment) -> Notice {
        Notice {
            sort,
            step: None,
            run: None,
            at: now,
            kind: None,
            text: String::new(),
            outage: None,
            last_success: None,
            successes_before: 0,
            next_reminder: None,
            reminder_interval: None,
            held_back: Vec::new(),
            held_back_unnamed: 0,
            running_since: None,
            mutes: Vec::new(),
            thread: None,
            summary: None,
            ends_runner: false,
        }
    }

    /// Takes note that a mail is safely in the outbox: now its kinds count as mailed, its token is taken and the thread has a name.
    pub(crate) fn sent(&mut self, notice: &Notice, message_id: &str, at: Moment) {
        self.saves.mailed();
        let token = matches!(notice.sort, Sort::First | Sort::New | Sort::HeldBack);
        if token {
            self.hour.take(at.mono);
        }
        match notice.step.and_then(|step| self.tasks.get_mut(step)) {
            Some(task) => task.sent(notice, message_id, at),
            None if notice.sort == Sort::Summary => self.summary_sent(notice),
            None => self.digest_sent(notice, at),
        }
    }

    fn digest_sent(&mut self, notice: &Notice, at: Moment) {
        self.digest_not_before = Mono::LONG_AGO;
        let payer = self.tasks.iter_mut().min_by_key(|task| task.held_until());
        if let Some(task) = payer {
            task.pay_for_digest(at.mono);
        }
        for (step, task) in self.tasks.iter_mut().enumerate() {
            if task.is_muted() {
                continue;
            }
            task.told_of_mute();
            let of_task = |entry: &&HeldBack| entry.step == step;
            let named: Vec<&HeldBack> = notice.held_back.iter().filter(of_task).collect();
            task.told_of_held(&named, u64::MAX, at);
        }
    }

    /// Returns what is held back, if anything is.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        waiting(self.tasks.iter().map(Task::memory), &self.hour)
    }

    /// Returns what is to be saved now.
    pub(crate) fn memory(&self, now: Moment) -> Memory {
        let tasks = self.tasks.iter().map(|task| task.memory().clone());
        let hour = self.hour.clone();
        let mut memory = Memory::new(now, &self.boot, self.born, hour, tasks.collect());
        memory.summary = self.summary.as_ref().map(Plan::schedule);
        memory
    }

    /// Returns when the memory is worth saving: at once after a mail, soon after an outage began or ended, within a minute when something was
    /// counted, never while healthy.
    pub(crate) fn save_due(&self) -> Mono {
        self.saves.due()
    }

    /// Returns whether the memory is worth saving now.
    pub(crate) fn worth_saving(&self, now: Mono) -> bool {
        self.saves.due() <= now
    }

    /// Takes note that the memory was saved.
    pub(crate) fn saved(&mut self, now: Mono) {
        self.saves.saved(now);
    }

    /// Takes note that the memory could not be saved: it is worth another try in a minute.
    pub(crate) fn not_saved(&mut self, now: Mono) {
        self.saves.not_saved(now);
    }
}

fn take_former(former: &mut Vec<TaskMemory>, name: &str, occurrence: usize) -> Option<TaskMemory> {
    let same = |task: &TaskMemory| task.name == name && task.occurrence == occurrence;
    let at = former.iter().position(same)?;
    Some(former.swap_remove(at))
}

#[cfg(test)]
mod tests;
