//! The other end of a connection, as far as addresses show.

use std::fmt;
use std::net::IpAddr;

use axum::http::HeaderMap;

/// What a proxy adds to what it passes on.
const OF_PROXIES: [&str; 5] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
];

/// The address at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientAddress {
    /// An address.
    Ip(IpAddr),
    /// A process of this machine, by way of a socket in a directory.
    Socket,
}

impl ClientAddress {
    /// Returns whether the other end is on this machine.
    pub(crate) fn is_local(self) -> bool {
        match self {
            ClientAddress::Ip(address) => address.to_canonical().is_loopback(),
            ClientAddress::Socket => true,
        }
    }

    /// Returns the client of a proxy on this machine, where there is a proxy.
    pub(crate) fn behind_proxy(self, headers: &HeaderMap, has_proxy: bool) -> Self {
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
        let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        let address = last.and_then(|text| text.trim().parse().ok());
        match address {
            Some(address) if has_proxy && self.is_local() => ClientAddress::Ip(address),
            _ => self,
        }
    }

    /// Returns what counts as one client: an address, of IPv6 a network of one customer.
    pub(crate) fn group(self) -> u64 {
        match self {
            ClientAddress::Socket => 0,
            ClientAddress::Ip(address) => match address.to_canonical() {
                IpAddr::V4(address) => u64::from(u32::from(address)) | 1 << 40,
                IpAddr::V6(address) => {
                    let [a, b, c, d, ..] = address.segments();
                    [a, b, c, d]
                        .into_iter()
                        .fold(0, |all, part| all << 16 | u64::from(part))
                }
            },
        }
    }
}

/// Returns whether a request comes from a proxy, by the headers that proxies add.
pub(crate) fn is_proxied(headers: &HeaderMap) -> bool {
    OF_PROXIES.iter().any(|name| headers.contains_key(*name))
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientAddress::Ip(address) => write!(f, "{}", address.to_canonical()),
            ClientAddress::Socket => f.write_str("this machine"),
        }
    }
}
