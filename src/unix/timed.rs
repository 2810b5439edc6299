//! A socket with an absolute deadline over all its reads or writes: no dripping byte extends it.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::clock;
use crate::core::time::Mono;

/// An end of a socket pair, and until when it may be used.
pub(crate) struct Timed {
    /// The socket.
    pub(crate) stream: UnixStream,
    /// From then on each read or write fails with `TimedOut`.
    pub(crate) until: Mono,
}

impl Timed {
    /// Wraps a socket without a deadline.
    pub(crate) fn new(stream: UnixStream) -> Self {
        Timed {
            stream,
            until: Mono::NEVER,
        }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.until.since(clock::mono());
        if left.is_zero() {
            Err(io::ErrorKind::TimedOut.into())
        } else {
            Ok(left)
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
