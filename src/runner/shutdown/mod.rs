//! The ends of a runner: handed over, by a panic of ours, or by code that ends the process.

pub(crate) mod exit_guard;
pub(crate) mod handover;
pub(crate) mod panic_guard;
