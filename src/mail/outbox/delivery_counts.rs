//! How many mails have left, and how many were given up, for graphs:
//! `outbox/left.json`.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::unix::boot;
use crate::unix::trusted_paths::PrivateDir;

const FILE: &str = "left.json";
/// What it comes to with all its chains; more is not read.
const MOST_BYTES: u64 = 4 << 20;
/// How many chains are kept apart, far more than one machine has.
const MOST_CHAINS: usize = 1024;

/// What has become of mails, one for each recipient, since the machine started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeliveryCounts {
    /// The boot in which they are counted: after a power cut a count might be less than it was.
    boot: u64,
    /// Of each chain.
    chains: BTreeMap<String, ChainDeliveryCounts>,
}

/// What has become of the mails of a chain, by sort.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChainDeliveryCounts {
    /// The mails that were accepted.
    #[serde(default)]
    pub sent: BTreeMap<String, u64>,
    /// The mails that were given up.
    #[serde(default)]
    pub failed: BTreeMap<String, u64>,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryEnd {
    /// The mail was accepted.
    Sent,
    /// The mail was given up.
    Failed,
}

impl DeliveryCounts {
    /// Reads what was counted; what is not there, or damaged, is nothing.
    pub(crate) fn read(root: &PrivateDir) -> Self {
        let bytes = root.read_regular(FILE, MOST_BYTES).ok().flatten();
        serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default()
    }

    /// Returns what is known of a chain.
    pub(crate) fn of(&self, chain: &str) -> ChainDeliveryCounts {
        self.chains.get(chain).cloned().unwrap_or_default()
    }

    fn count(&mut self, chain: &str, sort: &str, end: DeliveryEnd) {
        if self.chains.len() >= MOST_CHAINS && !self.chains.contains_key(chain) {
            return;
        }
        let chain = self.chains.entry(chain.to_owned()).or_default();
        let by_sort = match end {
            DeliveryEnd::Sent => &mut chain.sent,
            DeliveryEnd::Failed => &mut chain.failed,
        };
        let count = by_sort.entry(sort.to_owned()).or_default();
        *count = count.saturating_add(1);
    }
}

/// Counts mails by their chain and sort. Only the holder of the outbox's lock calls this
/// function. A disk that refuses, or a crash right now, costs them in the counts.
///
/// # Errors
///
/// When the disk refuses.
pub(super) fn count<'a>(
    root: &PrivateDir,
    mails: impl Iterator<Item = (&'a str, &'a str)>,
    end: DeliveryEnd,
) -> io::Result<()> {
    let boot = boot::short(&boot::id());
    let mut left = DeliveryCounts::read(root);
    if left.boot != boot {
        left = DeliveryCounts {
            boot,
            ..DeliveryCounts::default()
        };
    }
    mails.for_each(|(chain, sort)| left.count(chain, sort, end));
    root.replace(FILE, &serde_json::to_vec(&left)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn mails_are_counted_by_chain_sort_and_end() {
        let dir = tempfile::tempdir().unwrap();
        let root = PrivateDir::open(dir.path()).unwrap();
        for end in [DeliveryEnd::Sent, DeliveryEnd::Failed, DeliveryEnd::Sent] {
            count(&root, [("a", "first")].into_iter(), end).unwrap();
        }
        let left = DeliveryCounts::read(&root);
        let (sent, failed) = (left.of("a").sent, left.of("a").failed);
        assert_eq!((sent["first"], failed["first"]), (2, 1));
        assert_eq!(left.of("b"), ChainDeliveryCounts::default());
    }

    #[test]
    fn another_boot_and_damage_begin_at_zero() {
        let dir = tempfile::tempdir().unwrap();
        let root = PrivateDir::open(dir.path()).unwrap();
        let old = r#"{"boot":1,"chains":{"a":{"sent":{"first":9}}}}"#;
        for former in [old, "{", "[]"] {
            fs::write(dir.path().join(FILE), former).unwrap();
            count(&root, [("a", "first")].into_iter(), DeliveryEnd::Sent).unwrap();
            assert_eq!(
                DeliveryCounts::read(&root).of("a").sent["first"],
                1,
                "{former}"
            );
        }
    }

    #[test]
    fn chains_without_number_do_not_make_it_grow_without_end() {
        let mut left = DeliveryCounts::default();
        for chain in 0..2 * MOST_CHAINS {
            left.count(&chain.to_string(), "first", DeliveryEnd::Sent);
        }
        assert_eq!(left.chains.len(), MOST_CHAINS);
    }
}
