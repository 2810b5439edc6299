//! Which mails people do not want for a while, as the runner reads it.

use crate::alert::mute::{Mute, MuteNews};
use crate::chain::ChainName;
use crate::cli::left;
use crate::cli::screen::counted;
use crate::process::run_root::{RunRoot, Version};
use crate::state::mutes;

use super::compose::Composer;

/// The file that the mutes of a chain are in.
#[derive(Debug)]
pub(super) struct MuteFile {
    state_dir: RunRoot,
    chain: String,
    /// Which version was read last.
    seen: Option<Option<Version>>,
}

impl MuteFile {
    /// Names the file. Nothing is read yet.
    pub(super) fn new(state_dir: RunRoot, chain: &ChainName) -> Self {
        MuteFile {
            state_dir,
            chain: chain.to_string(),
            seen: None,
        }
    }

    /// Has the next look read it in any case.
    pub(super) fn forget(&mut self) {
        self.seen = None;
    }

    /// Returns what is in it, if it has changed since the last look. What cannot be read mutes nothing.
    pub(super) fn changed(&mut self) -> Option<Vec<Mute>> {
        let now = self
            .state_dir
            .version(&mutes::file_name(&self.chain))
            .ok()?;
        if self.seen == Some(now) {
            return None;
        }
        self.seen = Some(now);
        let read = left::mutes(&self.state_dir, &self.chain);
        Some(read.unwrap_or_else(|why| {
            let name = mutes::file_name(&self.chain);
            let path = self.state_dir.path().join(name);
            log::error!(
                "The mutes in `{}` cannot be read, so nothing is muted: {why}",
                path.display()
            );
            Vec::new()
        }))
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
