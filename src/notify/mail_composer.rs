//! Who writes the mails: gives the pure text what it cannot know itself, such as the host, the times of this place, and how mail fares.

use std::time::{Duration, SystemTime};

use lettre::message::Mailbox;

use crate::alert::message::{self, Context, MailPath};
use crate::alert::notice::Notice;
use crate::cli::call::Call;
use crate::cli::screen::local_time;
use crate::event::Step;
use crate::failure::Failure;
use crate::letter::Letter;
use crate::mail::outbox;
use crate::process::own_program;
use crate::settings::{Settings, TaskSettings};
use crate::time::Moment;

/// What the mails of one runner have in common.
#[derive(Debug)]
pub(in crate::cli) struct Composer {
    host: String,
    user: String,
    chain: String,
    labels: Vec<String>,
    call: Call,
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
pub(in crate::cli) struct Names {
    /// The chain.
    pub(in crate::cli) chain: String,
    /// What each task is called on the screen.
    pub(in crate::cli) labels: Vec<String>,
    /// How this program is called from anywhere to find the chain.
    pub(in crate::cli) call: Call,
}

impl Composer {
    /// Makes one for a chain that starts at `started` on the machine `host`, and whose memory was empty at `memory_born`.
    pub(in crate::cli) fn new(
        host: String,
        names: Names,
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
        Composer {
            domain: domain.unwrap_or_else(|| host.clone()),
            user: user.map_or_else(|| nix::unistd::geteuid().to_string(), |user| user.name),
            host,
            chain: names.chain,
            labels: names.labels,
            call: names.call,
            settings,
            executable_from: own_program::changed().ok(),
            runner,
            started,
            notes: Vec::new(),
            memory_born,
        }
    }

    /// Adds a sentence to the next mail.
    pub(in crate::cli) fn note(&mut self, note: String) {
        const MOST: usize = 16;
        if self.notes.len() < MOST && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Writes the mail of a notice. `took` is how long the run took that it is about, or has taken so far.
    pub(in crate::cli) fn letter(
        &mut self,
        notice: &Notice,
        failure: Option<&Failure>,
        took: Option<Duration>,
    ) -> Letter {
        let report = outbox::report(&self.runner.state_dir);
        let reason = report.broken.as_ref().map(|broken| broken.trouble.line());
        let step = notice.step;
        let notes = std::mem::take(&mut self.notes);
        message::letter(
            notice,
            failure,
            &Context {
                host: &self.host,
                user: &self.user,
                chain: &self.chain,
                tasks: &self.labels,
                pid: std::process::id(),
                version: env!("CARGO_PKG_VERSION"),
                executable_from: self.executable_from,
                runner_started: self.started.wall,
                run_duration: took,
                settings: step.map(|step| &self.settings[step]),
                max_per_hour: self.runner.mail.max_per_hour,
                mail: MailPath {
                    waiting: report.waiting as u64,
                    down_since: report.broken.as_ref().map(|broken| broken.since),
                    reason: reason.as_deref(),
                    dropped: report.dropped,
                    notes: &notes,
                },
                look: &self.look(step),
                local_time: &|time| local_time(time, "%a %d %b %Y %H:%M:%S %z"),
                domain: &self.domain,
                memory_born: self.memory_born,
            },
        )
    }

    /// The command that shows more of a task, or of the chain.
    fn look(&self, step: Option<Step>) -> Vec<String> {
        match step {
            Some(step) => {
                let label = self.labels[step].as_str();
                let name = label.split_once('#').map_or(label, |(name, _place)| name);
                let function = name.rsplit("::").next().unwrap_or(name);
                self.call.parts(format_args!("logs {function}"))
            }
            None => self.call.parts(format_args!("status {}", self.chain)),
        }
    }

    /// Returns the words of subject and log.
    pub(in crate::cli) fn headline(notice: &Notice) -> String {
        message::headline(notice)
    }

    /// Writes a time shortly, for the log.
    pub(in crate::cli) fn when(time: SystemTime) -> String {
        local_time(time, "%d %b %H:%M")
    }
}
