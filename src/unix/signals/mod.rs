//! Signals, turned at once into what they mean here, for readers who poll a descriptor.
//!
//! Handlers, not a blocked mask: std passes a blocked mask on to children. Any number of signals
//! may come between two looks, and none of a kind that counts (the second INT) is lost: a handler
//! counts, and a byte in a pipe wakes the process that waits.
//!
//! There can be several [`SignalReader`]s, each of which receives everything: the main loop has
//! one, and the thread that looks after a function in this process another.

mod guard;
mod install;
mod kind;
mod reader;
mod signal;
mod slot;
#[cfg(test)]
mod tests;

pub(crate) use guard::{end_by_default, put_back};
pub(crate) use install::Signals;
pub(crate) use reader::SignalReader;
pub(crate) use signal::Signal;
