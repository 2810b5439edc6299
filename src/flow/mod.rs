//! Job flows: what is defined, what the journal of a job has, and what follows from both.
//!
//! Pure: no clock, no file, no thread. A worker drives a flow so:
//!
//! 1. Once for each definition: [`FlowPlan::new`] checks it and lays it out; all faults at once.
//! 2. For each job that it claims: [`FlowState::of`] folds the journal, by a seed that is of the
//!    job (its id), with nothing in progress: what was in progress has entries as `interrupted`.
//! 3. [`FlowState::advise`], and [`FlowState::follow`] with the advice, which returns the entries
//!    that were decided. These entries, those of 5, and `doing` go to the board in one transaction.
//!    What begins begins after that was acknowledged. A transaction that is refused, or whose
//!    answer is lost, means 2 again.
//! 4. Processes of the steps in `kill` are ended; then [`FlowNext`]: to wait, to give the job back,
//!    or its end.
//! 5. The end of an attempt is an entry: [`FlowState::apply`]. A request is one too:
//!    [`FlowState::note`]. Then 3 again.
//!
//! | file | what it has |
//! |---|---|
//! | `definition.rs` | the words of a definition |
//! | `links.rs`, `validate.rs`, `flow_error.rs` | which node waits for which; what is wrong with a definition |
//! | `plan.rs` | a valid definition, laid out for the interpreter |
//! | `journal.rs`, `journal_words.rs` | the entries of a journal, and these in words |
//! | `step_state.rs`, `flow_state.rs`, `requests.rs` | what is so after the entries of a journal |
//! | `retry_wait.rs` | when something is tried again |
//! | `advice.rs`, `decide.rs`, `attempts.rs`, `stuck.rs`, `forward.rs`, `interpreter.rs` | what is to be done next |
//! | `shape.rs`, `picture.rs`, `picture_notes.rs`, `picture_states.rs` | the version of a definition; a flow as text |
//! | `playback.rs`, `flow_history.rs` | a flow played in virtual time |
//! | `chosen_ends.rs`, `history_words.rs` | the same in the tests of this room |

mod advice;
mod attempts;
#[cfg(test)]
mod chosen_ends;
mod decide;
pub(crate) mod definition;
mod flow_error;
mod flow_history;
mod flow_state;
mod forward;
#[cfg(test)]
mod history_words;
mod interpreter;
pub(crate) mod journal;
mod journal_words;
mod links;
mod picture;
mod picture_notes;
mod picture_states;
mod plan;
pub(crate) mod playback;
mod requests;
mod retry_wait;
mod shape;
mod step_state;
mod stuck;
mod validate;

#[cfg(test)]
mod tests;

pub(crate) use advice::{AttemptStart, FlowDecision, FlowEnd, FlowNext};
#[cfg(test)]
pub(crate) use chosen_ends::ChosenEnds;
pub(crate) use flow_error::FlowError;
pub(crate) use flow_history::{FlowEvent, FlowHistory};
pub(crate) use flow_state::FlowState;
pub(crate) use journal_words::{Took, what_happened};
pub(crate) use plan::FlowPlan;
pub(crate) use playback::{FlowScript, Intervention, PlayPoint, PlayTerms, PlayedEnd, play};
