//! The desk of the alerter: what it asks of the board, and the mails that it writes.

use super::alert_subject::{AlertSubject, SubjectSort};
use super::alert_surroundings::AlertSurroundings;
use crate::alert::alert_facts::Alert;
use crate::alert::jobs::{FailedJobs, JobDesk};
use crate::alert::policy::AlertDecision;
use crate::board::{Board, JobId, NewMail};
use crate::core::event::{Event, Observer, TaskIndex};
use crate::core::failure::{Failure, FailureClass, Output};
use crate::core::time::Moment;
use crate::flow::journal::{EntryOutcome, JournalEntry, Phase};
use crate::logging::EventLog;
use crate::mail::claimed_delivery::enveloped;
use crate::notify::mail_composer::{MailComposer, MailLook, MailNames};
use crate::notify::recipients::Recipients;
use crate::status::job_wait::why_waits;
use crate::text::counts::counted;
use crate::unix::clock::to_the_minute;

/// What the alerter of a board is called in mails, where a chain has its name.
const BOARD: &str = "board";
/// A job that waits for so long, in milliseconds, is nothing that a first mail waits for.
const SOON: i64 = 30_000;
/// How many workers a mail names.
const MOST_WORKERS: usize = 8;

/// The desk of the alerter.
pub(super) struct AlertDesk {
    around: AlertSurroundings,
    subjects: Vec<AlertSubject>,
    composer: MailComposer,
    recipients: Recipients,
    /// What is put on the board with the next record.
    mails: Vec<NewMail>,
    /// What is logged when that is recorded.
    sent: Vec<(Alert, String)>,
    log: EventLog,
    now: Moment,
    /// Whether no other process will decide what this one leaves open.
    is_last: bool,
}

impl AlertDesk {
    /// Creates the desk for these subjects.
    pub(super) fn new(
        around: AlertSurroundings,
        subjects: Vec<AlertSubject>,
        born: std::time::SystemTime,
        now: Moment,
    ) -> Self {
        let labels: Vec<String> = subjects.iter().map(|one| one.label.clone()).collect();
        let settings: Vec<_> = subjects.iter().map(|one| one.settings.clone()).collect();
        let mail = &around.settings.mail;
        let recipients = Recipients::new(&mail.to, labels.iter().zip(&settings));
        let log = EventLog::new(labels.clone());
        let names = MailNames {
            chain: BOARD.to_owned(),
            labels,
            call: around.call.clone(),
            look: MailLook::Jobs,
        };
        let composer = MailComposer::new(
            around.host.clone(),
            names,
            settings,
            around.settings.clone(),
            around.started,
            born,
        );
        AlertDesk {
            around,
            subjects,
            composer,
            recipients,
            mails: Vec::new(),
            sent: Vec::new(),
            log,
            now,
            is_last: false,
        }
    }

    /// Returns the subjects, by step.
    pub(super) fn subjects(&self) -> &[AlertSubject] {
        &self.subjects
    }

    /// Begins a turn.
    pub(super) fn begin(&mut self, now: Moment, is_last: bool) {
        (self.now, self.is_last) = (now, is_last);
    }

    /// Takes what has been written.
    pub(super) fn take_mails(&mut self) -> Vec<NewMail> {
        std::mem::take(&mut self.mails)
    }

    /// Logs what was decided, now that it is recorded.
    pub(super) fn log_decisions(&mut self) {
        for (alert, headline) in self.sent.drain(..) {
            self.log.observe(&Event::Alerted {
                step: alert.step,
                at: alert.at,
                headline: &headline,
                run: None,
                kind: alert.kind.as_ref().map(|kind| kind.0.as_str()),
                sort: alert.sort.word(),
            });
        }
    }

    fn board(&self) -> &dyn Board {
        &*self.around.board
    }

    /// Returns the failure that a mail shows, with what the board knows of the job.
    fn failure(&self, subject: &AlertSubject, jobs: &FailedJobs) -> Failure {
        let class = FailureClass::Error {
            type_name: "job".to_owned(),
        };
        let mut failure = Failure::new(class, jobs.text.clone());
        failure.kind = Some(jobs.kind.0.clone());
        let job = JobId(jobs.job);
        match subject.sort {
            SubjectSort::Jobs => self.describe_end(job, jobs, &mut failure),
            SubjectSort::Stuck => failure.notes.push(format!(
                "Job {job} goes on when a person has decided: retry, skip, revert or cancel"
            )),
            SubjectSort::Waiting => failure.notes.extend(self.why_waiting(job)),
            SubjectSort::Schedule if jobs.job > 0 => failure.notes.extend(self.why_waiting(job)),
            SubjectSort::Schedule => failure.notes.push(format!(
                "`schedules resume {}` lets it go on",
                subject.name()
            )),
            SubjectSort::Worker => failure.notes.push(
                "Its jobs go on at other workers. It is missed until a worker of this name comes, \
                 for a week at most"
                    .to_owned(),
            ),
        }
        failure
    }

