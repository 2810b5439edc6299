//! Where connections come in.

use std::fs::{self, Permissions};
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener};

use super::client::ClientAddress;
use super::timed_stream::ByteStream;
use crate::config::server::ListenAddress;

/// Where connections come in.
pub(crate) enum ServerListener {
    /// An address with its port.
    Tcp(TcpListener),
    /// A socket in a directory, which is removed at the end.
    Unix(UnixListener, PathBuf),
}

impl ServerListener {
    /// Begins to listen. To be called within the runtime.
    ///
    /// # Errors
    ///
    /// Those of bind(2), such as an address in use.
    pub(crate) fn bind(address: &ListenAddress) -> io::Result<Self> {
        match address {
            ListenAddress::Tcp(address) => {
                // std sets SO_REUSEADDR: a restart finds the port at once.
                let listener = StdTcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                Ok(ServerListener::Tcp(TcpListener::from_std(listener)?))
            }
            ListenAddress::Unix(path) => {
                remove_stale(path)?;
                let listener = StdUnixListener::bind(path)?;
                fs::set_permissions(path, Permissions::from_mode(0o660))?;
                listener.set_nonblocking(true)?;
                let listener = UnixListener::from_std(listener)?;
                Ok(ServerListener::Unix(listener, path.clone()))
            }
        }
    }

    /// Returns the address with the port that the system has given.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            ServerListener::Tcp(listener) => listener.local_addr().ok(),
            ServerListener::Unix(..) => None,
        }
    }

    /// Waits for a connection.
    pub(super) async fn accept(&self) -> io::Result<(Box<dyn ByteStream>, ClientAddress)> {
        match self {
            ServerListener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are short, and waited for.
                let _ = stream.set_nodelay(true);
                Ok((Box::new(stream), ClientAddress::Ip(peer.ip())))
            }
            ServerListener::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Box::new(stream), ClientAddress::Socket))
            }
        }
    }
}

impl Drop for ServerListener {
    fn drop(&mut self) {
        if let ServerListener::Unix(_, path) = self {
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes a socket at which no process listens any more.
fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    if !is_socket {
        return Ok(());
    }
    match StdUnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Err(io::ErrorKind::AddrInUse.into()),
    }
}
