//! Mail that a command delivers at once, in its own process: the queue that is flushed, a mail that
//! tests the way, and the way alone.

use std::io;
use std::path::Path;

use super::delivery_error::{DeliveryError, DeliveryStage};
use super::message::{self, Extent};
use super::outbox::Outbox;
use super::outbox_delivery::{self, DeliverySummary, MergeHolding};
use super::transport::{OutgoingMessage, transport, transport_with_stages};
use super::wire::DeliveryResult;
use crate::core::admin_mail::AdminMail;
use crate::core::settings::MailSettings;
use crate::unix::clock;

/// The recipient, and the sender, where the settings name none (only files and print need none).
pub(super) const NOBODY_NAMED: &str = "root@localhost";

/// Returns the sender of our own mails.
pub(super) fn sender(settings: &MailSettings) -> &str {
    if settings.from.is_empty() {
        NOBODY_NAMED
    } else {
        &settings.from
    }
}

/// Delivers everything that waits now, in this process, whenever it was to be tried next:
/// `mail queue --flush`. `None`: another process is delivering at this moment.
///
/// # Errors
///
/// When the disk refuses.
pub(crate) fn flush(
    state_dir: &Path,
    settings: &MailSettings,
) -> io::Result<Option<DeliverySummary>> {
    let outbox = Outbox::open(state_dir);
    let Some(_lock) = outbox.try_lock()? else {
        return Ok(None);
    };
    outbox.make_due()?;
    let mut transport = transport(settings);
    Ok(Some(outbox_delivery::deliver_due(
        &outbox,
        transport.as_mut(),
        sender(settings),
        MergeHolding::No,
        &clock::wall,
    )))
}

/// Tries the way that mail takes, up to the login, telling each stage that is reached, and sends
/// nothing: `check --connect`.
///
/// # Errors
///
/// When there is no way.
pub(crate) fn probe(
    settings: &MailSettings,
    tell: Box<dyn FnMut(DeliveryStage)>,
) -> Result<(), DeliveryError> {
    let mut transport = transport_with_stages(settings, tell);
    transport.carry(&OutgoingMessage::probe()).map(drop)
}

/// Sends one mail now, past the outbox, telling each stage that is reached: `mail test`.
/// Returns the answer for each recipient.
///
/// # Errors
///
/// When there is no way to deliver anything.
pub(crate) fn send_now(
    settings: &MailSettings,
    mail: &AdminMail,
    to: &[String],
    tell: Box<dyn FnMut(DeliveryStage)>,
) -> Result<Vec<(String, DeliveryResult)>, DeliveryError> {
    let mut transport = transport_with_stages(settings, tell);
    let mut answers = Vec::new();
    for to in to {
        let bytes = message::render(mail, sender(settings), to, Extent::Whole, &[])?;
        let outgoing = OutgoingMessage {
            from: message::bare_address(sender(settings)),
            to: vec![message::bare_address(to).unwrap_or_else(|| to.clone())],
            bytes,
            file_stem: message::file_stem(mail, to),
        };
        let fates = transport.carry(&outgoing)?;
        answers.extend(fates.into_iter().map(|fate| (to.clone(), fate)));
    }
    Ok(answers)
}
