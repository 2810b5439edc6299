//! The way to a server: its addresses, and the first connection that is taken.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use super::super::delivery_error::{DeliveryCause, DeliveryError, DeliveryStage, judge};
use super::cause::{cause_of, plain_words};
use super::connection::Connection;
use super::reply::ReplyFailure;
use super::tls::TlsConnector;
use crate::core::time::Mono;
use crate::mail::wire::SmtpRoute;
use crate::unix::clock;

/// The least that one of many addresses gets.
const LEAST_SHARE: Duration = Duration::from_millis(1);

/// Looks up the addresses of a server.
pub(super) fn resolve(route: &SmtpRoute, server: &str) -> Result<Vec<SocketAddr>, DeliveryError> {
    let bare = route.server.trim_start_matches('[').trim_end_matches(']');
    let found = (bare, route.port).to_socket_addrs();
    let cause = match found.map(Iterator::collect::<Vec<_>>) {
        Ok(addresses) if !addresses.is_empty() => return Ok(addresses),
        Ok(_) => DeliveryCause::Io(io::ErrorKind::NotFound, "it has no address".to_owned()),
        Err(error) => DeliveryCause::Io(error.kind(), plain_words(&error)),
    };
    Err(judge(server, DeliveryStage::Resolve, &cause))
}

/// Connects to the first address that takes the connection, sharing the time among them, and begins
/// the conversation.
pub(super) fn connect(
    addresses: &[SocketAddr],
    server: &str,
    timeout: Duration,
    tls: Option<&TlsConnector>,
    helo: Option<&str>,
) -> Result<Connection, DeliveryError> {
    let deadline: Mono = clock::mono() + timeout;
    let mut last = DeliveryCause::Silence(timeout);
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.since(clock::mono());
        let shares = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = (left / shares).max(LEAST_SHARE);
        let mut connection = match Connection::open(address, share, helo) {
            Ok(connection) => connection,
            Err(error) => {
                last = cause_of(&ReplyFailure::Io(error), timeout);
                continue;
            }
        };
        last = match connection.greet(tls) {
            Ok(()) if connection.set_timeout(timeout).is_ok() => return Ok(connection),
            Ok(()) => DeliveryCause::Closed,
            Err(failure) => cause_of(&failure, timeout),
        };
        // It is there, whatever it says.
        break;
    }
    Err(judge(server, DeliveryStage::Connect, &last))
}
