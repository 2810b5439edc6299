//! A way to deliver: what carries one message after the other, and what became of each.

use std::time::Duration;

use super::super::delivery_error::DeliveryError;
use crate::mail::wire::DeliveryResult;

/// A message, ready to go: its bytes with CRLF line ends.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingMessage {
    /// The sender's bare address; `None`: the empty one.
    pub from: Option<String>,
    /// The bare addresses of the recipients. None: nothing is sent, only the way is tried.
    pub to: Vec<String>,
    /// The message.
    pub bytes: Vec<u8>,
    /// What a file of it would be called: the same on every attempt.
    pub file_stem: String,
}

impl OutgoingMessage {
    /// A message that is not sent: it tries the way.
    pub(crate) fn probe() -> Self {
        OutgoingMessage {
            from: None,
            to: Vec::new(),
            bytes: Vec::new(),
            file_stem: String::new(),
        }
    }
}

/// A way to deliver, for as long as one pass over what waits takes.
pub(crate) trait MailTransport {
    /// Delivers one message. Returns one fate for each of its recipients, in order.
    ///
    /// # Errors
    ///
    /// When there is no way to deliver anything now: the message was not tried, and others need not
    /// be.
    fn carry(&mut self, outgoing: &OutgoingMessage) -> Result<Vec<DeliveryResult>, DeliveryError>;

    /// Returns whether who takes a message brings it away. Files, and what is printed, are still
    /// here.
    fn takes_away(&self) -> bool {
        true
    }
}

/// How long after its deadline an attempt is surely over.
pub(crate) const AFTER_DEADLINE: Duration = Duration::from_millis(500);
