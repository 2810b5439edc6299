//! Who writes the mails: gives the pure text what it cannot know itself, such as the host, the
//! times of this place, and how mail fares.

use std::time::{Duration, SystemTime};

use lettre::message::Mailbox;

use crate::alert::alert_facts::Alert;
use crate::alert::message::{self, MailContext, MailPath};
use crate::config::invocation::Call;
use crate::core::admin_mail::AdminMail;
use crate::core::event::TaskIndex;
use crate::core::failure::Failure;
use crate::core::settings::{Settings, TaskSettings};
use crate::core::time::Moment;
use crate::mail::outbox;
use crate::notify::recipients::Addressed;
use crate::task::label::TaskLabel;
use crate::unix::clock::local_time;
use crate::unix::{own_program, self_exe};

/// What the mails of one runner have in common.
#[derive(Debug)]
pub(crate) struct MailComposer {
    host: String,
    user: String,
    chain: String,
    labels: Vec<String>,
    call: Call,
    look: MailLook,
    settings: Vec<TaskSettings>,
    runner: Settings,
    executable_from: Option<SystemTime>,
    started: Moment,
    domain: String,
    /// Sentences for the next mail, such as that a state file was damaged.
    notes: Vec<String>,
    memory_born: SystemTime,
}

/// What a chain is called, its tasks, and how it is asked for.
#[derive(Debug)]
pub(crate) struct MailNames {
    /// The chain.
    pub(crate) chain: String,
    /// What each task is called on the screen.
    pub(crate) labels: Vec<String>,
    /// How this program is called from anywhere to find the chain.
    pub(crate) call: Call,
    /// What is looked at.
    pub(crate) look: MailLook,
}

/// How the labels of schedules begin, beside which those of jobs are.
pub(crate) const SCHEDULES: &str = "schedules::";
/// How the labels of workers begin.
pub(crate) const WORKERS: &str = "workers::";

/// What the command that a mail names looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailLook {
    /// A chain and its tasks.
    Chain,
    /// The jobs of definitions.
    Jobs,
}

impl MailComposer {
    /// Creates the composer of a chain that starts at `started` on the machine `host`, and whose
    /// memory was empty at `memory_born`.
    pub(crate) fn new(
        host: String,
        names: MailNames,
        settings: Vec<TaskSettings>,
        runner: Settings,
        started: Moment,
        memory_born: SystemTime,
    ) -> Self {
        let from: Option<Mailbox> = runner.mail.from.parse().ok();
        let domain = from.map(|from| from.email.domain().to_owned());
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid())
            .ok()
            .flatten();
        MailComposer {
            domain: domain.unwrap_or_else(|| host.clone()),
            user: user.map_or_else(|| nix::unistd::geteuid().to_string(), |user| user.name),
            host,
            chain: names.chain,
            labels: names.labels,
            call: names.call,
            look: names.look,
            settings,
            executable_from: self_exe::changed().ok(),
            runner,
            started,
            notes: Vec::new(),
            memory_born,
        }
    }

    /// Adds a sentence to the next mail.
    pub(crate) fn note(&mut self, note: String) {
        const MOST: usize = 16;
        if self.notes.len() < MOST && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Forgets the sentences that a mail has now.
    pub(crate) fn forget_notes(&mut self) {
        self.notes.clear();
    }

    /// Writes a mail for its recipients. `took` is how long the run took that the mail is about, or
    /// has taken so far.
    pub(crate) fn compose(
        &self,
        mail: &Addressed<'_>,
        failure: Option<&Failure>,
        took: Option<Duration>,
    ) -> AdminMail {
        let report = outbox::report(&self.runner.state_dir);
        let reason = report.broken.as_ref().map(|broken| broken.trouble.line());
        let step = mail.alert.step;
        message::compose(
            &mail.alert,
            failure,
            &MailContext {
                host: &self.host,
                user: &self.user,
                chain: &self.chain,
                tasks: &self.labels,
                pid: std::process::id(),
                version: own_program::version(),
                executable_from: self.executable_from,
                runner_started: self.started.wall,
                run_duration: took,
                settings: step.map(|step| &self.settings[step]),
                max_per_hour: self.runner.mail.max_per_hour,
                healed: self.runner.mail.healed,
                to_whom: mail.why.as_deref(),
                mail: MailPath {
                    waiting: report.waiting as u64,
                    down_since: report.broken.as_ref().map(|broken| broken.since),
                    reason: reason.as_deref(),
                    dropped: report.dropped,
                    notes: &self.notes,
                },
                look: &self.look(step),
                local_time: &|time| local_time(time, "%a %d %b %Y %H:%M:%S %z"),
                domain: &self.domain,
                memory_born: self.memory_born,
            },
        )
    }

    /// The command that shows more of a task, or of the chain.
    fn look(&self, step: Option<TaskIndex>) -> Vec<String> {
        match (step, self.look) {
            (Some(step), MailLook::Jobs) => {
                let label = &self.labels[step];
                if label.starts_with(WORKERS) {
                    return self.call.parts("workers");
                }
                match label.strip_prefix(SCHEDULES) {
                    Some(name) => self.call.parts(format_args!("schedules {name}")),
                    None => self.call.parts(format_args!("jobs {label}")),
                }
            }
            (None, MailLook::Jobs) => self.call.parts("workers"),
            (Some(step), MailLook::Chain) => {
                let function = TaskLabel::of(&self.labels[step]).function();
                self.call.parts(format_args!("logs {function}"))
            }
            (None, MailLook::Chain) => self.call.parts(format_args!("status {}", self.chain)),
        }
    }

    /// Returns the words of subject and log.
    pub(crate) fn headline(alert: &Alert) -> String {
        message::headline(alert)
    }
}
