//! The mutes that hold, as every command tells of them.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::left;
use super::lines::short;
use crate::alert::memory::Memory;
use crate::alert::message::muted;
use crate::alert::mute::{Mute, Muted};
use crate::chain::ChainName;
use crate::process::boot;
use crate::process::run_root::RunRoot;
use crate::time::Moment;

/// A mute that holds.
#[derive(Clone, Debug)]
pub(super) struct Holding {
    /// What was wished.
    pub(super) mute: Mute,
    /// How many mails it has held back.
    pub(super) held_back: u64,
}

impl Holding {
    /// Says until when, by whom, why, and how many mails were held back.
    pub(super) fn words(&self) -> String {
        let mute = &self.mute;
        muted(&short(mute.until), &mute.by, &mute.reason, self.held_back)
    }

    /// Returns the same as data.
    pub(super) fn json(&self) -> Value {
        let mute = &self.mute;
        let time = |time: SystemTime| humantime::format_rfc3339_millis(time).to_string();
        json!({
            "from": time(mute.from),
            "until": time(mute.until),
            "by": mute.by,
            "reason": mute.reason,
            "held_back": self.held_back,
        })
    }
}

/// Says of the account of a mute that holds what [`Holding::words`] says.
pub(crate) fn words_of(account: &Muted) -> String {
    let until = short(account.until);
    muted(&until, &account.by, &account.reason, account.total())
}

/// Returns the mutes of a chain that hold.
///
/// # Errors
///
/// When they cannot be read: in words.
pub(super) fn of_chain(
    state_dir: &RunRoot,
    chain: &ChainName,
    memory: Option<&Memory>,
    now: Moment,
) -> Result<Vec<Holding>, String> {
    let boot = boot::id();
    let mut all = left::mutes(state_dir, chain.as_str())?;
    all.retain(|mute| mute.ends(now, &boot).is_some());
    let holding = |mute: Mute| {
        let tasks = memory.map_or(&[][..], Memory::tasks).iter();
        let about = tasks.filter(|task| mute.is_about(&task.name));
        let accounts = about.filter_map(|task| task.muted.as_ref());
        let held_back = accounts
            .filter(|muted| !muted.over)
            .map(|muted| muted.total());
        let held_back = held_back.fold(0, u64::saturating_add);
        Holding { mute, held_back }
    };
    Ok(all.into_iter().map(holding).collect())
}
