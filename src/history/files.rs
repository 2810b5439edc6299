//! The files of a history as its writer has them: the pair that is appended to, and the older ones
//! that wait for their end.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::Duration;

use super::record::{OutputPlace, Record, VERSION};
use super::values::Stamp;
use super::wall::WallClock;
use crate::core::failure::Output;
use crate::core::settings::HistorySettings;
use crate::core::time::Moment;
use crate::unix::trusted_paths::{PrivateDir, StateDir};

/// Into how many parts a history is divided, the unit in which it goes.
const PARTS: u32 = 8;

/// No line of ours is longer: what is torn behind the last whole one is not either.
pub(super) const MOST_TORN: u64 = 16 << 20;

/// The files of a history.
#[derive(Debug)]
pub(super) struct HistoryFiles {
    directory: PrivateDir,
    limits: HistorySettings,
    current: FilePair,
    /// The older pairs, oldest first, with their sizes.
    closed: VecDeque<(Stamp, u64)>,
    clock: WallClock,
}

/// Lines, and the outputs that belong to them.
#[derive(Debug)]
struct FilePair {
    began: Stamp,
    runs: File,
    runs_end: u64,
    is_foreign: bool,
    output: File,
    output_end: u64,
    /// Where its first record ends: a pair that holds no more is not full, however long that is.
    head_end: u64,
}

/// Whether a new pair was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is room in the one there was.
    Here,
    /// A new one was begun; nothing but its form is in it.
    New,
}

/// Why it cannot be written, in words.
pub(super) type WriteFailure = String;

/// Returns the name of the lines that begin then.
pub(super) fn runs_name(began: Stamp) -> String {
    format!("{:016}.runs", began.0)
}

/// Returns the name of the outputs that belong to these lines.
pub(super) fn output_name(began: Stamp) -> String {
    format!("{:016}.out", began.0)
}

/// Returns when the pairs of a directory begin, oldest first.
pub(super) fn pairs(directory: &PrivateDir) -> Result<Vec<Stamp>, WriteFailure> {
    let stems = directory.stems(".runs").map_err(|error| in_words(&error))?;
    let mut pairs: Vec<Stamp> = stems
        .iter()
        .filter_map(|stem| stem.parse().ok())
        .map(Stamp)
        .collect();
    pairs.sort();
    Ok(pairs)
}

