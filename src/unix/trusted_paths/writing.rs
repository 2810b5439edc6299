//! Writing into a directory of ours, so that every reader sees the old file or the new one, whole.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{Mode, fchmod};

use super::super::fault_points::step;
use super::entries::OURS_ALONE;
use super::private_dir::PrivateDir;
use super::trust::{is_trusted, judge_kind};
use crate::unix::files::Readers;

const PROBE: &str = ".probe.tmp";

impl PrivateDir {
    /// Replaces a file by one with these bytes. It is not forced to the disk.
    ///
    /// # Errors
    ///
    /// Those of writing; the old file is still there then.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let draft = format!("{name}.draft");
        let replaced = self
            .draft(draft.as_ref(), name.as_ref(), bytes)
            .and_then(|_| Ok(renameat(&self.dir, draft.as_str(), &self.dir, name)?));
        if replaced.is_err() {
            // On a full disk every byte counts; that it cannot be removed either is no news.
            let _ = self.remove(&draft);
        }
        replaced
    }

    /// Writes a file so that after a power cut it is there whole or not at all: temporary file,
    /// fsync, rename, fsync of the directory.
    ///
    /// # Errors
    ///
    /// When the disk is full or read-only; the temporary file is gone then.
    pub(crate) fn write_durably(&self, name: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        let name = name.as_ref();
        let draft = hidden(name);
        let path = self.path.join(name);
        let written = self
            .draft(draft.as_ref(), name, bytes)
            .and_then(|file| step(&path).and_then(|()| file.sync_all()))
            .and_then(|()| step(&path))
            .and_then(|()| self.rename(&draft, name))
            .and_then(|()| self.sync());
        if written.is_err() {
            // A torn file is of no use; that it cannot be removed either is no news.
            let _ = self.remove(&draft);
        }
        written
    }

    /// Replaces a file by one with these bytes, for these readers. The file is not forced to the
    /// disk.
    ///
    /// # Errors
    ///
    /// Those of writing; the old file is still there then.
    pub(crate) fn publish(
        &self,
        name: impl AsRef<Path>,
        bytes: &[u8],
        readers: Readers,
    ) -> io::Result<()> {
        let name = name.as_ref();
        let draft = hidden(name);
        let mode = self.mode_for(name, readers)?;
        // Without a mode the umask says who may read the file.
        let drafted = match mode {
            Some(_) => self.draft(draft.as_ref(), name, bytes),
            None => self.draft_with(draft.as_ref(), name, bytes, Mode::from_bits_truncate(0o666)),
        };
        let written = drafted
            // Whatever our umask is.
            .and_then(|file| Ok(mode.map_or(Ok(()), |mode| fchmod(&file, mode))?))
            .and_then(|()| step(&self.path.join(name)))
            .and_then(|()| self.rename(&draft, name));
        if written.is_err() {
            let _ = self.remove(&draft);
        }
        written
    }

    fn mode_for(&self, name: &Path, readers: Readers) -> io::Result<Option<Mode>> {
        if readers == Readers::All {
            return Ok(Some(Mode::from_bits_truncate(0o644)));
        }
        // The mode of a file that another user created must not open ours.
        let former = self.stat(name)?;
        let former = former.filter(|stat| judge_kind(stat).is_ok() && is_trusted(stat.st_uid));
        Ok(former.map(|stat| Mode::from_bits_truncate(stat.st_mode & 0o777)))
    }

    /// Makes what was renamed or removed durable.
    ///
    /// # Errors
    ///
    /// Those of fsync(2).
    pub(crate) fn sync(&self) -> io::Result<()> {
        step(&self.path)?;
        Ok(nix::unistd::fsync(&self.dir)?)
    }

    /// Checks that files can be written here, by writing one and removing it.
    ///
    /// # Errors
    ///
    /// When they cannot.
    pub(crate) fn try_write(&self) -> io::Result<()> {
        let name = Path::new(PROBE);
        self.draft(name, name, b"probe")?.sync_all()?;
        self.remove(PROBE)
    }

    /// Writes a file under the name of its draft.
    fn draft(&self, draft: &Path, name: &Path, bytes: &[u8]) -> io::Result<File> {
        self.draft_with(draft, name, bytes, OURS_ALONE)
    }

    fn draft_with(&self, draft: &Path, name: &Path, bytes: &[u8], mode: Mode) -> io::Result<File> {
        let path = self.path.join(name);
        step(&path)?;
        self.remove(draft)?;
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
        let mut file = File::from(openat(&self.dir, draft, flags, mode)?);
        step(&path)?;
        file.write_all(bytes)?;
        step(&path)?;
        Ok(file)
    }
}

/// Returns the name of a file that is not whole yet. Readers pass over such names.
fn hidden(name: &Path) -> OsString {
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    hidden
}
