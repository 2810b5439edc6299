//! The policy of the jobs of a board.

use std::collections::BTreeMap;

use super::failed_jobs::FailedJobs;
use super::job_memory::JobMemory;
use super::name_memory::NameMemory;
use crate::alert::alert_facts::Alert;
#[cfg(test)]
use crate::alert::failure_kind::FailureKind;
use crate::alert::policy::{AlertDecision, ChainPolicy, ChainRules, TaskRules};
use crate::core::event::{RunId, TaskIndex};
use crate::core::time::{Moment, Mono, unix_millis};
use crate::mute::wish::Mute;

/// How long a kind that is news waits for others like it, in milliseconds.
const LONGEST_WAIT: i64 = 30_000;
const MINUTE: i64 = 60_000;

/// What the policy asks of its surroundings.
pub(crate) trait JobDesk {
    /// Returns whether a job of a name may end soon.
    fn may_end_soon(&mut self, step: TaskIndex) -> bool;

    /// Takes a mail, with the jobs that it is about. Returns its Message-ID.
    fn send(&mut self, alert: &Alert, jobs: Option<&FailedJobs>) -> String;

    /// Takes note of why jobs that failed are not mailed.
    fn keep_silent(&mut self, step: TaskIndex, jobs: &FailedJobs, why: &AlertDecision);
}

/// The policy of the jobs of a board, with all that it remembers.
#[derive(Debug)]
pub(crate) struct JobPolicy {
    policy: ChainPolicy,
    names: Vec<(String, NameMemory)>,
    /// Whether something changed that the memory on the board does not have.
    is_changed: bool,
}

impl JobPolicy {
    /// Creates the policy of these names. What the memory has of other names is forgotten.
    pub(crate) fn new(
        names: Vec<TaskRules>,
        rules: ChainRules,
        memory: JobMemory,
        now: Moment,
    ) -> Self {
        let mut former = memory.names;
        let of_name = names.iter().map(|rules| {
            let name = rules.name.as_str().to_owned();
            let memory = former.remove(&name).unwrap_or_default();
            (name, memory)
        });
        let of_name: Vec<_> = of_name.collect();
        let mut policy = ChainPolicy::new(names, rules, memory.alerts, now);
        // No run is planned that would decide before a reminder.
        (0..of_name.len()).for_each(|step| policy.sleeping(step, Mono::NEVER));
        JobPolicy {
            policy,
            names: of_name,
            is_changed: false,
        }
    }

    /// Returns the place of a name.
    pub(crate) fn step_of(&self, name: &str) -> Option<TaskIndex> {
        self.names.iter().position(|(known, _)| known == name)
    }

    /// Takes in jobs of a build that failed alike.
    pub(crate) fn failed(&mut self, step: TaskIndex, build: &str, jobs: FailedJobs) {
        let (_, name) = &mut self.names[step];
        if name.is_new_build(build) {
            self.policy.forget_kinds(step);
        }
        name.fail(jobs);
        self.is_changed = true;
    }

    /// Takes in successes.
    pub(crate) fn succeeded(&mut self, step: TaskIndex, count: u64) {
        let (_, name) = &mut self.names[step];
        name.succeeded = name.succeeded.saturating_add(count);
    }

    /// Sets the conditions of a name that hold now, each of a kind. One that is new fails, none
    /// left is a success.
    pub(crate) fn conditions(
        &mut self,
        step: TaskIndex,
        now: Moment,
        hold: Vec<FailedJobs>,
        desk: &mut dyn JobDesk,
    ) {
        let (_, name) = &mut self.names[step];
        let held = std::mem::take(&mut name.open);
        name.open = hold.iter().map(|one| one.kind.0.clone()).collect();
        self.is_changed |= name.open != held;
        let is_over = hold.is_empty() && !held.is_empty();
        for one in hold {
            if !held.contains(&one.kind.0) {
                self.decide(step, one, true, now, desk);
            }
        }
        if is_over {
            self.policy.jobs_succeeded(step, 1, now);
        }
    }

    /// Returns whether a condition of a name holds.
    pub(crate) fn has_conditions(&self, step: TaskIndex) -> bool {
        !self.names[step].1.open.is_empty()
    }

    /// Decides about what is due.
    pub(crate) fn poll(&mut self, now: Moment, desk: &mut dyn JobDesk) {
        for step in 0..self.names.len() {
            self.close_minute(step, now, desk);
            self.decide_news(step, now, desk);
        }
        if self.policy.due() <= now.mono {
            self.is_changed = true;
            for alert in self.policy.poll(now) {
                let jobs = alert.step.and_then(|step| self.names.get(step));
                let jobs = jobs.and_then(|(_, name)| name.latest.clone());
                let id = desk.send(&alert, jobs.as_ref());
                self.policy.sent(&alert, &id, now);
            }
        }
    }

