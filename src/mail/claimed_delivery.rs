//! The delivery of letters that wait on a board: one pass, by the way and the rules of the outbox.

use std::io;
use std::time::SystemTime;

use super::immediate::{NOBODY_NAMED, sender};
use super::outbox::{ClaimedChange, ClaimedMails, Outbox, QueuedMail};
use super::outbox_delivery::{self, MergeHolding};
use super::transport::transport;
use crate::core::admin_mail::AdminMail;
use crate::core::settings::{MailSettings, Transport};
use crate::unix::clock;
use crate::unix::trusted_paths::StateDir;

/// Delivers what was claimed from a board.
#[derive(Debug)]
pub(crate) struct ClaimedDelivery {
    outbox: Outbox,
    settings: MailSettings,
}

impl ClaimedDelivery {
    /// Creates the delivery of a machine.
    pub(crate) fn new(state_dir: impl Into<StateDir>, settings: MailSettings) -> Self {
        ClaimedDelivery {
            outbox: Outbox::open(state_dir),
            settings,
        }
    }

    /// Returns whether mail leaves this machine, by a server or a local program.
    pub(crate) fn takes_away(&self) -> bool {
        takes_away(&self.settings)
    }

    /// Returns until when this machine tries nothing, because its way is broken.
    pub(crate) fn rests_until(&self) -> Option<SystemTime> {
        Some(self.outbox.notes().broken?.next)
    }

    /// Has this machine try again, though its way was broken.
    pub(crate) fn make_due(&self) {
        if let Err(error) = self.outbox.make_due() {
            log::error!("What waits in the outbox cannot be tried before its time: {error}");
        }
    }

    /// Tries letters once; what becomes of each is written at once. With `is_last` letters of one
    /// cause leave as one without waiting. `false`: another process of this machine is delivering.
    ///
    /// # Errors
    ///
    /// When the outbox of this machine cannot be used.
    pub(crate) fn deliver(
        &self,
        letters: Vec<QueuedMail>,
        is_last: bool,
        write: &dyn Fn(ClaimedChange<'_>),
    ) -> io::Result<bool> {
        let Some(_lock) = self.outbox.try_lock()? else {
            return Ok(false);
        };
        let store = ClaimedMails::new(&self.outbox, letters, write);
        let mut transport = transport(&self.settings);
        outbox_delivery::deliver_due(
            &store,
            transport.as_mut(),
            sender(&self.settings),
            MergeHolding::while_running(!is_last),
            &clock::wall,
        );
        Ok(true)
    }
}

/// Returns whether mail leaves the machine by these settings.
pub(crate) fn takes_away(settings: &MailSettings) -> bool {
    matches!(
        settings.transport,
        Transport::Smtp(_) | Transport::Sendmail { .. }
    )
}

/// Returns a letter with its envelope, for the board.
pub(crate) fn enveloped(letter: AdminMail, to: &[String], now: SystemTime) -> QueuedMail {
    let nobody = [NOBODY_NAMED.to_owned()];
    let to = if to.is_empty() { &nobody[..] } else { to };
    QueuedMail::new(letter, to, now)
}
