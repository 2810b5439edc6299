//! The dispatch of mails about alerts: written, and handed to the outbox.

use std::time::Duration;

use super::mail_composer::MailComposer;
use super::recipients::Recipients;
use crate::alert::alert_facts::Alert;
use crate::core::failure::Failure;
use crate::core::time::{Moment, Mono};
use crate::logging::{Audience, Log};
use crate::mail::mailer::Mailer;
use crate::mail::outbox::{KeptWhere, Lost};
use crate::unix::terminal::print_to_stderr;

/// Writes the mails of a chain, and hands them to the outbox.
#[derive(Debug)]
pub(crate) struct MailDispatch {
    composer: MailComposer,
    recipients: Recipients,
    mailer: Mailer,
    /// A log of which lines may have been lost: the next mail mentions that.
    log: Option<Log>,
    /// Why the disk last refused the outbox: that is logged once.
    logged_trouble: Option<String>,
}

impl MailDispatch {
    /// Creates the dispatch from its parts.
    pub(crate) fn new(composer: MailComposer, recipients: Recipients, mailer: Mailer) -> Self {
        MailDispatch {
            composer,
            recipients,
            mailer,
            log: None,
            logged_trouble: None,
        }
    }

    /// Adds the log whose lost lines the next mail mentions.
    pub(super) fn with_log(self, log: Log) -> Self {
        MailDispatch {
            log: Some(log),
            ..self
        }
    }

    /// Adds a sentence to the next mail.
    pub(super) fn note(&mut self, note: String) {
        self.composer.note(note);
    }

    /// Starts the delivery of what a former runner left in the outbox.
    pub(super) fn adopt(&self) {
        self.mailer.adopt();
    }

    /// Starts a delivery again for which no thread could be started.
    pub(super) fn nudge_again(&self) {
        self.mailer.nudge_again();
    }

    /// Returns how many mails no disk has taken.
    pub(super) fn mails_in_memory(&self) -> u64 {
        self.mailer.in_memory()
    }

    /// Calls a function after each attempt to deliver mail, in the thread that makes the attempt,
    /// with the number of mails that no disk has taken.
    pub(super) fn tell_after_each_pass(&self, tell: impl Fn(u64) + Send + Sync + 'static) {
        self.mailer.tell_after_each_pass(tell);
    }

    /// Waits until what was handed in just now has left, but not after `until`.
    pub(super) fn finish(&self, until: Mono) {
        for lost in self.mailer.finish(until) {
            self.print_lost(&lost);
        }
    }

    /// Hands a mail to the outbox, in parts where its recipients are told of different tasks.
    /// Returns the Message-ID of the first.
    pub(super) fn post(
        &mut self,
        alert: &Alert,
        failure: Option<&Failure>,
        took: Option<Duration>,
        now: Moment,
    ) -> String {
        if let Some(words) = self.log.as_ref().and_then(Log::take_news) {
            self.composer.note(format!("{words}."));
        }
        let mut first = None;
        let mut refused = None;
        for part in self.recipients.of(alert) {
            let mail = self.composer.compose(&part, failure, took);
            if let KeptWhere::InMemory(why) = self.mailer.post(&mail, &part.to, now.wall) {
                refused = Some(why);
            }
            first.get_or_insert(mail.message_id);
        }
        self.composer.forget_notes();
        if let Some(why) = refused {
            self.trouble(why);
        }
        first.unwrap_or_default()
    }

    /// Logs once, and notes for the next mail, that mail is kept in memory only.
    fn trouble(&mut self, why: String) {
        if self.logged_trouble.as_ref() != Some(&why) {
            log::error!("Mail is kept in memory only: {why}");
            self.composer
                .note(format!("Mail was kept in memory only for a while: {why}."));
            self.logged_trouble = Some(why);
        }
    }

    /// The log is the last place for a mail that could neither leave nor be kept; where that is a
    /// file, its disk may refuse as well.
    fn print_lost(&self, lost: &Lost) {
        let Lost { subject, body } = lost;
        log::error!("A mail that can be kept nowhere is lost, its text follows: {subject}");
        for line in body.lines() {
            log::error!("| {line}");
        }
        let log = self.log.as_ref();
        if log.is_some_and(|log| log.audience() == Audience::File) {
            print_to_stderr(&format!(
                "A mail that can be kept nowhere is lost, its text follows: {subject}\n{body}\n"
            ));
        }
    }
}
