//! The way of the worker to a mail server.

use std::time::Duration;

use super::delivery_error::DeliveryStage;
use super::delivery_route::DeliveryRoute;
use super::smtp::{SmtpDelivery, SmtpSession};
use super::wire::{DeliveryAnswer, Header, SmtpRoute};

/// Returns the way to a server. No connection is opened before the first message.
pub(super) fn way(route: SmtpRoute, timeout: Duration) -> impl DeliveryRoute {
    SmtpWay {
        route,
        timeout,
        session: None,
    }
}

/// A server, and the conversation with it while one is open.
struct SmtpWay {
    route: SmtpRoute,
    timeout: Duration,
    session: Option<SmtpSession>,
}

impl DeliveryRoute for SmtpWay {
    fn deliver(
        &mut self,
        header: &Header,
        message: &[u8],
        tell: &mut dyn FnMut(DeliveryStage),
    ) -> DeliveryAnswer {
        if let Some(worn) = self.session.take_if(|session| session.is_worn()) {
            worn.close();
        }
        let mut session = match self.session.take() {
            Some(session) => session,
            None => match SmtpSession::open(&self.route, self.timeout, tell) {
                Ok(session) => session,
                Err(trouble) => return DeliveryAnswer::NoWay(trouble),
            },
        };
        if header.is_probe() {
            self.session = Some(session);
            return DeliveryAnswer::reached();
        }
        let SmtpDelivery { fates, open } = session.deliver(header, message, tell);
        if open {
            self.session = Some(session);
        }
        DeliveryAnswer::Settled { fates, held: open }
    }

    fn close(self) {
        if let Some(session) = self.session {
            session.close();
        }
    }
}
