//! Signals, within a runtime.

use std::io;
use std::os::fd::AsFd;

use tokio::net::unix::pipe::Receiver;

use crate::unix::signals::{Signal, SignalReader};

/// A reader of signals that a runtime waits for.
pub(crate) struct SignalStream {
    reader: SignalReader,
    /// A second descriptor of its pipe, which the runtime owns.
    pipe: Receiver,
}

impl SignalStream {
    /// Puts a reader into the runtime of the caller.
    ///
    /// # Errors
    ///
    /// When the process has no descriptor left.
    pub(crate) fn new(reader: SignalReader) -> io::Result<Self> {
        let pipe = reader.as_fd().try_clone_to_owned()?;
        Ok(SignalStream {
            pipe: Receiver::from_owned_fd(pipe)?,
            reader,
        })
    }

    /// Waits for signals.
    ///
    /// # Errors
    ///
    /// When the runtime is at its end.
    pub(crate) async fn next(&self) -> io::Result<Vec<Signal>> {
        loop {
            self.pipe.readable().await?;
            // Only a read that finds nothing makes the runtime wait again.
            while self.pipe.try_read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
            let signals: Vec<Signal> = self.reader.drain().collect();
            if !signals.is_empty() {
                return Ok(signals);
            }
        }
    }
}
