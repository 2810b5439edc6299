//! One pass over the outbox: what is due is tried once, and what became of it is written down at
//! once.

mod merging;

use std::time::SystemTime;

use super::delivery_error::{DeliveryError, ErrorClass};
use super::message::{self, Extent};
use super::outbox::{
    BrokenPath, DeliveryEnd, MailStore, PathState, QueuedMail, Recipient, RecipientState,
};
use super::schedule;
use super::transport::{MailTransport, OutgoingMessage};
use super::wire::DeliveryResult;
use crate::core::hash::fnv1a;
use crate::core::time::in_words;

use merging::CauseGroups;
pub(crate) use merging::MergeHolding;

/// From this age on a mail mentions that it is late.
const LATE: std::time::Duration = std::time::Duration::from_secs(120);

/// What a pass did, and when the next one is due.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct DeliverySummary {
    /// How many messages were accepted.
    pub accepted: usize,
    /// How many attempts were not.
    pub refused: usize,
    /// When something is due again; `None`: nothing waits.
    pub next: Option<SystemTime>,
}

/// Tries what is due, as mail from `from`: the sender of now, so that mails which waited for it
/// to be put right go with the right one.
pub(crate) fn deliver_due(
    outbox: &dyn MailStore,
    transport: &mut dyn MailTransport,
    from: &str,
    holding: MergeHolding,
    now: &dyn Fn() -> SystemTime,
) -> DeliverySummary {
    let mut pass = OutboxDelivery {
        outbox,
        transport,
        from,
        now,
        groups: CauseGroups::new(outbox, holding, now),
        notes: outbox.notes(),
        summary: DeliverySummary::default(),
    };
    let rests = |broken: &BrokenPath| !schedule::is_due(broken.next, now());
    if !pass.notes.broken.as_ref().is_some_and(rests) {
        for entry in pass.groups.merged_by_cause() {
            if !pass.entry(entry) {
                break;
            }
        }
    }
    pass.end()
}

struct OutboxDelivery<'a> {
    outbox: &'a dyn MailStore,
    transport: &'a mut dyn MailTransport,
    from: &'a str,
    now: &'a dyn Fn() -> SystemTime,
    groups: CauseGroups<'a>,
    notes: PathState,
    summary: DeliverySummary,
}

