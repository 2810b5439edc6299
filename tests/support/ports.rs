//! Ports of this machine at which nobody listens.

use std::net::{TcpListener, TcpStream};

/// A port that refuses connections as long as this is held. One that was only looked up may be anybody's a moment later: other tests take
/// ports too.
pub(crate) struct ClosedPort {
    /// Has this port for its own end: nobody else gets it, and nobody listens at it.
    holder: TcpStream,
    _other_end: TcpListener,
}

impl ClosedPort {
    /// Takes one.
    pub(crate) fn take() -> Self {
        let other_end = TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = TcpStream::connect(other_end.local_addr().unwrap()).unwrap();
        ClosedPort {
            holder,
            _other_end: other_end,
        }
    }

    /// Returns its number.
    pub(crate) fn number(&self) -> u16 {
        self.holder.local_addr().unwrap().port()
    }

    /// Opens it.
    pub(crate) fn open(self) -> TcpListener {
        let address = self.holder.local_addr().unwrap();
        drop(self);
        TcpListener::bind(address).unwrap()
    }
}
