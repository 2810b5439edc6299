//! Emptying the pipe of a run.

use std::fs::File;
use std::io::{self, PipeReader, Read, Write};

use super::capture::Capture;
use super::{output_file, spawn};
use crate::core::failure::Output;
use crate::core::settings::ChildSettings;
use crate::core::time::Mono;

/// What is read at once: little at first, for most runs print little; and much as soon as that was
/// too little.
const FIRST_READ_BYTES: usize = 4 * 1024;
const READ_BYTES: usize = 256 * 1024;

/// Whether there can be more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PipeState {
    /// Perhaps.
    Open,
    /// No process can write any more.
    Closed,
}

/// What was read so far.
#[derive(Debug)]
pub(super) struct OutputReader {
    capture: Capture,
    buffer: Vec<u8>,
    file: Option<File>,
    flow: PipeState,
    /// When something came last.
    pub(super) latest: Mono,
    /// Why the output file is not complete, in a sentence.
    pub(super) trouble: Option<String>,
}

impl OutputReader {
    /// Begins, with the file that the settings name.
    pub(super) fn new(settings: &ChildSettings, now: Mono) -> Self {
        let mut reading = OutputReader {
            capture: Capture::new(settings.max_log_bytes),
            buffer: vec![0; FIRST_READ_BYTES],
            file: None,
            flow: PipeState::Open,
            latest: now,
            trouble: None,
        };
        if let Some(path) = &settings.output_file {
            match output_file::open(path, settings) {
                Ok(file) => reading.file = Some(file),
                Err(error) => {
                    let path = path.display();
                    let text = format!("the output file `{path}` cannot be opened: {error}");
                    reading.trouble = Some(text);
                }
            }
        }
        reading
    }

    /// Reads what is there, at most `times` times.
    pub(super) fn read(&mut self, pipe: &mut PipeReader, now: Mono, times: usize) -> PipeState {
        for _ in 0..times {
            if self.flow == PipeState::Closed {
                break;
            }
            match pipe.read(&mut self.buffer) {
                Ok(0) => self.flow = PipeState::Closed,
                Ok(count) => {
                    self.take_in(count);
                    self.latest = now;
                    if count == self.buffer.len() && count < READ_BYTES {
                        self.buffer.resize(READ_BYTES, 0);
                        spawn::widen(pipe);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.flow = PipeState::Closed,
            }
        }
        self.flow
    }

    /// Reads what was written before the run ended. That is as much as a pipe holds; what somebody
    /// who is left over writes meanwhile does not prolong it.
    pub(super) fn drain(&mut self, pipe: &mut PipeReader) {
        let written = spawn::PIPE_BYTES.unsigned_abs() as usize;
        let before = self.capture.total();
        while self.capture.total() - before < written as u64 {
            let so_far = self.capture.total();
            self.read(pipe, self.latest, 1);
            if self.capture.total() == so_far {
                break;
            }
        }
    }

    fn take_in(&mut self, count: usize) {
        let bytes = &self.buffer[..count];
        self.capture.push(bytes);
        let written = self.file.as_mut().map(|file| file.write_all(bytes));
        if let Some(Err(error)) = written {
            self.file = None;
            self.trouble = Some(format!("the output file is not complete: {error}"));
        }
    }

    /// Returns what was printed from a position on: see [`Capture::kept_from`].
    pub(super) fn printed_from(&self, from: u64) -> (u64, Vec<u8>) {
        self.capture.kept_from(from)
    }

    /// Takes the text out.
    pub(super) fn take(&mut self) -> Output {
        std::mem::replace(&mut self.capture, Capture::new(0)).finish()
    }
}
