//! Which mails people do not want for a while, as the runner reads it.

use crate::alert::mute::{Mute, MuteNews};
use crate::chain::ChainName;
use crate::cli::screen::counted;
use crate::process::run_root::{RunRoot, Version};
use crate::state::mutes;

use super::compose::Composer;

/// Far more than the mutes of all tasks of a long chain take.
pub(in crate::cli) const MOST_BYTES: u64 = 1 << 20;

/// The file that the mutes of a chain are in.
#[derive(Debug)]
pub(super) struct MuteFile {
    state_dir: RunRoot,
    name: String,
    /// Which version was read last.
    seen: Option<Option<Version>>,
}

impl MuteFile {
    /// Names the file. Nothing is read yet.
    pub(super) fn new(state_dir: RunRoot, chain: &ChainName) -> Self {
        MuteFile {
            state_dir,
            name: mutes::file_name(chain.as_str()),
            seen: None,
        }
    }

    /// Has the next look read it in any case.
    pub(super) fn forget(&mut self) {
        self.seen = None;
    }

    /// Returns what is in it, if it has changed since the last look. What cannot be read mutes nothing.
    pub(super) fn changed(&mut self) -> Option<Vec<Mute>> {
        let now = self.state_dir.version(&self.name).ok()?;
        if self.seen == Some(now) {
            return None;
        }
        self.seen = Some(now);
        let read = read(&self.state_dir, &self.name);
        Some(read.unwrap_or_else(|why| {
            let path = self.state_dir.path().join(&self.name);
            log::error!(
                "The mutes in `{}` cannot be read, so nothing is muted: {why}",
                path.display()
            );
            Vec::new()
        }))
    }
}

/// Reads the mutes of a chain; none if there is no file.
///
/// # Errors
///
/// When it is damaged, or not ours: in words.
pub(in crate::cli) fn read(state_dir: &RunRoot, name: &str) -> Result<Vec<Mute>, String> {
    let bytes = state_dir.read(name, MOST_BYTES);
    match bytes.map_err(|error| error.to_string())? {
        Some(bytes) => mutes::decode(&bytes),
        None => Ok(Vec::new()),
    }
}

/// Returns what the log says of a mute.
pub(super) fn words(news: &MuteNews) -> String {
    let mute = &news.mute;
    let whom = match &mute.task {
        Some(task) => task.as_str(),
        None => "this chain",
    };
    let by = &mute.by;
    if let Some(held) = news.ended {
        let held = counted(held, "mail", "mails");
        return format!("The mute of {whom} by {by} is over; {held} held back");
    }
    let until = Composer::when(mute.until);
    let reason = match mute.reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    format!("Mails about {whom} are muted until {until} by {by}{reason}")
}
