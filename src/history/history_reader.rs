//! The history of a chain for its readers, while it is written perhaps.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use nix::unistd::{Whence, lseek};

use super::directory::{ENDING, directory_name};
use super::files::{MOST_TORN, last_line_end, output_name, pairs, runs_name};
use super::record::{OutputPlace, Record};
use super::summary::ChainSummary;
use super::values::Stamp;
use crate::core::failure::Output;
use crate::unix::trusted_paths::{PrivateDir, StateDir, UntrustedPath};

/// Of a file no more is read.
const MOST_BYTES: u64 = 1 << 30;
/// What a summary begins with.
const SUMMARY: &[u8] = b"{\"summary\":";
/// No run of ours keeps more output.
const MOST_OUTPUT: u64 = 256 << 20;

/// The history of a chain.
#[derive(Debug)]
pub(crate) struct HistoryReader {
    directory: PrivateDir,
}

/// How far a reader has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReadPosition {
    pair: Stamp,
    at: u64,
}

/// Returns the names of the chains that have a history.
///
/// # Errors
///
/// When the directory cannot be read.
pub(crate) fn chains(state_dir: &PrivateDir) -> Result<Vec<String>, UntrustedPath> {
    state_dir.stems(ENDING)
}

impl HistoryReader {
    /// Opens the history of a chain; `None` when it has none.
    ///
    /// # Errors
    ///
    /// When the directory is not ours.
    pub(crate) fn open(
        state_dir: impl Into<StateDir>,
        chain: &str,
    ) -> Result<Option<Self>, UntrustedPath> {
        let Some(state_dir) = state_dir.into().existing()? else {
            return Ok(None);
        };
        let directory = state_dir.below_existing(&directory_name(chain))?;
        Ok(directory.map(|directory| HistoryReader { directory }))
    }

    /// Reads the history in this directory.
    pub(super) fn of(directory: &PrivateDir) -> Self {
        let directory = directory.clone();
        HistoryReader { directory }
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
        let mut records = Vec::new();
        self.tell(part, |record| records.push(record));
        records
    }

    /// Passes the records of a part on one by one: they are many, and a caller that only counts
    /// them need not hold them all.
    pub(crate) fn tell(&self, part: Stamp, told: impl FnMut(Record)) {
        if let Some(file) = self.open_lines(part) {
            each(file, 0, told);
        }
    }

    /// Returns where the history ends now.
    pub(crate) fn end(&self) -> ReadPosition {
        let pair = self.parts().last().copied().unwrap_or_default();
        let end = self.open_lines(pair).and_then(|file| {
            let length = file.metadata().ok()?.len().min(MOST_BYTES);
            last_line_end(&file, length).ok().flatten()
        });
        let at = end.unwrap_or(0);
        ReadPosition { pair, at }
    }

    /// Returns the records after a bookmark, each with its part, and moves it behind them.
    pub(crate) fn since(&self, bookmark: &mut ReadPosition) -> Vec<(Stamp, Record)> {
        let mut news = Vec::new();
        for part in self.parts() {
            if part < bookmark.pair {
                continue;
            }
            if part > bookmark.pair {
                *bookmark = ReadPosition { pair: part, at: 0 };
            }
            if let Some(file) = self.open_lines(part) {
                bookmark.at = each(file, bookmark.at, |record| news.push((part, record)));
            }
        }
        news
    }

    /// Returns what all records come to. Reads the end of the newest part only, unless that was
    /// just begun or is damaged.
    pub(crate) fn summary(&self) -> ChainSummary {
        let mut tails = Vec::new();
        for part in self.parts().into_iter().rev() {
            let file = self.open_lines(part);
            let tail = file.and_then(|file| since_last_summary(&file).ok());
            let is_whole = tail.as_ref().is_some_and(|tail| tail.starts_with(SUMMARY));
            tails.extend(tail);
            if is_whole {
                break;
            }
        }
        let mut summary = ChainSummary::default();
        for lines in tails.iter().rev() {
            let records = lines.split(|byte| *byte == b'\n').filter_map(Record::parse);
            records.for_each(|record| summary.add(&record));
        }
        summary
    }

    /// Returns what a run printed; `None` when it is no longer, or not yet, there.
    pub(crate) fn output(&self, part: Stamp, place: &OutputPlace) -> Option<Output> {
        let name = output_name(part);
        let file = self.directory.open_existing_file(&name).ok().flatten()?;
        let end = place.at.checked_add(place.head)?.checked_add(place.tail)?;
        if end > file.metadata().ok()?.len() || end - place.at > MOST_OUTPUT {
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

/// Passes the records on from `at` to the end of the last whole line, one by one, and returns where
/// that is. What is longer than a line of ours, as the hole in a sparse file, is passed over.
fn each(mut file: File, at: u64, mut told: impl FnMut(Record)) -> u64 {
    let mut end = at;
    if file.seek(SeekFrom::Start(at)).is_err() {
        return end;
    }
    let mut lines = BufReader::new(file.take(MOST_BYTES));
    let mut line = Vec::new();
    let mut passed = 0;
    loop {
        line.clear();
        let read = lines.by_ref().take(MOST_TORN).read_until(b'\n', &mut line);
        let Ok(read) = read else { return end };
        passed += read as u64;
        match line.last() {
            Some(b'\n') => {}
            // The rest of a line that is not ours.
            Some(_) if read as u64 == MOST_TORN => continue,
            _ => return end,
        }
        if passed == read as u64
            && let Some(record) = Record::parse(&line[..line.len() - 1])
        {
            told(record);
        }
        end += passed;
        passed = 0;
    }
}

/// Reads the last summary and the lines after it. Behind a hole nothing is ours, as we only append.
fn since_last_summary(file: &File) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len().min(MOST_BYTES);
    if let Some(lines) = last_summary_before(file, length)? {
        return Ok(lines);
    }
    let hole = lseek(file, 0, Whence::SeekHole)?;
    let hole = u64::try_from(hole).unwrap_or(0).min(length);
    Ok(last_summary_before(file, hole)?.unwrap_or_default())
}

/// Reads in growing steps from this end; `None`: our summaries are nearer to an end of ours.
fn last_summary_before(file: &File, end: u64) -> io::Result<Option<Vec<u8>>> {
    let wanted = [b"\n", SUMMARY].concat();
    let mut step = 32 << 10;
    while step <= MOST_TORN {
        let start = end.saturating_sub(step);
        let mut lines = vec![0; usize::try_from(end - start).unwrap_or(0)];
        file.read_exact_at(&mut lines, start)?;
        let found = lines
            .windows(wanted.len())
            .rposition(|window| window == wanted);
        match found {
            // One that is torn means nothing, and neither would what comes after it.
            Some(at) if lines[at + 1..].contains(&b'\n') => {
                return Ok(Some(lines.split_off(at + 1)));
            }
            _ if start == 0 => return Ok(Some(lines)),
            _ => step *= 4,
        }
    }
    Ok(None)
}
