//! The text of a mail: a [`Notice`] and what is known around it become a [`Letter`]. Pure; all texts that come in are redacted.

mod body;
mod lines;
mod mutes;
mod output;
mod sentences;
mod subject;
mod summary;

use std::time::{Duration, SystemTime};

pub(crate) use lines::{counted, grouped, one_line, shortened};
pub(crate) use mutes::muted;
pub(crate) use sentences::because;
pub(crate) use subject::headline;

use super::notice::{Notice, Sort};
use crate::failure::Failure;
use crate::hash::fnv1a;
use crate::letter::{Letter, Place};
use crate::settings::TaskSettings;

/// What surrounds a notice: who speaks, from where, and how the reader finds out more.
pub(crate) struct Context<'a> {
    /// The name of this machine.
    pub(crate) host: &'a str,
    /// The user that the runner runs as.
    pub(crate) user: &'a str,
    /// The name of the chain.
    pub(crate) chain: &'a str,
    /// What each task of the chain is called, in order; one that is named twice with its place, such as `tasks::sync (2)`.
    pub(crate) tasks: &'a [String],
    /// The process of the runner.
    pub(crate) pid: u32,
    /// The version of the program that runs.
    pub(crate) version: &'a str,
    /// When its executable was last changed, if that is known.
    pub(crate) executable_from: Option<SystemTime>,
    /// When the runner started.
    pub(crate) runner_started: SystemTime,
    /// How long the run took that the notice is about, or has taken so far.
    pub(crate) run_duration: Option<Duration>,
    /// The settings of the task that the notice is about.
    pub(crate) settings: Option<&'a TaskSettings>,
    /// How many FIRST and NEW mails may leave in an hour.
    pub(crate) max_per_hour: u32,
    /// The state of the way by which mail leaves.
    pub(crate) mail: MailPath<'a>,
    /// The command that shows more, such as `run_functions`, `logs send_mail`: between its parts a shell may be given a new line.
    pub(crate) look: &'a [String],
    /// Writes a time as people here read it, such as `Sun 22 Nov 2026 10:46:01 +0100`.
    pub(crate) local_time: &'a dyn Fn(SystemTime) -> String,
    /// The domain of the sender.
    pub(crate) domain: &'a str,
    /// When the memory of this runner began to know nothing. With the facts of a notice it makes the Message-ID, so that a mail which is made
    /// again after a crash has the name of its twin.
    pub(crate) memory_born: SystemTime,
}

/// What became of mails before this one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MailPath<'a> {
    /// How many mails are waiting.
    pub(crate) waiting: u64,
    /// Since when mail has not been leaving, or had not been until this one.
    pub(crate) down_since: Option<SystemTime>,
    /// Why, in words.
    pub(crate) reason: Option<&'a str>,
    /// How many mails were given up or dropped.
    pub(crate) dropped: u64,
    /// What is to be told besides, a sentence each: a damaged state file, a full disk.
    pub(crate) notes: &'a [String],
}

impl Context<'_> {
    fn time(&self, time: SystemTime) -> String {
        (self.local_time)(time)
    }

    /// The task that a notice is about, or the chain.
    fn name(&self, notice: &Notice) -> &str {
        let task = notice.step.and_then(|step| self.tasks.get(step));
        task.map_or(self.chain, String::as_str)
    }
}

/// Returns the mail that tells of `notice`.
pub(crate) fn letter(notice: &Notice, failure: Option<&Failure>, context: &Context<'_>) -> Letter {
    let name = context.name(notice);
    let sort = notice.sort.word();
    let kind = notice.kind.as_ref().map_or("", |kind| kind.0.as_str());
    let facts = [
        format!("event={sort}"),
        format!("task={}", subject::plain(name)),
        format!("chain={}", subject::plain(context.chain)),
        format!("kind={}", subject::plain(kind)),
    ];
    let unique = unique(notice, name, context);
    // The latest failure is from before the last success.
    let failure = failure.filter(|_| !notice.only_asks());
    Letter {
        subject: subject::subject(notice, context),
        date: notice.at.wall,
        message_id: format!("run_functions.{unique}@{}", subject::plain(context.domain)),
        thread: notice.thread.clone(),
        list_id: format!(
            "{}.{}",
            subject::plain(context.chain),
            subject::plain(context.host)
        ),
        facts: facts.join("; "),
        body: body::whole(notice, failure, context),
        minimal_body: body::minimal(notice, context),
        place: Place {
            sort: sort.to_owned(),
            chain: context.chain.to_owned(),
            task: notice.step.map_or_else(String::new, |_| name.to_owned()),
            outage: notice.outage.as_ref().map_or(0, |outage| outage.number),
        },
    }
}

/// Returns what names this mail among all: the same before and after a crash that lost the note that it was made.
fn unique(notice: &Notice, name: &str, context: &Context<'_>) -> String {
    let nanos = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_nanos()
    };
    let outage = || {
        let number = notice.outage.as_ref().map_or(0, |outage| outage.number);
        number.to_string()
    };
    let (sort, which) = match notice.sort {
        // Once in the life of a memory. What was FIRST before a crash may be NEW after it, and its outage another one.
        Sort::First | Sort::New => {
            let kind = notice.kind.as_ref().map_or("", |kind| &kind.0);
            (Sort::New, kind.to_owned())
        }
        Sort::Downtime { count } => (notice.sort, format!("{} {count}", outage())),
        Sort::Healed => (notice.sort, outage()),
        Sort::StillRunning => {
            let run = notice.run.map_or(0, |run| run.0);
            (notice.sort, run.to_string())
        }
        Sort::Summary => {
            let since = notice.summary.as_ref().map_or(notice.at.wall, |s| s.since);
            (notice.sort, nanos(since).to_string())
        }
        // What a digest named is not named by a later one.
        Sort::HeldBack => {
            let first = notice.held_back.iter().map(|held| nanos(held.first)).min();
            let muted = notice.mutes.iter().map(|told| nanos(told.muted.from));
            let first = first.or_else(|| muted.min());
            let first = first.unwrap_or_else(|| nanos(notice.at.wall));
            (notice.sort, first.to_string())
        }
    };
    let facts = [context.host, context.chain, name, sort.word(), &which];
    let hash = fnv1a(facts.join("\0").as_bytes());
    format!("{:x}.{hash:016x}", nanos(context.memory_born))
}

#[cfg(test)]
mod tests;
