//! What a picture has beside a step or group of a job that was begun.

use std::time::Duration;

use super::advice::FlowEnd;
use super::definition::{Interrupted, RetryTerms};
use super::flow_state::{FlowMode, FlowState};
use super::journal::{Doing, EntryOutcome, Phase};
use super::picture_notes::structure;
use super::plan::ROOT;
use super::step_state::{AttemptRecord, StepState, StepStatus};
use crate::core::time::in_words;

/// The most of an error that is shown, in characters.
const MOST_OF_ERROR: usize = 200;

/// Returns the mark of a node, and where the node stands.
pub(super) fn of_node(state: &FlowState, at: usize, now: i64) -> (Option<char>, String) {
    if state.plan().node(at).step.is_none() {
        let notes = [structure(state.plan(), at), of_group(state, at, now)].concat();
        return (None, notes.join("; "));
    }
    let name = &state.plan().node(at).name;
    let doing = state.doing().iter().find(|doing| doing.step == *name);
    let known = &state.steps[at];
    let (mark, note) = match doing {
        Some(doing) => ('▸', running(state, at, doing, now)),
        None => standing(state, at, known, now),
    };
    let shows_error = !matches!(known.status, StepStatus::Succeeded | StepStatus::Skipped);
    let error = known.error.as_deref().filter(|_| shows_error);
    let error = error.map(|error| format!(": {}", shortened(error)));
    (Some(mark), note + &error.unwrap_or_default())
}

fn of_group(state: &FlowState, at: usize, now: i64) -> Vec<String> {
    let (round, times) = (&state.rounds[at], state.plan().node(at).retry.times);
    let mut notes = Vec::new();
    if round.number > 1 {
        notes.push(format!(
            "round {} of {}",
            round.number,
            times.max(round.number)
        ));
    }
    if round.is_undoing {
        notes.push("the last round is being reverted".to_owned());
    } else if let Some(again) = again(state, state.round_due(at, now), now) {
        notes.push(again);
    }
    if at != ROOT {
        return notes;
    }
    if let Some(FlowEnd::Stuck { reason, .. }) = state.stuck() {
        notes.push(format!("stuck: {reason}"));
    } else {
        let way = match state.mode() {
            FlowMode::Forward => None,
            FlowMode::Backward { .. } => Some("no step begins; what was done is reverted"),
            FlowMode::Halt { .. } => Some("no step begins"),
        };
        notes.extend(way.map(str::to_owned));
    }
    notes.extend(state.is_paused().then(|| "paused".to_owned()));
    notes
}

fn running(state: &FlowState, at: usize, doing: &Doing, now: i64) -> String {
    let doing_for = match doing.phase {
        Phase::When => "being asked whether to run, for",
        Phase::Check => "being checked for",
        Phase::Revert => "being reverted for",
        _ => "running for",
    };
    let tries = match doing.phase {
        Phase::Revert => state.revert_terms(at).map_or(1, |terms| terms.times),
        _ => tries(state, at),
    };
    let attempt = numbered(doing.attempt, tries);
    format!("{doing_for} {}{attempt}", span(doing.since, now))
}

fn standing(state: &FlowState, at: usize, known: &StepState, now: i64) -> (char, String) {
    if known.revert_failures > 0 {
        let tries = state
            .revert_terms(at)
            .map_or(1, |terms: &RetryTerms| terms.times);
        let count = numbered(known.revert_failures, tries);
        let note = format!("its revert failed{count}");
        let due = state.due(at, Phase::Revert, now);
        return ('✗', with_wait(state, note, due, now));
    }
    let took = known
        .last
        .map(|last| span(last.started, last.ended))
        .unwrap_or_default();
    match known.status {
        StepStatus::Waiting => ('·', waiting(known)),
        StepStatus::Failing => failing(state, at, known, now),
        StepStatus::Interrupted => ('!', interrupted(state, at)),
        StepStatus::Reverted => ('↩', format!("reverted in {took}")),
        StepStatus::Succeeded if is_killed(known.last) => {
            ('✗', format!("its revert was killed after {took}"))
        }
        StepStatus::Succeeded => ('✓', format!("done in {took}{}", done_at(state, at, known))),
        StepStatus::Skipped => ('–', "skipped".to_owned()),
        StepStatus::PassedOver => ('–', format!("failed after {took}, and was passed over")),
        StepStatus::Failed if is_killed(known.last) => ('✗', format!("killed after {took}")),
        StepStatus::Failed => {
            let count = numbered(known.failures, tries(state, at));
            ('✗', format!("failed after {took}{count}"))
        }
    }
}

