//! One pass over the outbox: what is due is tried once, and what became of it is written down at once.

use std::time::SystemTime;

use super::carrier::{Carrier, Parcel};
use super::message::{self, Extent};
use super::outbox::{BrokenPath, End, Entry, Notes, Outbox, Recipient, State};
use super::schedule;
use super::trouble::{Class, Trouble};
use super::wire::Fate;
use crate::hash::fnv1a;
use crate::time::in_words;

/// From this age on a mail says that it is late.
const LATE: std::time::Duration = std::time::Duration::from_secs(120);

/// What a pass did, and when the next one is due.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Summary {
    /// How many messages were accepted.
    pub accepted: usize,
    /// How many attempts were not.
    pub refused: usize,
    /// When something is due again; `None`: nothing waits.
    pub next: Option<SystemTime>,
}

/// Tries what is due, as mail from `from`: the sender of now, so that letters which waited for it to be put right go with the right one.
pub(crate) fn deliver_due(
    outbox: &Outbox,
    carrier: &mut dyn Carrier,
    from: &str,
    now: &dyn Fn() -> SystemTime,
) -> Summary {
    let mut pass = Pass {
        outbox,
        carrier,
        from,
        now,
        notes: outbox.notes(),
        summary: Summary::default(),
    };
    let rests = |broken: &BrokenPath| !schedule::is_due(broken.next, now());
    if !pass.notes.broken.as_ref().is_some_and(rests) {
        for entry in outbox.waiting() {
            if !pass.entry(entry) {
                break;
            }
        }
    }
    pass.end()
}

struct Pass<'a> {
    outbox: &'a Outbox,
    carrier: &'a mut dyn Carrier,
    from: &'a str,
    now: &'a dyn Fn() -> SystemTime,
    notes: Notes,
    summary: Summary,
}

