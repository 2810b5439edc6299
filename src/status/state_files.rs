//! What runners and commands leave in files beside the locks, as commands read it.

use std::collections::BTreeSet;

use crate::alert::memory::AlertMemory;
use crate::chain::ChainName;
use crate::core::settings::Settings;
use crate::history;
use crate::state::runner_info::{self, RunnerInfo};
use crate::state::saved_memory::{self, SavedMemory};
use crate::unix::runner_handle;
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};

/// The two directories of a configuration, as far as they are there.
#[derive(Debug)]
pub(crate) struct ChainDirectories {
    /// The directory of the pidfiles; perhaps gone with the last boot.
    pub(crate) run_root: Option<PrivateDir>,
    /// The directory of what must survive.
    pub(crate) state_dir: Option<PrivateDir>,
}

impl ChainDirectories {
    /// Opens what is there.
    ///
    /// # Errors
    ///
    /// When one of them is not ours, or cannot be relied on.
    pub(crate) fn open(settings: &Settings) -> Result<Self, UntrustedPath> {
        Ok(ChainDirectories {
            run_root: PrivateDir::open_existing(&settings.run_root)?,
            state_dir: PrivateDir::open_existing(&settings.state_dir)?,
        })
    }

    /// Returns the chains that were run here, by name. Where the pidfiles are in a directory of
    /// their own, which may not survive a boot, what must survive tells of the others; in a
    /// directory for both, a pidfile that was removed means that the chain is to be forgotten.
    ///
    /// # Errors
    ///
    /// When a directory cannot be read.
    pub(crate) fn chains(&self) -> Result<Vec<ChainName>, UntrustedPath> {
        let mut names = BTreeSet::new();
        if let Some(root) = &self.run_root {
            names.extend(root.stems(".pid")?);
        }
        if let Some(state_dir) = self.state_dir.as_ref().filter(|_| self.are_apart()) {
            names.extend(state_dir.stems(saved_memory::ENDING)?);
            names.extend(history::chains(state_dir)?);
        }
        let names = names.iter();
        Ok(names.filter_map(|name| ChainName::parse(name)).collect())
    }

    /// Returns whether pidfiles are kept apart from what must survive.
    pub(crate) fn are_apart(&self) -> bool {
        match (&self.run_root, &self.state_dir) {
            (Some(run_root), Some(state_dir)) => run_root.path() != state_dir.path(),
            (run_root, _) => run_root.is_none(),
        }
    }

    /// Returns the tasks of a chain, as its last runner knew them; `None` when there was none.
    ///
    /// # Errors
    ///
    /// When what it has left is not ours to read.
    pub(crate) fn tasks_of(&self, chain: &ChainName) -> Result<Option<Vec<String>>, UntrustedPath> {
        if let Some(root) = &self.run_root
            && let Some(said) = said(root, chain)?
        {
            return Ok(Some(said.tasks));
        }
        let Some(state_dir) = &self.state_dir else {
            return Ok(None);
        };
        let memory = remembered(state_dir, chain)?;
        Ok(memory.map(|kept| kept.identity.tasks))
    }

    /// Finds out which process runs a chain.
    ///
    /// # Errors
    ///
    /// When its pidfile cannot be relied on.
    pub(crate) fn runner_of(
        &self,
        chain: &ChainName,
    ) -> Result<runner_handle::ChainHolder, UntrustedPath> {
        match &self.run_root {
            Some(root) => runner_handle::find(root, chain),
            None => Ok(runner_handle::ChainHolder::Nobody),
        }
    }
}

/// Far more than the names of the tasks of a long chain take.
const MOST_BYTES: u64 = 1 << 20;

/// Returns what the last runner of a chain reported about itself.
///
/// # Errors
///
/// When it is not ours to read.
pub(crate) fn said(
    run_root: &PrivateDir,
    chain: &ChainName,
) -> Result<Option<RunnerInfo>, UntrustedPath> {
    let bytes = run_root.read(&runner_info::file_name(chain.as_str()), MOST_BYTES)?;
    Ok(bytes.and_then(|bytes| RunnerInfo::parse(&bytes)))
}

/// Returns what the last runner of a chain remembered; nothing where that cannot be understood.
///
/// # Errors
///
/// When it is not ours to read.
pub(crate) fn remembered(
    state_dir: &PrivateDir,
    chain: &ChainName,
) -> Result<Option<SavedMemory<AlertMemory>>, UntrustedPath> {
    let bytes = state_dir.read(
        &saved_memory::file_name(chain.as_str()),
        saved_memory::MOST_BYTES,
    )?;
    Ok(bytes.and_then(|bytes| saved_memory::decode(&bytes).ok()))
}
