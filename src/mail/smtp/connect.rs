//! The way to a server: its addresses, the connection, and whom TLS trusts.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use lettre::transport::smtp::client::{Certificate, SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use super::cause::{cause_of, plain_words};
use crate::mail::trouble::{Cause, Class, Stage, Trouble, judge};
use crate::mail::wire::SmtpRoute;
use crate::process::clock;
use crate::time::Mono;

/// The least that one of many addresses gets.
const LEAST_SHARE: Duration = Duration::from_millis(1);

/// Looks up the addresses of a server.
pub(super) fn resolve(route: &SmtpRoute, server: &str) -> Result<Vec<SocketAddr>, Trouble> {
    let bare = route.server.trim_start_matches('[').trim_end_matches(']');
    let found = (bare, route.port).to_socket_addrs();
    let cause = match found.map(Iterator::collect::<Vec<_>>) {
        Ok(addresses) if !addresses.is_empty() => return Ok(addresses),
        Ok(_) => Cause::Io(io::ErrorKind::NotFound, "it has no address".to_owned()),
        Err(error) => Cause::Io(error.kind(), plain_words(&error)),
    };
    Err(judge(server, Stage::Resolve, &cause))
}

/// Connects to the first address that takes the connection, sharing the time among them.
pub(super) fn connect(
    addresses: &[SocketAddr],
    server: &str,
    timeout: Duration,
    tls: Option<&TlsParameters>,
) -> Result<SmtpConnection, Trouble> {
    let deadline: Mono = clock::mono() + timeout;
    let mut last = Cause::Silence(timeout);
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.since(clock::mono());
        let shares = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = (left / shares).max(LEAST_SHARE);
        let hello = ClientId::default();
        match SmtpConnection::connect(address, Some(share), &hello, tls, None) {
            Ok(mut connection) => {
                let set = connection.set_timeout(Some(timeout));
                match set {
                    Ok(()) => return Ok(connection),
                    Err(_) => last = Cause::Closed,
                }
            }
            Err(error) => {
                last = cause_of(&error, timeout);
                if !error.to_string().starts_with("Connection error") {
                    break;
                }
            }
        }
    }
    Err(judge(server, Stage::Connect, &last))
}

/// Says whom to trust: the authorities of this machine, and those of `mail.ca_file`. There is no way to trust everybody.
pub(super) fn tls_parameters(route: &SmtpRoute) -> Result<TlsParameters, Trouble> {
    let setup = |words: String| Trouble::new(Class::Setup, words);
    let name = route.server.trim_start_matches('[').trim_end_matches(']');
    let mut builder = TlsParameters::builder(name.to_owned());
    if let Some(path) = &route.ca_file {
        let shown = path.display();
        let pem = std::fs::read(path)
            .map_err(|error| setup(format!("`mail.ca_file` `{shown}` cannot be read: {error}")))?;
        // All certificates of the file, if there are several; a file without any gives none, and no error.
        let authorities = Certificate::from_pem(&pem)
            .ok()
            .filter(|_| String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----"))
            .ok_or_else(|| setup(format!("`mail.ca_file` `{shown}` holds no PEM certificate")))?;
        builder = builder.add_root_certificate(authorities);
    }
    builder.build_rustls().map_err(|error| {
        let words = format!("TLS cannot be set up for the name `{name}`: {error}");
        setup(words).remedy("check `mail.server` and `mail.ca_file`")
    })
}
