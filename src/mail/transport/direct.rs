//! The ways that need no worker: files, and standard error.

use std::io::{self, Write};
use std::path::PathBuf;

use super::super::delivery_error::{DeliveryError, ErrorClass};
use super::{MailTransport, OutgoingMessage};
use crate::mail::wire::DeliveryResult;
use crate::unix::trusted_paths::PrivateDir;

/// Each message becomes a `.eml` file. One that is delivered again replaces itself, so that there
/// are no duplicates.
pub(crate) struct FileTransport {
    directory: PathBuf,
}

impl FileTransport {
    /// Makes a transport into this directory, which is made when there is something to write.
    pub(crate) fn new(directory: PathBuf) -> Self {
        FileTransport { directory }
    }
}

impl MailTransport for FileTransport {
    fn carry(&mut self, outgoing: &OutgoingMessage) -> Result<Vec<DeliveryResult>, DeliveryError> {
        let name = format!("{}.eml", outgoing.file_stem);
        let written = PrivateDir::open_to_drop(&self.directory)
            .map_err(io::Error::from)
            .and_then(|directory| match outgoing.to.is_empty() {
                true => directory.try_write(),
                false => directory.write_durably(&name, &outgoing.bytes),
            });
        match written {
            Ok(()) => {
                let path = self.directory.join(name);
                let fate = DeliveryResult::Accepted(format!("written to {}", path.display()));
                Ok(vec![fate; outgoing.to.len()])
            }
            Err(error) => {
                let directory = self.directory.display();
                let words = format!("mail cannot be written to `{directory}`: {error}");
                Err(DeliveryError::new(class(&error), words)
                    .because_of(&error)
                    .remedy("make room there, or set `mail.transport`"))
            }
        }
    }

    fn takes_away(&self) -> bool {
        false
    }
}

/// Returns whether a person must put it right, or room may come by itself.
fn class(error: &io::Error) -> ErrorClass {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
    match error.kind() {
        NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem => ErrorClass::Setup,
        _ => ErrorClass::Path,
    }
}

/// Each message is printed on standard error.
pub(crate) struct PrintTransport;

impl MailTransport for PrintTransport {
    fn carry(&mut self, outgoing: &OutgoingMessage) -> Result<Vec<DeliveryResult>, DeliveryError> {
        if outgoing.to.is_empty() {
            return Ok(Vec::new());
        }
        let mut stderr = io::stderr().lock();
        let printed = stderr
            .write_all(&outgoing.bytes)
            .and_then(|()| stderr.write_all(b"\r\n"))
            .and_then(|()| stderr.flush());
        match printed {
            Ok(()) => Ok(vec![
                DeliveryResult::Accepted(
                    "printed on standard error".to_owned()
                );
                outgoing.to.len()
            ]),
            Err(error) => {
                let words = format!("mail cannot be printed on standard error: {error}");
                Err(DeliveryError::new(ErrorClass::Setup, words).remedy("set `mail.transport`"))
            }
        }
    }

    fn takes_away(&self) -> bool {
        false
    }
}
