//! The history of a chain for those who read it, while it is written perhaps.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::files::{output_name, pairs, runs_name};
use super::{ENDING, directory};
use crate::failure::Output;
use crate::process::run_root::{RunRoot, UnsafePath};
use crate::state::history::{Place, Record, Stamp, Summary};

/// No line of ours is longer; of a foreign file no more is read.
const MOST_BYTES: u64 = 1 << 30;

/// The history of a chain.
#[derive(Debug)]
pub(crate) struct Shelf {
    directory: RunRoot,
}

/// How far a reader has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bookmark {
    pair: Stamp,
    at: u64,
}

/// Returns the names of the chains that have a history.
///
/// # Errors
///
/// When the directory cannot be read.
pub(crate) fn chains(state_dir: &RunRoot) -> Result<Vec<String>, UnsafePath> {
    state_dir.stems(ENDING)
}

impl Shelf {
    /// Opens the history of a chain; `None` when it has none.
    ///
    /// # Errors
    ///
    /// When the directory is not ours.
    pub(crate) fn open(state_dir: &Path, chain: &str) -> Result<Option<Self>, UnsafePath> {
        let directory = RunRoot::open_existing(&directory(state_dir, chain))?;
        Ok(directory.map(|directory| Shelf { directory }))
    }

    /// Opens the history in this directory, if it is there and ours.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let directory = RunRoot::open_existing(path).ok().flatten()?;
        Some(Shelf { directory })
    }

    /// Returns the directory.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns when the parts of the history begin, oldest first.
    pub(crate) fn parts(&self) -> Vec<Stamp> {
        pairs(&self.directory).unwrap_or_default()
    }

    /// Returns the records of a part. What cannot be read is not there.
    pub(crate) fn records(&self, part: Stamp) -> Vec<Record> {
        let file = self.open_lines(part);
        let lines = file.and_then(|file| whole_lines(file, 0));
        lines.map(|lines| parsed(&lines)).unwrap_or_default()
    }

    /// Tells the records of a part one by one: they are many, and who only counts them need not hold them all.
    pub(crate) fn tell(&self, part: Stamp, told: impl FnMut(Record)) {
        let file = self.open_lines(part);
        let lines = file.and_then(|file| whole_lines(file, 0));
        each(&lines.unwrap_or_default()).for_each(told);
    }

    /// Returns where the history ends now.
    pub(crate) fn end(&self) -> Bookmark {
        let pair = self.parts().last().copied().unwrap_or_default();
        let lines = self.open_lines(pair).and_then(|file| whole_lines(file, 0));
        let at = lines.map_or(0, |lines| lines.len() as u64);
        Bookmark { pair, at }
    }

    /// Returns the records after a bookmark, each with its part, and moves it behind them.
    pub(crate) fn since(&self, bookmark: &mut Bookmark) -> Vec<(Stamp, Record)> {
        let mut news = Vec::new();
        for part in self.parts() {
            if part < bookmark.pair {
                continue;
            }
            if part > bookmark.pair {
                *bookmark = Bookmark { pair: part, at: 0 };
            }
            let lines = self.open_lines(part);
            let Some(lines) = lines.and_then(|file| whole_lines(file, bookmark.at)) else {
                continue;
            };
            bookmark.at += lines.len() as u64;
            news.extend(parsed(&lines).into_iter().map(|record| (part, record)));
        }
        news
    }

    /// Returns what all records come to. Reads the end of the newest part only.
    pub(crate) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        let newest = self.parts().last().copied();
        let file = newest.and_then(|part| self.open_lines(part));
        let lines = file.and_then(|file| since_last_summary(&file).ok());
        for record in lines.iter().flat_map(|lines| parsed(lines)) {
            summary.add(&record);
        }
        summary
    }

    /// Returns what a run printed; `None` when it is no longer, or not yet, there.
    pub(crate) fn output(&self, part: Stamp, place: &Place) -> Option<Output> {
        let name = output_name(part);
        let file = self.directory.open_existing_file(&name).ok().flatten()?;
        let end = place.at.checked_add(place.head)?.checked_add(place.tail)?;
        if end > file.metadata().ok()?.len() {
            return None;
        }
        let text = |at: u64, bytes: u64| {
            let mut read = vec![0; usize::try_from(bytes).ok()?];
            file.read_exact_at(&mut read, at).ok()?;
            Some(String::from_utf8_lossy(&read).into_owned())
        };
        Some(Output {
            head: text(place.at, place.head)?,
            cut: place.cut,
            tail: text(place.at + place.head, place.tail)?,
        })
    }

    fn open_lines(&self, part: Stamp) -> Option<File> {
        let name = runs_name(part);
        self.directory.open_existing_file(&name).ok().flatten()
    }
}

fn parsed(lines: &[u8]) -> Vec<Record> {
    each(lines).collect()
}

fn each(lines: &[u8]) -> impl Iterator<Item = Record> {
    let lines = lines.split(|byte| *byte == b'\n');
    lines.filter_map(Record::parse)
}

/// Reads from `at` to the end of the last whole line.
fn whole_lines(mut file: File, at: u64) -> Option<Vec<u8>> {
    let mut lines = Vec::new();
    file.seek(SeekFrom::Start(at)).ok()?;
    file.take(MOST_BYTES).read_to_end(&mut lines).ok()?;
    let end = lines.iter().rposition(|byte| *byte == b'\n');
    lines.truncate(end.map_or(0, |end| end + 1));
    Some(lines)
}

/// Reads the last summary and the lines after it, in growing steps from the end.
fn since_last_summary(file: &File) -> io::Result<Vec<u8>> {
    const SUMMARY: &[u8] = b"\n{\"summary\":";
    let length = file.metadata()?.len().min(MOST_BYTES);
    let mut step = 32 << 10;
    loop {
        let start = length.saturating_sub(step);
        let mut lines = vec![0; usize::try_from(length - start).unwrap_or(0)];
        file.read_exact_at(&mut lines, start)?;
        let found = lines
            .windows(SUMMARY.len())
            .rposition(|window| window == SUMMARY);
        match found {
            // One that is torn says nothing, and neither would what comes after it.
            Some(at) if lines[at + 1..].contains(&b'\n') => return Ok(lines.split_off(at + 1)),
            _ if start == 0 => return Ok(lines),
            _ => step *= 4,
        }
    }
}
