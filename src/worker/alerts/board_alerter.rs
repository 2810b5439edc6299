//! The alerter of a board: takes facts, applies the policy, puts memory and mails on the board.

use std::collections::BTreeSet;
use std::time::Duration;

use super::alert_desk::AlertDesk;
use super::alert_subject::{AlertSubject, SubjectSort, key_of, settings};
use super::alert_surroundings::AlertSurroundings;
use super::conditions::{self, HeldConditions};
use crate::alert::failure_kind::FailureKind;
use crate::alert::jobs::{FailedJobs, JobMemory, JobPolicy, SuccessCounts};
use crate::alert::policy::{ChainRules, TaskRules};
use crate::board::{
    ALERTER, AlertLook, AlertRecord, AlertsHold, BoardResult, EndFact, JobState, MUTES,
};
use crate::core::time::{Moment, Mono, unix_millis};
use crate::job::JobSchema;
use crate::mute::on_disk::mute_file;
use crate::mute::wish::Mute;
use crate::schedule::summary_time;
use crate::unix::{boot, clock};

/// How many facts a turn takes at most.
const MOST_FACTS: u32 = 500;
/// How often is looked for what did not happen, and for mutes.
const SLOW_LOOK: Duration = Duration::from_secs(5);
/// How often a process that does not hold the lock asks for it.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// How often is looked for facts.
const LOOK: Duration = Duration::from_secs(1);

/// The alerter of a board, in a process that may hold its lock.
pub(super) struct BoardAlerter {
    around: AlertSurroundings,
    /// What is decided by, as long as the lock is held.
    held: Option<HeldAlerts>,
}

/// What the holder of the lock decides by.
struct HeldAlerts {
    fence: u64,
    policy: JobPolicy,
    desk: AlertDesk,
    counts: SuccessCounts,
    slow_look_at: Mono,
    mutes: Option<String>,
}

impl BoardAlerter {
    /// Creates the alerter of a process.
    pub(super) fn new(around: AlertSurroundings) -> Self {
        BoardAlerter { around, held: None }
    }

    /// Does what is due, if this process holds the lock. Returns when to call again, and whether
    /// mails were put on the board. With `is_last` no other process will go on.
    pub(super) fn turn(&mut self, now: Moment, is_last: bool) -> (Mono, bool) {
        match self.try_turn(now, is_last) {
            Ok(Some(has_mails)) => (now.mono + LOOK, has_mails),
            Ok(None) => (now.mono + ASK_AGAIN, false),
            Err(_) => {
                // What the board has is what holds: a turn without an answer is made again.
                self.held = None;
                (now.mono + ASK_AGAIN, false)
            }
        }
    }

    fn try_turn(&mut self, now: Moment, is_last: bool) -> BoardResult<Option<bool>> {
        if self.held.is_none() {
            self.held = self.take_lock(now)?;
        }
        let Some(held) = &mut self.held else {
            return Ok(None);
        };
        let recorded = held.turn(&self.around, now, is_last)?;
        if recorded.is_none() {
            self.held = None;
        }
        Ok(recorded)
    }

    /// Takes the lock, and what the former holder remembered.
    fn take_lock(&self, now: Moment) -> BoardResult<Option<HeldAlerts>> {
        let board = &self.around.board;
        let AlertsHold::Held(fence) = board.hold_alerts(self.around.session)? else {
            return Ok(None);
        };
        let boot = boot::id();
        let text = board.alert_memory(ALERTER)?;
        let memory = text.and_then(|text| match serde_json::from_str(&text) {
            Ok(memory) => Some(memory),
            Err(error) => {
                log::error!(
                    "The memory of alerts of the board is damaged and begins anew: {error}"
                );
                None
            }
        });
        let memory = match memory {
            Some(memory) => JobMemory::moved(memory, now, &boot),
            None => JobMemory::empty(now, &boot),
        };
        let counts = memory.counts();
        let (policy, desk) = self.around.prepared(memory, BTreeSet::new(), now)?;
        log::debug!("This worker mails for the whole board from now on");
        Ok(Some(HeldAlerts {
            fence,
            policy,
            desk,
            counts,
            slow_look_at: Mono::LONG_AGO,
            mutes: None,
        }))
    }
}

