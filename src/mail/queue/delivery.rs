//! One pass over the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::time::SystemTime;

use super::super::delivery_error::{DeliveryError, ErrorClass};
use super::super::transport::{MailTransport, OutgoingMessage};
use super::defer::Remaining;
use super::{Message, Queue, QueueLook, QueuePlace};
use crate::core::hash::fnv1a;
use crate::mail::wire::DeliveryResult;

/// What a pass did: counts of messages, and what went wrong in words.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct MessageOutcome {
    /// All recipients of the message have it.
    pub delivered: usize,
    /// Moved to `deferred`.
    pub deferred: usize,
    /// Moved to `failed`, whole or for some recipients.
    pub failed: usize,
    /// Left in the queue, because somebody may still be writing it.
    pub young: usize,
    /// Left in the queue, because this machine refused to read or move it.
    pub stuck: usize,
    /// Why messages were put off or refused: how often each reason was given.
    pub reasons: BTreeMap<String, usize>,
    /// The sorts of what went wrong: what makes two failures of this kind the same.
    pub sorts: BTreeSet<String>,
}

/// Delivers what is in the queue now, one after the other; what one message meets does not stop the
/// others, unless there is no way to the server at all: then all are put off at once.
///
/// # Errors
///
/// When the queue cannot be read.
pub(crate) fn deliver(
    queue: &Queue,
    transport: &mut dyn MailTransport,
    now: &dyn Fn() -> SystemTime,
    settle: &mut dyn FnMut(),
) -> io::Result<MessageOutcome> {
    let mut pass = QueueDelivery {
        queue,
        transport,
        now,
        no_way: None,
        young: Vec::new(),
        outcome: MessageOutcome::default(),
    };
    queue.sweep(QueuePlace::Queue, now());
    for stem in queue.stems(QueuePlace::Queue)? {
        pass.message(&stem);
    }
    let young = std::mem::take(&mut pass.young);
    if !young.is_empty() {
        // They were dropped a moment ago: most are whole in another moment, and need not wait for
        // the next run.
        settle();
        for stem in young {
            pass.message(&stem);
        }
    }
    pass.outcome.young = pass.young.len();
    Ok(pass.outcome)
}

struct QueueDelivery<'a> {
    queue: &'a Queue,
    transport: &'a mut dyn MailTransport,
    now: &'a dyn Fn() -> SystemTime,
    no_way: Option<DeliveryError>,
    young: Vec<OsString>,
    outcome: MessageOutcome,
}

