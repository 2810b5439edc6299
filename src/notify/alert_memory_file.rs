//! The memory of alerts on disk: read at the start, written when it is worth it, marked when the
//! runner ends by itself.

use std::fmt;
use std::io;

use crate::alert::memory::AlertMemory;
use crate::chain::ChainName;
use crate::core::event::TaskIndex;
use crate::core::time::Mono;
use crate::state::saved_memory::{self, ChainIdentity, Crashes, SavedMemory};
use crate::unix::clock;
use crate::unix::trusted_paths::PrivateDir;

/// The file that a chain's memory is in.
#[derive(Debug)]
pub(crate) struct AlertMemoryFile {
    state_dir: PrivateDir,
    name: String,
    identity: ChainIdentity,
    /// Carried from runner to runner.
    pub(crate) crashes: Crashes,
    /// Since when writing fails, if it does: that is logged once.
    broken: Option<Mono>,
    /// Whether the runner has ended: what is written after that keeps the mark.
    ended: bool,
    /// What receives a copy of all that is written.
    copy: Option<MemoryCopy>,
}

/// What receives a copy of the memory of alerts, whenever that is written.
pub(crate) struct MemoryCopy(Box<dyn Fn(&AlertMemory) + Send>);

impl MemoryCopy {
    /// Creates the receiver that calls `receive`.
    pub(crate) fn new(receive: impl Fn(&AlertMemory) + Send + 'static) -> Self {
        MemoryCopy(Box::new(receive))
    }
}

impl fmt::Debug for MemoryCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryCopy")
    }
}

/// What was found.
#[derive(Debug)]
pub(crate) enum FoundMemory {
    /// Nothing: the chain never ran here.
    Nothing,
    /// What a runner left that ended by itself, or was another program, or ran other settings.
    Former(AlertMemory),
    /// What a runner of this very program and these settings left when it died.
    Crashed(AlertMemory),
    /// A file that cannot be understood: why.
    Damaged(String),
}

impl AlertMemoryFile {
    /// Names the file. Nothing is read or written yet.
    pub(crate) fn new(state_dir: PrivateDir, chain: &ChainName, identity: ChainIdentity) -> Self {
        let name = saved_memory::file_name(chain.as_str());
        AlertMemoryFile {
            state_dir,
            name,
            identity,
            crashes: Crashes::default(),
            broken: None,
            ended: false,
            copy: None,
        }
    }

    /// Returns where it is.
    pub(crate) fn state_dir(&self) -> &PrivateDir {
        &self.state_dir
    }

    /// Reads what the former runner left.
    pub(crate) fn read(&mut self) -> FoundMemory {
        let bytes = match self.state_dir.read(&self.name, saved_memory::MOST_BYTES) {
            Ok(Some(bytes)) if !bytes.is_empty() => bytes,
            Ok(_) => return FoundMemory::Nothing,
            Err(error) => return FoundMemory::Damaged(error.to_string()),
        };
        let kept: SavedMemory<AlertMemory> = match saved_memory::decode(&bytes) {
            Ok(kept) => kept,
            Err(why) => return FoundMemory::Damaged(why),
        };
        if kept.ended || kept.identity != self.identity {
            return FoundMemory::Former(kept.alerts);
        }
        self.crashes = kept.crashes;
        FoundMemory::Crashed(kept.alerts)
    }

    /// Sends a copy of all that is written from now on.
    pub(crate) fn copy_to(&mut self, copy: MemoryCopy) {
        self.copy = Some(copy);
    }

    /// Returns whether the last write failed.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Returns since when writing fails, if it does.
    pub(crate) fn broken_since(&self) -> Option<Mono> {
        self.broken
    }

    /// Writes what a runner leaves when it dies now.
    pub(crate) fn write(&mut self, memory: AlertMemory) -> io::Result<()> {
        let mut kept = SavedMemory::new(self.identity.clone(), self.crashes, memory);
        kept.ended = self.ended;
        self.put(kept)
    }

    /// Writes what a runner leaves that ends by itself.
    pub(crate) fn close(&mut self, memory: AlertMemory) -> io::Result<()> {
        (self.ended, self.crashes) = (true, Crashes::default());
        self.write(memory)
    }

    /// Takes note that a run of `step` has ended and the runner lives. Returns whether that is
    /// news.
    pub(crate) fn survived(&mut self, step: TaskIndex) -> bool {
        let news = self.crashes.count > 0 && self.crashes.step == step;
        if news {
            self.crashes = Crashes::default();
        }
        news
    }

    /// Returns whether the runner has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.ended
    }

    fn put(&mut self, kept: SavedMemory<AlertMemory>) -> io::Result<()> {
        if let Some(MemoryCopy(receive)) = &self.copy {
            receive(&kept.alerts);
        }
        let written = self.state_dir.replace(&self.name, &kept.encode());
        match &written {
            Err(error) if self.broken.is_none() => log::error!(
                "the memory of alerts cannot be written to `{}`: {error}; going on from memory, a crash would forget what was mailed",
                self.state_dir.path().join(&self.name).display()
            ),
            Ok(()) if self.broken.is_some() => {
                log::info!("The memory of alerts can be written again")
            }
            _ => {}
        }
        self.broken = match &written {
            Ok(()) => None,
            Err(_) => self.broken.or_else(|| Some(clock::mono())),
        };
        written
    }
}

#[cfg(test)]
#[path = "alert_memory_file_tests.rs"]
mod tests;
