//! The directories below the state directory, checked before they are used.

use crate::chain::ChainName;
use crate::history;
use crate::mail::outbox;
use crate::unix::trusted_paths::{PrivateDir, UntrustedPath};

/// Checks the directories below STATE_DIR that exist, by the rules by which they are opened.
///
/// # Errors
///
/// When one is a link, another user's, or can be written by others.
pub(crate) fn judge_below(
    state_dir: &PrivateDir,
    chain: Option<&ChainName>,
) -> Result<(), UntrustedPath> {
    outbox::judge(state_dir)?;
    if let Some(chain) = chain {
        state_dir.judge_below(&history::directory_name(chain.as_str()))?;
    }
    Ok(())
}