fn in_words(error: &(dyn std::error::Error + 'static)) -> WriteFailure {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

impl HistoryFiles {
    /// Opens the newest pair at the end of its last whole line, or begins the first.
    ///
    /// # Errors
    ///
    /// When the directory or a file in it is not ours, or the disk refuses.
    pub(super) fn open(
        state_dir: &StateDir,
        name: &str,
        limits: HistorySettings,
        now: Moment,
    ) -> Result<(Self, Room), WriteFailure> {
        let directory = state_dir.made().and_then(|state| state.below(name));
        let directory = directory.map_err(|error| in_words(&error))?;
        let mut pairs = pairs(&directory)?;
        let newest = pairs.last().copied();
        let latest = newest.map(|began| began.max(written(&directory, began)));
        let clock = WallClock::since(latest, now);
        let now = Stamp::of(now.wall);
        let former = newest
            .map(|began| FilePair::open(&directory, began))
            .transpose()?;
        let (current, room) = match former.filter(FilePair::has_our_form) {
            Some(pair) => {
                pairs.pop();
                (pair, Room::Here)
            }
            None => (FilePair::begin(&directory, newest, now)?, Room::New),
        };
        let size = |began: Stamp| (began, size_of(&directory, began));
        let closed = pairs.into_iter().map(size).collect();
        let files = HistoryFiles {
            directory,
            limits,
            current,
            closed,
            clock,
        };
        files.remove_lone_outputs();
        Ok((files, room))
    }

    /// Returns the directory that they are in.
    pub(super) fn directory(&self) -> &PrivateDir {
        &self.directory
    }

    /// Sees to it that so many bytes can be appended, and that what is too much goes.
    ///
    /// # Errors
    ///
    /// When a new pair cannot be begun.
    pub(super) fn make_room(&mut self, bytes: u64, now: Moment) -> Result<Room, WriteFailure> {
        let is_believed = self.clock.is_believed(now);
        let now = Stamp::of(now.wall);
        let is_full = self.current.has_records() && self.current.size() + bytes > self.part();
        let is_old = now.since(self.current.began) > self.limits.max_age / PARTS;
        let room = if is_full || is_old {
            let pair = FilePair::begin(&self.directory, Some(self.current.began), now)?;
            let former = std::mem::replace(&mut self.current, pair);
            self.closed.push_back((former.began, former.size()));
            Room::New
        } else {
            Room::Here
        };
        self.remove_what_is_too_much(is_believed.then_some(now));
        Ok(room)
    }

    /// Returns how large one pair may become.
    pub(super) fn part(&self) -> u64 {
        self.limits.max_bytes / u64::from(PARTS)
    }

    /// Appends what a new pair begins with.
    ///
    /// # Errors
    ///
    /// See [`HistoryFiles::append`].
    pub(super) fn append_head(&mut self, lines: &[u8]) -> Result<(), WriteFailure> {
        self.append(lines)?;
        self.current.head_end = self.current.runs_end;
        Ok(())
    }

    /// Appends lines.
    ///
    /// # Errors
    ///
    /// When the disk refuses: then none of them is there.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<(), WriteFailure> {
        let FilePair { runs, runs_end, .. } = &mut self.current;
        append(runs, runs_end, lines).map_err(|error| error.to_string())
    }

    /// Appends what a run printed, and returns where it is.
    ///
    /// # Errors
    ///
    /// When the disk refuses: then nothing of it is there.
    pub(super) fn append_output(&mut self, output: &Output) -> Result<OutputPlace, WriteFailure> {
        let FilePair {
            output: file,
            output_end,
            ..
        } = &mut self.current;
        let at = *output_end;
        let bytes = [output.head.as_bytes(), output.tail.as_bytes()].concat();
        append(file, output_end, &bytes).map_err(|error| error.to_string())?;
        Ok(OutputPlace {
            at,
            head: output.head.len() as u64,
            cut: output.cut,
            tail: output.tail.len() as u64,
        })
    }

    /// Returns whether another process has deleted what is being written.
    pub(super) fn are_gone(&self) -> bool {
        let links = self
            .current
            .runs
            .metadata()
            .map(|metadata| metadata.nlink());
        links.is_ok_and(|links| links == 0)
    }

    /// Without a time nothing is too old.
    fn remove_what_is_too_much(&mut self, now: Option<Stamp>) {
        let part = self.part();
        while let Some(&(began, size)) = self.closed.front() {
            let sizes = self.closed.iter().map(|(_, size)| *size);
            let total = sizes.fold(0, u64::saturating_add);
            let is_old = now.is_some_and(|now| now.since(began) > self.limits.max_age);
            if total.saturating_add(part) <= self.limits.max_bytes && !is_old {
                return;
            }
            self.closed.pop_front();
            if self.remove(began).is_err() {
                // Counted again when the history is opened the next time; until then it must not
                // keep the others.
                log::debug!("{} bytes of an old history cannot be removed", size);
            }
        }
    }

    fn remove(&self, began: Stamp) -> io::Result<()> {
        self.directory.remove(output_name(began))?;
        self.directory.remove(runs_name(began))
    }

    /// A crash between the removal of two files of a pair, or a user that tidied up, leaves one.
    fn remove_lone_outputs(&self) {
        let lone = |began: &Stamp| {
            let known = self.closed.iter().any(|(other, _)| other == began);
            !known && *began != self.current.began
        };
        let stems = self.directory.stems(".out").unwrap_or_default();
        let outputs = stems.iter().filter_map(|stem| stem.parse().ok()).map(Stamp);
        for began in outputs.filter(lone) {
            let _ = self.directory.remove(output_name(began));
        }
    }
}

/// Returns when lines were last written; the epoch where that cannot be seen.
fn written(directory: &PrivateDir, began: Stamp) -> Stamp {
    let file = directory.open_existing_file(&runs_name(began));
    let meta = file.ok().flatten().and_then(|file| file.metadata().ok());
    let modified = meta.and_then(|meta| meta.modified().ok());
    modified.map_or(Stamp(0), Stamp::of)
}

impl FilePair {
    /// Begins a pair that is later than every other.
    fn begin(
        directory: &PrivateDir,
        newest: Option<Stamp>,
        now: Stamp,
    ) -> Result<Self, WriteFailure> {
        let began = newest.map_or(now, |newest| {
            now.max(newest.after(Duration::from_micros(1)))
        });
        let mut pair = FilePair::open(directory, began)?;
        let mut form = Vec::new();
        Record::Form(VERSION).write_to(&mut form);
        append(&pair.runs, &mut pair.runs_end, &form).map_err(|error| error.to_string())?;
        Ok(pair)
    }

    fn open(directory: &PrivateDir, began: Stamp) -> Result<Self, WriteFailure> {
        let open = |name: &str| directory.open_file(name).map_err(|error| in_words(&error));
        let runs = open(&runs_name(began))?;
        let output = open(&output_name(began))?;
        let ends = end_of_lines(&runs).and_then(|end| Ok((end, output.metadata()?.len())));
        let (runs_end, output_end) = ends.map_err(|error| error.to_string())?;
        Ok(FilePair {
            began,
            runs,
            // Without a line in all this the file was not written by us, and is not gone on with.
            is_foreign: runs_end.is_none(),
            runs_end: runs_end.unwrap_or(0),
            output,
            output_end,
            head_end: 0,
        })
    }

    fn has_records(&self) -> bool {
        self.runs_end > self.head_end || self.output_end > 0
    }

    fn has_our_form(&self) -> bool {
        let mut line = Vec::new();
        Record::Form(VERSION).write_to(&mut line);
        let mut found = vec![0; line.len()];
        !self.is_foreign && self.runs.read_exact_at(&mut found, 0).is_ok() && found == line
    }

    fn size(&self) -> u64 {
        self.runs_end + self.output_end
    }
}

/// Returns where the last whole line ends, and takes away what is torn behind it; `None`: it is too
/// far away to be looked for.
fn end_of_lines(file: &File) -> io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let end = last_line_end(file, length)?;
    if let Some(end) = end
        && end < length
    {
        file.set_len(end)?;
    }
    Ok(end)
}

