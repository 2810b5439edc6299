//! The end of a run, put together from what was seen.

use super::super::outcome::{self, RunObservation};
use super::super::process_table::ProcessEntry;
use super::super::spec::EndedRun;
use super::super::sys::Status;
use super::{ChildRun, RunPhase};
use crate::core::failure::{Failure, FailureClass, Outcome, Output};
use crate::core::settings::Leak;
use crate::core::time::{Mono, in_words};
use crate::unix::own_children;

impl ChildRun {
    /// The process does not die.
    pub(super) fn give_up(&mut self, now: Mono) -> EndedRun {
        own_children::unregister(self.child.pid);
        let never = Status::Signaled {
            number: libc::SIGKILL,
            core: false,
        };
        let name = ProcessEntry::read(self.child.pid);
        let mut ended = self.tell(never);
        let since = in_words(now.since(self.started));
        ended.notes.push(format!("the run began {since} ago"));
        mark_unkillable(&mut ended, name.as_slice());
        ended
    }

    /// Puts together what was seen.
    pub(super) fn tell(&mut self, status: Status) -> EndedRun {
        self.phase = RunPhase::Over;
        self.output.drain(&mut self.child.output);
        let output = self.output.take();
        let mut notes = std::mem::take(&mut self.notes);
        notes.extend(self.output.trouble.take());
        notes.extend(self.left_in_words());
        let mut said = self.child.said();
        let metrics = std::mem::take(&mut said.metrics);
        let wrong = said.notes.clone();
        let mut outcome = outcome::judge(RunObservation {
            settings: &self.settings,
            is_function: self.is_function,
            status,
            answer: self.child.answer(),
            said,
            ended: self.ended.take(),
            output: &output,
        });
        let mut kept = Output::default();
        match &mut outcome {
            Outcome::Failure(failure) | Outcome::Fatal(failure) => {
                failure.notes.extend(notes.iter().cloned());
                failure.output = Some(output);
            }
            // A failure has these already.
            _ => {
                notes.extend(wrong);
                kept = output;
            }
        }
        EndedRun {
            outcome,
            output: kept,
            notes,
            unkillable: Vec::new(),
            metrics,
        }
    }

    fn left_in_words(&self) -> Option<String> {
        // What was ended with the run was no leftover.
        if self.left.is_empty() || self.ended.is_some() {
            return None;
        }
        let then = match self.settings.leak {
            Leak::Kill => "killed",
            Leak::Warn | Leak::Allow => "left alone",
        };
        let pids_and_names = self.left.iter();
        let names = names(pids_and_names.map(|(pid, name)| (*pid, name.as_str())));
        Some(format!(
            "the run left processes behind, which were {then}: {names}"
        ))
    }
}

fn names<'a>(processes: impl Iterator<Item = (i32, &'a str)>) -> String {
    const MOST: usize = 5;
    let all: Vec<String> = processes
        .map(|(pid, name)| format!("`{name}` ({pid})"))
        .collect();
    match all.len().checked_sub(MOST) {
        Some(more @ 1..) => format!("{} and {more} more", all[..MOST].join(", ")),
        _ => all.join(", "),
    }
}

pub(super) fn mark_unkillable(ended: &mut EndedRun, left: &[ProcessEntry]) {
    let names = names(
        left.iter()
            .map(|process| (process.pid, process.name.as_str())),
    );
    let text = format!(
        "SIGKILL did not end {names}: hanging in the kernel (state D, often a dead disk or network \
         mount), or somebody else's"
    );
    ended.unkillable = left.iter().map(|process| process.pid).collect();
    ended.notes.push(text.clone());
    match &mut ended.outcome {
        Outcome::Interrupted { .. } => {}
        Outcome::Failure(failure) if failure.class != FailureClass::NotStarted => {
            failure.class = FailureClass::Leak;
            failure.message = text;
        }
        Outcome::Failure(failure) | Outcome::Fatal(failure) => failure.notes.push(text),
        Outcome::Success | Outcome::RetryLater { .. } => {
            let failure = Failure {
                output: Some(std::mem::take(&mut ended.output)),
                ..Failure::new(FailureClass::Leak, text)
            };
            ended.outcome = Outcome::Failure(Box::new(failure));
        }
    }
}
