//! A mail with its envelope: the recipients that wait for it, and what was tried.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::merged_mail::{self, MergedMail};
use crate::core::admin_mail::AdminMail;
use crate::core::hash::fnv1a;

/// The form of the file; another form is never guessed at.
pub(crate) const VERSION: u32 = 1;
/// How many mails a mail stands for at most by name.
const MOST_ORIGINS: usize = 256;

/// A mail that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueuedMail {
    /// [`VERSION`].
    pub version: u32,
    /// When it was queued.
    pub created: SystemTime,
    /// The recipients, each with a state of its own: one bad address silences nobody else.
    pub recipients: Vec<Recipient>,
    /// How many older mails this one stands for, because they could not leave before it came.
    #[serde(default)]
    pub replaced: u32,
    /// When the first of those was queued.
    #[serde(default)]
    pub replaced_since: Option<SystemTime>,
    /// The mails that this one replaced: they share its fate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stands_for: Vec<MailOrigin>,
    /// The mails with the same cause that leave in this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<MergedMail>,
    /// Whether the mail waits for a minute to be over, with others of its cause.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// The mail itself.
    // The name in the files of the first release.
    #[serde(rename = "letter")]
    pub mail: AdminMail,
}

/// Which mail of which chain a mail is: the history and the memory of alerts know the mail by
/// these two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MailOrigin {
    /// The chain.
    pub chain: String,
    /// When the mail was queued.
    pub queued: SystemTime,
}

/// A recipient of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recipient {
    /// As written in the settings of then.
    pub address: String,
    /// What has become of it.
    pub state: RecipientState,
}

/// What has become of a mail for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RecipientState {
    /// The mail has yet to go.
    Waiting {
        /// How many attempts failed.
        attempts: u32,
        /// When it may be tried again.
        next: SystemTime,
        /// Why the last attempt failed, in words.
        last_error: Option<String>,
        /// Whether the whole was refused for its content, so that the short form is tried.
        minimal: bool,
        /// Whether the last attempt was refused for a setting of this machine.
        #[serde(default)]
        needs_change: bool,
    },
    /// The server took it.
    Accepted,
    /// The mail was refused for good: the reason in words.
    Refused(String),
}

impl RecipientState {
    /// A state that waits for its first attempt.
    pub(crate) fn fresh() -> Self {
        RecipientState::Waiting {
            attempts: 0,
            next: UNIX_EPOCH,
            last_error: None,
            minimal: false,
            needs_change: false,
        }
    }
}

impl QueuedMail {
    /// Makes an entry that is due at once.
    pub(crate) fn new(mail: AdminMail, to: &[String], now: SystemTime) -> Self {
        let recipients = to.iter().map(|address| Recipient {
            address: address.clone(),
            state: RecipientState::fresh(),
        });
        QueuedMail {
            version: VERSION,
            created: now,
            recipients: recipients.collect(),
            replaced: 0,
            replaced_since: None,
            stands_for: Vec::new(),
            merged: Vec::new(),
            held: false,
            mail,
        }
    }

    /// Returns the name of its file: in order of time, the same mail always the same name.
    pub(crate) fn file_name(&self) -> String {
        let millis = self
            .created
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        let number = fnv1a(self.mail.message_id.as_bytes());
        format!("{millis:013}-{number:016x}.json")
    }

    /// Returns whether it is the same mail: a policy that comes back from a crash may hand it in
    /// again.
    pub(crate) fn is_same_mail(&self, other: &QueuedMail) -> bool {
        self.mail.message_id == other.mail.message_id
    }

    /// Returns whether this mail makes an older one needless: an outage keeps one reminder, a
    /// chain one summary. A mail that has yet to go to an address which this one does not go to
    /// stays, and so does a digest: no later one names what it names.
    pub(crate) fn replaces(&self, old: &QueuedMail) -> bool {
        if !self.goes_wherever(old) {
            return false;
        }
        let (new, old) = (&self.mail.place, &old.mail.place);
        let same_place = (&new.chain, &new.task) == (&old.chain, &old.task);
        match (new.sort.as_str(), old.sort.as_str()) {
            ("downtime" | "again", "downtime" | "again") | ("running", "running") => {
                same_place && new.outage == old.outage
            }
            ("summary", "summary") => same_place,
            _ => false,
        }
    }

    /// Returns whether this mail goes to every address that an older one has yet to go to.
    fn goes_wherever(&self, old: &QueuedMail) -> bool {
        let mut waiting = old
            .recipients
            .iter()
            .filter(|to| matches!(to.state, RecipientState::Waiting { .. }));
        waiting.all(|old| self.recipients.iter().any(|to| to.address == old.address))
    }

