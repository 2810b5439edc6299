//! What the holders of a lock have done, by the marks of their trees (`tree.py`), all on one clock.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

/// The work of one holder: from its first mark to its last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) fence: u64,
    pub(crate) host: usize,
    pub(crate) first: Duration,
    pub(crate) last: Duration,
}

/// The holds of one lock, from a file that grows.
pub(crate) struct History {
    path: PathBuf,
    read: u64,
    holds: BTreeMap<u64, Hold>,
}

impl History {
    /// Returns the history that is written to a file, which may be missing yet.
    pub(crate) fn of(path: PathBuf) -> Self {
        History {
            path,
            read: 0,
            holds: BTreeMap::new(),
        }
    }

    /// Reads what was written since the last look, and returns the latest hold.
    #[track_caller]
    pub(crate) fn latest(&mut self) -> Option<Hold> {
        let mut text = String::new();
        if let Ok(mut file) = File::open(&self.path) {
            file.seek(SeekFrom::Start(self.read)).unwrap();
            file.read_to_string(&mut text).unwrap();
        }
        // The last line may be half written.
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        self.read += whole as u64;
        text[..whole].lines().for_each(|line| self.add(line));
        self.holds.values().next_back().cloned()
    }

    #[track_caller]
    fn add(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let [at, fence, host, _what] = words[..] else {
            panic!("no mark: {line}");
        };
        let at = Duration::from_nanos(at.parse().unwrap());
        let (fence, host) = (fence.parse().unwrap(), host.parse().unwrap());
        let hold = self.holds.entry(fence).or_insert(Hold {
            fence,
            host,
            first: at,
            last: at,
        });
        assert_eq!(hold.host, host, "two hosts with fence {fence}");
        hold.first = hold.first.min(at);
        hold.last = hold.last.max(at);
    }

    /// Returns the hold with a fence, and the one before.
    pub(crate) fn change_to(&self, fence: u64) -> Option<(&Hold, &Hold)> {
        let former = self.holds.range(..fence).next_back()?.1;
        Some((former, self.holds.get(&fence)?))
    }

    /// Checks that no two holders have worked at once, and that each had a larger fence than all
    /// before. Returns how many holders there were.
    #[track_caller]
    pub(crate) fn check(&self) -> usize {
        let by_fence: Vec<&Hold> = self.holds.values().collect();
        for pair in by_fence.windows(2) {
            assert!(
                pair[0].last < pair[1].first,
                "two at once, or a fence that falls: {pair:?}"
            );
        }
        by_fence.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marks: &str) -> usize {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("marks");
        std::fs::write(&path, marks).unwrap();
        let mut history = History::of(path);
        history.latest();
        history.check()
    }

    #[test]
    fn holders_that_follow_one_another_pass() {
        assert_eq!(
            check("10 1 0 begin\n20 1 0 end\n30 4 1 begin\n40 4 1 alive\n"),
            2
        );
    }

    #[test]
    #[should_panic(expected = "two at once")]
    fn a_tree_that_outlives_its_hold_is_found() {
        check("10 1 0 begin\n30 2 1 begin\n31 1 0 alive\n");
    }

    #[test]
    #[should_panic(expected = "a fence that falls")]
    fn a_fence_that_falls_is_found() {
        check("10 7 0 begin\n11 7 0 end\n20 3 1 begin\n");
    }

    #[test]
    #[should_panic(expected = "two hosts with fence 7")]
    fn a_fence_of_two_hosts_is_found() {
        check("10 7 0 begin\n11 7 1 begin\n");
    }
}
