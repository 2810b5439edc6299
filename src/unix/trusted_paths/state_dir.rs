//! A state directory that need not be there yet: made when there is something to write, opened
//! once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::private_dir::PrivateDir;
use super::untrusted_path::UntrustedPath;

/// A state directory, opened when it is needed, and the same one from then on.
#[derive(Clone, Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    opened: Arc<OnceLock<PrivateDir>>,
}

impl StateDir {
    /// Returns the path, for people.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the directory; makes it when it is missing.
    ///
    /// # Errors
    ///
    /// See [`PrivateDir::open`].
    pub(crate) fn made(&self) -> Result<PrivateDir, UntrustedPath> {
        match self.opened.get() {
            Some(root) => Ok(root.clone()),
            None => PrivateDir::open(&self.path).map(|root| self.keep(root)),
        }
    }

    /// Returns the directory if it is there.
    ///
    /// # Errors
    ///
    /// See [`PrivateDir::open_existing`].
    pub(crate) fn existing(&self) -> Result<Option<PrivateDir>, UntrustedPath> {
        match self.opened.get() {
            Some(root) => Ok(Some(root.clone())),
            None => Ok(PrivateDir::open_existing(&self.path)?.map(|root| self.keep(root))),
        }
    }

    fn keep(&self, root: PrivateDir) -> PrivateDir {
        self.opened.get_or_init(|| root).clone()
    }
}

impl From<&Path> for StateDir {
    fn from(path: &Path) -> Self {
        StateDir {
            path: path.to_owned(),
            opened: Arc::default(),
        }
    }
}

impl From<&PathBuf> for StateDir {
    fn from(path: &PathBuf) -> Self {
        path.as_path().into()
    }
}

impl From<&PrivateDir> for StateDir {
    fn from(root: &PrivateDir) -> Self {
        StateDir {
            path: root.path().to_owned(),
            opened: Arc::new(OnceLock::from(root.clone())),
        }
    }
}
