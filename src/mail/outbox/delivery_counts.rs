//! How many letters have left, and how many were given up, for whoever draws it: `outbox/left.json`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::letter::Place;
use crate::process::{boot, files};

const FILE: &str = "left.json";
/// How many chains are told apart, far more than one machine has.
const MOST_CHAINS: usize = 1024;

/// What has become of letters, one for each recipient, since the machine started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Left {
    /// The boot in which they are counted: after a power cut a count might be less than it was.
    boot: u64,
    /// Of each chain.
    chains: BTreeMap<String, OfChain>,
}

/// What has become of the letters of a chain, by sort.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfChain {
    /// They were accepted.
    #[serde(default)]
    pub sent: BTreeMap<String, u64>,
    /// They were given up.
    #[serde(default)]
    pub failed: BTreeMap<String, u64>,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was accepted.
    Sent,
    /// It was given up.
    Failed,
}

impl Left {
    /// Reads what was counted; what is not there, or damaged, is nothing.
    pub(crate) fn read(root: &Path) -> Self {
        let bytes = fs::read(root.join(FILE)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Returns what is known of a chain.
    pub(crate) fn of(&self, chain: &str) -> OfChain {
        self.chains.get(chain).cloned().unwrap_or_default()
    }

    fn count(&mut self, place: &Place, end: End) {
        if self.chains.len() >= MOST_CHAINS && !self.chains.contains_key(&place.chain) {
            return;
        }
        let chain = self.chains.entry(place.chain.clone()).or_default();
        let by_sort = match end {
            End::Sent => &mut chain.sent,
            End::Failed => &mut chain.failed,
        };
        let count = by_sort.entry(place.sort.clone()).or_default();
        *count = count.saturating_add(1);
    }
}

/// Counts one. Only who holds the lock of the outbox does. A disk that refuses, or a crash right now, costs one of the count.
///
/// # Errors
///
/// When the disk refuses.
pub(super) fn count(root: &Path, place: &Place, end: End) -> io::Result<()> {
    let boot = boot::short(&boot::id());
    let mut left = Left::read(root);
    if left.boot != boot {
        left = Left {
            boot,
            ..Left::default()
        };
    }
    left.count(place, end);
    files::replace(
        &root.join(FILE),
        &serde_json::to_vec(&left)?,
        files::Readers::OursAlone,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(chain: &str) -> Place {
        Place {
            sort: "first".to_owned(),
            chain: chain.to_owned(),
            task: String::new(),
            outage: 0,
        }
    }

    #[test]
    fn letters_are_counted_by_chain_sort_and_end() {
        let dir = tempfile::tempdir().unwrap();
        for end in [End::Sent, End::Failed, End::Sent] {
            count(dir.path(), &place("a"), end).unwrap();
        }
        let left = Left::read(dir.path());
        let (sent, failed) = (left.of("a").sent, left.of("a").failed);
        assert_eq!((sent["first"], failed["first"]), (2, 1));
        assert_eq!(left.of("b"), OfChain::default());
    }

    #[test]
    fn another_boot_and_damage_begin_at_zero() {
        let dir = tempfile::tempdir().unwrap();
        let old = r#"{"boot":1,"chains":{"a":{"sent":{"first":9}}}}"#;
        for former in [old, "{", "[]"] {
            fs::write(dir.path().join(FILE), former).unwrap();
            count(dir.path(), &place("a"), End::Sent).unwrap();
            assert_eq!(Left::read(dir.path()).of("a").sent["first"], 1, "{former}");
        }
    }

    #[test]
    fn chains_without_number_do_not_make_it_grow_without_end() {
        let mut left = Left::default();
        for chain in 0..2 * MOST_CHAINS {
            left.count(&place(&chain.to_string()), End::Sent);
        }
        assert_eq!(left.chains.len(), MOST_CHAINS);
    }
}
