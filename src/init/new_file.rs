//! Writing new files, all or none: what was there is never touched, and what fails half-way leaves
//! nothing behind.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::unix::trusted_paths::foresee_drop;

/// A file that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewFile {
    /// Below the directory of the template.
    pub(crate) path: &'static str,
    pub(crate) text: String,
    /// See chmod(2); the umask of the process applies as well.
    pub(crate) mode: u32,
}

/// Why nothing was written.
#[derive(Debug)]
pub(crate) enum NewFileError {
    /// These are there already.
    Exist(Vec<PathBuf>),
    /// The directory or file could not be made.
    Failed(PathBuf, io::Error),
}

/// Writes new files below a directory, which is made if missing.
///
/// # Errors
///
/// When one of them is there, or cannot be made; as root also when others can change a directory
/// above. Then all is as it was before.
pub(crate) fn create_all(directory: &Path, files: &[NewFile]) -> Result<(), NewFileError> {
    let paths = files.iter().map(|file| directory.join(file.path));
    // A link to nothing is there, too.
    let there: Vec<PathBuf> = paths
        .filter(|path| path.symlink_metadata().is_ok())
        .collect();
    if !there.is_empty() {
        return Err(NewFileError::Exist(there));
    }
    foresee_drop(directory)
        .map_err(|error| NewFileError::Failed(directory.to_owned(), error.into()))?;
    let mut made = Made::default();
    for file in files {
        let path = directory.join(file.path);
        if let Some(parent) = path.parent() {
            made.directory(parent)
                .map_err(|error| NewFileError::Failed(parent.to_owned(), error))?;
        }
        made.file(&path, file).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => NewFileError::Exist(vec![path.clone()]),
            _ => NewFileError::Failed(path.clone(), error),
        })?;
    }
    made.keep();
    Ok(())
}

/// What was made so far; removed again when dropped, unless it is kept.
#[derive(Debug, Default)]
struct Made {
    directories: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    /// Makes a directory and those above it that are missing.
    fn directory(&mut self, path: &Path) -> io::Result<()> {
        const FOR_EVERYBODY: u32 = 0o755;
        let missing = path
            .ancestors()
            .take_while(|above| !above.as_os_str().is_empty() && !above.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        for directory in missing.into_iter().rev() {
            DirBuilder::new().mode(FOR_EVERYBODY).create(&directory)?;
            self.directories.push(directory);
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, file: &NewFile) -> io::Result<()> {
        // O_EXCL: whoever was faster keeps what he wrote.
        let mut new = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(file.mode)
            .open(path)?;
        self.files.push(path.to_owned());
        new.write_all(file.text.as_bytes())
    }

    fn keep(mut self) {
        self.directories.clear();
        self.files.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // What cannot be removed, somebody else has begun to use.
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        for directory in self.directories.iter().rev() {
            let _ = fs::remove_dir(directory);
        }
    }
}