impl Pass<'_> {
    /// Tries one letter. Returns whether others may be tried.
    fn entry(&mut self, mut entry: Entry) -> bool {
        let mut goes_on = true;
        for index in 0..entry.recipients.len() {
            if !self.recipient(&mut entry, index) {
                goes_on = false;
                break;
            }
        }
        if entry.is_settled() {
            self.outbox.remove(&entry);
        } else {
            self.outbox.update(&entry);
        }
        goes_on
    }

    /// Tries one recipient, twice if the first refusal asks for the short form. Returns whether others may be tried.
    fn recipient(&mut self, entry: &mut Entry, index: usize) -> bool {
        loop {
            let recipient = &entry.recipients[index];
            let State::Waiting {
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
                Fate::Accepted(answer) => {
                    self.accepted(entry, index, &answer);
                    return true;
                }
                Fate::Refused(trouble) => match self.refused(entry, index, trouble) {
                    Then::Again => {}
                    Then::Others => return true,
                    Then::Nobody => return false,
                },
            }
        }
    }

    fn carry(&mut self, entry: &Entry, to: &str, extent: Extent) -> Result<Fate, Trouble> {
        let lines = self.lines(entry);
        let bytes = match message::render(&entry.letter, self.from, to, extent, &lines) {
            Ok(bytes) => bytes,
            Err(trouble) => return Ok(Fate::Refused(trouble)),
        };
        let bare = message::bare_address(to).unwrap_or_else(|| to.to_owned());
        let parcel = Parcel {
            from: message::bare_address(self.from),
            to: vec![bare],
            bytes,
            file_stem: message::file_stem(&entry.letter, to),
        };
        let fates = self.carrier.carry(&parcel)?;
        fates.into_iter().next().ok_or_else(|| {
            Trouble::new(
                Class::Path,
                "the mail worker did not say what became of the message",
            )
        })
    }

    fn accepted(&mut self, entry: &mut Entry, index: usize, answer: &str) {
        let recipient = &mut entry.recipients[index];
        recipient.state = State::Accepted;
        let (to, subject) = (&recipient.address, &entry.letter.subject);
        if self.carrier.takes_away() {
            log::info!("Mail to {to} left: {subject} ({answer})");
        } else {
            log::info!("Mail to {to} was {answer}: {subject}");
        }
        // Written down before the next one is tried: a crash from here on sends no duplicate of this one.
        self.outbox.update(entry);
        self.outbox.count(entry, End::Sent);
        self.summary.accepted += 1;
        let before = self.notes.clone();
        if let Some(broken) = self.notes.broken.take() {
            let span = (self.now)().duration_since(broken.since);
            log::info!(
                "Mail leaves again, after {} and {} failed attempts",
                in_words(span.unwrap_or_default()),
                broken.attempts
            );
        }
        self.notes.told();
        if self.notes != before {
            self.outbox.keep_notes(&self.notes);
        }
    }

    fn refused(&mut self, entry: &mut Entry, index: usize, trouble: Trouble) -> Then {
        self.summary.refused += 1;
        match trouble.class {
            Class::Path | Class::Setup | Class::Sender => {
                let attempts = attempts(&entry.recipients[index]);
                self.path_broke(trouble);
                self.expire(entry, index, attempts);
                Then::Nobody
            }
            Class::Temporary | Class::Unanswered => {
                self.put_off(entry, index, &trouble);
                Then::Others
            }
            Class::Content if !is_minimal(&entry.recipients[index]) => {
                let state = State::Waiting {
                    attempts: attempts(&entry.recipients[index]) + 1,
                    next: SystemTime::UNIX_EPOCH,
                    last_error: Some(trouble.line()),
                    minimal: true,
                };
                entry.recipients[index].state = state;
                log::warn!("{}; trying a short form of it", trouble.line());
                Then::Again
            }
            Class::Content | Class::Recipient => {
                self.give_up(entry, index, &trouble.line());
                Then::Others
            }
        }
    }

    fn put_off(&mut self, entry: &mut Entry, index: usize, trouble: &Trouble) {
        let recipient = &mut entry.recipients[index];
        let count = attempts(recipient) + 1;
        let dice = fnv1a(format!("{}{count}", entry.letter.message_id).as_bytes());
        let pause = schedule::pause(trouble.class, count, dice);
        if schedule::is_told(u64::from(count)) {
            log::error!(
                "Mail to {} waits: {}; next attempt in {}",
                recipient.address,
                trouble.line(),
                in_words(pause)
            );
        }
        recipient.state = State::Waiting {
            attempts: count,
            next: (self.now)() + pause,
            last_error: Some(trouble.line()),
            minimal: is_minimal(recipient),
        };
        self.expire(entry, index, count);
    }

    fn path_broke(&mut self, trouble: Trouble) {
        let now = (self.now)();
        let former = self.notes.broken.take();
        let attempts = former.as_ref().map_or(0, |broken| broken.attempts) + 1;
        let dice = fnv1a(format!("{}{now:?}", trouble.words).as_bytes());
        let pause = schedule::pause(trouble.class, attempts, dice);
        if schedule::is_told(u64::from(attempts)) {
            log::error!(
                "Mail cannot leave: {}; attempt {attempts}, next in {}",
                trouble.line(),
                in_words(pause)
            );
        }
        self.notes.broken = Some(BrokenPath {
            since: former.map_or(now, |broken| broken.since),
            attempts,
            next: now + pause,
            trouble,
        });
        self.outbox.keep_notes(&self.notes);
    }

    /// Gives up what has been tried for five days.
    fn expire(&mut self, entry: &mut Entry, index: usize, attempts: u32) {
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
            self.notes.count_dropped("expired", (self.now)());
            self.outbox.keep_notes(&self.notes);
        }
    }

    fn give_up(&mut self, entry: &mut Entry, index: usize, reason: &str) {
        let address = entry.recipients[index].address.clone();
        log::error!("Mail to {address} failed for good: {reason}");
        let bytes = message::render(
            &entry.letter,
            self.from,
            &address,
            Extent::Whole,
            &self.lines(entry),
        );
        let bytes = bytes.unwrap_or_else(|_| entry.letter.body.clone().into_bytes());
        let stem = message::file_stem(&entry.letter, &address);
        self.outbox
            .fail(&stem, &bytes, &format!("{address}: {reason}"));
        entry.recipients[index].state = State::Refused(reason.to_owned());
        self.outbox.count(entry, End::Failed);
        self.notes.remember_refusal(format!(
            "A mail to {address} could not be delivered: {reason}"
        ));
        self.outbox.keep_notes(&self.notes);
    }

    /// Returns what a letter has to tell besides its own matter.
    fn lines(&self, entry: &Entry) -> Vec<String> {
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

    fn end(mut self) -> Summary {
        let path = self.notes.broken.as_ref().map(|broken| broken.next);
        let next = self.outbox.waiting().iter().filter_map(Entry::next).min();
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
        State::Waiting { attempts, .. } => attempts,
        _ => 0,
    }
}

fn is_minimal(recipient: &Recipient) -> bool {
    matches!(recipient.state, State::Waiting { minimal: true, .. })
}

#[cfg(test)]
#[path = "pass_tests.rs"]
mod tests;
