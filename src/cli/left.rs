//! What runners and commands leave in files beside the locks, as commands read it.

use crate::alert::memory::Memory;
use crate::alert::mute::Mute;
use crate::chain::ChainName;
use crate::process::run_root::{RunRoot, UnsafePath};
use crate::state::holder::{self, Holder};
use crate::state::kept::{self, Kept};
use crate::state::mutes;

/// Far more than the names of the tasks of a long chain take, or the mutes of all of them.
const MOST_BYTES: u64 = 1 << 20;

/// Returns what the last runner of a chain said of itself.
///
/// # Errors
///
/// When it is not ours to read.
pub(crate) fn said(run_root: &RunRoot, chain: &ChainName) -> Result<Option<Holder>, UnsafePath> {
    let bytes = run_root.read(&holder::file_name(chain.as_str()), MOST_BYTES)?;
    Ok(bytes.and_then(|bytes| Holder::parse(&bytes)))
}

/// Returns what the last runner of a chain remembered; nothing where that cannot be understood.
///
/// # Errors
///
/// When it is not ours to read.
pub(crate) fn remembered(
    state_dir: &RunRoot,
    chain: &ChainName,
) -> Result<Option<Kept<Memory>>, UnsafePath> {
    let bytes = state_dir.read(&kept::file_name(chain.as_str()), kept::MOST_BYTES)?;
    Ok(bytes.and_then(|bytes| kept::decode(&bytes).ok()))
}

/// Returns the mutes of a chain; none if there is no file.
///
/// # Errors
///
/// When it is damaged, or not ours: in words.
pub(crate) fn mutes(state_dir: &RunRoot, chain: &str) -> Result<Vec<Mute>, String> {
    let bytes = state_dir.read(&mutes::file_name(chain), MOST_BYTES);
    match bytes.map_err(|error| error.to_string())? {
        Some(bytes) => mutes::decode(&bytes),
        None => Ok(Vec::new()),
    }
}
