//! The ways that need no worker: files, and standard error.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{Carrier, Parcel};
use crate::mail::trouble::{Class, Trouble};
use crate::mail::wire::Fate;
use crate::process::files;

/// Each message becomes a `.eml` file. One that is delivered again replaces itself, so that there are no duplicates.
pub(crate) struct Files {
    directory: PathBuf,
}

impl Files {
    /// Makes a carrier into this directory, which is made when there is something to write.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Files { directory }
    }
}

impl Carrier for Files {
    fn carry(&mut self, parcel: &Parcel) -> Result<Vec<Fate>, Trouble> {
        let name = format!("{}.eml", parcel.file_stem);
        let made = files::private_dir(&self.directory);
        let written = made.and_then(|()| match parcel.to.is_empty() {
            true => files::try_write(&self.directory),
            false => files::write_durably(&self.directory, &name, &parcel.bytes),
        });
        match written {
            Ok(()) => {
                let path = self.directory.join(name);
                let fate = Fate::Accepted(format!("written to {}", path.display()));
                Ok(vec![fate; parcel.to.len()])
            }
            Err(error) => {
                let directory = self.directory.display();
                let words = format!("mail cannot be written to `{directory}`: {error}");
                Err(Trouble::new(class(&error), words)
                    .remedy("make room there, or set `mail.transport`"))
            }
        }
    }

    fn takes_away(&self) -> bool {
        false
    }
}

/// Returns whether a person must put it right, or room may come by itself.
fn class(error: &io::Error) -> Class {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
    match error.kind() {
        NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem => Class::Setup,
        _ => Class::Path,
    }
}

/// Each message is printed on standard error.
pub(crate) struct Print;

impl Carrier for Print {
    fn carry(&mut self, parcel: &Parcel) -> Result<Vec<Fate>, Trouble> {
        if parcel.to.is_empty() {
            return Ok(Vec::new());
        }
        let mut stderr = io::stderr().lock();
        let printed = stderr
            .write_all(&parcel.bytes)
            .and_then(|()| stderr.write_all(b"\r\n"))
            .and_then(|()| stderr.flush());
        match printed {
            Ok(()) => Ok(vec![
                Fate::Accepted("printed on standard error".to_owned());
                parcel.to.len()
            ]),
            Err(error) => {
                let words = format!("mail cannot be printed on standard error: {error}");
                Err(Trouble::new(Class::Setup, words).remedy("set `mail.transport`"))
            }
        }
    }

    fn takes_away(&self) -> bool {
        false
    }
}
