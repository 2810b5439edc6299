//! The runner's side of delivery: a transport that carries one message after the other, and returns
//! what became of each.

mod delivery_process;
mod direct;
mod mail_transport;
mod select;

pub(crate) use mail_transport::{AFTER_DEADLINE, MailTransport, OutgoingMessage};
pub(crate) use select::{transport, transport_with_stages};