impl QueueDelivery<'_> {
    fn message(&mut self, stem: &OsStr) {
        match self.queue.look(stem, (self.now)()) {
            QueueLook::Whole(message) => self.send(stem, &message),
            QueueLook::Young => self.young.push(stem.to_owned()),
            QueueLook::Bad(reason) => self.fail(stem, None, "damaged", &reason),
            // Taken away by somebody since the directory was read.
            QueueLook::Unreadable(error) if error.kind() == io::ErrorKind::NotFound => {}
            QueueLook::Unreadable(error) => self.stuck(stem, &error),
        }
    }

    fn send(&mut self, stem: &OsStr, message: &Message) {
        if let Some(trouble) = self.no_way.clone() {
            self.defer(stem, None, &trouble);
            return;
        }
        let outgoing = OutgoingMessage {
            from: message.from.clone(),
            to: message.to.clone(),
            bytes: message.bytes.clone(),
            file_stem: file_stem(stem, message),
        };
        match self.transport.carry(&outgoing) {
            Ok(fates) => self.settle(stem, message, &fates),
            Err(trouble) => {
                self.defer(stem, None, &trouble);
                self.no_way = Some(trouble);
            }
        }
    }

    fn settle(&mut self, stem: &OsStr, message: &Message, fates: &[DeliveryResult]) {
        let mut later = FailedRecipients::default();
        let mut never = FailedRecipients::default();
        for (address, fate) in message.to.iter().zip(fates) {
            match fate {
                DeliveryResult::Accepted(_) => {}
                DeliveryResult::Refused(trouble) if is_final(trouble.class) => {
                    never.add(address, trouble)
                }
                DeliveryResult::Refused(trouble) => later.add(address, trouble),
            }
        }
        let from = message.from.as_deref();
        if let Some(trouble) = &never.trouble {
            let sort = sort_of(trouble);
            if never.to.len() == message.to.len() || later.to.is_empty() {
                let remaining = never.remaining(from);
                self.fail(stem, Some(&remaining), &sort, &never.reasons());
                return;
            }
            self.fail_copy(stem, &never.remaining(from), &sort, &never.reasons());
        }
        match &later.trouble {
            Some(trouble) => self.defer(stem, Some(&later.remaining(from)), trouble),
            None => match self.queue.remove(stem) {
                Ok(()) => self.outcome.delivered += 1,
                Err(error) => self.stuck(stem, &error),
            },
        }
    }

    fn defer(&mut self, stem: &OsStr, remaining: Option<&Remaining<'_>>, trouble: &DeliveryError) {
        match self.queue.defer(stem, remaining, trouble, (self.now)()) {
            Ok(()) => {
                self.outcome.deferred += 1;
                self.note(&format!("deferred {}", sort_of(trouble)), &trouble.line());
            }
            Err(error) => self.stuck(stem, &error),
        }
    }

    fn fail(&mut self, stem: &OsStr, remaining: Option<&Remaining<'_>>, sort: &str, reason: &str) {
        match self.queue.fail(stem, remaining, reason) {
            Ok(()) => self.failed(stem, sort, reason),
            Err(error) => self.stuck(stem, &error),
        }
    }

    fn fail_copy(&mut self, stem: &OsStr, remaining: &Remaining<'_>, sort: &str, reason: &str) {
        match self.queue.fail_copy(stem, remaining, reason) {
            Ok(()) => self.failed(stem, sort, reason),
            Err(error) => self.stuck(stem, &error),
        }
    }

    fn failed(&mut self, stem: &OsStr, sort: &str, reason: &str) {
        self.outcome.failed += 1;
        let first = reason.lines().next().unwrap_or_default();
        let stem = stem.to_string_lossy();
        log::warn!("Message {stem} was moved to `failed`: {first}");
        self.note(&format!("failed {sort}"), first);
    }

    fn stuck(&mut self, stem: &OsStr, error: &io::Error) {
        self.outcome.stuck += 1;
        let name = stem.to_string_lossy();
        self.note(
            "stuck",
            &format!("`{name}.eml` cannot be read or moved: {error}"),
        );
    }

    fn note(&mut self, sort: &str, reason: &str) {
        const MOST_REASONS: usize = 64;
        self.outcome.sorts.insert(sort.to_owned());
        if self.outcome.reasons.len() < MOST_REASONS || self.outcome.reasons.contains_key(reason) {
            *self.outcome.reasons.entry(reason.to_owned()).or_default() += 1;
        }
    }
}

/// Recipients that share a fate.
#[derive(Default)]
struct FailedRecipients {
    to: Vec<String>,
    lines: Vec<String>,
    trouble: Option<DeliveryError>,
}

impl FailedRecipients {
    fn add(&mut self, address: &str, trouble: &DeliveryError) {
        self.to.push(address.to_owned());
        self.lines.push(format!("{address}: {}", trouble.line()));
        // The one that asks for the longest pause speaks for all.
        let longer = trouble.class == ErrorClass::Unanswered || self.trouble.is_none();
        if longer {
            self.trouble = Some(trouble.clone());
        }
    }

    fn reasons(&self) -> String {
        self.lines.join("\n")
    }

    fn remaining<'a>(&'a self, from: Option<&'a str>) -> Remaining<'a> {
        Remaining {
            forward_path: &self.to,
            reverse_path: from,
        }
    }
}

/// Somebody else's message with a sender that the server refuses will not be better tomorrow.
fn is_final(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Recipient | ErrorClass::Relay | ErrorClass::Content | ErrorClass::Sender
    )
}

fn sort_of(trouble: &DeliveryError) -> String {
    format!("{:?}", trouble.class).to_lowercase()
}

fn file_stem(stem: &OsStr, message: &Message) -> String {
    let plain: String = stem
        .to_string_lossy()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
                c
            } else {
                '-'
            }
        })
        .take(100)
        .collect();
    format!("{plain}-{:08x}", fnv1a(&message.bytes) as u32)
}