    /// Takes note of a mail that this one stands for.
    pub(crate) fn take_over(&mut self, old: &QueuedMail) {
        self.replaced += 1 + old.replaced;
        let since = old.replaced_since.unwrap_or(old.created);
        self.replaced_since = Some(self.replaced_since.map_or(since, |known| known.min(since)));
        self.stands_for.extend(old.stands_for.iter().cloned());
        self.stands_for.push(old.own_origin());
        self.merged.extend(old.merged.iter().cloned());
        self.held |= old.held;
        let surplus = self.stands_for.len().saturating_sub(MOST_ORIGINS);
        self.stands_for.drain(..surplus);
    }

    /// Returns which mails leave with this mail, itself among them.
    pub(crate) fn origins(&self) -> Vec<MailOrigin> {
        let mut origins = self.stands_for.clone();
        origins.extend(self.merged.iter().map(|mail| MailOrigin {
            chain: mail.chain.clone(),
            queued: mail.queued,
        }));
        origins.push(self.own_origin());
        origins
    }

    fn own_origin(&self) -> MailOrigin {
        MailOrigin {
            chain: self.mail.place.chain.clone(),
            queued: self.created,
        }
    }

    /// Returns the mail as it leaves: with the others of its cause, if there are any.
    pub(crate) fn to_send(&self) -> Cow<'_, AdminMail> {
        if self.merged.is_empty() {
            Cow::Borrowed(&self.mail)
        } else {
            Cow::Owned(merged_mail::composed(
                &self.mail,
                self.created,
                &self.merged,
            ))
        }
    }

    /// Takes in a mail with the same cause.
    pub(super) fn merge(&mut self, other: &QueuedMail) {
        self.merged.push(MergedMail::of(&other.mail, other.created));
        self.merged.extend(other.merged.iter().cloned());
        self.stands_for.extend(other.stands_for.iter().cloned());
        self.replaced += other.replaced;
    }

    /// Sets when a mail leaves that waits with others of its cause.
    pub(crate) fn hold_until(&mut self, until: SystemTime) {
        self.held = true;
        for recipient in &mut self.recipients {
            if let RecipientState::Waiting { next, .. } = &mut recipient.state {
                *next = until;
            }
        }
    }

    /// Returns whether a server accepted the mail for at least one recipient.
    pub(crate) fn is_accepted(&self) -> bool {
        self.recipients
            .iter()
            .any(|recipient| recipient.state == RecipientState::Accepted)
    }

    /// Returns what decides which mail goes when there is no room: lower goes first, then older.
    pub(crate) fn importance(&self) -> (u8, SystemTime) {
        let rank = match self.mail.place.sort.as_str() {
            "digest" | "healed" | "summary" => 0,
            "running" | "again" => 1,
            "downtime" => 2,
            "new" => 3,
            _ => 4,
        };
        (rank, self.created)
    }

    /// Returns about how many bytes its file has.
    pub(crate) fn size(&self) -> u64 {
        let mail = &self.mail;
        let texts = [&mail.subject, &mail.body, &mail.minimal_body];
        texts.iter().map(|text| text.len() as u64).sum::<u64>() + 1024
    }

    /// Returns whether no process waits for it any more.
    pub(crate) fn is_settled(&self) -> bool {
        let waits =
            |recipient: &Recipient| matches!(recipient.state, RecipientState::Waiting { .. });
        !self.recipients.iter().any(waits)
    }

    /// Returns when it is to be tried next, if it is.
    pub(crate) fn next(&self) -> Option<SystemTime> {
        let next = |recipient: &Recipient| match recipient.state {
            RecipientState::Waiting { next, .. } => Some(next),
            _ => None,
        };
        self.recipients.iter().filter_map(next).min()
    }

    /// Makes it due now, whoever it waits for.
    pub(crate) fn make_due(&mut self) {
        for recipient in &mut self.recipients {
            if let RecipientState::Waiting { next, .. } = &mut recipient.state {
                *next = UNIX_EPOCH;
            }
        }
    }

    /// Returns whether it has never been tried.
    pub(crate) fn is_untried(&self) -> bool {
        let untried = |recipient: &Recipient| {
            matches!(recipient.state, RecipientState::Waiting { attempts: 0, .. })
        };
        self.recipients.iter().any(untried)
    }

    /// Returns why a recipient was refused, where a setting of this machine must change before the
    /// mail can leave.
    pub(crate) fn needs_change(&self) -> Option<&str> {
        self.recipients
            .iter()
            .find_map(|recipient| match &recipient.state {
                RecipientState::Waiting {
                    needs_change: true,
                    last_error,
                    ..
                } => last_error.as_deref(),
                _ => None,
            })
    }

    /// Returns the last error of it.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.recipients
            .iter()
            .rev()
            .find_map(|recipient| match &recipient.state {
                RecipientState::Waiting { last_error, .. } => last_error.clone(),
                RecipientState::Refused(reason) => Some(reason.clone()),
                RecipientState::Accepted => None,
            })
    }
}
/// A mail that could neither leave nor be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Its subject.
    pub(crate) subject: String,
    /// Its text.
    pub(crate) body: String,
}
