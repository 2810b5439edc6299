//! The mutes that hold, with what they held back: for every command that looks.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::mutes_form;
use crate::core::time::{Moment, Precision, rfc3339};
use crate::mute::account::MuteAccount;
use crate::mute::wish::Mute;
use crate::mute::words::muted;
use crate::unix::boot;
use crate::unix::clock::short;
use crate::unix::trusted_paths::PrivateDir;

/// A mute that holds.
#[derive(Clone, Debug)]
pub(crate) struct ActiveMute {
    /// What was wished.
    pub(crate) mute: Mute,
    /// How many mails it has held back.
    pub(crate) held_back: u64,
}

impl ActiveMute {
    /// Returns the words about the mute: its end, author and reason, and how many mails were held
    /// back.
    pub(crate) fn words(&self) -> String {
        let mute = &self.mute;
        muted(&short(mute.until), &mute.by, &mute.reason, self.held_back)
    }

    /// Returns the same as data.
    pub(crate) fn json(&self) -> Value {
        let mute = &self.mute;
        let time = |time: SystemTime| rfc3339(time, Precision::Millis);
        json!({
            "from": time(mute.from),
            "until": time(mute.until),
            "by": mute.by,
            "reason": mute.reason,
            "held_back": self.held_back,
        })
    }
}

/// Returns what [`ActiveMute::words`] returns, by the account of a mute that holds.
pub(crate) fn words_of(account: &MuteAccount) -> String {
    let until = short(account.until);
    muted(&until, &account.by, &account.reason, account.total())
}

/// Returns the mutes of a chain that hold; `accounts` has the names of its tasks, each with the
/// account of its mute.
///
/// # Errors
///
/// When they cannot be read: in words.
pub(crate) fn of_chain<'a>(
    state_dir: &PrivateDir,
    chain: &str,
    accounts: impl Iterator<Item = (&'a str, &'a MuteAccount)> + Clone,
    now: Moment,
) -> Result<Vec<ActiveMute>, String> {
    let boot = boot::id();
    let mut all = mutes_form::read(state_dir, chain)?;
    all.retain(|mute| mute.ends(now, &boot).is_some());
    let holding = |mute: Mute| {
        let about = accounts.clone().filter(|(task, _)| mute.is_about(task));
        let held_back = about
            .filter(|(_, account)| !account.over)
            .map(|(_, account)| account.total());
        let held_back = held_back.fold(0, u64::saturating_add);
        ActiveMute { mute, held_back }
    };
    Ok(all.into_iter().map(holding).collect())
}