/// Returns which try it was that succeeded, where it was not the first.
fn done_at(state: &FlowState, at: usize, known: &StepState) -> String {
    let attempt = known.execution.map_or(1, |end| end.attempt);
    match attempt {
        0 | 1 => String::new(),
        attempt => numbered(attempt, tries(state, at)),
    }
}

fn is_killed(last: Option<AttemptRecord>) -> bool {
    last.is_some_and(|last| last.outcome == EntryOutcome::Killed)
}

fn waiting(known: &StepState) -> String {
    match known.execution {
        Some(_) => "to be executed again".to_owned(),
        None => "not begun".to_owned(),
    }
}

fn failing(state: &FlowState, at: usize, known: &StepState, now: i64) -> (char, String) {
    let phase = known.wait.map_or(Phase::Execute, |wait| wait.phase);
    let due = match state.mode() {
        FlowMode::Forward => state.due(at, phase, now),
        FlowMode::Backward { .. } | FlowMode::Halt { .. } => now,
    };
    let last = known.last.map(|last| last.outcome);
    let took = known
        .last
        .map(|last| span(last.started, last.ended))
        .unwrap_or_default();
    if last == Some(EntryOutcome::RetryLater) {
        return (
            '·',
            with_wait(state, "asked to be tried later".to_owned(), due, now),
        );
    }
    let count = numbered(known.failures.max(known.when_failures), tries(state, at));
    (
        '✗',
        with_wait(state, format!("failed after {took}{count}"), due, now),
    )
}

fn interrupted(state: &FlowState, at: usize) -> String {
    let then = match state.plan().step(at).interrupted {
        Interrupted::Again => "runs again",
        Interrupted::Check => "is to be checked",
        Interrupted::Revert => "is to be reverted, then runs again",
        Interrupted::Hold => "a person is to look whether it was done",
    };
    format!("interrupted; {then}")
}

fn tries(state: &FlowState, at: usize) -> u32 {
    let step = state.plan().step(at);
    match u32::try_from(step.try_each.len()) {
        Ok(0) => step.retry.times,
        values => values.unwrap_or(u32::MAX),
    }
}

/// Returns ` (2 of 3)`, where there is more than one.
fn numbered(number: u32, of: u32) -> String {
    match of.max(number) {
        0 | 1 => String::new(),
        of => format!(" ({number} of {of})"),
    }
}

fn with_wait(state: &FlowState, note: String, due: i64, now: i64) -> String {
    match again(state, due, now) {
        Some(again) => format!("{note}, {again}"),
        None => note,
    }
}

/// Returns when something is tried again; `None` where nothing is tried any more.
fn again(state: &FlowState, due: i64, now: i64) -> Option<String> {
    let is_at_rest = state.stuck().is_some() || matches!(state.mode(), FlowMode::Halt { .. });
    (due > now && !is_at_rest).then(|| format!("again in {}", span(now, due)))
}

fn span(from: i64, to: i64) -> String {
    let millis = u64::try_from(to.saturating_sub(from)).unwrap_or(0);
    in_words(Duration::from_millis(millis))
}

/// Returns the first line of an error, without what would be too long.
fn shortened(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(MOST_OF_ERROR).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}
