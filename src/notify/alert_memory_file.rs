//! The memory of alerts on disk: read at the start, written when it is worth it, marked when the runner ends by itself.

use std::io;

use crate::alert::memory::Memory;
use crate::chain::ChainName;
use crate::event::Step;
use crate::process::run_root::RunRoot;
use crate::state::kept::{self, Crashes, Identity, Kept};

/// The file that a chain's memory is in.
#[derive(Debug)]
pub(super) struct MemoryFile {
    state_dir: RunRoot,
    name: String,
    identity: Identity,
    /// Carried from runner to runner.
    pub(super) crashes: Crashes,
    /// Whether the last write failed: that is told once.
    broken: bool,
    /// Whether the runner has ended: what is written after that keeps the mark.
    ended: bool,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing: the chain never ran here.
    Nothing,
    /// What a runner left that ended by itself, or was another program, or ran other settings.
    Former(Memory),
    /// What a runner of this very program and these settings left when it died.
    Crashed(Memory),
    /// A file that cannot be understood: why.
    Damaged(String),
}

impl MemoryFile {
    /// Names the file. Nothing is read or written yet.
    pub(super) fn new(state_dir: RunRoot, chain: &ChainName, identity: Identity) -> Self {
        let name = kept::file_name(chain.as_str());
        MemoryFile {
            state_dir,
            name,
            identity,
            crashes: Crashes::default(),
            broken: false,
            ended: false,
        }
    }

    /// Returns where it is.
    pub(super) fn state_dir(&self) -> &RunRoot {
        &self.state_dir
    }

    /// Reads what the former runner left.
    pub(super) fn read(&mut self) -> Found {
        let bytes = match self.state_dir.read(&self.name, kept::MOST_BYTES) {
            Ok(Some(bytes)) if !bytes.is_empty() => bytes,
            Ok(_) => return Found::Nothing,
            Err(error) => return Found::Damaged(error.to_string()),
        };
        let kept: Kept<Memory> = match kept::decode(&bytes) {
            Ok(kept) => kept,
            Err(why) => return Found::Damaged(why),
        };
        if kept.ended || kept.identity != self.identity {
            return Found::Former(kept.alerts);
        }
        self.crashes = kept.crashes;
        Found::Crashed(kept.alerts)
    }

    /// Returns whether the last write failed.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Writes what a runner leaves when it dies now.
    pub(super) fn write(&mut self, memory: Memory) -> io::Result<()> {
        let mut kept = Kept::new(self.identity.clone(), self.crashes, memory);
        kept.ended = self.ended;
        self.put(kept)
    }

    /// Writes what a runner leaves that ends by itself.
    pub(super) fn close(&mut self, memory: Memory) -> io::Result<()> {
        (self.ended, self.crashes) = (true, Crashes::default());
        self.write(memory)
    }

    /// Takes note that a run of `step` has ended and the runner lives. Returns whether that is news.
    pub(super) fn survived(&mut self, step: Step) -> bool {
        let news = self.crashes.count > 0 && self.crashes.step == step;
        if news {
            self.crashes = Crashes::default();
        }
        news
    }

    /// Returns whether the runner has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.ended
    }

    fn put(&mut self, kept: Kept<Memory>) -> io::Result<()> {
        let written = self.state_dir.replace(&self.name, &kept.encode());
        match &written {
            Err(error) if !self.broken => log::error!(
                "the memory of alerts cannot be written to `{}`: {error}; going on from memory, a crash would forget what was mailed",
                self.state_dir.path().join(&self.name).display()
            ),
            Ok(()) if self.broken => log::info!("The memory of alerts can be written again"),
            _ => {}
        }
        self.broken = written.is_err();
        written
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
