//! Where a server listens.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListenAddress {
    /// An address with its port.
    Tcp(SocketAddr),
    /// The path of a socket. Absolute.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Parses what was written: `ADDRESS:PORT`, `localhost:PORT` or `unix:PATH`.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return match path.is_absolute() {
                true => Ok(ListenAddress::Unix(path)),
                false => Err("needs a whole path behind `unix:`".to_owned()),
            };
        }
        if let Ok(address) = text.parse() {
            return Ok(ListenAddress::Tcp(address));
        }
        let port = text.strip_prefix("localhost:");
        let addresses = port.and_then(|_| text.to_socket_addrs().ok());
        let address = addresses.and_then(|mut all| all.find(SocketAddr::is_ipv4));
        let wrong = "is no ADDRESS:PORT, such as 127.0.0.1:7400 or [::]:7400, and no unix:PATH";
        address
            .map(ListenAddress::Tcp)
            .ok_or_else(|| wrong.to_owned())
    }

    /// Returns whether only this machine reaches the address.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            ListenAddress::Tcp(address) => address.ip().is_loopback(),
            ListenAddress::Unix(_) => true,
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenAddress::Tcp(address) => write!(f, "{address}"),
            ListenAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