    /// Closes the minute that was counted, if it is over.
    fn close_minute(&mut self, step: TaskIndex, now: Moment, desk: &mut dyn JobDesk) {
        let minute = unix_millis(now.wall) / MINUTE;
        let (_, name) = &mut self.names[step];
        if name.minute == minute {
            return;
        }
        let (failed, succeeded) = (name.failed, name.succeeded);
        let is_down = name.is_down_now();
        (name.minute, name.failed, name.succeeded) = (minute, 0, 0);
        if failed == 0 && succeeded == 0 {
            return;
        }
        name.is_down = is_down;
        self.is_changed = true;
        let policy = &self.policy;
        let (known, news) = std::mem::take(&mut self.names[step].1.waiting)
            .into_iter()
            .partition(|jobs| policy.knows(step, &jobs.kind));
        self.names[step].1.waiting = news;
        let known: Vec<FailedJobs> = known;
        for jobs in known {
            self.decide(step, jobs, is_down, now, desk);
        }
        match is_down {
            true => self.policy.jobs_succeeded_also(step, succeeded),
            false => self.policy.jobs_succeeded(step, succeeded, now),
        }
    }

    /// Decides about kinds that are news and have waited for others like them.
    fn decide_news(&mut self, step: TaskIndex, now: Moment, desk: &mut dyn JobDesk) {
        let policy = &self.policy;
        let (_, name) = &self.names[step];
        let is_news = |jobs: &&FailedJobs| !policy.knows(step, &jobs.kind);
        let Some(first) = name
            .waiting
            .iter()
            .filter(is_news)
            .map(|one| one.first)
            .min()
        else {
            return;
        };
        let waited = unix_millis(now.wall).saturating_sub(first);
        if (0..LONGEST_WAIT).contains(&waited) && desk.may_end_soon(step) {
            return;
        }
        let is_down = name.is_down_now();
        let (due, others): (Vec<FailedJobs>, Vec<FailedJobs>) =
            std::mem::take(&mut self.names[step].1.waiting)
                .into_iter()
                .partition(|jobs| !policy.knows(step, &jobs.kind));
        self.names[step].1.waiting = others;
        for jobs in due {
            self.decide(step, jobs, is_down, now, desk);
        }
    }

    fn decide(
        &mut self,
        step: TaskIndex,
        jobs: FailedJobs,
        is_down: bool,
        now: Moment,
        desk: &mut dyn JobDesk,
    ) {
        self.is_changed = true;
        let was_down = self.policy.is_in_outage(step);
        let started = if is_down { jobs.began(now) } else { now };
        let run = RunId(jobs.job);
        let decision = self.policy.jobs_failed(step, run, &jobs, started, now);
        let mail = match &decision {
            AlertDecision::Mail(alert) => Some((alert, desk.send(alert, Some(&jobs)))),
            _ => {
                desk.keep_silent(step, &jobs, &decision);
                None
            }
        };
        if !is_down && !was_down {
            // A failure among more successes is no downtime.
            self.policy.jobs_succeeded(step, 0, now);
        }
        if let Some((alert, id)) = mail {
            self.policy.sent(alert, &id, now);
        }
        self.names[step].1.latest = Some(jobs);
    }

    /// Plans the next summary, or none.
    pub(crate) fn plan_summary(&mut self, due: Option<std::time::SystemTime>, now: Moment) {
        match due {
            Some(due) => self.policy.plan_summary(due, now),
            None => self.policy.cancel_summary(),
        }
    }

    /// Sets which mutes there are. Returns what is logged of those that begin and end.
    pub(crate) fn mutes_are(
        &mut self,
        mutes: Vec<Mute>,
        now: Moment,
    ) -> Vec<crate::mute::account::MuteNews> {
        self.policy.mutes_are(mutes, now);
        self.take_mute_news()
    }

    /// Takes what is logged of mutes that have begun or ended.
    pub(crate) fn take_mute_news(&mut self) -> Vec<crate::mute::account::MuteNews> {
        let news = self.policy.take_mute_news();
        self.is_changed |= !news.is_empty();
        news
    }

    /// Returns whether the memory is worth writing, and takes note that it is written.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// Returns when the memory began to know nothing.
    pub(crate) fn born(&self) -> std::time::SystemTime {
        self.policy.born()
    }

    /// Returns all that is remembered.
    pub(crate) fn memory(&self, now: Moment) -> JobMemory {
        let names: BTreeMap<String, NameMemory> = self.names.iter().cloned().collect();
        JobMemory::of(self.policy.memory(now), names)
    }

    /// Returns whether a kind of a name was mailed.
    #[cfg(test)]
    pub(crate) fn knows(&self, step: TaskIndex, kind: &str) -> bool {
        self.policy.knows(step, &FailureKind(kind.to_owned()))
    }
}
