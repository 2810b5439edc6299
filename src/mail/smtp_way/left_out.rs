//! What stands for the way to a mail server in a build without the feature `smtp`. The
//! configuration refuses `transport = "smtp"` there.

use std::time::Duration;

use crate::core::feature::{Feature, feature_named};
use crate::mail::delivery_error::{DeliveryError, DeliveryStage, ErrorClass};
use crate::mail::delivery_route::DeliveryRoute;
use crate::mail::wire::{DeliveryAnswer, Header, SmtpRoute};

const SMTP: Feature = feature_named!("smtp");

/// The way to no server.
struct NoServer;

/// Returns the way that delivers nothing.
pub(super) fn way(_: SmtpRoute, _: Duration) -> impl DeliveryRoute {
    NoServer
}

impl DeliveryRoute for NoServer {
    fn deliver(
        &mut self,
        _: &Header,
        _: &[u8],
        _: &mut dyn FnMut(DeliveryStage),
    ) -> DeliveryAnswer {
        let words = format!("mail by SMTP {}", SMTP.is_needed);
        DeliveryAnswer::NoWay(DeliveryError::new(ErrorClass::Setup, words).remedy(SMTP.remedy))
    }

    fn close(self) {}
}