    fn why_waiting(&self, job: JobId) -> Vec<String> {
        let facts = self.board().wait_facts(job);
        facts.map(|facts| why_waits(&facts)).unwrap_or_default()
    }

    fn describe_end(&self, job: JobId, jobs: &FailedJobs, failure: &mut Failure) {
        if jobs.count > 1 {
            let count = counted(jobs.count, "job", "jobs");
            let times = [jobs.first, jobs.last].map(crate::core::time::of_unix_millis);
            let [first, last] = times.map(to_the_minute);
            failure.notes.push(format!(
                "{count} failed so from {first} to {last}; the last is job {job}"
            ));
        }
        failure.notes.push(match jobs.is_undone {
            true => format!("Job {job}: what it had done is undone"),
            false => format!("Job {job}: nothing was undone"),
        });
        let Ok(journal) = self.board().journal(job) else {
            return;
        };
        let is_failed = |entry: &&JournalEntry| {
            entry.phase == Phase::Execute && entry.outcome == EntryOutcome::Failed
        };
        let Some(last) = journal.iter().rev().find(is_failed) else {
            return;
        };
        failure.notes.push(ran_on(&journal, last));
        failure.output = self.output_of(job, last);
    }

    /// Returns what the attempt has printed, as far as the board has it.
    fn output_of(&self, job: JobId, entry: &JournalEntry) -> Option<Output> {
        let parts = self.board().output(job, None).ok()?;
        let of_attempt = parts
            .iter()
            .filter(|part| part.step == entry.step && part.attempt == entry.attempt);
        let mut output = Output::default();
        for part in of_attempt {
            if part.omitted > 0 {
                output.cut += part.omitted;
            }
            match output.cut {
                0 => output.head.push_str(&part.text),
                _ => output.tail.push_str(&part.text),
            }
        }
        let is_empty = output.head.is_empty() && output.tail.is_empty();
        (!is_empty).then_some(output)
    }
}

/// Returns on which workers the step was tried that failed.
fn ran_on(journal: &[JournalEntry], last: &JournalEntry) -> String {
    let mut workers: Vec<&str> = Vec::new();
    for entry in journal.iter().filter(|entry| entry.step == last.step) {
        let is_known = workers.contains(&entry.worker.as_str());
        if entry.outcome == EntryOutcome::Failed && !is_known {
            workers.push(&entry.worker);
        }
    }
    match workers.len() {
        0 | 1 => format!("It ran on worker {}", last.worker),
        count if count <= MOST_WORKERS => {
            format!("It failed on each that tried it: {}", workers.join(", "))
        }
        count => format!("It failed on each of the {count} workers that tried it"),
    }
}

impl JobDesk for AlertDesk {
    fn may_end_soon(&mut self, step: TaskIndex) -> bool {
        let subject = &self.subjects[step];
        let is_waited_for = subject.sort == SubjectSort::Jobs && !self.is_last;
        let open = || self.around.board.has_open_jobs(subject.name(), SOON);
        // A board that does not answer now has the jobs still.
        is_waited_for && open().unwrap_or(true)
    }

    fn send(&mut self, alert: &Alert, jobs: Option<&FailedJobs>) -> String {
        let subject = alert.step.and_then(|step| self.subjects.get(step));
        let failure = subject.zip(jobs);
        let failure = failure.map(|(subject, jobs)| self.failure(subject, jobs));
        let mut first = None;
        for part in self.recipients.of(alert) {
            let letter = self.composer.compose(&part, failure.as_ref(), None);
            let message_id = letter.message_id.clone();
            let letter = enveloped(letter, &part.to, self.now.wall);
            self.mails.push(NewMail {
                message_id: message_id.clone(),
                letter: serde_json::to_string(&letter).unwrap_or_default(),
            });
            first.get_or_insert(message_id);
        }
        self.sent
            .push((alert.clone(), MailComposer::headline(alert)));
        first.unwrap_or_default()
    }

    fn keep_silent(&mut self, step: TaskIndex, jobs: &FailedJobs, why: &AlertDecision) {
        if let AlertDecision::Silent(reason) = why {
            let task = self.subjects[step].label.as_str();
            let kind = jobs.kind.0.as_str();
            let why = reason.words(to_the_minute);
            log::debug!(task, kind; "Not mailed: {why}");
        }
    }
}
