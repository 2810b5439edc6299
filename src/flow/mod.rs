//! Job flows: what a definition says, what the journal of a job has, and what follows from both.
//!
//! Pure: no clock, no file, no thread. A worker asks [`Interpreter`](interpreter) what to begin or
//! to wait for, and writes down what happened.

pub(crate) mod definition;
pub(crate) mod journal;