impl AlertSurroundings {
    /// Prepares policy and desk for all that is remembered, defined or named.
    fn prepared(
        &self,
        memory: JobMemory,
        named: BTreeSet<(u8, String)>,
        now: Moment,
    ) -> BoardResult<(JobPolicy, AlertDesk)> {
        let subjects = self.subjects(&memory, &named)?;
        let rules = subjects
            .iter()
            .map(|one| TaskRules::of(one.key.clone(), &one.settings));
        let chain = ChainRules::of(&self.settings.mail);
        let mut policy = JobPolicy::new(rules.collect(), chain, memory, now);
        let digest = self.settings.mail.digest;
        policy.plan_summary(
            summary_time::next(digest, now.wall, &clock::local_zone()),
            now,
        );
        let desk = AlertDesk::new(self.clone(), subjects, policy.born(), now);
        Ok((policy, desk))
    }

    fn subjects(
        &self,
        memory: &JobMemory,
        named: &BTreeSet<(u8, String)>,
    ) -> BoardResult<Vec<AlertSubject>> {
        let mut subjects: Vec<AlertSubject> = Vec::new();
        let mut add = |subject: AlertSubject| {
            if !subjects.iter().any(|known| known.key == subject.key) {
                subjects.push(subject);
            }
        };
        for (sort, name) in named {
            if let Some(sort) = sort_of(*sort) {
                add(AlertSubject::new(sort, name));
            }
        }
        let definitions = self.board.definitions()?;
        for known in &definitions {
            add(AlertSubject::new(SubjectSort::Jobs, &known.entry.name));
        }
        memory
            .names()
            .filter_map(AlertSubject::of_key)
            .for_each(&mut add);
        let jobs_of: Vec<_> = self.board.schedules()?;
        for subject in &mut subjects {
            let name = match subject.sort {
                SubjectSort::Worker => continue,
                SubjectSort::Schedule => {
                    let schedule = jobs_of.iter().find(|one| one.name == subject.name());
                    schedule.map(|one| one.spec.job.clone())
                }
                _ => Some(subject.name().to_owned()),
            };
            let known = definitions
                .iter()
                .find(|known| Some(&known.entry.name) == name.as_ref());
            let schema = known.map(|known| JobSchema::deserialize_of(&known.entry.schema));
            if let Some(schema) = schema {
                let own = &self.settings.mail.to;
                let to = schema.to.filter(|to| to != own);
                subject.settings = settings(to, schema.cc);
            }
        }
        subjects.sort_by(|one, other| one.key.as_str().cmp(other.key.as_str()));
        Ok(subjects)
    }
}

fn sort_of(number: u8) -> Option<SubjectSort> {
    let sorts = [
        SubjectSort::Jobs,
        SubjectSort::Stuck,
        SubjectSort::Waiting,
        SubjectSort::Schedule,
        SubjectSort::Worker,
    ];
    sorts.into_iter().find(|sort| *sort as u8 == number)
}

impl HeldAlerts {
    /// Takes what there is, decides, and records that. Returns whether there are mails; `None`: the
    /// lock is another's.
    fn turn(
        &mut self,
        around: &AlertSurroundings,
        now: Moment,
        is_last: bool,
    ) -> BoardResult<Option<bool>> {
        let board = &around.board;
        let look = board.look_at_facts(MOST_FACTS)?;
        let has_stuck = look.facts.iter().any(|fact| fact.state == JobState::Stuck);
        let is_slow_look = now.mono >= self.slow_look_at || has_stuck || is_last;
        let conditions = match is_slow_look {
            true => {
                let found = board.look_at_conditions()?;
                conditions::held(&found, &**board, unix_millis(now.wall))
            }
            false => HeldConditions::new(),
        };
        self.know(around, &look, &conditions, now)?;
        self.desk.begin(now, is_last);
        if is_slow_look {
            self.slow_look_at = now.mono + SLOW_LOOK;
            self.follow_mutes(around, now)?;
            self.take_conditions(conditions, now);
        }
        self.take(&look);
        self.policy.poll(now, &mut self.desk);
        self.log_mutes();
        self.record(around, look, now)
    }