impl OutboxDelivery<'_> {
    /// Tries one mail. Returns whether others may be tried.
    fn entry(&mut self, mut entry: QueuedMail) -> bool {
        let mut goes_on = true;
        for index in 0..entry.recipients.len() {
            if !self.recipient(&mut entry, index) {
                goes_on = false;
                break;
            }
        }
        if entry.is_settled() {
            if !entry.is_accepted() {
                self.outbox.remember_undelivered(&entry);
            }
            self.outbox.remove(&entry);
        } else {
            self.outbox.update(&entry);
        }
        goes_on
    }

    /// Tries one recipient, twice if the first refusal asks for the short form. Returns whether
    /// others may be tried.
    fn recipient(&mut self, entry: &mut QueuedMail, index: usize) -> bool {
        loop {
            let recipient = &entry.recipients[index];
            let RecipientState::Waiting {
                attempts,
                next,
                minimal,
                ..
            } = recipient.state
            else {
                return true;
            };
            if !schedule::is_due(next, (self.now)()) {
                return true;
            }
            let extent = if minimal {
                Extent::Minimal
            } else {
                Extent::Whole
            };
            let fate = match self.carry(entry, &recipient.address, extent) {
                Ok(fate) => fate,
                Err(trouble) => {
                    self.path_broke(trouble);
                    self.expire(entry, index, attempts);
                    return false;
                }
            };
            match fate {
                DeliveryResult::Accepted(answer) => {
                    self.accepted(entry, index, &answer);
                    return true;
                }
                DeliveryResult::Refused(trouble) => match self.refused(entry, index, trouble) {
                    Then::Again => {}
                    Then::Others => return true,
                    Then::Nobody => return false,
                },
            }
        }
    }

    fn carry(
        &mut self,
        entry: &QueuedMail,
        to: &str,
        extent: Extent,
    ) -> Result<DeliveryResult, DeliveryError> {
        let lines = self.lines(entry);
        let mail = entry.to_send();
        let bytes = match message::render(&mail, self.from, to, extent, &lines) {
            Ok(bytes) => bytes,
            Err(trouble) => return Ok(DeliveryResult::Refused(trouble)),
        };
        let bare = message::bare_address(to).unwrap_or_else(|| to.to_owned());
        let outgoing = OutgoingMessage {
            from: message::bare_address(self.from),
            to: vec![bare],
            bytes,
            file_stem: message::file_stem(&mail, to),
        };
        let fates = self.transport.carry(&outgoing)?;
        fates.into_iter().next().ok_or_else(|| {
            DeliveryError::new(
                ErrorClass::Path,
                "the mail worker did not say what became of the message",
            )
        })
    }

    fn accepted(&mut self, entry: &mut QueuedMail, index: usize, answer: &str) {
        if !entry.is_accepted() {
            self.groups.departed(entry);
        }
        entry.recipients[index].state = RecipientState::Accepted;
        let (to, subject) = (&entry.recipients[index].address, &entry.to_send().subject);
        if self.transport.takes_away() {
            log::info!("Mail to {to} left: {subject} ({answer})");
        } else {
            log::info!("Mail to {to} was {answer}: {subject}");
        }
        // Written down before the next one is tried: a crash from here on sends no duplicate of
        // this one.
        self.outbox.update(entry);
        self.outbox.count(entry, DeliveryEnd::Sent);
        self.summary.accepted += 1;
        if let Some(broken) = &self.notes.broken {
            let span = (self.now)().duration_since(broken.since);
            log::info!(
                "Mail leaves again, after {} and {} failed attempts",
                in_words(span.unwrap_or_default()),
                broken.attempts
            );
        }
        let sent = self.notes.clone();
        self.note(|notes| notes.forget(&sent));
    }

    /// Changes the notes, here and on disk, where something may have been added meanwhile.
    fn note(&mut self, change: impl Fn(&mut PathState)) {
        let before = self.notes.clone();
        change(&mut self.notes);
        if self.notes != before {
            self.outbox.change_notes(&change);
        }
    }

    fn refused(&mut self, entry: &mut QueuedMail, index: usize, trouble: DeliveryError) -> Then {
        self.summary.refused += 1;
        match trouble.class {
            ErrorClass::Path | ErrorClass::Setup | ErrorClass::Sender => {
                let attempts = attempts(&entry.recipients[index]);
                self.path_broke(trouble);
                self.expire(entry, index, attempts);
                Then::Nobody
            }
            ErrorClass::Temporary | ErrorClass::Unanswered | ErrorClass::Relay => {
                self.put_off(entry, index, &trouble);
                Then::Others
            }
            ErrorClass::Content if !is_minimal(&entry.recipients[index]) => {
                let state = RecipientState::Waiting {
                    attempts: attempts(&entry.recipients[index]) + 1,
                    next: SystemTime::UNIX_EPOCH,
                    last_error: Some(trouble.line()),
                    minimal: true,
                    needs_change: false,
                };
                entry.recipients[index].state = state;
                log::warn!("{}; trying a short form of it", trouble.line());
                Then::Again
            }
            ErrorClass::Content | ErrorClass::Recipient => {
                self.give_up(entry, index, &trouble.line());
                Then::Others
            }
        }
    }

    fn put_off(&mut self, entry: &mut QueuedMail, index: usize, trouble: &DeliveryError) {
        let recipient = &mut entry.recipients[index];
        let count = attempts(recipient) + 1;
        let dice = fnv1a(format!("{}{count}", entry.mail.message_id).as_bytes());
        let pause = schedule::pause_after(trouble, count, dice);
        if schedule::is_told(u64::from(count)) {
            log::error!(
                "Mail to {} waits: {}; next attempt in {}",
                recipient.address,
                trouble.line(),
                in_words(pause)
            );
        }
        recipient.state = RecipientState::Waiting {
            attempts: count,
            next: (self.now)() + pause,
            last_error: Some(trouble.line()),
            minimal: is_minimal(recipient),
            needs_change: trouble.class == ErrorClass::Relay,
        };
        self.expire(entry, index, count);
    }

    fn path_broke(&mut self, trouble: DeliveryError) {
        let now = (self.now)();
        let former = self.notes.broken.take();
        let attempts = former.as_ref().map_or(0, |broken| broken.attempts) + 1;
        let dice = fnv1a(format!("{}{now:?}", trouble.words).as_bytes());
        let pause = schedule::pause_after(&trouble, attempts, dice);
        if schedule::is_told(u64::from(attempts)) {
            log::error!(
                "Mail cannot leave: {}; attempt {attempts}, next in {}",
                trouble.line(),
                in_words(pause)
            );
        }
        let broken = BrokenPath {
            since: former.map_or(now, |broken| broken.since),
            attempts,
            next: now + pause,
            trouble,
        };
        self.note(|notes| notes.broken = Some(broken.clone()));
    }

    /// Gives up what has been tried for five days.
    fn expire(&mut self, entry: &mut QueuedMail, index: usize, attempts: u32) {
        let of_the_path = self
            .notes
            .broken
            .as_ref()
            .map_or(0, |broken| broken.attempts);
        let attempts = attempts.max(of_the_path);
        if schedule::is_expired(entry.created, attempts, (self.now)()) {
            let last = entry
                .last_error()
                .or_else(|| self.notes.broken.as_ref().map(|b| b.trouble.line()));
            let last = last.unwrap_or_default();
            self.give_up(
                entry,
                index,
                &format!("given up after 5 days; the last attempt: {last}"),
            );
            let now = (self.now)();
            self.note(|notes| notes.count_dropped("expired", now));
        }
    }

    fn give_up(&mut self, entry: &mut QueuedMail, index: usize, reason: &str) {
        let address = entry.recipients[index].address.clone();
        log::error!("Mail to {address} failed for good: {reason}");
        let mail = entry.to_send();
        let bytes = message::render(
            &mail,
            self.from,
            &address,
            Extent::Whole,
            &self.lines(entry),
        );
        let bytes = bytes.unwrap_or_else(|_| mail.body.clone().into_bytes());
        let stem = message::file_stem(&mail, &address);
        self.outbox
            .fail(&stem, &bytes, &format!("{address}: {reason}"));
        entry.recipients[index].state = RecipientState::Refused(reason.to_owned());
        self.outbox.count(entry, DeliveryEnd::Failed);
        let line = format!("A mail to {address} could not be delivered: {reason}");
        self.note(|notes| notes.remember_refusal(line.clone()));
    }

    /// Returns what a mail mentions besides its own matter.
    fn lines(&self, entry: &QueuedMail) -> Vec<String> {
        let now = (self.now)();
        let mut lines = Vec::new();
        let age = now.duration_since(entry.created).unwrap_or_default();
        if entry.replaced > 0 {
            let since = entry.replaced_since.unwrap_or(entry.created);
            let span = in_words(now.duration_since(since).unwrap_or_default());
            let count = entry.replaced;
            let reminders = if count == 1 { "reminder" } else { "reminders" };
            lines.push(format!(
                "It replaces {count} earlier {reminders} that could not leave in the last {span}."
            ));
        }
        if age >= LATE {
            let reason = self.notes.broken.as_ref().map(|b| b.trouble.words.clone());
            let reason = reason.or_else(|| entry.last_error());
            let why = reason.map(|reason| format!(": {reason}"));
            let why = why.unwrap_or_default();
            lines.push(format!("This mail is {} late{why}.", in_words(age)));
        } else if let Some(broken) = &self.notes.broken {
            let span = in_words(now.duration_since(broken.since).unwrap_or_default());
            let why = &broken.trouble.words;
            lines.push(format!("Mail could not leave for {span}: {why}."));
        }
        if !self.notes.dropped.is_empty() {
            let counts = self.notes.dropped.iter();
            let counts: Vec<String> = counts.map(|(sort, n)| format!("{n} {sort}")).collect();
            lines.push(format!(
                "Mails that were lost while mail was down: {}.",
                counts.join(", ")
            ));
        }
        lines.extend(self.notes.refusals.iter().map(|line| format!("{line}.")));
        lines
    }

    fn end(mut self) -> DeliverySummary {
        let path = self.notes.broken.as_ref().map(|broken| broken.next);
        let next = self
            .outbox
            .waiting()
            .iter()
            .filter_map(QueuedMail::next)
            .min();
        self.summary.next = next.map(|next| path.map_or(next, |path| path.max(next)));
        self.summary
    }
}

/// What may be tried after a refusal.
enum Then {
    Again,
    Others,
    Nobody,
}

fn attempts(recipient: &Recipient) -> u32 {
    match recipient.state {
        RecipientState::Waiting { attempts, .. } => attempts,
        _ => 0,
    }
}

fn is_minimal(recipient: &Recipient) -> bool {
    matches!(
        recipient.state,
        RecipientState::Waiting { minimal: true, .. }
    )
}

#[cfg(test)]
#[path = "outbox_delivery_tests.rs"]
mod tests;
