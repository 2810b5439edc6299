//! The bytes of a conversation: TCP, and TLS over it from the moment on at which that begins.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use rustls::ClientConnection;

use super::tls::TlsConnector;

/// A connection to a server.
pub(super) struct Stream {
    tcp: TcpStream,
    tls: Option<Box<ClientConnection>>,
}

impl Stream {
    /// Connects in plain text.
    ///
    /// # Errors
    ///
    /// Those of connect(2); `TimedOut` after `timeout`.
    pub(super) fn connect(address: &SocketAddr, timeout: Duration) -> io::Result<Self> {
        let tcp = TcpStream::connect_timeout(address, timeout)?;
        // The end of a message is written by itself: without this it waits 40 ms for the other
        // end's delayed acknowledgement (RFC 1122 4.2.3.2).
        tcp.set_nodelay(true)?;
        Ok(Stream { tcp, tls: None })
    }

    /// Speaks TLS from now on; hands are shaken with the next byte that is read or written.
    ///
    /// # Errors
    ///
    /// When the library cannot begin.
    pub(super) fn secure(&mut self, tls: &TlsConnector) -> io::Result<()> {
        self.tls = Some(Box::new(tls.begin().map_err(io::Error::other)?));
        Ok(())
    }

    /// Returns the address of this end.
    ///
    /// # Errors
    ///
    /// When the socket is no longer one.
    pub(super) fn local_address(&self) -> io::Result<IpAddr> {
        Ok(self.tcp.local_addr()?.ip())
    }

    /// Returns whether TLS is spoken.
    pub(super) fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Sets how long one read or write may take.
    ///
    /// # Errors
    ///
    /// When the socket is no longer one.
    pub(super) fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.tcp.set_read_timeout(Some(timeout))?;
        self.tcp.set_write_timeout(Some(timeout))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.tcp.read(buffer),
            Some(tls) => rustls::Stream::new(tls.as_mut(), &mut self.tcp).read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.tcp.write(bytes),
            Some(tls) => rustls::Stream::new(tls.as_mut(), &mut self.tcp).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => self.tcp.flush(),
            Some(tls) => rustls::Stream::new(tls.as_mut(), &mut self.tcp).flush(),
        }
    }
}