    /// Sees to it that all that is named is known.
    fn know(
        &mut self,
        around: &AlertSurroundings,
        look: &AlertLook,
        conditions: &HeldConditions,
        now: Moment,
    ) -> BoardResult<()> {
        let jobs = SubjectSort::Jobs as u8;
        let facts = look.facts.iter().map(|fact| &fact.definition);
        let counts = look.counts.iter().flat_map(|one| &one.ended);
        let counts = counts.map(|count| &count.definition);
        let of_jobs = facts.chain(counts).map(|name| (jobs, name.clone()));
        let mut named: BTreeSet<(u8, String)> = of_jobs.collect();
        named.extend(conditions.keys().cloned());
        named.retain(|(sort, name)| {
            let key = sort_of(*sort).map(|sort| key_of(sort, name));
            key.is_some_and(|key| self.policy.step_of(key.as_str()).is_none())
        });
        if named.is_empty() {
            return Ok(());
        }
        let memory = self.policy.memory(now);
        (self.policy, self.desk) = around.prepared(memory, named, now)?;
        if let Some(mutes) = &self.mutes {
            // What is logged of them was logged.
            self.policy.mutes_are(parsed(mutes), now);
        }
        Ok(())
    }

    /// Takes facts and counters in.
    fn take(&mut self, look: &AlertLook) {
        for fact in &look.facts {
            let key = key_of(SubjectSort::Jobs, &fact.definition);
            let step = self.policy.step_of(key.as_str());
            if let Some(step) = step.filter(|_| fact.state != JobState::Stuck) {
                self.policy
                    .failed(step, &fact.failure.build, failed_jobs(fact));
            }
        }
        for of_session in &look.counts {
            for count in &of_session.ended {
                let session = of_session.session.0;
                let grown = self
                    .counts
                    .grown(session, &count.definition, count.succeeded);
                let key = key_of(SubjectSort::Jobs, &count.definition);
                if let Some(step) = self.policy.step_of(key.as_str()).filter(|_| grown > 0) {
                    self.policy.succeeded(step, grown);
                }
            }
        }
        let sessions: BTreeSet<u64> = look.counts.iter().map(|one| one.session.0).collect();
        self.counts.keep(|session| sessions.contains(&session));
    }

    /// Takes in what did not happen; what is not among it is over.
    fn take_conditions(&mut self, mut held: HeldConditions, now: Moment) {
        for step in 0..self.desk.subjects().len() {
            let subject = &self.desk.subjects()[step];
            if subject.sort == SubjectSort::Jobs {
                continue;
            }
            let key = (subject.sort as u8, subject.name().to_owned());
            let (_, of_name) = held.remove(&key).unwrap_or((subject.sort, Vec::new()));
            if !of_name.is_empty() || self.policy.has_conditions(step) {
                self.policy.conditions(step, now, of_name, &mut self.desk);
            }
        }
    }

    fn follow_mutes(&mut self, around: &AlertSurroundings, now: Moment) -> BoardResult<()> {
        let mutes = around.board.alert_memory(MUTES)?.unwrap_or_default();
        if self.mutes.as_ref() != Some(&mutes) {
            let news = self.policy.mutes_are(parsed(&mutes), now);
            news.iter()
                .for_each(|news| log::info!("{}", mute_file::words(news)));
            self.mutes = Some(mutes);
        }
        Ok(())
    }

    fn log_mutes(&mut self) {
        for news in self.policy.take_mute_news() {
            log::info!("{}", mute_file::words(&news));
        }
    }

    fn record(
        &mut self,
        around: &AlertSurroundings,
        look: AlertLook,
        now: Moment,
    ) -> BoardResult<Option<bool>> {
        let mails = self.desk.take_mails();
        let is_changed = self.policy.take_changed() || !look.facts.is_empty();
        if !is_changed && mails.is_empty() {
            return Ok(Some(false));
        }
        let memory = self.policy.memory(now).with_counts(self.counts.clone());
        let has_mails = !mails.is_empty();
        let is_recorded = around.board.record_alerts(&AlertRecord {
            session: around.session,
            fence: self.fence,
            taken: look.facts.iter().map(|fact| fact.id).collect(),
            memory: serde_json::to_string(&memory).unwrap_or_default(),
            mails,
        })?;
        if !is_recorded {
            return Ok(None);
        }
        self.desk.log_decisions();
        Ok(Some(has_mails))
    }
}

fn parsed(mutes: &str) -> Vec<Mute> {
    serde_json::from_str(mutes).unwrap_or_default()
}

fn failed_jobs(fact: &EndFact) -> FailedJobs {
    FailedJobs {
        kind: FailureKind(fact.failure.kind.clone()),
        text: fact.failure.text.clone(),
        count: fact.jobs,
        first: fact.first,
        last: fact.last,
        job: fact.job.0,
        is_undone: fact.state == JobState::Reverted,
    }
}
