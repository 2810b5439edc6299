//! The future inbox: the real chain, runner and alert policy over virtual clocks, with runs whose
//! ends are written in a script.
//!
//! Nothing is run and nothing is sent. What comes out is what a runner with these settings would
//! mail, since the same code decides it.

mod alerts;
mod foreseen;
mod host;
mod inbox;
mod job_simulation;
mod played;
mod script;
mod simulated_task;
mod simulation;
mod span;

pub(crate) use foreseen::{Forecast, ForeseenMail};
pub(crate) use job_simulation::{JobForecast, JobSimulation};

pub(crate) use played::SimulationLimit;
pub(crate) use script::{InvalidScript, Script};
pub(crate) use simulated_task::SimulatedTask;
pub(crate) use simulation::Simulation;
pub(crate) use span::Span;

#[cfg(test)]
pub(crate) use alerts::AlertSink;
#[cfg(test)]
pub(crate) use host::play;
