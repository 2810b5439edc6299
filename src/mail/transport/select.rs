//! The transport that the settings ask for.

use super::super::delivery_error::DeliveryStage;
use super::delivery_process::DeliveryProcess;
use super::direct::{FileTransport, PrintTransport};
use super::mail_transport::MailTransport;
use crate::core::settings::{MailSettings, Transport};

/// Returns the transport that the settings ask for. No connection is opened before there is
/// something to carry.
pub(crate) fn transport(settings: &MailSettings) -> Box<dyn MailTransport> {
    transport_with_stages(settings, Box::new(|_| {}))
}

/// As [`transport`], calling `tell` at each stage that it reaches, where there are any.
pub(crate) fn transport_with_stages(
    settings: &MailSettings,
    tell: Box<dyn FnMut(DeliveryStage)>,
) -> Box<dyn MailTransport> {
    match &settings.transport {
        Transport::File { directory } => Box::new(FileTransport::new(directory.clone())),
        Transport::Print => Box::new(PrintTransport),
        Transport::Smtp(_) | Transport::Sendmail { .. } => {
            Box::new(DeliveryProcess::new(settings.clone(), tell))
        }
    }
}
