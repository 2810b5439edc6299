//! The file of mutes as the runner reads it.

use super::mutes_form;
use crate::core::time::Moment;
use crate::mute::account::MuteNews;
use crate::mute::wish::Mute;
use crate::text::counts::counted_or_no;
use crate::unix::boot;
use crate::unix::clock::to_the_minute;
use crate::unix::trusted_paths::{FileVersion, PrivateDir};

/// The file that the mutes of a chain are in.
#[derive(Debug)]
pub(crate) struct MuteFile {
    state_dir: PrivateDir,
    chain: String,
    /// Which version was read last.
    seen: Option<Option<FileVersion>>,
    /// The mutes whose beginning lies ahead of the clock.
    void: Vec<Mute>,
    /// The words about these that the log has not said yet.
    unsaid: Vec<String>,
}

impl MuteFile {
    /// Names the file. Nothing is read yet.
    pub(crate) fn new(state_dir: PrivateDir, chain: &str) -> Self {
        MuteFile {
            state_dir,
            chain: chain.to_string(),
            seen: None,
            void: Vec::new(),
            unsaid: Vec::new(),
        }
    }

    /// Has the next look read it in any case.
    pub(crate) fn forget(&mut self) {
        self.seen = None;
    }

    /// Returns the mutes that hold, if the file has changed since the last look. What cannot be
    /// read mutes nothing, and what does not hold leaves the file: a clock that is wrong, now or
    /// later, must not bring it back.
    pub(crate) fn changed(&mut self, now: Moment) -> Option<Vec<Mute>> {
        let name = mutes_form::file_name(&self.chain);
        let version = self.state_dir.version(&name).ok()?;
        if self.seen == Some(version) {
            return None;
        }
        self.seen = Some(version);
        let all = self.read();
        let boot = boot::id();
        let settled = settled(&all, now, &boot);
        if settled != all {
            let ahead = all.iter().filter(|mute| mute.is_ahead(now, &boot));
            ahead.for_each(|mute| self.drop_void(mute));
            // Another command may be at it: the next look tries again.
            self.seen = self.rewrite(&name, now, &boot);
        }
        Some(settled)
    }

    /// Takes what is to be said of the mutes that are void.
    pub(crate) fn take_void(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unsaid)
    }

    fn drop_void(&mut self, mute: &Mute) {
        if !self.void.contains(mute) {
            self.unsaid.push(void_words(mute));
            self.void.push(mute.clone());
        }
    }

    fn read(&self) -> Vec<Mute> {
        mutes_form::read(&self.state_dir, &self.chain).unwrap_or_else(|why| {
            let path = self
                .state_dir
                .path()
                .join(mutes_form::file_name(&self.chain));
            log::error!(
                "The mutes in `{}` cannot be read, so nothing is muted: {why}",
                path.display()
            );
            Vec::new()
        })
    }

    /// Writes only the mutes that hold. Returns the version that is there then, if it could be
    /// written.
    fn rewrite(&self, name: &str, now: Moment, boot: &str) -> Option<Option<FileVersion>> {
        let _lock = self.state_dir.try_lock(mutes_form::LOCK).ok()??;
        let settled = settled(&self.read(), now, boot);
        let written = self.state_dir.replace(name, &mutes_form::encode(settled));
        written.ok()?;
        self.state_dir.version(name).ok()
    }
}

fn settled(all: &[Mute], now: Moment, boot: &str) -> Vec<Mute> {
    all.iter()
        .filter_map(|mute| mute.settled(now, boot))
        .collect()
}

fn void_words(mute: &Mute) -> String {
    let (whom, by) = (whom(mute), &mute.by);
    let from = to_the_minute(mute.from);
    format!(
        "The mute of {whom} by {by} is dropped: it begins at {from}, which is ahead of the clock; mails are sent"
    )
}

fn whom(mute: &Mute) -> &str {
    mute.task.as_deref().unwrap_or("this chain")
}

/// Returns what the log has of a mute.
pub(crate) fn words(news: &MuteNews) -> String {
    let mute = &news.mute;
    let whom = whom(mute);
    let by = &mute.by;
    if let Some(held) = news.ended {
        let held = counted_or_no(held, "mail", "mails");
        return format!("The mute of {whom} by {by} is over; {held} held back");
    }
    let until = to_the_minute(mute.until);
    let reason = match mute.reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    format!("Mails about {whom} are muted until {until} by {by}{reason}")
}