/// Returns where the last whole line of so many bytes ends; `None`: too far away.
pub(super) fn last_line_end(file: &File, length: u64) -> io::Result<Option<u64>> {
    const CHUNK: u64 = 64 << 10;
    let mut end = length;
    let mut chunk = vec![0; usize::try_from(CHUNK.min(length)).unwrap_or(0)];
    while end > 0 {
        if length - end > MOST_TORN {
            return Ok(None);
        }
        let start = end.saturating_sub(CHUNK);
        let part = &mut chunk[..usize::try_from(end - start).unwrap_or(0)];
        file.read_exact_at(part, start)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(Some(start + at as u64 + 1));
        }
        end = start;
    }
    Ok(Some(0))
}

fn append(file: &File, end: &mut u64, bytes: &[u8]) -> io::Result<()> {
    match file.write_all_at(bytes, *end) {
        Ok(()) => {
            *end += bytes.len() as u64;
            Ok(())
        }
        Err(error) => {
            // Half of it may be there.
            let _ = file.set_len(*end);
            Err(error)
        }
    }
}

fn size_of(directory: &PrivateDir, began: Stamp) -> u64 {
    let size = |name: String| {
        let stat = directory.stat(name).ok().flatten();
        stat.map_or(0, |stat| u64::try_from(stat.st_size).unwrap_or(0))
    };
    size(runs_name(began)).saturating_add(size(output_name(began)))
}
